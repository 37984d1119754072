"""The exercises of chapter 6: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
from scipy.special import expit

from mathdl_keras.chapters.ch06 import exercises
from mathdl_keras.chapters.ch06.exercises import activation_backward, optimal_fd_step, skip_backward
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def backward(name, dH, Z, logistic=expit, edge=lambda Z: (Z > 0) & (Z < 1)):
    return dH * (logistic(Z) if name == "softplus" else edge(Z))


def by_quotient(Z):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(Z) / (1 + np.exp(Z))


def skip(dH, x, W, through=1.0, slope=lambda S: S * (1 - S), turn=np.transpose):
    delta = dH * slope(expit(x @ W))
    return through * dH + delta @ turn(W), x.T @ delta


RIGHT = [
    (activation_backward, backward),
    (skip_backward, skip),
    (optimal_fd_step, lambda eps: eps ** (1 / 3)),
    (optimal_fd_step, lambda eps: (3 * eps) ** (1 / 3)),
]
WRONG = {
    activation_backward: {
        "overflow": lambda *a: backward(*a, logistic=by_quotient),
        "slope alone": lambda name, dH, Z: backward(name, 1.0, Z),
        "softplus itself": lambda *a: backward(*a, logistic=lambda Z: np.logaddexp(0, Z)),
        "no upper edge": lambda *a: backward(*a, edge=lambda Z: Z > 0),
        "one number": lambda *a: backward(*a).sum(),
    },
    skip_backward: {
        "the skip forgotten": lambda *a: skip(*a, through=0.0),
        "the slope forgotten": lambda *a: skip(*a, slope=np.ones_like),
        "W not transposed": lambda *a: skip(*a, turn=lambda W: W),
        "dW transposed": lambda *a: (skip(*a)[0], skip(*a)[1].T),
        "dx only": lambda *a: skip(*a)[0],
    },
    optimal_fd_step: {
        "of forward differences": np.sqrt,
        "of a fourth order": lambda eps: eps ** (1 / 5),
        "a fixed step": lambda eps: 1e-5,
        "eps": lambda eps: eps,
        "zero": lambda eps: 0.0,
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [activation_backward, skip_backward, optimal_fd_step]
