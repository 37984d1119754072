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
# # Chapter 1. Introduction
#
# What is it that training makes small, and why does that help on data it has never seen? You will weigh risk correctly,
# take it apart into noise, bias and variance, watch gradient descent choose among infinitely many perfect solutions,
# and then see something that textbooks denied for decades: a model with far too many parameters, whose test error
# explodes and comes down again, along a curve that theory draws beforehand. Change a number and run its cell again.

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
from mathdl_keras.callbacks import GeneralizationGap
from mathdl_keras.chapters.ch01.exercises import knn_risk, ridge_risk, ridgeless_risk
from mathdl_keras.claims import discover, verify
from mathdl_keras.layers import RandomFeatures
from mathdl_keras.linear_model import double_descent_curve, double_descent_theory, ridge_risk_asymptotic
from mathdl_keras.model_selection import bias_variance, empirical_risk, hoeffding_radius
from mathdl_keras.models import MinimumNormRegressor
from mathdl_keras.plots import curves, new

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 1.5 Supervised learning: what training makes small
#
# A model $m(\cdot; \theta)$, a loss $\ell$ and M samples give the *empirical risk*
#
# $$\Lambda(\theta) = \frac1M \sum_{m=1}^M \ell_{y_m}(m(x_m; \theta)) .$$
#
# Each **sample** weighs the same. Averaging over batches first would let the last, smaller one weigh too much:

# %%
x, y = rng.standard_normal((103, 1)), rng.standard_normal((103, 1))
y[96:] += 5  # the last seven samples are hard
batches = [slice(i, i + 32) for i in range(0, 103, 32)]
by_batch = np.mean([empirical_risk(lambda x: x, "mse", x[b], y[b]) for b in batches])
by_sample = empirical_risk(lambda x: x, "mse", x, y, batch_size=32)
print(f"over samples {by_sample:.3f}, over batches {by_batch:.3f}, NumPy {np.mean((x - y) ** 2):.3f}")

# %% [markdown]
# For one model, chosen before the samples were seen, Hoeffding's inequality says how far $\Lambda_n$ strays from its
# mean: by more than $\sqrt{\log(2/\delta)/2n}$ with probability at most $\delta$. After training that promise is void,
# and the *generalization gap* opens. Below a small network learns 200 digits, and a callback measures both risks at the
# end of each epoch.

# %%
digits = datasets.digits().split(test_size=0.5, seed=0)
x_train, x_test = (v.reshape(len(v), -1) for v in (digits.x_train[:200], digits.x_test))
train, test = (x_train, digits.y_train[:200]), (x_test, digits.y_test)

