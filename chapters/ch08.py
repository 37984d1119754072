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
# # Chapter 8. Stochastic gradient descent for multi-layer networks
#
# You will take one step of descent by hand and see a program take the same; count what a step costs, and hold the count
# against what the program really runs; find out why deep networks of logistic units learn nothing, before training
# them; and solve four exercises that check themselves. Change a number and run its cell again: that is what a notebook
# is for.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import keras
import numpy as np

from mathdl_keras import datasets
from mathdl_keras.callbacks import VanishingGradientReport
from mathdl_keras.chapters.ch08.exercises import critical_variance, flops_step, gradient_ratio, tied_gradient
from mathdl_keras.claims import discover, verify
from mathdl_keras.cost import activation_memory, compiled_flops, count_flops, measured_flops, network_cost
from mathdl_keras.models import MLPClassifier
from mathdl_keras.networks import signal_propagation
from mathdl_keras.plots import new

keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 8.2 Multi-layer neural networks
#
# With widths $n_0, \dots, n_L$, weights $W^\ell \in \mathbb R^{n_{\ell-1} \times n_\ell}$ and a batch of B rows,
#
# $$H^0 = x, \qquad Z^\ell = H^{\ell-1} W^\ell + b^\ell, \qquad H^\ell = \sigma(Z^\ell),$$
#
# and $\mathrm{softmax}(Z^L)$ are the probabilities of the classes. Backpropagation gives the gradients of the mean loss
# from the last layer to the first,
#
# $$\delta^L = \tfrac1B (\mathrm{softmax}(Z^L) - y), \qquad
# \delta^\ell = (\delta^{\ell+1} (W^{\ell+1})^\top) \odot \sigma'(Z^\ell), \qquad
# \frac{\partial\Lambda}{\partial W^\ell} = (H^{\ell-1})^\top \delta^\ell, \qquad
# \frac{\partial\Lambda}{\partial b^\ell} = \sum_m \delta^\ell_m,$$
#
# and a step of stochastic gradient descent subtracts $\eta$ times each. Here is one step in a dozen lines, on 32
# handwritten digits, and what `MLPClassifier` makes of the same 32.

# %%
split = datasets.digits().split(seed=0)
x, x_test = (images.reshape(len(images), -1) for images in (split.x_train, split.x_test))
y, y_test = split.y_train, split.y_test

model = MLPClassifier((64, 64, 32, 10), "relu", learning_rate=0.1, batch_size=32)
W1, b1, W2, b2, W3, b3 = model.get_weights()

X, Y = x[:32], np.eye(10)[y[:32]]
Z1 = X @ W1 + b1
H1 = np.maximum(Z1, 0)
Z2 = H1 @ W2 + b2
H2 = np.maximum(Z2, 0)
Z3 = H2 @ W3 + b3

P = np.exp(Z3 - Z3.max(axis=1, keepdims=True))
delta3 = (P / P.sum(axis=1, keepdims=True) - Y) / len(X)
delta2 = (delta3 @ W3.T) * (Z2 > 0)
delta1 = (delta2 @ W2.T) * (Z1 > 0)
gradients = [X.T @ delta1, delta1.sum(0), H1.T @ delta2, delta2.sum(0), H2.T @ delta3, delta3.sum(0)]

by_hand = [w - 0.1 * g for w, g in zip([W1, b1, W2, b2, W3, b3], gradients, strict=True)]
model.fit(X, y[:32], verbose=0)
difference = max(np.abs(a - b).max() for a, b in zip(by_hand, model.get_weights(), strict=True))
print(f"weights after one step differ by at most {difference:.1e} (float32)")

# %% [markdown]
# Now the steps of twelve epochs. There are $\sum_\ell (n_{\ell-1} + 1)\, n_\ell$ parameters, and each step moves all of
# them.

# %%
history = model.fit(x, y, epochs=12, validation_data=(x_test, y_test), verbose=0).history
print(f"{model.count_params()} parameters = {65 * 64 + 65 * 32 + 33 * 10}")
print(
    f"{int(model.optimizer.iterations)} steps, {history['val_accuracy'][-1]:.3f} of the test digits are read correctly"
)

# %% [markdown]
# ## 8.3 Computational cost
#
# The forward pass of a layer takes $B\, n_{\ell-1} n_\ell$ multiplications and as many additions: $2B\,n_{\ell-1}
# n_\ell$ floating-point operations (FLOPs). Backward there are two such products in each layer, for the gradient of
# $W^\ell$ and for $\delta^{\ell-1}$; but nobody asks for the gradient of the data, so the first layer has one only:
#
# $$\text{forward } 2B \sum_\ell n_{\ell-1} n_\ell, \qquad
# \text{backward } 2B \Big(2\sum_\ell n_{\ell-1} n_\ell - n_0 n_1\Big).$$
#
# A gradient in 6,570 directions costs less than two more evaluations.

# %%
print(network_cost(model, batch=32))

# %% [markdown]
# So far a formula. `measured_flops` asks the framework what it really runs: PyTorch counts while it runs, on JAX and
# TensorFlow the products in the traced program are counted.

