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
# # Chapter 5. Feed forward neural networks
#
# You will build networks by hand that compute any function of bits, exactly; count the functions that a single unit
# can compute, and see that they are few; watch training fail on four points, and learn why; find a flower "in the
# middle" with two units; and look at the activation functions that all of this hangs on. At the end three exercises
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
from mathdl_keras.activations import Clip, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from mathdl_keras.chapters.ch05.exercises import count_regions, majority3, network_for
from mathdl_keras.chapters.ch05.replicas import Replicas
from mathdl_keras.claims import discover, verify
from mathdl_keras.distributions import gaussian_moment
from mathdl_keras.layers import AndUnit, NotUnit, OrUnit, XorNetwork
from mathdl_keras.logic import (
    boolean_inputs,
    is_threshold_function,
    parity_network,
    threshold_functions,
    threshold_weights,
    truth_table,
    truth_table_network,
)
from mathdl_keras.model_selection import empirical_risk
from mathdl_keras.models import MLP
from mathdl_keras.networks import linear_regions_1d, sawtooth_network
from mathdl_keras.plots import curves, new

keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 5.1 Introduction
#
# A feed forward network is a chain of affine maps and activations,
#
# $$H^0 = x, \qquad Z^\ell = H^{\ell-1} W^\ell + b^\ell, \qquad H^\ell = \sigma(Z^\ell), \qquad m(x) = H^L .$$
#
# `MLP` takes the widths $(n_0, \dots, n_L)$. It is the same as a `Sequential` of `Dense` layers, with the
# pre-activations $Z^\ell$ at hand.

# %%
model = MLP((4, 8, 3), activation="tanh")
x = rng.standard_normal((5, 4)).astype("float32")
print("parameters:", model.count_params(), "= (4 + 1) 8 + (8 + 1) 3")
print("Z:", [tuple(Z.shape) for Z in model.pre_activations(x)], " m(x):", tuple(model(x).shape))

# %% [markdown]
# With rectified units, $\sigma(z) = \max(z, 0)$, a function of one variable is made of straight pieces. N units in one
# layer make at most N + 1 of them, a corner each. Layers do more: each of the layers below folds the interval once
# more, and eight layers of two units make 256 pieces. `linear_regions_1d` finds the pieces exactly.

# %%
saws = {depth: sawtooth_network(depth) for depth in (1, 2, 4, 8)}
t = np.linspace(0, 1, 2049, dtype="float32")[:, None]

figure, axes = new(1, 4, width=12, height=2.4, title="The sawtooth")
for ax, (depth, saw) in zip(axes, saws.items(), strict=True):
    pieces = linear_regions_1d(saw, 0.0, 1.0).count
    ax.plot(t, ops.convert_to_numpy(saw(t)), linewidth=1)
    ax.set_title(f"{2 * depth} units, {pieces} pieces")
figure

# %% [markdown]
# ## 5.2 Truth tables
#
# Bits are 0 and 1. A single unit computes AND and OR of any number of them; NOT is affine; and XOR takes two units:
#
# $$\mathrm{AND} = \mathrm{ReLU}\Big(\sum_i x_i - (D - 1)\Big), \quad \mathrm{OR} = \mathrm{clip}\Big(\sum_i x_i\Big),
# \quad \mathrm{NOT} = 1 - x, \quad \mathrm{XOR} = \mathrm{ReLU}(s) - 2\,\mathrm{ReLU}(s - 1),\ s = x_1 + x_2 .$$

# %%
print("rows ", boolean_inputs(2).astype(int).tolist())
for unit in (AndUnit(), OrUnit(), XorNetwork(), keras.Sequential([OrUnit(), NotUnit()])):
    name = "NOT OR" if isinstance(unit, keras.Sequential) else type(unit).__name__
    print(f"{name:12}", truth_table(unit, 2).astype(int))

# %% [markdown]
# What about other functions? For each row v of bits there is a unit that is 1 at v and 0 at all other rows,
# $\mathrm{ReLU}(\sum_i (2v_i - 1)x_i - (|v| - 1))$. The sum of those of the true rows is the function. So one hidden
# layer realises *every* truth table. All 256 functions of three bits are one network: eight hidden units and 256
# outputs.

# %%
tables = np.array([[k >> row & 1 for k in range(256)] for row in range(8)])  # (rows, functions)
everything = truth_table_network(tables)
print("widths", everything.widths, "- errors:", int(np.sum(truth_table(everything, 3) != tables)))

# %% [markdown]
# The price is width: up to half of all rows, $2^{D-1}$ units. Structure saves it. The parity of ten bits is true in 512
# of 1024 rows, but it depends on their sum only, and a zigzag with ten corners computes it.

