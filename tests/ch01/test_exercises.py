"""The exercises of chapter 1: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np

from mathdl_keras.chapters.ch01 import exercises
from mathdl_keras.chapters.ch01.exercises import knn_risk, ridge_risk, ridgeless_risk
from mathdl_keras.core.exercises import discover


def parts(x, f, x0, k, sigma):
    nearest = x[np.argsort(np.abs(x - x0))[:k]]
    return sigma**2, (f(x0) - f(nearest).mean()) ** 2, sigma**2 / k


def ridgeless(p, n, beta, sigma):
    seen, hidden = np.sum(beta[:p] ** 2), np.sum(beta[p:] ** 2) + sigma**2
    if p <= n - 2:
        return hidden * (1 + p / (n - p - 1))
    return seen * (1 - n / p) + hidden * (1 + n / (p - n - 1)) if p >= n + 2 else np.inf


def ridge(p, n, beta, sigma, penalty, replicates, rng, scale=1.0, noise=True):
    X = rng.standard_normal((replicates, n, beta.size))
    y = X @ beta + sigma * rng.standard_normal((replicates, n))
    A = X[..., :p]
    G = np.einsum("rmi,rmj->rij", A, A) + scale * n * penalty * np.eye(p)
    theta = np.linalg.solve(G, np.einsum("rmi,rm->ri", A, y)[..., None])[..., 0]
    return np.sum((theta - beta[:p]) ** 2, axis=1) + np.sum(beta[p:] ** 2) + noise * sigma**2


RIGHT = [(knn_risk, lambda *a: sum(parts(*a))), (ridgeless_risk, ridgeless), (ridge_risk, ridge)]
WRONG = {
    knn_risk: {
        "no noise": lambda *a: sum(parts(*a)[1:]),
        "no variance": lambda *a: sum(parts(*a)[:2]),
        "the first k": lambda x, f, x0, k, sigma: sigma**2 + (f(x0) - f(x[:k]).mean()) ** 2 + sigma**2 / k,
        "nothing": lambda *a: None,
    },
    ridgeless_risk: {
        "zero beyond interpolation": lambda p, n, beta, sigma: ridgeless(p, n, beta, sigma) if p < n else 0.0,
        "no noise": lambda p, n, beta, sigma: ridgeless(p, n, beta, 0.0),
        "finite at interpolation": lambda p, n, beta, sigma: min(ridgeless(p, n, beta, sigma), 1e9),
    },
    ridge_risk: {
        "no noise": lambda *a: ridge(*a, noise=False),
        "no penalty": lambda p, n, beta, sigma, penalty, r, rng: ridge(p, n, beta, sigma, 1e-9, r, rng),
        "another scale": lambda *a: ridge(*a, scale=0.1),
        "the mean": lambda *a: ridge(*a).mean(),
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert discover(exercises) == [knn_risk, ridgeless_risk, ridge_risk]
