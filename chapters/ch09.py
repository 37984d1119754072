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
# # Chapter 9. Regularization and dropout
#
# You will shrink weights with one penalty and switch them off with another; average a loss over every mask that dropout
# can draw, and find ridge regression; train through random masks and arrive where that says; ask a network how sure it
# is; and solve three exercises that check themselves. Change a number and run its cell again: that is what a notebook
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
from mathdl_keras.chapters.ch09.exercises import dropout_ridge_lambda, equivalent_noise, ista_step
from mathdl_keras.claims import discover, verify
from mathdl_keras.layers import Dropout
from mathdl_keras.linear_model import lasso_path, marginalized_dropout_loss, ridge_path, solve_dropout_least_squares
from mathdl_keras.models import DropoutMLP, Lasso, RidgeRegression
from mathdl_keras.networks import MCDropoutPredictor
from mathdl_keras.optimizers import ProximalSGD
from mathdl_keras.plots import new
from mathdl_keras.regularizers import L1

keras.utils.set_random_seed(9)
rng = np.random.default_rng(9)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 9.2 Regularization by penalty terms
#
# Two penalties on the weights of a linear model:
#
# $$\text{ridge:}\quad \min_w \tfrac1M \|Y - Xw\|^2 + \lambda \|w\|^2, \qquad
# \text{lasso:}\quad \min_w \tfrac1{2M} \|Y - Xw\|^2 + \lambda \|w\|_1 .$$
#
# The first has the closed form $w = (X^\top X/M + \lambda I)^{-1} X^\top Y/M$; the second is found by descent and soft
# thresholds. Here are ten measurements of 442 diabetes patients, and the weights along both penalties.

# %%
patients = datasets.diabetes()
x = (patients.x - patients.x.mean(axis=0)) / patients.x.std(axis=0)
y = patients.y

penalties = np.geomspace(0.05, 45.2, 60)
selected = lasso_path(x, y, penalties)
ridges = np.geomspace(1e-4, 1e2, 60)
shrunk, _, freedom = ridge_path(x, y, ridges)

figure, axes = new(1, 2, width=10, height=3.6)
for ax, title, at, weights in zip(
    axes, ("ridge", "lasso"), (ridges, penalties), (shrunk, selected.kernel), strict=True
):
    ax.plot(at, weights)
    ax.set(xscale="log", xlabel="penalty", title=title)
axes[0].set_ylabel("weight")
figure

# %% [markdown]
# Ridge regression makes all weights small, the lasso some of them zero. A number says how much freedom is left: the
# effective degrees of freedom $\sum_i d_i^2/(d_i^2 + M\lambda)$, with the singular values $d_i$ of X.

# %%
for ridge in (1e-4, 0.1, 1.0, 10.0):
    model = RidgeRegression(ridge)
    model.fit_closed_form(x, y)
    print(
        f"ridge, penalty {ridge:g}: {model.effective_dof(x):.2f} of 10 degrees of freedom, R2 {model.score(x, y):.3f}"
    )

lasso = Lasso(5.0)
kernel = lasso.fit_closed_form(x, y).kernel[:, 0]
kept = [name for name, w in zip(patients.feature_names, kernel, strict=True) if w != 0]
print(f"lasso, penalty 5: keeps {', '.join(kept)}, R2 {lasso.score(x, y):.3f}")

# %% [markdown]
# Why does training with `kernel_regularizer=L1(...)` never give a zero? It only adds $\lambda\,\mathrm{sign}(w)$ to the
# gradient: near zero the weight is kicked from one side to the other. `ProximalSGD` descends on the loss alone
# and then applies the soft threshold $\mathrm{sign}(w) \max(|w| - \eta\lambda, 0)$.

# %%
target = ((y - y.mean()) / y.std())[:, None].astype("float32")
for name, optimizer, regularizer in (
    ("SGD with L1", keras.optimizers.SGD(0.02), L1(0.1)),
    ("ProximalSGD", ProximalSGD(0.02, L1(0.1)), None),
):
    dense = keras.layers.Dense(1, kernel_regularizer=regularizer)
    line = keras.Sequential([keras.Input((10,)), dense])
    line.compile(optimizer, "mse")
    line.fit(x.astype("float32"), target, batch_size=64, epochs=30, verbose=0)
    w = line.get_weights()[0][:, 0]
    print(f"{name:12} {np.sum(w == 0)} zeros; smallest |w| {np.abs(w).min():.1e}")

