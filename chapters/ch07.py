# ---
# jupyter:
#   accelerator: GPU
#   colab:
#     gpuType: T4
#     provenance: []
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chapter 7. Basics of stochastic gradient descent
#
# You will descend with half-blind steps: each looks at a few samples only, is wrong by chance, and costs almost
# nothing. You will see how large the error is, where it leaves the iterates, and how a falling learning rate removes
# it; train a network with formulas written by hand; and write one and the same training step in TensorFlow, JAX and
# PyTorch, run as Python meets it, or traced and compiled. At the end three exercises check themselves. Change a number
# and run its cell again: that is what a notebook is for.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import itertools
import time
from importlib.util import find_spec

import keras
import numpy as np
from keras import ops

from mathdl_keras import datasets
from mathdl_keras.autodiff import vjp
from mathdl_keras.chapters.ch07.exercises import importance_gradient, polyak_average, sgd_noise_floor
from mathdl_keras.chapters.ch07.frameworks import STEPS
from mathdl_keras.claims import discover, verify
from mathdl_keras.descent import (
    MinibatchSampler,
    minibatch_gradient_covariance,
    sample_minibatches,
    sgd_replicas,
    sgd_stationary_covariance,
    sgd_step,
    shallow_gradients,
)
from mathdl_keras.models import ShallowNetwork, StepLoop
from mathdl_keras.networks import insert_identity_layer, mlp_apply
from mathdl_keras.optimizers.schedules import RobbinsMonro
from mathdl_keras.plots import curves, new

keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 7.2 The basic setup
#
# The risk is a mean over a sample, $\Lambda(\theta) = \frac1M \sum_m \ell_m(\theta)$, and gradient descent goes
#
# $$\theta_{k+1} = \theta_k - \eta\,\nabla\Lambda(\theta_k) .$$
#
# Why along the gradient? In a direction $v$ of length one the risk changes by $\langle\nabla\Lambda, v\rangle$, and no
# direction beats $-\nabla\Lambda/\lVert\nabla\Lambda\rVert$. Here is a small network with 50 parameters, and 2,000
# random directions, all tried at once: `shallow_gradients` takes replicas of $\theta$ along a first axis.

# %%
x, y = rng.standard_normal((16, 3)), rng.integers(2, size=16)
theta = [rng.standard_normal(shape) for shape in ((8, 3), (8,), (2, 8), (2,))]  # W, b1, C, b2
loss, gradient = shallow_gradients(theta, x, y, activation="tanh")
gradient = [ops.convert_to_numpy(g) for g in gradient]
norm = np.sqrt(sum(np.sum(g**2) for g in gradient))

v = [rng.standard_normal((2000, *t.shape)) for t in theta]
length = np.sqrt(sum(np.sum(a.reshape(2000, -1) ** 2, axis=1) for a in v))
v = [a / length.reshape(-1, *[1] * (a.ndim - 1)) for a in v]
h = 0.01
after, _ = shallow_gradients([t + h * a for t, a in zip(theta, v, strict=True)], x, y, activation="tanh")
slopes = (ops.convert_to_numpy(after) - float(loss)) / h

figure, axes = new(width=8, title="How fast the risk changes, in 2,000 random directions")
axes.hist(slopes, bins=50)
axes.axvline(-norm, color="#D55E00", label="along the negative gradient")
axes.set(xlabel="slope")
axes.legend()
figure

# %% [markdown]
# ## 7.3 The algorithm
#
# The gradient of the risk is a mean of M gradients, one for each sample. *Stochastic* gradient descent takes the mean
# over a batch of B of them. Usually the sample is shuffled and cut into batches, so that an *epoch* sees each sample
# once; that is what Keras' `fit` does, and what `MinibatchSampler` does where you can watch it. Drawn with replacement,
# an epoch of M draws misses a fraction $(1 - 1/M)^M \approx 1/e$ of them.

# %%
for replace in (False, True):
    sampler = MinibatchSampler(10, 4, replace=replace, seed=1)
    seen = {int(row) for rows in sampler.epoch(0) for row in rows}
    print(f"replace={replace!s:5}  {[rows.tolist() for rows in sampler.epoch(0)]}  saw {len(seen)} of 10")

# %% [markdown]
# ### Right on average
#
# Over all batches that can come, the mean of the batch's gradient is the gradient, and its covariance is that of one
# sample's gradient over B, times $(M-B)/(M-1)$ if no sample comes twice. Eight samples have 56 batches of three: few
# enough to try them all.

# %%
per_sample = rng.standard_normal((8, 2))  # the gradients of eight samples, with two parameters
batches = np.array(list(itertools.combinations(range(8), 3)))
by_batch = per_sample[batches].mean(axis=1)
print("full gradient          ", per_sample.mean(axis=0).round(4))
print("mean over all batches  ", by_batch.mean(axis=0).round(4))
print("covariance, enumerated ", np.cov(by_batch.T, bias=True).round(4).tolist())
formula = minibatch_gradient_covariance(per_sample.astype("float32"), 3)
print("covariance, formula    ", np.float64(ops.convert_to_numpy(formula)).round(4).tolist())

