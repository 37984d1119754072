"""The exercises of chapter 15: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest
from scipy.special import logsumexp

from mathdl_keras.chapters.ch15 import exercises
from mathdl_keras.chapters.ch15.exercises import importance_weighted_bound, kl_gaussians_full, pearson_critic
from mathdl_keras.core.exercises import discover


def divergence(m1, S1, m2, S2, half=0.5, sign=1, d=True, distance=True):
    inverse = np.linalg.inv(S2)
    logs = np.linalg.slogdet(S2)[1] - np.linalg.slogdet(S1)[1]
    squares = np.trace(inverse @ S1) + distance * (m2 - m1) @ inverse @ (m2 - m1)
    return half * (squares - d * len(m1) + sign * logs)


def diagonal(m1, S1, m2, S2):
    return divergence(m1, np.diag(np.diag(S1)), m2, np.diag(np.diag(S2)))


def bound(log_weights, K, axis=1, scaled=True):
    groups = log_weights.reshape(-1, K) if axis else log_weights.reshape(K, -1).T
    return logsumexp(groups, axis=1) - scaled * np.log(K)


def critic(p, q):
    return 2 * (p / q - 1), np.sum((p - q) ** 2 / q)


def with_value(T):
    """A wrong critic with the value it would really have."""
    return lambda p, q: (T(p, q), np.sum(p * T(p, q) - q * (T(p, q) + T(p, q) ** 2 / 4)))


RIGHT = [(kl_gaussians_full, divergence), (pearson_critic, critic), (importance_weighted_bound, bound)]
WRONG = {
    kl_gaussians_full: {
        "no half": lambda *a: divergence(*a, half=1.0),
        "the other way round": lambda m, S, n, T: divergence(n, T, m, S),
        "wrong sign of the logarithms": lambda *a: divergence(*a, sign=-1),
        "no logarithms": lambda *a: divergence(*a, sign=0),
        "no dimension": lambda *a: divergence(*a, d=False),
        "no distance of the means": lambda *a: divergence(*a, distance=False),
        "correlations forgotten": diagonal,
        "a matrix": lambda m, S, n, T: np.linalg.inv(T) @ S,
        "nothing": lambda *a: None,
    },
    pearson_critic: {
        "exchanged": lambda p, q: critic(q, p),
        "a discriminator": with_value(lambda p, q: p / (p + q)),
        "the ratio": with_value(lambda p, q: p / q),
        "half": with_value(lambda p, q: p / q - 1),
        "Kullback-Leibler": with_value(lambda p, q: 1 + np.log(p / q)),
        "f itself": with_value(lambda p, q: (p / q - 1) ** 2),
        "other critic": with_value(lambda p, q: p - q),
        "divided by p": lambda p, q: (critic(p, q)[0], np.sum((p - q) ** 2 / p)),
        "no value": lambda p, q: critic(p, q)[0],
        "nothing": lambda p, q: None,
    },
    importance_weighted_bound: {
        "mean of logarithms": lambda w, K: w.reshape(-1, K).mean(axis=1),
        "sum for mean": lambda w, K: bound(w, K, scaled=False),
        "other groups": lambda w, K: bound(w, K, axis=0),
        "the largest": lambda w, K: w.reshape(-1, K).max(axis=1),
        "underflow": lambda w, K: np.log(np.maximum(np.exp(w.reshape(-1, K)).mean(axis=1), 1e-300)),
        "one number": lambda w, K: bound(w, K).mean(),
        "nothing": lambda *a: None,
    },
}


@pytest.mark.parametrize(("exercise", "solution"), RIGHT)
def test_a_right_solution_passes(exercise, solution):
    outcome = exercise.check(solution)
    assert outcome, outcome


@pytest.mark.parametrize(
    ("exercise", "solution"),
    [pytest.param(e, s, id=f"{e.name}-{name}") for e, wrong in WRONG.items() for name, s in wrong.items()],
)
def test_a_mistake_is_seen_and_gets_a_hint(exercise, solution):
    outcome = exercise.check(solution)
    assert not outcome and outcome.hint


@pytest.mark.parametrize(
    ("exercise", "name", "hint"),
    [
        (kl_gaussians_full, "no half", "there is a half"),
        (kl_gaussians_full, "the other way round", "second from the first"),
        (kl_gaussians_full, "no dimension", "the dimension is missing"),
        (kl_gaussians_full, "no distance of the means", "distance of the means"),
        (pearson_critic, "exchanged", "you have exchanged them"),
        (pearson_critic, "a discriminator", "T may be any number"),
        (pearson_critic, "half", "half of that is missing"),
        (pearson_critic, "other critic", "your critic earns"),
        (pearson_critic, "divided by p", "T is right, but its value"),
        (importance_weighted_bound, "mean of logarithms", "averages the logarithms"),
        (importance_weighted_bound, "sum for mean", "divide the sum of the weights by K"),
        (importance_weighted_bound, "underflow", "take out the largest"),
    ],
)
def test_the_hint_names_the_mistake(exercise, name, hint):
    assert hint in exercise.check(WRONG[exercise][name]).hint


def test_all_are_found():
    assert discover(exercises) == [kl_gaussians_full, pearson_critic, importance_weighted_bound]
