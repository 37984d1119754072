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
# # Chapter 6. Backpropagation
#
# You will differentiate a network with pencil and paper, check the result in four independent ways, train by it with
# any Keras optimizer, and then watch the gradient vanish on its way through many layers. At the end three exercises
# check themselves. Change a number and run its cell again: that is what a notebook is for.

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
from keras import ops

from mathdl_keras import datasets
from mathdl_keras.autodiff import autodiff_gradients, check_gradient
from mathdl_keras.callbacks import GradientNorms, TerminateOnNonFinite
from mathdl_keras.chapters.ch06.exercises import activation_backward, optimal_fd_step, skip_backward
from mathdl_keras.claims import discover, verify
from mathdl_keras.layers import Dense
from mathdl_keras.models import BackpropMLP
from mathdl_keras.plots import new

keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 6.2 The introductory example
#
# Two inputs, two logistic units, one linear output, and $\Lambda = \frac12 (y - m)^2$. Going back from the loss,
#
# $$\frac{\partial\Lambda}{\partial m} = -(y - m), \qquad \delta^2 = \frac{\partial\Lambda}{\partial m},
# \qquad \delta^1_j = \delta^2 w^2_j\, \sigma'(Z^1_j), \qquad
# \frac{\partial\Lambda}{\partial w^\ell_{ij}} = \delta^\ell_j\, H^{\ell-1}_i .$$
#
# Four lines of NumPy, and the same by the model:

# %%
W1, b1 = np.array([[0.1, 0.2], [-0.3, 0.4]]), np.array([0.05, -0.1])
W2, b2 = np.array([[0.6], [-0.7]]), np.array([0.2])
x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])

H = 1 / (1 + np.exp(-(x @ W1 + b1)))
m = H @ W2 + b2
delta2 = -(y - m)
delta1 = (delta2 @ W2.T) * H * (1 - H)
print("by hand   dW1 =", (x.T @ delta1).round(6).tolist())

model = BackpropMLP((2, 2, 1), "sigmoid", loss="half_squared_error")
model.set_weights([W1, b1, W2, b2])
loss, _, pairs = model.loss_and_gradients(x, y)
print("the model dW1 =", ops.convert_to_numpy(pairs[0][0]).astype("float64").round(6).tolist())

# %% [markdown]
# ## 6.3 A layer that knows its backward pass
#
# A layer needs three things to take part: from $\partial\Lambda/\partial H$ it makes $\delta$, the gradients of its own
# weights, and what it hands on to the layer before. `forward_pass` keeps what `backward_pass` will need.

# %%
layer = Dense(3, "tanh")
layer.build((None, 2))
H, cache = layer.forward_pass(ops.ones((5, 2)))
dx, (dW, db) = layer.backward_pass(ops.ones((5, 3)), cache)
print("H", H.shape, " dx", dx.shape, " dW", dW.shape, " db", db.shape)

# %% [markdown]
# ## 6.4 Many layers, and any optimizer
#
# `BackpropMLP` chains such layers. Nothing is differentiated automatically, and yet `fit`, metrics and every optimizer
# of Keras work: the model hands the optimizer its own gradients.

# %%
data = datasets.load("digits")
split = data.split(seed=0)
train, test = (a.reshape(len(a), -1) for a in (split.x_train, split.x_test))

model = BackpropMLP((64, 64, 32, 10), "relu")
model.compile(keras.optimizers.Adam(0.003), metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])
history = model.fit(train, split.y_train, epochs=15, verbose=0, validation_data=(test, split.y_test)).history
print(f"test accuracy after 15 epochs: {history['val_accuracy'][-1]:.3f}")

# %% [markdown]
# Automatic differentiation serves as an oracle. In float32 both agree to the last digits:

# %%
hand = [ops.convert_to_numpy(g) for g, _ in model.loss_and_gradients(train, ops.convert_to_tensor(split.y_train))[2]]
auto = [ops.convert_to_numpy(g) for g in autodiff_gradients(model, train, split.y_train)]
for a, b in zip(hand, auto, strict=True):
    print(f"{a.shape!s:10} largest difference / largest entry: {np.abs(a - b).max() / np.abs(b).max():.1e}")

# %% [markdown]
# ## 6.5 Checking a gradient by differences
#
# A central difference errs by $O(h^2)$ and by rounding $O(u/h)$: its best step is near $u^{1/3}$. `check_gradient` fits
# the order; a gradient that is wrong by one part in a hundred leaves an error that no step can reduce.


# %%
def f(theta):
    return np.sum(np.log1p(np.exp(theta)))


theta = rng.standard_normal(5)
right = 1 / (1 + np.exp(-theta))
steps = np.geomspace(1, 1e-10, 31)
figure, ax = new(width=6.4, height=4.0, title="Central differences")
for label, gradient in (("right", right), ("1 % off", 1.01 * right)):
    ax.loglog(steps, check_gradient(f, theta, gradient, steps=steps).errors, "o-", markersize=3, label=label)
    print(f"{label:8}", check_gradient(f, theta, gradient)[2:])
ax.set(xlabel="step h", ylabel="relative error")
ax.legend()
figure

# %% [markdown]
# ## 6.6 Vanishing gradients
#
# With logistic units each layer multiplies $\delta$ by $\sigma' \le 1/4$ and by $W$. The callback `GradientNorms` works
# on any Keras model; here a plain `Sequential`.

# %%
figure, ax = new(width=6.8, height=4.0, title="Norms of the gradients, from the input on")
for activation in ("sigmoid", "tanh", "relu"):
    deep = keras.Sequential([keras.Input((64,))])
    for _ in range(7):
        deep.add(keras.layers.Dense(20, activation))
    deep.add(keras.layers.Dense(10))
    deep.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    norms = GradientNorms(train[:200], split.y_train[:200])
    deep.fit(train, split.y_train, epochs=1, verbose=0, callbacks=[norms])
    ax.semilogy(range(1, 9), norms.kernels[0], "o-", label=activation)
ax.set(xlabel="layer", ylabel=r"$\|\partial\Lambda/\partial W^\ell\|$ at the start")
ax.legend()
figure

# %% [markdown]
# The opposite happens, too. With a learning rate that is far too large the numbers leave the range of float32;
# `TerminateOnNonFinite` stops, says where, and puts the weights back that were there before.

# %%
import warnings

wild = BackpropMLP((64, 64, 10), "relu")
wild.compile(keras.optimizers.SGD(1e12))
guard = TerminateOnNonFinite(train[:32])
with warnings.catch_warnings(action="ignore"):
    wild.fit(train, split.y_train, epochs=3, verbose=0, callbacks=[guard])
print(guard.found)

# %% [markdown]
# ## What the chapter claims
#
# Each statement is checked on your machine against a prediction that does not use this package; and each must fail
# where a mistake has been put in on purpose. `python -m mathdl_keras verify ch06 --refute` runs them all.

# %%
claims = [claim for claim in discover("ch06") if claim.section in ("6.2", "6.4")]
for record in verify(claims, refute=True):
    who = record.mutant or record.statement
    print(f"{record.status.upper():8} {'    with ' + who if record.mutant else who}")

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
activation_backward


# %%
def my_activation_backward(name, dH, Z):
    return None  # your code


print(activation_backward.check(my_activation_backward))

# %%
skip_backward


# %%
def my_skip_backward(dH, x, W):
    return None  # your code


print(skip_backward.check(my_skip_backward))

# %%
optimal_fd_step


# %%
def my_optimal_fd_step(eps):
    return None  # your code


print(optimal_fd_step.check(my_optimal_fd_step))