# %% [markdown]
# ## 9.3 Dropout and its relation to regularization
#
# Inverted dropout multiplies each input by $\xi/p$, where the mask $\xi$ is 1 with probability p and 0 otherwise. The
# mean stays, the variance becomes $x^2 (1-p)/p$; so, averaged over the masks,
#
# $$E_\xi\, \tfrac1M \|Y - (X \odot \xi/p)\, w\|^2 = \tfrac1M \|Y - Xw\|^2 +
# \tfrac{1-p}{p} \sum_j \Big(\tfrac1M \sum_m x_{mj}^2\Big) w_j^2 .$$
#
# That is a ridge penalty. Take six features: there are 64 masks, and nothing to estimate.

# %%
X, Y, w = rng.normal(size=(20, 6)), rng.normal(size=20), rng.normal(size=6)
keep = 0.7
average = 0.0
for number in range(64):
    mask = np.array([number >> j & 1 for j in range(6)])
    probability = keep ** mask.sum() * (1 - keep) ** (6 - mask.sum())
    average += probability * np.mean((Y - (X * mask / keep) @ w) ** 2)
formula = float(marginalized_dropout_loss(*(v.astype("float32") for v in (X, Y, w)), 1 - keep))
print(f"average over 64 masks {average:.6f}, formula {formula:.6f}")

# %% [markdown]
# So training with random masks should arrive at the weights of that ridge regression.

# %%
limit = solve_dropout_least_squares(x, target[:, 0], 1 - keep)
dense = keras.layers.Dense(1, use_bias=False)
model = keras.Sequential([keras.Input((10,)), Dropout(1 - keep, seed=1), dense])
model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, 14 * 60)), "mse")
model.fit(x.astype("float32"), target, batch_size=32, epochs=60, verbose=0)
for name, ours, predicted in zip(patients.feature_names, model.get_weights()[0][:, 0], limit, strict=True):
    print(f"{name:4} trained with masks {ours:+.3f}   ridge regression {predicted:+.3f}")

# %% [markdown]
# In this package a statement like this is a *claim*: an experiment with a prediction, a measurement, and a tolerance.
# It says something only if it can fail, so each claim has *mutants*, with a mistake built in.

# %%
claim = next(claim for claim in discover("ch09") if claim.name == "dropout_is_ridge")
print(claim.statement, "\n")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        print(f"    {v['label']:10} predicted {v['predicted']:10} measured {v['measured']:10} {v['tolerance']}")

# %% [markdown]
# ## 9.4 and 9.5 Dropout in a network
#
# `DropoutMLP` drops hidden units in training, with backpropagation written by hand: what was multiplied by $\xi/p$ on
# the way forward is multiplied by it on the way back. In prediction nothing is dropped. Or one may go on drawing masks:
# the mean of the answers is nearly the same, and their spread says how much a lead of one digit over the next is worth.

# %%
split = datasets.digits().split(seed=0)
images, images_test = (v.reshape(len(v), -1) for v in (split.x_train, split.x_test))
network = DropoutMLP((64, 64, 10), rate=0.5, seed=1)
network.compile(keras.optimizers.Adam(0.003), metrics=["accuracy"])
network.fit(images, split.y_train, epochs=12, batch_size=32, verbose=0)
print(f"{network.evaluate(images_test, split.y_test, verbose=0, return_dict=True)['accuracy']:.3f} of the test digits")

answers = MCDropoutPredictor(network, samples=30).predict(images_test)
order, rows = np.argsort(answers.mean, axis=1), np.arange(len(images_test))
first, second = order[:, -1], order[:, -2]
lead = answers.mean[rows, first] - answers.mean[rows, second]
spread = np.sqrt(answers.variance[rows, first] + answers.variance[rows, second])
wrong = first != split.y_test
print(f"lead by its spread: right answers {np.median((lead / spread)[~wrong]):.2f}, ", end="")
print(f"wrong answers {np.median((lead / spread)[wrong]):.2f}")

# %% [markdown]
# ## 9.7 Exercises
#
# Write each function and run the cell: it says whether you are right, and gives a hint if not.

# %%
dropout_ridge_lambda


# %%
def my_lambda(keep, X):
    return None  # your code


print(dropout_ridge_lambda.check(my_lambda))

# %%
ista_step


# %%
def my_ista_step(w, G, c, penalty, step):
    return None  # your code


print(ista_step.check(my_ista_step))

# %%
equivalent_noise


# %%
def my_noise(keep):
    return None  # your code


print(equivalent_noise.check(my_noise))
