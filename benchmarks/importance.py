"""Shapley values against the package shap, permutation importance against scikit-learn.

Both sides call the same prediction function: a network of two layers, in NumPy, on the same background of 100 rows.
Results agree to rounding where they are exact. Where they are sampled both are held against a long run, and ours must
not be further from it than the peer, by root mean square: at equal error the cheaper one wins.
"""

import os
import warnings

import numpy as np
import shap
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import permutation_importance as sklearn_importance

from benchmarks.harness import Case, ResultsDiffer, agree_within
from mathdl_keras.inspection import permutation_importance, shapley_values

os.environ.setdefault("TQDM_DISABLE", "1")  # the peer's progress bars
rng = np.random.default_rng(0)


def network(d, units=32):
    """A function of rows, with interactions of all orders."""
    W, b = rng.standard_normal((d, units)) / np.sqrt(d), rng.standard_normal(units)
    c = rng.standard_normal(units) / np.sqrt(units)
    return lambda rows: np.tanh(rows @ W + b) @ c


def exact(d=10, rows=4, background=100):
    f, B, x = network(d), rng.standard_normal((background, d)), rng.standard_normal((rows, d))
    peer = shap.explainers.Exact(f, shap.maskers.Independent(B, max_samples=background))
    return Case(
        name=f"exact, {d} features, {rows} rows",
        ours=lambda: shapley_values(f, x, B, correlation_threshold=None).values,
        peer=lambda: peer(x).values,
        same=agree_within(1e-9),
        budget=0.5,
        rounds=7,
        warmup=1,
    )


def sampling(d=30, rows=4, background=100, orders=10):
    f, B, x = network(d), rng.standard_normal((background, d)), rng.standard_normal((rows, d))
    settings = {"method": "sampling", "correlation_threshold": None, "progress": False}
    truth = shapley_values(f, x, B, pairs=256, seed=1, **settings)
    peer = shap.explainers.Permutation(f, shap.maskers.Independent(B, max_samples=background), seed=0)

    def error(values):
        return np.sqrt(np.mean((values - truth.values) ** 2))

    def same(ours, peer):
        ours, stated, peer = error(ours[0]), np.sqrt(np.mean(ours[1] ** 2)), error(peer)
        if not (ours <= peer and 0.5 <= ours / stated <= 2):
            raise ResultsDiffer(f"errors are {ours:.1e} (stated: {stated:.1e}) and {peer:.1e} of the peer")

    def ours():
        found = shapley_values(f, x, B, **settings)
        return found.values, found.standard_errors

    return Case(
        name=f"sampling, {d} features, {rows} rows, error of the peer's {orders} orders",
        ours=ours,
        peer=lambda: peer(x, max_evals=orders * (2 * d + 1), silent=True).values,
        same=same,
        budget=0.5,
        rounds=7,
        warmup=1,
    )


class Fitted(RegressorMixin, BaseEstimator):
    """A prediction function as scikit-learn wants it."""

    def __init__(self, function=None):
        self.function = function

    def fit(self, x, y):
        return self

    def predict(self, x):
        return self.function(x)

    def __sklearn_is_fitted__(self):
        return True


def permutation(rows=569, d=30, repeats=30):
    f, x = network(d), rng.standard_normal((rows, d))
    y = f(x) + 0.1 * rng.standard_normal(rows)
    model = Fitted(f)

    def ours():
        found = permutation_importance(f, x, y, lambda y, p: (y - p) ** 2, repeats, greater_is_better=False)
        return found.mean, found.standard_error

    def peer():
        found = sklearn_importance(model, x, y, scoring="neg_mean_squared_error", n_repeats=repeats, random_state=0)
        return found.importances_mean, found.importances_std / np.sqrt(repeats)

    def same(ours, peer):
        apart = np.abs(ours[0] - peer[0]) / np.hypot(ours[1], peer[1])
        if not apart.max() <= 5:
            raise ResultsDiffer(f"means are {apart.max():.1f} standard errors apart")

    return Case(
        name=f"permutation, {rows} rows, {d} features, {repeats} repeats",
        ours=ours,
        peer=peer,
        same=same,
        budget=1 / 3,
        rounds=7,
        warmup=1,
    )


def cases():
    warnings.filterwarnings("ignore", module="shap")
    yield exact()
    yield sampling()
    yield permutation()
