"""The exercises of chapter 4: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch04 import exercises
from mathdl_keras.chapters.ch04.exercises import arc_cosine_0, is_mercer, kernel_perceptron_step
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def step(alpha, y, K, i, wrong=lambda m: m <= 0, amount=1.0):
    alpha = alpha.copy()
    if wrong(y[i] * np.sum(alpha * y * K[:, i])):
        alpha[i] += amount
    return alpha


def in_place(alpha, y, K, i):
    if y[i] * (K[i] @ (alpha * y)) <= 0:
        alpha[i] += 1
    return alpha


def mercer(k, points, tol=1e-9, symmetric=True):
    K = k(points, points)
    if symmetric and np.abs(K - K.T).max() > tol * np.abs(K).max():
        return False
    values = np.linalg.eigvalsh((K + K.T) / 2)
    return values[0] >= -tol * values[-1]


def by_trials(k, points):
    K = k(points, points)
    c = np.random.default_rng(0).standard_normal((20, len(points)))
    return np.all(np.sum(c @ K * c, axis=1) >= 0)


def eigenvalues_only(k, points):
    return np.linalg.eigvals(k(points, points)).real.min() > -1e-9


def steps(x, z):
    cosine = x @ z / np.linalg.norm(x) / np.linalg.norm(z)
    return (np.pi - np.arccos(np.clip(cosine, -1, 1))) / (2 * np.pi)


RIGHT = [
    (kernel_perceptron_step, step),
    (kernel_perceptron_step, in_place),
    (kernel_perceptron_step, lambda *a: ops.convert_to_tensor(step(*a).astype("float32"))),
    (is_mercer, mercer),
    (is_mercer, lambda k, points: bool(mercer(k, points, tol=1e-12))),
    (arc_cosine_0, steps),
    (
        arc_cosine_0,
        lambda x, z: (
            0.5
            - np.arctan2(
                np.linalg.norm(x / np.linalg.norm(x) - z / np.linalg.norm(z)),
                np.linalg.norm(x / np.linalg.norm(x) + z / np.linalg.norm(z)),
            )
            / np.pi
        ),
    ),
]
WRONG = {
    kernel_perceptron_step: {
        "y f < 0 only": lambda *a: step(*a, wrong=lambda m: m < 0),
        "hinge": lambda *a: step(*a, wrong=lambda m: m < 1),
        "signed counts": lambda alpha, y, K, i: step(alpha, y, K, i, amount=y[i]),
        "without labels in f": lambda alpha, y, K, i: step(alpha, np.sign(y[i]) * np.ones_like(y), K, i),
        "always": lambda *a: step(*a, wrong=lambda m: True),
        "never": lambda *a: step(*a, wrong=lambda m: False),
        "twice": lambda *a: step(*a, amount=2.0),
        "diagonal only": lambda alpha, y, K, i: step(alpha, y, np.diag(np.diag(K)), i),
        "one number": lambda alpha, y, K, i: step(alpha, y, K, i)[i],
    },
    is_mercer: {
        "symmetry forgotten": lambda k, points: mercer(k, points, symmetric=False),
        "symmetry only": lambda k, points: np.allclose(k(points, points), k(points, points).T),
        "positive entries": lambda k, points: bool(np.all(k(points, points) > 0)),
        "diagonal": lambda k, points: bool(np.all(np.diag(k(points, points)) >= 0)),
        "no rounding": lambda k, points: mercer(k, points, tol=0.0),
        "absolute tolerance": eigenvalues_only,
        "random vectors": by_trials,
        "determinant": lambda k, points: np.linalg.det(k(points, points)) > -1e-9,
        "coarse": lambda k, points: mercer(k, points, tol=0.5),
        "always": lambda k, points: True,
        "never": lambda k, points: False,
        "nothing": lambda k, points: None,
    },
    arc_cosine_0: {
        "Cho and Saul's factor": lambda x, z: 2 * steps(x, z),
        "the angle alone": lambda x, z: 0.5 - steps(x, z),
        "lengths": lambda x, z: np.linalg.norm(x) * np.linalg.norm(z) * steps(x, z),
        "cosine": lambda x, z: (1 + x @ z / np.linalg.norm(x) / np.linalg.norm(z)) / 4,
        "ReLU": lambda x, z: steps(x, z) * np.cos(2 * np.pi * (0.5 - steps(x, z))),
        "0.1 % too large": lambda x, z: 1.001 * steps(x, z),
        "simulated": lambda x, z: np.mean(
            (np.random.default_rng(1).standard_normal((9999, len(x))) @ np.stack([x, z]).T > 0).all(axis=1)
        ),
        "an array": lambda x, z: np.array([steps(x, z)]),
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [kernel_perceptron_step, is_mercer, arc_cosine_0]
