"""The exercises of chapter 2: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
from scipy import linalg

from mathdl_keras.chapters.ch02 import exercises
from mathdl_keras.chapters.ch02.exercises import ols_qr, r2_streaming, steps_to_tolerance
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def by_qr(X, y):
    """The solution of the first: R theta = Q'y."""
    Q, R = np.linalg.qr(X)
    return linalg.solve_triangular(R, Q.T @ y)


def by_spectrum(H, rate, error, tolerance):
    """The solution of the second: each eigenvector shrinks by its own factor."""
    spectrum, V = np.linalg.eigh(H)
    parts, factors = V.T @ error, 1 - rate * spectrum
    k = 0
    while np.linalg.norm(factors**k * parts) > tolerance:
        k += 1
    return k


def by_merging(batches):
    """The solution of the third: counts, means and centred sums merge."""
    n, mean, total, rss = 0, 0.0, 0.0, 0.0
    for y, prediction in batches:
        m, shift = len(y), y.mean() - mean
        total += np.sum((y - y.mean()) ** 2) + shift**2 * n * m / (n + m)
        mean += shift * m / (n + m)
        n, rss = n + m, rss + np.sum((y - prediction) ** 2)
    return 1 - rss / total


def all_at_once(batches):
    y, prediction = (np.concatenate(v) for v in zip(*batches, strict=True))
    return 1 - np.sum((y - prediction) ** 2) / np.sum((y - y.mean()) ** 2)


RIGHT = [
    (ols_qr, by_qr),
    (ols_qr, lambda X, y: np.linalg.lstsq(X, y, rcond=None)[0]),
    (ols_qr, lambda X, y: np.linalg.pinv(X) @ y),
    (steps_to_tolerance, by_spectrum),
    (steps_to_tolerance, lambda *arguments: float(by_spectrum(*arguments) + 1)),
    (r2_streaming, by_merging),
    (r2_streaming, all_at_once),
]


def slowest(H, rate, error, tolerance):
    factor = np.abs(1 - rate * np.linalg.eigvalsh(H)).max()
    return max(0, int(np.ceil(np.log(tolerance / np.linalg.norm(error)) / np.log(factor))))


def moments(batches):
    """Sums and sums of squares, which cancel."""
    n, first, second, rss = 0, 0.0, 0.0, 0.0
    for y, prediction in batches:
        n, first, second = n + len(y), first + y.sum(), second + np.sum(y**2)
        rss += np.sum((y - prediction) ** 2)
    return 1 - rss / max(second - first**2 / n, 1e-300)


def within(batches):
    """Each batch about its own mean."""
    sums = np.sum([[np.sum((y - m) ** 2), np.sum((y - y.mean()) ** 2)] for y, m in batches], axis=0)
    return 1 - sums[0] / max(sums[1], 1e-300)


WRONG = {
    ols_qr: {
        "normal equations": lambda X, y: np.linalg.solve(X.T @ X, X.T @ y),
        "Q'y": lambda X, y: np.linalg.qr(X)[0].T @ y,
        "R transposed": lambda X, y: np.linalg.solve(np.linalg.qr(X)[1].T, np.linalg.qr(X)[0].T @ y),
        "Q'Q y": lambda X, y: np.linalg.solve(np.linalg.qr(X)[1], X.T @ y),
        "a pseudo-inverse that cuts": lambda X, y: np.linalg.pinv(X, rcond=1e-6) @ y,
        "ridge": lambda X, y: np.linalg.solve(X.T @ X + 1e-9 * np.eye(6), X.T @ y),
        "an intercept": lambda X, y: by_qr(np.c_[X, np.ones(60)], y),
        "centred": lambda X, y: by_qr(X - X.mean(axis=0), y - y.mean()),
        "a column": lambda X, y: by_qr(X, y)[:, None],
        "float32": lambda X, y: by_qr(X.astype("float32"), y.astype("float32")),
        "not finite": lambda X, y: np.full(6, np.nan),
    },
    steps_to_tolerance: {
        "the slowest direction": slowest,
        "the loss instead of the error": lambda H, rate, e, tol: by_spectrum(H, rate, e, tol**2),
        "two too many": lambda *a: by_spectrum(*a) + 2,
        "two too few": lambda *a: by_spectrum(*a) - 2,
        "the factor 2 again": lambda H, rate, e, tol: by_spectrum(2 * H, rate / 1.3, e, tol),
        "relative to the start": lambda H, rate, e, tol: by_spectrum(H, rate, e, tol * np.linalg.norm(e)),
        "a fraction": lambda *a: by_spectrum(*a) + 0.5,
        "nan": lambda *a: np.nan,
        "an array": lambda *a: np.array([by_spectrum(*a)]),
    },
    r2_streaming: {
        "mean of the batches' R2": lambda batches: np.mean([all_at_once([b]) if len(b[0]) > 1 else 0 for b in batches]),
        "sums of squares": moments,
        "about the batch means": within,
        "about zero": lambda batches: 1 - np.divide(*np.sum([[np.sum((y - m) ** 2), y @ y] for y, m in batches], 0)),
        "only the last": lambda batches: by_merging(list(batches)[-1:]),
        "the ratio itself": lambda batches: 1 - by_merging(batches),
        "a shift counted twice": lambda batches: by_merging([(y, m + 0.1) for y, m in batches]),
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [ols_qr, steps_to_tolerance, r2_streaming]


def test_a_solution_cannot_overwrite_what_it_is_compared_with():
    def erased(X, y):
        X[...], y[...] = 0, 0
        return np.zeros(6)

    assert not ols_qr.check(erased)
