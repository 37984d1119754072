"""Claims of §12.2 and §12.3 about linear models, where importance has a closed form."""

from itertools import permutations

import numpy as np

from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.chapters.ch12.games import InterventionalGame
from mathdl_keras.chapters.ch12.permutation_importance import permutation_importance
from mathdl_keras.chapters.ch12.shapley import shapley_exact
from mathdl_keras.core import datasets
from mathdl_keras.core.claims import claim, equals, mean_equals


def squared(y, prediction):
    return (y - prediction) ** 2


def least_squares(x, y):
    """The kernel and the bias of our own model, in float64."""
    model = LinearRegression(dtype="float64")
    model.fit_closed_form(x, y)
    kernel, bias = (np.asarray(w, "float64") for w in model.get_weights())
    return kernel[:, 0], bias[0]


def twice_the_variance(w, x):
    """2 w_j^2 s_j^2, with the biased variance."""
    return 2 * w**2 * np.var(x, axis=0)


def once_the_variance(w, x):
    return w**2 * np.var(x, axis=0)


def increases(w, b, x, y):
    """The increase of the mean squared error under every single permutation of each column, by a loop."""
    before = np.mean((y - x @ w - b) ** 2)
    found = []
    for j in range(x.shape[1]):
        moved = np.repeat(x[None], 720, axis=0)
        moved[:, :, j] = x[np.array(list(permutations(range(len(x))))), j]
        found.append(np.mean((y - moved @ w - b) ** 2, axis=1) - before)
    return np.array(found)


@claim(
    "12.2",
    "permuting a feature of a fitted linear model raises the mean squared error by 2 w_j^2 s_j^2 on average",
    refuted_by={"w^2 s^2": {"theory": once_the_variance}},
    precision="float64",
)
def permutation_linear(rng, *, repeats=200, theory=twice_the_variance):
    x, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    w, b = least_squares(x, y)
    settings = {"loss": squared, "greater_is_better": False, "correlation_threshold": None}
    exact = permutation_importance(lambda rows: rows @ w + b, x, y, replicates=None, **settings)
    every = increases(w, b, x, y)
    scale = float(np.abs(exact.baseline) + np.max(twice_the_variance(w, x)))
    data = datasets.diabetes()
    w10, b10 = least_squares(data.x, data.y)
    seed = int(rng.integers(2**31))
    found = permutation_importance(
        lambda rows: rows @ w10 + b10, data.x, data.y, replicates=repeats, seed=seed, **settings
    )
    return [
        equals(exact.mean, theory(w, x), roundings=200, scale=scale, label="all permutations of 6 rows, closed form"),
        equals(exact.mean, every.mean(axis=1), roundings=200, scale=scale, label="the same, one after another"),
        equals(exact.std, every.std(axis=1), roundings=2e3, scale=scale, label="standard deviation over all 720"),
        mean_equals(found.raw.T, theory(w10, data.x), label=f"diabetes, {repeats} permutations"),
    ]


def of_the_mean(background):
    return background


def of_zero(background):
    return np.zeros_like(background)


@claim(
    "12.3",
    "the Shapley values of a linear model are w_j (x_j - mean of x_j)",
    refuted_by={"background of zeros": {"unknown": of_zero}},
    precision="float64",
)
def shapley_linear(rng, *, d=4, rows=3, unknown=of_the_mean):
    w, b, background, x = rng.standard_normal(d), rng.standard_normal(), *rng.standard_normal((2, 30, d))
    background = background + 1.0
    value = InterventionalGame(lambda z: z @ w + b, unknown(background)).at(x[:rows])
    found = shapley_exact(value, d).T  # (rows, d)
    # sums of 2^d values, each a mean of 30 sums of d products
    scale = float(np.abs(w).sum() * (np.abs(x).max() + np.abs(background).max()))
    return equals(found, w * (x[:rows] - background.mean(axis=0)), roundings=100, scale=scale, label="Shapley values")