network = keras.Sequential([keras.Input((64,)), keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
network.compile(keras.optimizers.Adam(3e-3), cross_entropy)
gap = GeneralizationGap(train, test, cross_entropy)
history = network.fit(*train, epochs=40, verbose=0, callbacks=[gap]).history

figure, ax = new(1, 1, width=7, title="A network of 9,610 parameters and 200 images")
curves(ax, {"training risk": history["train_risk"], "test risk": history["test_risk"]}, "cross entropy", log=True)
print(f"Hoeffding allows {hoeffding_radius(len(x_test), 0.05):.3f} for a model chosen beforehand and a loss in [0, 1]")
figure

# %% [markdown]
# ### Which of the perfect models?
#
# With more parameters than samples there are infinitely many models without training error. Gradient descent from zero
# finds a particular one, the one of smallest norm, $\theta = A^+ y$; from $w_0$ it keeps what lies in the null space:
# $A^+ y + (I - A^+A)w_0$. Nobody asked for it: this is an *inductive bias*.

# %%
A, b = rng.standard_normal((20, 50)), rng.standard_normal((20, 1))
pinv = np.linalg.pinv(A)
for start in ("zeros", "ones"):
    model = MinimumNormRegressor(kernel_initializer=start)
    model.compile(keras.optimizers.SGD(10 / float(np.linalg.norm(A, 2)) ** 2), "mse")
    model.fit(A.astype("float32"), b, batch_size=20, epochs=300, verbose=0)
    theta = keras.ops.convert_to_numpy(model.kernel.value)
    expected = pinv @ b + (np.eye(50) - pinv @ A) @ np.full((50, 1), float(start == "ones"))
    print(f"from {start:5}: training risk {empirical_risk(model, 'mse', A, b):.1e}, "
          f"norm {np.linalg.norm(theta):.3f}, distance to theory {np.linalg.norm(theta - expected):.1e}")  # fmt: skip

# %% [markdown]
# ## 1.6 Bias, variance and double descent
#
# At a point $x_0$ the expected squared error of a fitted $\hat f$ has three parts,
#
# $$E(Y - \hat f(x_0))^2 = \sigma^2 + \left(E\hat f(x_0) - f(x_0)\right)^2 + \operatorname{Var}\hat f(x_0),$$
#
# and for the mean of the k nearest neighbours they are known: variance falls like $\sigma^2/k$, bias rises with k.
# Points are measured over 2,000 training sets, lines are the formula.

# %%
design, sigma, x0 = np.arange(50) / 50, 0.3, 0.275


def f(x):
    return np.sin(2 * np.pi * x)


def draw(rng, replicates):
    return design, f(design) + sigma * rng.standard_normal((replicates, 50))


def neighbours(k):
    return np.argsort(np.abs(design - x0))[:k]


def parts(k):
    def fit_predict(x, y, x_test):
        return y[:, neighbours(k)].mean(axis=1, keepdims=True)

    return bias_variance(fit_predict, draw, [x0], lambda x: f(x0), sigma**2, replicates=2000)


ks = np.arange(1, 24, 2)
measured = [parts(k) for k in ks]
bias2 = np.array([(f(x0) - f(design[neighbours(k)]).mean()) ** 2 for k in ks])

figure, ax = new(1, 1, width=7, title="k nearest neighbours")
predicted = {"bias2": bias2, "variance": sigma**2 / ks, "risk": sigma**2 * (1 + 1 / ks) + bias2}
for color, (name, theory) in enumerate(predicted.items()):
    ax.plot(ks, theory, color=f"C{color}", label=name)
    ax.plot(ks, [m[name][0] for m in measured], "o", color=f"C{color}")
ax.set(xlabel="k", ylabel="squared error")
ax.legend()
figure

# %% [markdown]
# The textbook's U: too simple is bad, too flexible is bad. Now go on, past the point where the model has as many
# parameters as there are samples. For Gaussian features and minimum-norm least squares the mean risk is known exactly:
# with $b_T$ and $b_C$ the squared coefficients of the p features seen and of the others,
#
# $$R(p) = (b_C + \sigma^2)\left(1 + \frac{p}{n-p-1}\right) \quad (p \le n-2), \qquad
# R(p) = b_T\left(1 - \frac np\right) + (b_C + \sigma^2)\left(1 + \frac{n}{p-n-1}\right) \quad (p \ge n+2).$$

# %%
n, D, sigma = 40, 100, 0.2
beta = 1 / np.arange(1, D + 1)
beta /= np.linalg.norm(beta)
p_grid = np.array([2, 5, 10, 20, 30, 34, 46, 50, 60, 80, 100])
test_risk, _ = double_descent_curve(p_grid, n, beta, sigma, replicates=200)

figure, ax = new(1, 1, width=7, title="Double descent: theory (line), 200 training sets (points, 4 standard errors)")
every = np.arange(1, D + 1)
ax.plot(every, double_descent_theory(every, n, beta, sigma))
ax.errorbar(p_grid, test_risk.mean(axis=1), 4 * test_risk.std(axis=1) / np.sqrt(200), fmt="o")
ax.set(yscale="log", ylim=(0.08, 10), xlabel="number of features p", ylabel="risk")
figure

# %% [markdown]
# ### On real images
#
# Real features are not Gaussian, and their covariance is far from the identity. Random matrix theory still predicts the
# whole curve from two things: the eigenvalues of that covariance, and how much of the target each eigenfunction
# explains. Here 300 digits are read by least squares on p random features $\sqrt{2/p}\,\cos(xW + b)$. (Try `"relu"`:
# features that answer to one image in a hundred have heavy tails, which the theory excludes, and some training sets
# then do far worse.)

# %%
data = datasets.digits()
x, labels = data.x.reshape(len(data.x), -1), data.y
y = np.eye(10)[labels]
order = rng.permutation(len(x))
seen, unseen = order[:300], order[300:]

rows = []
for p in (10, 50, 100, 150, 250, 300, 350, 500, 1000, 2000):
    features = RandomFeatures(p, "fourier", scale=0.5)
    model = MinimumNormRegressor(10, features)
    model.fit_closed_form(x[seen], y[seen])
    theory, _ = ridge_risk_asymptotic(keras.ops.convert_to_numpy(features(x)), y, 300)
    accuracy = np.mean(model.predict(x[unseen], verbose=0).argmax(axis=1) == labels[unseen])
    rows.append((p, theory, empirical_risk(model, "mse", x[unseen], y[unseen]), accuracy))

widths, theory, risk, accuracy = np.array(rows).T
figure, (left, right) = new(1, 2, width=11, title="300 digits, p random features")
left.plot(widths, theory, label="predicted")
left.plot(widths, risk, "o", label="measured")
left.set(xscale="log", yscale="log", xlabel="p", ylabel="mean squared error")
left.legend()
right.plot(widths, accuracy, "o-")
right.set(xscale="log", xlabel="p", ylabel="test accuracy")
figure

# %% [markdown]
# The model with ten times more parameters than it needs reads best. Every statement of this chapter is a claim that
# could fail; these experiments run again on your machine:

# %%
for outcome in verify(discover("ch01")):
    print(outcome.status, outcome.claim_id)

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
knn_risk


# %%
def my_knn_risk(x, f, x0, k, sigma):
    return None  # your code


print(knn_risk.check(my_knn_risk))

# %%
ridgeless_risk


# %%
def my_ridgeless_risk(p, n, beta, sigma):
    return None  # your code


print(ridgeless_risk.check(my_ridgeless_risk))

# %%
ridge_risk


# %%
def my_ridge_risk(p, n, beta, sigma, penalty, replicates, rng):
    return None  # your code


print(ridge_risk.check(my_ridge_risk))
