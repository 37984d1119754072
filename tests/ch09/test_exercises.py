"""The exercises of chapter 9: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch09 import exercises
from mathdl_keras.chapters.ch09.exercises import dropout_ridge_lambda, equivalent_noise, ista_step
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def penalty(keep, X):
    return (1 - keep) / keep * np.mean(X**2, axis=0)


def soft(u, threshold):
    return np.sign(u) * np.maximum(np.abs(u) - threshold, 0)


def ista(w, G, c, lam, step):
    return soft(w - step * (G @ w - c), step * lam)


RIGHT = [
    (dropout_ridge_lambda, penalty),
    (ista_step, ista),
    (equivalent_noise, lambda keep: (1 - keep) / keep),
]
WRONG = {
    dropout_ridge_lambda: {
        "not rescaled": lambda p, X: p * (1 - p) * np.mean(X**2, axis=0),
        "p and 1 - p swapped": lambda p, X: p / max(1 - p, 1e-9) * np.mean(X**2, axis=0),
        "sum over rows": lambda p, X: (1 - p) / p * np.sum(X**2, axis=0),
        "one penalty for all": lambda p, X: np.full(X.shape[1], (1 - p) / p),
        "variance of the features": lambda p, X: (1 - p) / p * np.var(X, axis=0),
        "a number": lambda p, X: (1 - p) / p,
        "nothing": lambda p, X: None,
    },
    ista_step: {
        "threshold without step": lambda w, G, c, lam, t: soft(w - t * (G @ w - c), lam),
        "no threshold": lambda w, G, c, lam, t: w - t * (G @ w - c),
        "subgradient": lambda w, G, c, lam, t: w - t * (G @ w - c + lam * np.sign(w)),
        "threshold first": lambda w, G, c, lam, t: soft(w, t * lam) - t * (G @ w - c),
        "uphill": lambda w, G, c, lam, t: soft(w + t * (G @ w - c), t * lam),
        "hard threshold": lambda w, G, c, lam, t: (u := w - t * (G @ w - c)) * (np.abs(u) > t * lam),
        "nothing": lambda *a: None,
    },
    equivalent_noise: {
        "variance of a mask": lambda p: p * (1 - p),
        "standard deviation": lambda p: np.sqrt((1 - p) / p),
        "swapped": lambda p: p / (1 - p),
        "rate": lambda p: 1 - p,
        "a little off": lambda p: 1.001 * (1 - p) / p,
        "nothing": lambda p: None,
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [dropout_ridge_lambda, ista_step, equivalent_noise]


@pytest.mark.parametrize(
    ("task", "name", "hint"),
    [
        (dropout_ridge_lambda, "not rescaled", "divided by p"),
        (dropout_ridge_lambda, "sum over rows", "a mean over the rows"),
        (ista_step, "threshold without step", "the step times lambda"),
        (equivalent_noise, "standard deviation", "that is s, not"),
    ],
)
def test_hints_fit_the_mistake(task, name, hint):
    assert hint in task.check(WRONG[task][name]).hint
