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
# # Chapter 12. Feature importance
#
# You will shuffle a column and see how much worse a model gets; divide what players win together, in the only fair way;
# explain single predictions of a network, with standard errors; see two measures disagree on real data, and why; and
# solve three exercises that check themselves. Change a number and run its cell again: that is what a notebook is for.

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
from mathdl_keras.chapters.ch12.exercises import grouped_permutation, owen_values, shapley_value
from mathdl_keras.chapters.ch12.figures import beeswarm, importance_bars, partial_dependence_curve
from mathdl_keras.claims import discover, verify
from mathdl_keras.inspection import (
    ImportanceReport,
    RefitR2Game,
    kernel_shap,
    partial_dependence,
    permutation_importance,
    shapley_exact,
    shapley_sampling,
    shapley_values,
)
from mathdl_keras.models import MLP, LinearRegression

keras.utils.set_random_seed(12)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## 12.2 Feature permutation
#
# Shuffle one column of the data: how much worse are the predictions? For a fitted linear model and the mean squared
# error one can say it beforehand: by $2 w_j^2 s_j^2$ on average, with $s_j^2$ the variance of the column.

# %%
diabetes = datasets.diabetes()
x, y, names = diabetes.x, diabetes.y, diabetes.feature_names
linear = LinearRegression()
linear.fit_closed_form(x, y)

permuted = permutation_importance(linear, x, y, "mse", replicates=50, names=names)
print(permuted)

w = linear.get_weights()[0][:, 0]
print("2 w^2 s^2:", dict(zip(names, np.round(2 * w**2 * x.var(axis=0), 1).tolist(), strict=True)))

# %% [markdown]
# The warning is meant: s1 and s2 are nearly copies. Their coefficients are large and of opposite signs, and permuting
# one of them makes patients that do not exist.
#
# ## 12.3 The Shapley value
#
# A coalition $S$ of players wins $v(S)$. Player $j$ gets what it adds, on average over the orders in which they join,
#
# $$\varphi_j = \sum_{S \not\ni j} \frac{|S|!\,(d-|S|-1)!}{d!}\,\big(v(S \cup j) - v(S)\big).$$
#
# Two left gloves and one right: who has the right glove gets two thirds. The same by random orders, two of which are
# opposite, and by a weighted regression on coalitions.


# %%
def gloves(S):
    return (S[:, 0] | S[:, 1]) & S[:, 2]


print("exact     ", shapley_exact(gloves, 3).round(4))
sampled = shapley_sampling(gloves, 3, samples=400)
print("sampled   ", sampled.values.round(4), "+-", sampled.standard_errors.round(4))
print("regression", kernel_shap(gloves, 3).values.round(4))

# %% [markdown]
# A claim of this package is an experiment with a prediction, a measurement and a tolerance, and with mutants that must
# fail: here equal weights for all coalitions (Banzhaf's).

# %%
claim = next(claim for claim in discover("ch12") if claim.name == "shapley_axioms")
print(claim.statement, "\n")
for record in verify([claim], refute=True):
    print(f"{record.mutant or 'the claim itself'}: {record.status.upper()}")
    for verdict in record.verdicts:
        v = verdict.shown()
        print(f"    {v['label']:26} predicted {v['predicted']:11} measured {v['measured']:11}")

# %% [markdown]
# Features are the players, and a prediction is what they win: $v_x(S)$ is the mean prediction when the features of $S$
# are those of $x$ and the others come from a background of known rows. Here is a network that tells malignant tumours
# from benign ones by 30 measurements. $2^{30}$ coalitions are too many: the values are sampled, each row of the
# background with orders of its own, and come with standard errors.

# %%
tumours = datasets.breast_cancer()
split = tumours.split(seed=0)
mean, scale = split.x_train.mean(axis=0), split.x_train.std(axis=0)
z, z_test = (split.x_train - mean) / scale, (split.x_test - mean) / scale
network = MLP((30, 16, 1), "relu")
network.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
network.fit(z, split.y_train, epochs=15, batch_size=64, verbose=0)

explanation = shapley_values(
    network, z_test[:40], z[:50], names=tumours.feature_names, correlation_threshold=None, progress=False
)
print(f"largest standard error {explanation.standard_errors.max():.3f} logits")
print(f"base value + values - prediction: at most {explanation.efficiency_gap:.1e}")
beeswarm(explanation, title="Shapley values of 40 predictions")

# %% [markdown]
# The values of a row add up to its prediction, whatever was drawn. How does a prediction move with the first of these
# measurements alone?

# %%
first = explanation.importance().order()[0]
partial_dependence_curve(partial_dependence(network, z_test, int(first), names=tumours.feature_names))

# %% [markdown]
# ## 12.4 Feature permutation versus Shapley value
#
# For independent features a function falls into orthogonal parts, one for each subset $u$ of features, with variances
# $V_u$. Permutation counts an interaction in full for each of its features, Shapley divides it:
#
# $$\text{permutation}_j = 2 \sum_{u \ni j} V_u, \qquad \text{Shapley}_j = \sum_{u \ni j} \frac{V_u}{|u|}.$$
#
# Where features go together the two part ways. Let a coalition of measurements be worth the $R^2$ of the regression on
# them alone: its Shapley values (LMG) divide $R^2$ = 0.518 over all 1024 regressions.

# %%
lmg = shapley_exact(RefitR2Game(x, y), 10)
report = ImportanceReport(
    {"LMG": lmg, "permutation": permuted.mean / y.var()}, names, {"permutation": permuted.standard_error / y.var()}
)
print(report)
print(f"sum of LMG: {lmg.sum():.6f}")
importance_bars(report)

# %% [markdown]
# Permutation puts s1 first, LMG seventh. Neither is wrong: the one says what this model reads, the other what the
# measurement tells about the disease.
#
# ## 12.6 Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
shapley_value


# %%
def my_shapley(value, d):
    return None  # your code


print(shapley_value.check(my_shapley))

# %%
grouped_permutation


# %%
def my_grouped(predict, x, y, columns, order):
    return None  # your code


print(grouped_permutation.check(my_grouped))

# %%
owen_values


# %%
def my_owen(value, first, second):
    return None  # your code


print(owen_values.check(my_owen))
