"""Cross-validation of ridge regression (chapter 11) against scikit-learn's `cross_val_score`.

Both sides get the same float64 table, the same folds, and return R2 of every fold. Ours also scores the training sets,
as `cross_validate` always does.
"""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

from benchmarks.harness import Case, agree_within
from mathdl_keras.model_selection import KFold, Measure, cross_validate
from mathdl_keras.models import RidgeRegression

rng = np.random.default_rng(0)


def ridge(n, p, k, budget=None, shuffle=False):
    X = rng.standard_normal((n, p))
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)
    folds = list(KFold(k, shuffle, seed=0 if shuffle else None).split(X))
    r2 = Measure(lambda y, y_pred: 1 - np.sum((y - y_pred) ** 2) / np.sum((y - y.mean()) ** 2), True, "r2")
    assert abs(r2(y[:50], X[:50, 0]) - r2_score(y[:50], X[:50, 0])) < 1e-12
    return Case(
        name=f"ridge, ({n:,}, {p}), {k} folds{', shuffled' * shuffle}",
        ours=lambda: cross_validate(lambda: RidgeRegression(1e-3), X, y, folds, r2).validation["r2"],
        peer=lambda: cross_val_score(Ridge(alpha=1e-3 * (n - n // k)), X, y, cv=folds),
        same=agree_within(1e-12),
        budget=budget,
        rounds=7,
        warmup=1,
    )


def cases():
    yield ridge(100_000, 100, 10, budget=0.2)
    yield ridge(100_000, 100, 10, shuffle=True)
    yield ridge(2_000, 20, 100)
