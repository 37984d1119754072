"""The exercises of chapter 7: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch07 import exercises
from mathdl_keras.chapters.ch07.exercises import importance_gradient, polyak_average, sgd_noise_floor
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def floor_by_recursion(lr, B, s2, steps=20_000):
    v = 0.0
    for _ in range(steps):
        v = (1 - lr) ** 2 * v + lr**2 * s2 / B
    return v


def importance(gradients, p, batch, scale=lambda M, p: 1 / (M * p), reduce=np.mean):
    return reduce(scale(len(p), p[batch])[:, None] * gradients[batch], axis=0)


def polyak(x, lr, start=0.0, first=1, reduce=np.mean):
    theta, iterates = np.full(x.shape[1], start), []
    iterates.append(theta)
    for x_j in x:
        theta = theta - lr * (theta - x_j)
        iterates.append(theta)
    return reduce(iterates[first:], axis=0)


def filtered(x, lr):
    """The same by the weight of each draw: 1 - (1 - lr)^(k - j + 1)."""
    k = len(x)
    return np.sum((1 - (1 - lr) ** np.arange(k, 0, -1))[:, None] * x, axis=0) / k


RIGHT = [
    (sgd_noise_floor, lambda lr, B, s2: lr * s2 / (B * (2 - lr))),
    (sgd_noise_floor, floor_by_recursion),
    (importance_gradient, importance),
    (importance_gradient, lambda g, p, batch: ops.convert_to_tensor(importance(g, p, batch))),
    (polyak_average, polyak),
    (polyak_average, filtered),
]
WRONG = {
    sgd_noise_floor: {
        "small learning rate": lambda lr, B, s2: lr * s2 / (2 * B),
        "without the batch": lambda lr, B, s2: lr * s2 / (2 - lr),
        "batch squared": lambda lr, B, s2: lr * s2 / (B**2 * (2 - lr)),
        "standard deviation": lambda lr, B, s2: np.sqrt(lr * s2 / (B * (2 - lr))),
        "loss without the 1/2": lambda lr, B, s2: 2 * lr * s2 / (B * (2 - 2 * lr + 1e-9)),
        "noise of one step": lambda lr, B, s2: lr**2 * s2 / B,
        "s instead of s2": lambda lr, B, s2: lr * np.sqrt(s2) / (B * (2 - lr)),
        "three places": lambda lr, B, s2: round(lr * s2 / (B * (2 - lr)), 3),
    },
    importance_gradient: {
        "plain mean": lambda g, p, batch: g[batch].mean(axis=0),
        "without M": lambda g, p, batch: importance(g, p, batch, scale=lambda M, p: 1 / p),
        "times p": lambda g, p, batch: importance(g, p, batch, scale=lambda M, p: M * p),
        "sum over the batch": lambda g, p, batch: importance(g, p, batch, reduce=np.sum),
        "normalized weights": lambda g, p, batch: np.sum(g[batch] / p[batch][:, None], 0) / np.sum(1 / p[batch]),
        "the full gradient": lambda g, p, batch: g.mean(axis=0),
        "each sample once": lambda g, p, batch: importance(g, p, np.unique(batch)),
        "one number": lambda g, p, batch: importance(g, p, batch).sum(),
    },
    polyak_average: {
        "last iterate": lambda x, lr: polyak(x, lr, reduce=lambda t, axis: t[-1]),
        "with theta_0": lambda x, lr: polyak(x, lr, first=0),
        "without theta_1": lambda x, lr: polyak(x, lr, first=2),
        "average of the draws": lambda x, lr: x.mean(axis=0),
        "twice the gradient": lambda x, lr: polyak(x, 2 * lr),
        "one average of all": lambda x, lr: polyak(x, lr).mean(),
        "wrong sign": lambda x, lr: polyak(x, -lr),
        "over runs": lambda x, lr: polyak(x.T, lr),
        "begins at x_1": lambda x, lr: polyak(x, lr, start=x[0]),
        "sum": lambda x, lr: polyak(x, lr, reduce=np.sum),
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [sgd_noise_floor, importance_gradient, polyak_average]