# %% [markdown]
# ### Where the noise leaves the iterates
#
# The simplest risk is $\frac12 E(\theta - x)^2$; its minimum is the mean of x. At a constant learning rate SGD gets
# near, and then goes on wandering: its variance settles at $\eta s^2 / (B(2 - \eta))$. With $\eta_k = 1/(k+1)$ it *is*
# the running mean, with variance $s^2/k$. To see a law one needs many runs; `sgd_replicas` makes them side by side.

# %%
sample = rng.standard_normal(100)
sample = (sample - sample.mean()) / sample.std()
ones, runs, block, blocks = np.ones((100, 1)), 1000, 10, 40
batches = sample_minibatches(rng, 100, 1, (block * blocks, runs), replace=True)
k = block * np.arange(blocks + 1)
falling = ops.convert_to_numpy(RobbinsMonro(1.0)(np.arange(block * blocks)))
rates = {"0.5": np.full(400, 0.5), "0.1": np.full(400, 0.1), "1/(k+1)": falling}

figure, axes = new(1, 3, width=12, title="1,000 runs: the middle 90 %, one run, and the root mean square error")
for ax, (name, rate) in zip(axes, rates.items(), strict=True):
    theta, states = np.full((runs, 1), 3.0, "float32"), [np.full(runs, 3.0)]
    for b in range(0, 400, block):
        theta = sgd_replicas(ones, sample, theta, batches[b : b + block], rate[b : b + block])
        states.append(ops.convert_to_numpy(theta)[:, 0])
    states = np.array(states)
    ax.fill_between(k, *np.quantile(states, [0.05, 0.95], axis=1), alpha=0.25)
    ax.plot(k, states[:, 0], linewidth=1)
    ax.plot(k, np.sqrt(np.mean(states**2, axis=1)), color="#D55E00")
    ax.set(title=f"eta = {name}", xlabel="k", ylim=(-1.6, 3))
figure

# %% [markdown]
# With several parameters the stationary covariance C solves a matrix equation, $C = E[A_b C A_b^\top] + E[n_b
# n_b^\top]$: the noise of a batch is added to the error, and its random Hessian multiplies it. Least squares on twelve
# points in the plane, 4,000 runs:

# %%
X, target = rng.standard_normal((12, 2)), rng.standard_normal(12)
best = np.linalg.lstsq(X, target)[0]
C = sgd_stationary_covariance(X, target - X @ best, learning_rate=0.3, batch_size=3)
batches = sample_minibatches(rng, 12, 3, (200, 4000))
errors = ops.convert_to_numpy(sgd_replicas(X, target, np.tile(best, (4000, 1)).astype("float32"), batches, 0.3)) - best
print("predicted:", C.round(4).tolist())
print("simulated:", np.cov(errors.T).round(4).tolist())

figure, axes = new(width=5.5, height=4.2, title="Where 4,000 runs are after 200 steps")
axes.plot(*errors.T, ".", markersize=1.5, color="#999999")
angle = np.linspace(0, 2 * np.pi, 200)
for radius in (1, 2, 3):
    axes.plot(*(radius * np.linalg.cholesky(C) @ [np.cos(angle), np.sin(angle)]), color="#0072B2", linewidth=1)
axes.set(xlabel="error of the first parameter", ylabel="of the second", aspect="equal")
figure

# %% [markdown]
# In this package such statements are *claims*: an experiment with a prediction, a measurement, and a tolerance. An
# experiment says something only if it can fail, so each claim has *mutants*, with a mistake built in.

# %%
names = ("minibatch_unbiased", "epoch_coverage", "stationary_variance", "robbins_monro_is_averaging", "step_constant")
for record in verify([claim for claim in discover("ch07") if claim.name in names], refute=True):
    who = record.mutant or record.statement
    print(f"{record.status.upper():8} {'    with ' + who if record.mutant else who}")

# %% [markdown]
# ## 7.4 Applications to shallow neural networks
#
# One hidden layer: $Z = Wx + b^1$, $H = \sigma(Z)$, logits $U = CH + b^2$. The loss of one example is the cross entropy
# of softmax(U) and its label, so $\partial\rho/\partial U = \mathrm{softmax}(U) - e_y$, and backwards
#
# $$\frac{\partial\rho}{\partial C} = \frac{\partial\rho}{\partial U} H^\top, \quad
# \delta = C^\top \frac{\partial\rho}{\partial U}, \quad
# \frac{\partial\rho}{\partial b^1} = \delta \odot \sigma'(Z), \quad
# \frac{\partial\rho}{\partial W} = (\delta \odot \sigma'(Z))\,x^\top .$$
#
# `ShallowNetwork` is a Keras model made of these lines: nothing is differentiated automatically, and the rest, from
# `fit` to saving, is Keras' own. Change `batch_size`: an epoch always costs the same number of gradients.

# %%
split = datasets.digits().split(seed=0)
images, test = (a.reshape(len(a), -1) for a in (split.x_train, split.x_test))

