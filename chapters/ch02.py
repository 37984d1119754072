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
# # Chapter 2. Linear regression
#
# You will fit a line to real patients, and see what the units of a column do to sixteen digits; watch gradient descent
# follow a formula to the last digit of float32, and break at the learning rate that you computed; learn how much of a
# target that has nothing to do with your features they will nevertheless explain; and solve three exercises that check
# themselves. Change a number and run its cell again: that is what a notebook is for.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import warnings
from functools import partial

import keras
import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras import datasets
from mathdl_keras.callbacks import ErrorEnvelope
from mathdl_keras.chapters.ch02.exercises import ols_qr, r2_streaming, steps_to_tolerance
from mathdl_keras.claims import discover, verify
from mathdl_keras.descent import gradient_descent, mse_gradient, mse_hessian, stable_learning_rate
from mathdl_keras.linear_model import least_squares
from mathdl_keras.losses import MeanSquaredError
from mathdl_keras.metrics import R2Score
from mathdl_keras.models import LinearRegression
from mathdl_keras.plots import COLORS, new
from mathdl_keras.precision import allow_float64

keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 2.1 A model that is linear in its parameters
#
# For each of 442 patients there are ten measurements $x$, and the progression $y$ of diabetes one year later. The model
# is $m(x; \theta) = x^\top\theta + b$. `LinearRegression` is a Keras model, with `kernel` and `bias`; but it can also
# solve for them.

# %%
data = datasets.diabetes()
x, y = data.x, data.y

model = LinearRegression()
report = model.fit_closed_form(x, y)
print(f"solver {report.solver}, condition number {report.condition:.1f}; R2 = {model.score(x, y):.4f}")
for name, value in zip(data.feature_names, report.kernel[:, 0], strict=True):
    print(f"{name:4} {value:8.3f}")

# %% [markdown]
# ## 2.2 The loss
#
# The squared error of a sample is $\ell_y(m) = c\,(y - m)^2$: with $c = 1$ Keras' mean squared error, with
# $c = \frac12$ a loss whose derivative is simply $-(y - m)$. The minimizer is the same; the Hessian is not, and so
# neither is the learning rate at which descent breaks. Remember this factor.

# %%
target, prediction = np.array([[3.0]], "float32"), np.array([[1.0]], "float32")
for c in (1.0, 0.5):
    loss = MeanSquaredError(scale=c)
    value, slope = float(loss(target, prediction)), float(loss.gradient(target, prediction)[0, 0])
    print(f"c = {c}: loss {value:.1f}, gradient {slope:.1f}")

# %% [markdown]
# ## 2.3 The minimizer
#
# The mean squared error $\Lambda(\theta) = \frac1M\lVert X\theta - y\rVert^2$ is smallest where
#
# $$X^\top X\,\theta = X^\top y .$$
#
# Solving these *normal equations* as they stand loses $\kappa^2 u$ of the answer: $\kappa$ is the condition number of
# $X$, and $u$ the unit roundoff, $10^{-16}$ in float64 and $6\cdot 10^{-8}$ in float32. Columns in their own units make
# $\kappa$ large. Standardise them and it is small; QR does not square it.

# %%
deviation = x.std(axis=0)
X = (x - x.mean(axis=0)) / deviation


def with_ones(features):
    return np.hstack([features, np.ones((len(features), 1))])


def digits(kernel, scale):
    """Correct digits of the standardised coefficients."""
    exact = np.linalg.lstsq(with_ones(X), y, rcond=None)[0][:-1]
    return -np.log10(np.linalg.norm(kernel * scale - exact) / np.linalg.norm(exact))


print(f"{'features':14} {'condition':>9}  {'dtype':8} {'textbook':>9} {'ours':>6}   (correct digits)")
for name, features, scale in (("as measured", x, deviation), ("standardised", X, 1.0)):
    for dtype in ("float64", "float32"):
        A, b = with_ones(features).astype(dtype), y.astype(dtype)
        textbook = np.linalg.solve(A.T @ A, A.T @ b)[:-1]
        with allow_float64():
            ours = ops.convert_to_numpy(least_squares(features.astype(dtype), b).kernel)[:, 0]
        print(
            f"{name:14} {np.linalg.cond(A):9.0f}  {dtype:8} {digits(textbook, scale):9.1f} {digits(ours, scale):6.1f}"
        )