# %%
labels = np.eye(10, dtype="float32")[y[:32]]


def step(x, y):
    return [gradient for gradient, _ in model.loss_and_gradients(x, y)[2]]


forward = measured_flops(lambda x: model.forward_pass(x)[0], X)
print(f"forward: formula {count_flops(model, 32, 'forward'):,}, as run {forward:,}")
print(f"step:    formula {count_flops(model, 32):,}, as run {measured_flops(step, X, labels):,}")
if total := compiled_flops(step, X, labels):
    print(f"XLA, with the work on single entries: {total:,.0f}, {total / count_flops(model, 32) - 1:.1%} more")

# %% [markdown]
# In this package a statement like this is a *claim*: an experiment with a prediction, a measurement, and a tolerance.
# It says something only if it can fail, so each claim has *mutants*, with a mistake built in: here the gradient of the
# data is computed, too.

# %%
claim = next(claim for claim in discover("ch08") if claim.name == "flops")
print(claim.statement, "\n")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        print(f"    {v['label']:34} predicted {v['predicted']:11} measured {v['measured']:11} {v['tolerance']}")

# %% [markdown]
# The price of the cheap gradient is memory: the forward pass must keep what the backward pass will read. Parameters do
# not grow with the batch, activations do.

# %%
for batch in (32, 1024):
    print(f"B = {batch}")
    print(activation_memory(model, batch), "\n")

# %% [markdown]
# ## 8.4 The vanishing gradient problem
#
# On its way to the first layer $\delta$ is multiplied by $W^\top$ and $\sigma'$ again and again. In a wide network with
# random weights of variance $\sigma_w^2/n$ one can say what becomes of it: the pre-activations are nearly normal with
# variances
#
# $$q_{\ell+1} = \sigma_w^2\, E\,\sigma(\sqrt{q_\ell} Z)^2 + \sigma_b^2, \qquad\text{and}\qquad
# \frac{E\|\delta^1\|^2}{E\|\delta^L\|^2} = \prod_{\ell=1}^{L-1} \chi_\ell, \qquad
# \chi_\ell = \sigma_w^2\, E\,\sigma'(\sqrt{q_\ell} Z)^2 .$$
#
# The slope of the logistic function is at most 1/4, so its $\chi$ is small. That of ReLU is 1 for half of the units:
# $\chi = \sigma_w^2/2$, which is 1 for He's start with $\sigma_w^2 = 2$.

# %%
for name, variance in (("sigmoid", 1.0), ("sigmoid", 16.0), ("tanh", 1.0), ("relu", 1.0), ("relu", 2.0)):
    theory = signal_propagation(name, variance, depth=8)
    print(
        f"{name:8} variance {variance:4g}: first factors {theory.chi[:3].round(3)}, product {theory.gradients[0]:.2g}"
    )

# %% [markdown]
# Does it hold in a network of 64 units a layer, on real images? `VanishingGradientReport` measures before training and
# after each epoch, and has the line of the theory from the weights at the start.

# %%
widths = (64, *[64] * 6, 10)
starts = {"sigmoid": (0.3, "glorot_normal"), "relu": (0.05, "he_normal")}
reports = {}
for name, (rate, initializer) in starts.items():
    deep = MLPClassifier(widths, name, rate, 32, initializer)
    reports[name] = VanishingGradientReport(x[:256], y[:256])
    settings = {"validation_data": (x_test, y_test), "callbacks": [reports[name]], "verbose": 0}
    accuracy = deep.fit(x, y, epochs=12, **settings).history["val_accuracy"][-1]
    print(f"{name}: after 12 epochs {accuracy:.3f} of the test digits are read correctly")

figure, ax = new(width=8, title="The gradient in each layer at the start, before any training")
for (name, report), color in zip(reports.items(), ("#D55E00", "#0072B2"), strict=True):
    layers = np.arange(1, len(report.layers) + 1)
    ax.plot(layers, report.measured[0], "o", color=color, label=f"{name}, measured")
    ax.plot(layers, report.predicted, "--", color=color, label=f"{name}, predicted")
ax.set(xlabel="layer", ylabel="log10 of the gradient of Z")
ax.legend()
figure

# %% [markdown]
# Six hidden layers of logistic units stay at chance, and the theory said so before a single step was taken: what
# reaches the first layer is thousands of times smaller than what the last one gets, and what comes through six layers
# that do not learn tells the last one nothing about the image. What has training changed?

# %%
print(reports["sigmoid"])

# %% [markdown]
# ## 8.7 Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
flops_step


# %%
def my_flops(widths, B):
    return None  # your code


print(flops_step.check(my_flops))

# %%
critical_variance


# %%
def my_variance(phi, dphi):
    return None  # your code


print(critical_variance.check(my_variance))

# %%
gradient_ratio


# %%
def my_ratio(phi, dphi, sigma_w2, depth):
    return None  # your code


print(gradient_ratio.check(my_ratio))

# %%
tied_gradient


# %%
def my_tied_gradient(W, x, y):
    return None  # your code


print(tied_gradient.check(my_tied_gradient))