model = ShallowNetwork(hidden=128, outputs=10)
model.compile(keras.optimizers.SGD(0.1), metrics=["accuracy"])
history = model.fit(images, split.y_train, batch_size=8, epochs=10, validation_data=(test, split.y_test), verbose=0)
print("test accuracy", round(history.history["val_accuracy"][-1], 3))
figure, axes = new(width=8, title="Handwritten digits, SGD with batches of 8")
curves(axes, {name: history.history[name] for name in ("accuracy", "val_accuracy")}, "accuracy")
figure

# %% [markdown]
# ## 7.5 Implementation examples
#
# `fit` hides a loop. Here it is in the open: a step takes the parameters and a batch, and returns new parameters. In
# *define-by-run* Python runs the step for each batch, one operation after another; you may print, branch, stop in a
# debugger. In *define-and-run* Python runs it once to see what it does, and the compiled trace does the rest. (PyTorch
# runs it as it is in both cases here; its own compiler is `torch.compile`.)

# %%
start = ShallowNetwork(128, 10)
start.build((None, 64))
first = start.get_weights()  # [W, b1, C, b2]


def step(theta, x, y):
    loss, gradient = shallow_gradients(theta, x, y)
    return sgd_step(theta, gradient, 0.1), loss


ends = {}
for name, jit_compile in {"define-by-run": False, "define-and-run": True}.items():
    trainer = StepLoop(MinibatchSampler(len(images), 8, seed=1), step, jit_compile=jit_compile)
    clock = time.perf_counter()
    ends[name], losses = trainer.fit(first, images, split.y_train)
    seconds = time.perf_counter() - clock
    print(f"{name:15} {len(losses)} steps, {trainer.python_runs:3} runs of Python, {seconds:.2f} s, {losses[-1]:.6f}")
apart = max(float(ops.max(ops.abs(a - b))) for a, b in zip(*ends.values(), strict=True))
print("largest difference of the parameters:", apart)

# %% [markdown]
# A compiled step is run by Python twice: for batches of 8, and for the last batch of an epoch, of 5. A trace knows the
# shapes that it was made for.
#
# ### Three frameworks
#
# The gradient need not be written by hand. The same step in TensorFlow, JAX and PyTorch, from the modules in
# `mathdl_keras.chapters.ch07.frameworks`: all agree with the formulas of §7.4. Read them side by side.

# %%
# import inspect; print(inspect.getsource(STEPS["jax"]))  # or "tensorflow", or "torch"
batch = images[:8], split.y_train[:8]
by_hand = [ops.convert_to_numpy(t) for t in step([ops.convert_to_tensor(t) for t in first], *batch)[0]]
for name in filter(find_spec, STEPS):
    theta, loss = STEPS[name](first, *batch, learning_rate=0.1)
    apart = max(np.abs(a - b).max() for a, b in zip(theta, by_hand, strict=True))
    print(f"{name:10} loss {float(loss):.6f}, parameters after the step within {apart:.1e} of those by hand")

# %% [markdown]
# ### A network that grows
#
# Whatever Python does between two steps may change the network. After 100 steps we give ours another hidden layer,
# which begins as the identity: $\mathrm{ReLU}(I\,\mathrm{ReLU}(z)) = \mathrm{ReLU}(z)$, and nothing changes but what
# can be learned. Define-by-run does not even notice. Define-and-run must trace the step again.

# %%
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def deep_step(theta, x, y):
    loss, pullback = vjp(lambda theta: cross_entropy(y, mlp_apply(theta, x)), theta)
    return sgd_step(theta, pullback(ops.ones_like(loss)), 0.1), loss


figure, axes = new(width=8, title="A new layer after 100 steps of the whole sample")
for name, jit_compile in {"define-by-run": False, "define-and-run": True}.items():
    trainer = StepLoop(MinibatchSampler(len(images), len(images), shuffle=False), deep_step, jit_compile=jit_compile)
    theta, losses = trainer.fit(list(first), images, split.y_train, epochs=100)
    theta, more = trainer.fit(insert_identity_layer(theta), images, split.y_train, epochs=100)
    print(f"{name:15} {trainer.python_runs:3} runs of Python; loss {losses[-1]:.4f}, with the new layer {more[0]:.4f}")
    axes.plot(losses + more, "--" if jit_compile else "-", label=name)
theta, alone = trainer.fit(list(first), images, split.y_train, epochs=200)
axes.plot(alone, ":", label="without the new layer")
axes.axvline(100, color="#999999", linewidth=0.8)
axes.set(xlabel="step", ylabel="loss")
axes.legend()
figure

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
sgd_noise_floor


# %%
def my_noise_floor(lr, B, s2):
    return None  # your code


print(sgd_noise_floor.check(my_noise_floor))

# %%
importance_gradient


# %%
def my_importance_gradient(gradients, p, batch):
    return None  # your code


print(importance_gradient.check(my_importance_gradient))

# %%
polyak_average


# %%
def my_polyak_average(x, lr):
    return None  # your code


print(polyak_average.check(my_polyak_average))