# %% [markdown]
# `least_squares` centres and scales, looks at the condition number that is left, and chooses: Cholesky where
# $\kappa^2 u$ allows it, QR where it does not, and singular values, with a warning, where columns are collinear.

# %%
copied = np.c_[x, x[:, 2] - 2 * x[:, 3]]  # a column that the others determine
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fit = LinearRegression().fit_closed_form(copied, y)
print(f"solver {fit.solver}, rank {fit.rank} of {copied.shape[1]}")
print("warning:", caught[-1].message)

# %% [markdown]
# ### What the residuals say
#
# If the noise is Gaussian with variance $\sigma^2$, then $\hat\theta \sim N(\theta, \sigma^2 (X^\top X)^{-1})$, and
# $\hat\sigma^2 = \mathrm{RSS}/(n - p)$. That gives intervals that cover the truth 95 times in 100. Those of `s1` and
# `s2` are wide, for the two say nearly the same: their correlation is 0.9.

# %%
standardised = LinearRegression()
standardised.fit_closed_form(X, y)
intervals = standardised.confint(X, y)[:-1]  # the last row is the bias

figure, ax = new(width=7, height=3.8, title="Coefficients of standardised features, with 95 % intervals")
for place, (low, high) in enumerate(intervals):
    color = "#999999" if low < 0 < high else COLORS[0]
    ax.plot([low, high], [place, place], color=color)
    ax.plot((low + high) / 2, place, "o", color=color)
ax.axvline(0, color="#666666", linewidth=1)
ax.set_yticks(range(10), data.feature_names)
figure

# %% [markdown]
# Is it true that they cover the truth 95 times in 100? In this package such a statement is a *claim*: an experiment
# with a prediction, a measurement, and a tolerance that comes from theory. An experiment says something only if it can
# fail, so each claim has *mutants*, with a mistake built in. Here, 4,000 tables whose truth is known; and RSS divided
# by $n$, and intervals of one and a half standard errors.

# %%
claim = next(claim for claim in discover("ch02") if claim.name == "sampling_distribution")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        numbers = f"predicted {v['predicted']:7} measured {v['measured']:9} tolerance {v['tolerance']}"
        print(f"    {v['label'][:22]:22} {numbers}")

# %% [markdown]
# ### The way of gradient descent
#
# The gradient is $\nabla\Lambda(\theta) = \frac2M X^\top(X\theta - y)$, the Hessian $H = \frac2M X^\top X$ is constant,
# and so descent has a closed form:
#
# $$\theta_{k+1} = \theta_k - \eta\nabla\Lambda(\theta_k) \quad\Longrightarrow\quad
# \theta_k - \theta^* = (I - \eta H)^k\,(\theta_0 - \theta^*).$$
#
# Each eigenvector of $H$ shrinks by its own factor $1 - \eta\lambda_i$. `ErrorEnvelope` watches Keras train, and
# computes beside it what the formula says.

# %%
A = with_ones(X).astype("float32")
rate = float(stable_learning_rate(mse_hessian(A))) / 2
x32, y32 = X.astype("float32"), y.astype("float32")

trained = LinearRegression(kernel_initializer="zeros")
trained.compile(keras.optimizers.SGD(rate), MeanSquaredError())
envelope = ErrorEnvelope(x32, y32)
trained.fit(x32, y32, batch_size=len(x32), epochs=150, verbose=0, callbacks=[envelope])
print(f"largest difference of training and formula: {np.abs(envelope.measured - envelope.predicted).max():.1e}")

figure, ax = new(width=8, height=4, title="Errors of the coefficients: the formula (lines), Keras (dots)")
for j, color in ((0, COLORS[2]), (4, COLORS[1]), (5, COLORS[4]), (8, COLORS[0])):
    ax.plot(envelope.predicted[:, j, 0], color=color, label=data.feature_names[j])
    ax.plot(range(0, 151, 6), envelope.measured[::6, j, 0], "o", color=color, markersize=4)
ax.set_xlabel("step")
ax.legend(ncols=2)
figure

