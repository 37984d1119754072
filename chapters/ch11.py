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
# # Chapter 11. Training, validation, and testing
#
# You will fit polynomials to 442 patients, see the training error praise whatever is more complex, and let
# cross-validation choose; learn what a choice costs; leave out every patient in turn without a single refit; and solve
# three exercises that check themselves. Change a number and run its cell again: that is what a notebook is for.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import time

import keras
import numpy as np

from mathdl_keras import datasets
from mathdl_keras.callbacks import RestoreBestWeights
from mathdl_keras.chapters.ch11.exercises import loocv_ridge, nested_cv, one_se_rule
from mathdl_keras.claims import discover, verify
from mathdl_keras.linear_model import polynomial_features
from mathdl_keras.model_selection import (
    KFold,
    ValidationCurve,
    cross_validate,
    loo_mse,
    select_candidate,
    train_validation_test_split,
)
from mathdl_keras.models import PolynomialRegression, RidgeRegression
from mathdl_keras.plots import COLORS, new

keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 11.2 Polynomials
#
# $$m(x; \theta) = \sum_{n=0}^P \theta_n\, p_n(x), \qquad x \in \mathbb R$$
#
# The powers $p_n(x) = x^n$ come to mind first. Legendre polynomials span the same functions, and the best fit is the
# same one; but powers look more and more alike. The condition number of the features says how many digits that costs,
# and its square how slow gradient descent is.

# %%
grid = np.linspace(-1, 1, 40)
for basis in ("monomial", "chebyshev", "legendre"):
    phi = keras.ops.convert_to_numpy(polynomial_features(grid, 12, basis)).astype("float64")
    print(f"degree 12, {basis:10} condition number {np.linalg.cond(phi):10.1f}")

# %% [markdown]
# ## 11.3 Training
#
# The progression of diabetes in 442 patients against their body mass index. With every degree there are more
# functions to choose from, so the error on the patients that trained can only fall.

# %%
data = datasets.load("diabetes")
x, y = data.x[:, [data.feature_names.index("bmi")]], data.y
domain = (x.min(), x.max())


def polynomial(degree):
    return PolynomialRegression(degree, domain=domain)


for degree in (0, 1, 3, 6, 10):
    model = polynomial(degree)
    model.fit_closed_form(x, y)
    residuals = y - keras.ops.convert_to_numpy(model(x))[:, 0]
    print(f"degree {degree:2}: training error {np.mean(residuals**2):.1f}")

# %% [markdown]
# How much too small is it? If the truth is a polynomial of degree at most P with noise of variance $\sigma^2$ at M
# fixed points, then
#
# $$E\,\text{training error} = \sigma^2\,\frac{M - P - 1}{M}, \qquad
# E\,(\text{error of new targets} - \text{training error}) = 2\sigma^2\,\frac{P + 1}{M} .$$
#
# In this package a statement like this is a *claim*: an experiment with a prediction, a measurement, and a tolerance.
# It says something only if it can fail, so each claim has *mutants*, with a mistake built in: here the constant is not
# counted among the parameters.

# %%
claim = next(claim for claim in discover("ch11") if claim.name == "optimism")
print(claim.statement, "\n")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        print(f"    {v['label']:28} predicted {v['predicted']:9} measured {v['measured']:9} within {v['tolerance']}")

# %% [markdown]
# ## 11.4 Validation
#
# So other samples must choose. Some train, some validate, and some are kept for one look at the end. For networks the
# candidates may be the epochs of one training: `RestoreBestWeights` goes back to the weights that validation found
# best.

# %%
train, validation, test = train_validation_test_split(data.x, data.y, (0.5, 0.25, 0.25), seed=0)
inputs, targets = keras.layers.Normalization(), (train[1].mean(), train[1].std())
inputs.adapt(train[0])
parts = [(np.asarray(inputs(a)), (b - targets[0]) / targets[1]) for a, b in (train, validation, test)]

