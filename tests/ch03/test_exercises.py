"""The exercises of chapter 3: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
from keras import ops
from scipy import optimize, special
from sklearn.svm import LinearSVC

from mathdl_keras.chapters.ch03 import exercises
from mathdl_keras.chapters.ch03.exercises import separability_certificate, stable_bce, unscale
from mathdl_keras.core.exercises import discover
from mathdl_keras.losses import BinaryCrossentropy

ALL = discover(exercises)


def stable(z, y):
    """The solution of 3.2."""
    return np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))


def by_sign(z, y):
    """The same by the sign that the label gives: log(1 + e^t) with t = -z for y = 1, z for y = 0."""
    return np.logaddexp(0, np.where(y == 1, -z, z))


def by_the_package(z, y):
    return BinaryCrossentropy(from_logits=True, reduction=None)(y[:, None], z[:, None])


def raw(w, b, mu, s):
    """The solution of 3.5."""
    return w / s, b - np.sum(w * mu / s)


def programme(X, y):
    """The solution of 3.6."""
    A = (2 * y - 1)[:, None] * np.column_stack([X, np.ones(len(X))])
    found = optimize.linprog(np.zeros(A.shape[1]), -A, -np.ones(len(A)), bounds=(None, None))
    return found.x if found.status == 0 else None


RIGHT = [
    (stable_bce, stable),
    (stable_bce, by_sign),
    (stable_bce, lambda z, y: list(stable(z, y))),
    (stable_bce, by_the_package),
    (unscale, raw),
    (unscale, lambda w, b, mu, s: [w / s, b - mu @ (w / s)]),
    (unscale, lambda w, b, mu, s: (ops.convert_to_tensor(w / s), np.array([b - mu @ (w / s)]))),
    (separability_certificate, programme),
]


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def naive(z, y):
    return -y * np.log(1 / (1 + np.exp(-z))) - (1 - y) * np.log(1 - 1 / (1 + np.exp(-z)))


@np.errstate(over="ignore")
def with_log(z, y):
    return np.maximum(z, 0) - y * z + np.log(1 + np.exp(-np.abs(z)))


def clipped(z, y):
    p = np.clip(special.expit(z), 1e-7, 1 - 1e-7)
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def perceptron(X, y, epochs=50):
    """A certificate where it was found, and whatever is there otherwise."""
    A = (2 * y - 1)[:, None] * np.column_stack([X, np.ones(len(X))])
    w = np.zeros(A.shape[1])
    for _ in range(epochs):
        for a in A:
            w += a * (a @ w <= 0)
    return w


def given_up(X, y):
    """The perceptron, which takes a long time for an answer."""
    w = perceptron(X, y)
    return w if np.all((2 * y - 1) * (X @ w[:-1] + w[-1]) > 0) else None


def support_vectors(X, y):
    """The largest soft margin, which gives up some rows."""
    found = LinearSVC(C=0.01, dual=False).fit(X, y)
    return np.append(found.coef_[0], found.intercept_)


WRONG = {
    stable_bce: {
        "naive": naive,
        "log for log1p": with_log,
        "logaddexp(0, z) - y z": lambda z, y: np.logaddexp(0, z) - y * z,
        "clipped": clipped,
        "logit of the other label": lambda z, y: stable(z, 1 - y),
        "base 2": lambda z, y: stable(z, y) / np.log(2),
        "mean": lambda z, y: np.mean(stable(z, y)),
        "float16": lambda z, y: stable(z, y).astype("float16"),
    },
    unscale: {
        "no shift": lambda w, b, mu, s: (w / s, b),
        "shift of the wrong sign": lambda w, b, mu, s: (w / s, b + mu @ (w / s)),
        "shift by raw means": lambda w, b, mu, s: (w / s, b - mu @ w),
        "times s": lambda w, b, mu, s: (w * s, b - mu @ (w / s)),
        "as they were": lambda w, b, mu, s: (w, b),
        "variance": lambda w, b, mu, s: (w / s**2, b - mu @ (w / s**2)),
        "one array": lambda w, b, mu, s: np.append(w / s, b),
        "a shift for each feature": lambda w, b, mu, s: (w / s, b - mu * w / s),
        "1 % off": lambda w, b, mu, s: (1.01 * w / s, b - 1.01 * mu @ (w / s)),
    },
    separability_certificate: {
        "never": lambda X, y: None,
        "perceptron that stops": perceptron,
        "perceptron that gives up": given_up,
        "soft margin": support_vectors,
        "no intercept": lambda X, y: w[:-1] if (w := programme(X, y)) is not None else None,
        "intercept zero": lambda X, y: np.append(w[:-1], 0) if (w := programme(X, y)) is not None else None,
        "wrong side": lambda X, y: -w if (w := programme(X, y)) is not None else None,
        "a truth value": lambda X, y: programme(X, y) is not None,
        "zero": lambda X, y: np.zeros(X.shape[1] + 1),
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [stable_bce, unscale, separability_certificate]


def test_a_solution_cannot_overwrite_what_it_is_compared_with():
    def erased(w, b, mu, s):
        w[:], mu[:], s[:] = 0, 0, 1
        return w, 0.0

    assert not unscale.check(erased)
