"""The exercises of chapter 11: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch11 import exercises
from mathdl_keras.chapters.ch11.exercises import loocv_ridge, nested_cv, one_se_rule
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def shortcut(X, y, alpha, power=2, mean=np.mean, leverage=None, square=np.square):
    inverse = np.linalg.inv(X.T @ X + alpha * np.eye(X.shape[1]))
    r, h = y - X @ inverse @ (X.T @ y), np.einsum("ij,jk,ik->i", X, inverse, X)
    h = h if leverage is None else leverage(h)
    return float(mean(square(r) / (1 - h) ** power))


def by_refits(X, y, alpha):
    errors = []
    for i in range(len(X)):
        A, b = np.delete(X, i, axis=0), np.delete(y, i)
        errors.append(y[i] - X[i] @ np.linalg.solve(A.T @ A + alpha * np.eye(X.shape[1]), A.T @ b))
    return np.mean(np.square(errors))


def one_se(scores, ddof=1, root=True, own=False, scale=1.0, last=False):
    means, se = scores.mean(axis=1), scores.std(axis=1, ddof=ddof)
    se = scale * se / np.sqrt(scores.shape[1]) if root else se
    best = int(np.argmin(means))
    fine = np.flatnonzero(means - (se if own else 0) <= means[best] + (0 if own else se[best]))
    return int(fine[-1] if last else fine[0])


def nested(x, y, learners, outer, inner, leak=False, small=False, swap=False, optimistic=False):
    outer_scores, inner_scores = [], []
    for train, validation in outer:
        rows = np.concatenate([train, validation]) if leak else train
        table = [
            [np.mean(f(x[rows[a]], y[rows[a]])(x[rows[b]]) == y[rows[b]]) for a, b in inner(len(rows))]
            for f in learners
        ]
        means = np.mean(table, axis=1)
        best = learners[int(np.argmax(means))]
        final = train[:24] if small else train
        outer_scores.append(np.mean(best(x[final], y[final])(x[validation]) == y[validation]))
        inner_scores.append(means.max())
    found = np.mean(inner_scores if optimistic else outer_scores), np.mean(inner_scores)
    return found[::-1] if swap else found


def trained_in_full(x, y, learners, outer, inner):
    """Chooses by the outer validation scores."""
    _, inner_mean = nested(x, y, learners, outer, inner)
    scores = [[np.mean(f(x[a], y[a])(x[b]) == y[b]) for f in learners] for a, b in outer]
    return np.mean(np.max(scores, axis=1)), inner_mean


RIGHT = [(loocv_ridge, shortcut), (one_se_rule, one_se), (nested_cv, nested)]
WRONG = {
    loocv_ridge: {
        "training error": lambda X, y, a: shortcut(X, y, a, power=0),
        "once": lambda X, y, a: shortcut(X, y, a, power=1),
        "sum": lambda X, y, a: shortcut(X, y, a, mean=np.sum),
        "gcv": lambda X, y, a: shortcut(X, y, a, leverage=np.mean),
        "refits": by_refits,
        "alpha forgotten": lambda X, y, a: shortcut(X, y, 1e-9),
        "alpha M": lambda X, y, a: shortcut(X, y, a * len(X)),
        "root": lambda X, y, a: np.sqrt(shortcut(X, y, a)),
        "nothing": lambda X, y, a: None,
    },
    one_se_rule: {
        "min": lambda s: int(np.argmin(s.mean(axis=1))),
        "first": lambda s: 0,
        "population variance": lambda s: one_se(s, ddof=0),
        "standard deviation": lambda s: one_se(s, root=False),
        "own error": lambda s: one_se(s, own=True),
        "two errors": lambda s: one_se(s, scale=2.0),
        "half an error": lambda s: one_se(s, scale=0.5),
        "most complex": lambda s: one_se(s, last=True),
        "greater is better": lambda s: one_se(-s),
        "from 1": lambda s: one_se(s) + 1,
        "nothing": lambda s: None,
    },
    nested_cv: {
        "chosen with the validation rows": lambda *a: nested(*a, leak=True),
        "chosen by the outer scores": trained_in_full,
        "final training on a part": lambda *a: nested(*a, small=True),
        "swapped": lambda *a: nested(*a, swap=True),
        "inner score twice": lambda *a: nested(*a, optimistic=True),
        "constants": lambda *a: (0.5, 0.6),
        "nothing": lambda *a: None,
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [loocv_ridge, one_se_rule, nested_cv]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("training error", "training error"), ("once", "counts twice"), ("sum", "mean"), ("gcv", "gener")],
)
def test_hints_fit_the_mistake(name, hint):
    assert hint in loocv_ridge.check(WRONG[loocv_ridge][name]).hint


def test_refits_are_too_slow_and_numpy_is_left_whole():
    solve = np.linalg.solve
    assert "one fit is enough" in loocv_ridge.check(by_refits).hint
    assert np.linalg.solve is solve