network = keras.Sequential([keras.Input((10,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(1)])
network.compile(keras.optimizers.Adam(0.01), "mse")
best = RestoreBestWeights(patience=20)
history = network.fit(*parts[0], epochs=60, validation_data=parts[1], callbacks=[best], verbose=0).history
print(f"stopped after {len(history['loss'])} epochs, went back to epoch {best.best_epoch}")
print(f"training {history['loss'][-1]:.3f} at the end, validation {best.best:.3f} at best")
print(f"test, looked at once: {network.evaluate(*parts[2], verbose=0):.3f}")

# %% [markdown]
# The best of many validation scores is too good: it was chosen because it was. Ten classifiers that toss coins, and a
# hundred validation samples:

# %%
tosses = rng.random((2000, 10, 100)) < 0.5
accuracy = tosses.mean(axis=2)
chosen = select_candidate(accuracy[..., None], greater_is_better=True)
print(f"the chosen classifier scores {accuracy[np.arange(2000), chosen].mean():.3f} in validation; it is worth 0.5")

# %% [markdown]
# ## 11.5 Cross-validation
#
# With 442 patients one cannot spare many. In k-fold cross-validation each of them validates once, and trains otherwise:
#
# $$\mathrm{CV}_k(P) = \frac1k \sum_{j=1}^k \frac1{|F_j|}
# \sum_{m \in F_j} \big(y_m - m(x_m; \hat\theta_P^{(-j)})\big)^2, \qquad P^* = \arg\min_P \mathrm{CV}_k(P) .$$

# %%
folds = KFold(10, shuffle=True, seed=0)
curve = ValidationCurve(polynomial, range(11), folds).run(x, y)
print(curve)
print(f"least error: degree {curve.select()}; simplest within one standard error: degree {curve.select('one_se')}")

# %%
figure, ax = new(width=8, title="Training praises complexity, validation does not")
ax.plot(curve.values, curve.train, "o-", color=COLORS[0], label="training")
ax.errorbar(
    curve.values, curve.validation, curve.standard_error, fmt="o-", color=COLORS[1], capsize=3, label="validation"
)
ax.set(xlabel="degree", ylabel="mean squared error", xticks=curve.values)
ax.legend()
figure

# %% [markdown]
# `cross_validate` takes any function that builds a Keras model, and any metric: names and objects of `keras.metrics`,
# or functions of your own. Each fold trains a fresh model.


# %%
def build():
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


everyone = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
print(cross_validate(build, *everyone, cv=3, metrics=["mse", "mae"], epochs=15))
print(cross_validate(lambda: RidgeRegression(0.01), *everyone, cv=3, metrics=["mse", "mae"]))

# %% [markdown]
# Ridge regression needs sums over rows only, and the sums of a training set are those of its folds: all ten models
# come from one pass over the table. And if every sample is a fold, one fit is enough, for the leverage $h_{ii}$ says
# how much sample i has pulled the fit to itself:
#
# $$\mathrm{CV}_M = \frac1M \sum_i \Big(\frac{y_i - \hat y_i}{1 - h_{ii}}\Big)^2 .$$

# %%
rows = rng.standard_normal((100_000, 50))
labels = rows @ rng.standard_normal(50) + rng.standard_normal(100_000)
start = time.perf_counter()
scores = cross_validate(lambda: RidgeRegression(1e-3), rows, labels, KFold(10))
print(f"10 ridge regressions of 90,000 rows in {time.perf_counter() - start:.2f} s: error {scores.mean['mse']:.4f}")

design = polynomial(3).design(x)
refits = []
for i in range(len(y)):
    others = np.arange(len(y)) != i
    theta = np.linalg.lstsq(design[others], y[others], rcond=None)[0]
    refits.append((y[i] - design[i] @ theta) ** 2)
print(f"442 refits {np.mean(refits):.8f}, one fit {loo_mse(design, y):.8f}")

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
loocv_ridge


# %%
def my_loocv(X, y, alpha):
    return None  # your code


print(loocv_ridge.check(my_loocv))

# %%
one_se_rule


# %%
def my_rule(scores):
    return None  # your code


print(one_se_rule.check(my_rule))

# %%
nested_cv


# %%
def my_nested_cv(x, y, learners, outer, inner):
    return None  # your code


print(nested_cv.check(my_nested_cv))