# %% [markdown]
# Fast directions are done after ten steps; what is left is the direction in which `s1` and `s2` cannot be told apart,
# and it takes thousands. Where $\eta\lambda_{\max} > 2$ the fastest direction grows instead. Try a factor of 2.

# %%
figure, ax = new(width=8, height=3.6, title="The loss, for learning rates around 2 / largest eigenvalue")
for factor, color in zip((0.5, 1.0, 1.98, 2.02), COLORS, strict=False):
    path = gradient_descent(partial(mse_gradient, A, y32), np.zeros(11, "float32"), factor * rate, 40, trajectory=True)
    losses = np.mean((A @ ops.convert_to_numpy(path).T - y32[:, None]) ** 2, axis=0)
    ax.plot(losses, color=color, label=rf"$\eta = {factor}/\lambda_{{\max}}$")
ax.set(yscale="log", xlabel="step")
ax.legend()
figure

# %% [markdown]
# ## 2.4 The metric
#
# $R^2 = 1 - \mathrm{RSS}/\mathrm{TSS}$ is the share of the variance that the model explains. Do not be impressed by it
# on training data: with $p$ features that have *nothing* to do with the target, $R^2 \sim
# \mathrm{Beta}\!\left(\frac p2, \frac{n-p-1}2\right)$, with mean $p/(n-1)$. Here 2,000 targets of pure noise, for 30
# patients and 10 features of noise.

# %%
n, p, replicates = 30, 10, 2000
features, noise = rng.standard_normal((n, p)), rng.standard_normal((n, replicates))
fit = least_squares(features.astype("float32"), noise.astype("float32"))
fitted = features.astype("float32") @ ops.convert_to_numpy(fit.kernel) + ops.convert_to_numpy(fit.bias)


def r2_of(**settings):
    metric = R2Score(class_aggregation=None, **settings)
    metric.update_state(noise, fitted)
    return ops.convert_to_numpy(metric.result())


r2, adjusted = r2_of(), r2_of(num_regressors=p)
print(f"mean of R2 {r2.mean():.3f}, predicted {p / (n - 1):.3f}; mean of adjusted R2 {adjusted.mean():.3f}")

figure, ax = new(width=7, height=3.4, title="R² of features that mean nothing")
ax.hist(r2, bins=40, density=True, color=COLORS[5], label="2,000 fits")
grid = np.linspace(0, 1, 200)
ax.plot(grid, stats.beta(p / 2, (n - p - 1) / 2).pdf(grid), color=COLORS[1], label="Beta(5, 9.5)")
ax.legend()
figure

# %% [markdown]
# ## 2.5 Computational realization
#
# In practice one compiles and fits, and gives Keras the metric. The weights that training reaches are those of the
# closed form, if features are standardised: with $\kappa = 22$ the slowest direction needs $\kappa^2$ steps to shrink
# by $e$. Without, $\kappa^2 = 5\cdot 10^7$, and in float32 they would never come.

# %%
split = data.split(seed=2)
mean, deviation = split.x_train.mean(axis=0), split.x_train.std(axis=0)  # of the training patients only
train, test = ((part - mean) / deviation for part in (split.x_train, split.x_test))

by_descent, exact = LinearRegression(), LinearRegression()
by_descent.compile(keras.optimizers.SGD(0.05, momentum=0.9), MeanSquaredError(), metrics=[R2Score()])
by_descent.fit(train, split.y_train, batch_size=len(train), epochs=400, verbose=0)
exact.fit_closed_form(train, split.y_train)
print(f"R2 of new patients: {by_descent.evaluate(test, split.y_test, verbose=0)[1]:.3f} by descent, ", end="")
print(f"{exact.score(test, split.y_test):.3f} by the closed form")

# %% [markdown]
# ## 2.7 Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
ols_qr


# %%
def my_ols(X, y):
    return None  # your code


print(ols_qr.check(my_ols))

# %%
steps_to_tolerance


# %%
def my_steps(H, learning_rate, error, tolerance):
    return None  # your code


print(steps_to_tolerance.check(my_steps))

# %%
r2_streaming


# %%
def my_r2(batches):
    return None  # your code


print(r2_streaming.check(my_r2))