# %%
parity = parity_network(10)
expected = boolean_inputs(10).sum(axis=1) % 2
print("true rows:", int(expected.sum()), "- hidden units:", parity.widths[1])
print("errors on all 1024 rows:", int(np.sum(truth_table(parity, 10) != expected)))

# %% [markdown]
# And without a hidden layer? A single step unit, $1$ where $w \cdot x + b > 0$, realises the *threshold functions*.
# Most functions are none: a linear programme either finds weights, here made integers, or shows that there are none.

# %%
for D in (2, 3, 4):
    print(f"{D} bits: {len(threshold_functions(D, D))} of {2 ** (2**D)} functions are threshold functions")

majority = (boolean_inputs(5).sum(axis=1) >= 3).astype(int)
w, b = threshold_weights(majority)
print("majority of 5: w =", w, " b =", b)
print("XOR of 2 bits is a threshold function:", is_threshold_function([0, 1, 1, 0]))

# %% [markdown]
# Such statements are *claims* in this package: experiments with a prediction, a measurement, and a tolerance. Each has
# *mutants*, with a mistake built in, that must fail: otherwise it would say nothing.

# %%
claims = [claim for claim in discover("ch05") if claim.section == "5.2"]
for record in verify(claims, refute=True):
    who = record.mutant or record.statement
    print(f"{record.status.upper():8} {'    with ' + who if record.mutant else who}")

# %% [markdown]
# ## 5.3 Numerical exploration
#
# That weights exist does not mean that training finds them. XOR has four rows, and its mean squared error stands on a
# ladder: no affine function is better than 1/4, no single unit with a monotone activation better than 1/6, and two
# units reach 0. Train networks of two tanh units from six starts.

# %%
corners, xor = boolean_inputs(2), np.array([[0.0], [1.0], [1.0], [0.0]])
trainer, histories = MLP((2, 2, 1), "tanh"), {}
for start in range(1, 7):
    trainer.set_weights([np.random.default_rng(start).standard_normal(w.shape) for w in trainer.get_weights()])
    trainer.compile(keras.optimizers.SGD(0.3, momentum=0.9), "mse")
    histories[f"start {start}"] = trainer.fit(corners, xor, batch_size=4, epochs=250, verbose=0).history["loss"]
    print(f"start {start}: error {empirical_risk(trainer, 'mse', corners, xor):.4f}")

figure, axes = new(width=8, title="Two tanh units learn XOR, or do not")
curves(axes, histories, "mean squared error")
for height in (1 / 4, 1 / 6):
    axes.axhline(height, color="black", linewidth=0.8, linestyle="--")
axes.set_ylim(0, 0.5)
figure

# %% [markdown]
# Six starts are few. `Replicas` trains hundreds in the same operations, by a method that goes to the bottom. With
# ReLUs the landscape is rough: many starts end on the upper rungs, where some units are off in all four rows. Wider
# networks than necessary are easier to train.

# %%
for units in (1, 2, 4, 8):
    replicas = Replicas(corners, xor[:, 0], units, "relu")
    theta, errors = replicas.minimize(replicas.start(rng, 200), steps=100)
    solved, best = np.mean(errors < 1e-6), errors.min()
    print(f"{units} ReLUs: least error {best:.4f}, {solved:4.0%} of 200 starts solve XOR")

# %% [markdown]
# And the worst start of all is one where all units are equal: then their gradients are, and they stay equal for ever.
# A network of eight units is one unit, which cannot be better than 1/6. This is why weights start at random.

# %%
equal = MLP((2, 8, 1), "tanh", kernel_initializer=keras.initializers.Constant(0.4))
equal.compile(keras.optimizers.SGD(0.1), "mse")
equal.fit(corners, xor, batch_size=4, epochs=300, verbose=0)
kernel = ops.convert_to_numpy(equal.dense[0].kernel)
print(f"error {empirical_risk(equal, 'mse', corners, xor):.4f}; the kernels of the eight units after training:")
print(kernel.round(4))

# %% [markdown]
# ### An iris in the middle
#
# Petals of versicolor are longer than those of setosa and shorter than those of virginica. One unit of the petal length
# can say "longer than", not "between". Two clipped units and an AND can, and they can be trained, for the AND passes
# gradients on.

# %%
iris = datasets.iris()
length, middle = iris.x[:, 2:3].astype("float32"), (iris.y == 1).astype("float32")[:, None]
z = (length - length.mean()) / length.std()

band = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation=Clip()), AndUnit()])
band.layers[0].set_weights([np.array([[0.5, -0.5]]), np.ones(2)])
band.compile(keras.optimizers.Adam(0.05), "mse")
band.fit(z, middle, batch_size=10, epochs=40, verbose=0)

unit = MLP((1, 1), output_activation="sigmoid")
unit.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
unit.fit(z, middle, batch_size=10, epochs=40, verbose=0)

grid = np.linspace(0.5, 7.5, 400, dtype="float32")[:, None]
figure, axes = new(width=9, title="Versicolor by the length of its petals")
for name, network in (("one unit", unit), ("two units and AND", band)):
    hits = np.mean((ops.convert_to_numpy(network(z)) > 0.5) == middle)
    axes.plot(grid, ops.convert_to_numpy(network((grid - length.mean()) / length.std())), label=f"{name}: {hits:.3f}")
for k, name in enumerate(iris.target_names):
    rows = iris.y == k
    axes.scatter(length[rows], np.full(50, -0.08 * (k + 1)), s=8, label=name)
axes.set(xlabel="petal length in cm", ylabel="output")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
figure

# %% [markdown]
# ## 5.4 Activation functions
#
# Each activation of this package knows its first and second derivative, written out. Backpropagation, in the next
# chapter, multiplies by $\sigma'$ in every layer.

# %%
z = np.linspace(-4, 4, 401, dtype="float32")
figure, (values, slopes) = new(1, 2, width=11, title="Activations and their derivatives")
for sigma in (Sigmoid(), Tanh(), ReLU(), LeakyReLU(0.2), Softplus(1.0), Clip()):
    values.plot(z, ops.convert_to_numpy(sigma(ops.array(z))), label=repr(sigma))
    slopes.plot(z, ops.convert_to_numpy(sigma.derivative(ops.array(z))))
values.set(xlabel="z", ylim=(-1.2, 2.5))
slopes.set(xlabel="z", ylim=(-0.1, 1.2))
values.legend(fontsize=8, loc="upper left")
figure

# %% [markdown]
# Softplus is a smooth ReLU: it lies $\log(2)/\beta$ above it at 0, and the area between them is $\pi^2/(6\beta^2)$.

# %%
for beta in (1.0, 5.0, 25.0):
    s = np.linspace(-40 / beta, 40 / beta, 4001, dtype="float32")
    gap = ops.convert_to_numpy(Softplus(beta)(ops.array(s))) - np.maximum(s, 0)
    area, exact = np.trapezoid(gap, s), np.pi**2 / (6 * beta**2)
    print(f"beta = {beta:4}: gap {gap.max():.4f} = {np.log(2) / beta:.4f}, area {area:.5f} = {exact:.5f}")

# %% [markdown]
# In a wide random layer pre-activations are nearly normal, $Z \sim N(0, q)$. Then the next layer's variance is
# $q' = \gamma^2 E\,\sigma(\sqrt q\,Z)^2$ for kernels of variance $\gamma^2/n$: one integral decides whether signals
# die, explode or stay. `gaussian_moment` computes it; a network of width 1000 does what it says. (Chapter 8 uses this.)

# %%
gains = {Tanh(): 1.0, ReLU(): np.sqrt(2.0), Sigmoid(): 1.0}
x = rng.standard_normal((1, 1000)).astype("float32")
figure, axes = new(width=8, title="The variance of pre-activations, layer by layer: predicted (lines), measured (dots)")
for color, (sigma, gain) in zip(("#0072B2", "#D55E00", "#009E73"), gains.items(), strict=True):
    scale = keras.initializers.RandomNormal(stddev=gain / np.sqrt(1000), seed=5)
    deep = MLP((1000,) * 11, sigma, kernel_initializer=scale)
    measured = [float(ops.convert_to_numpy(ops.mean(ops.square(Z)))) for Z in deep.pre_activations(x)]
    q = [gain**2 * np.mean(x**2)]
    for _ in measured[1:]:
        q.append(gain**2 * gaussian_moment(lambda t, s=sigma: ops.square(s(t)), q[-1]))
    axes.plot(range(1, 11), q, color=color, label=f"{sigma}, gain {gain:.2f}")
    axes.plot(range(1, 11), measured, "o", color=color)
axes.set(xlabel="layer", ylabel="variance", ylim=(0, None))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
figure

# %% [markdown]
# ## 5.6 Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
majority3


# %%
def my_majority3():
    return None  # your code


print(majority3.check(my_majority3))

# %%
network_for


# %%
def my_network_for(table):
    return None  # your code


print(network_for.check(my_network_for))

# %%
count_regions


# %%
def my_count_regions(w, b, c):
    return None  # your code


print(count_regions.check(my_count_regions))
