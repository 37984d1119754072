"""The exercises of chapter 10: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch10 import exercises
from mathdl_keras.chapters.ch10.exercises import batchnorm_backward, bn_moment_bias, layer_norm
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def backward(g, x, gamma, epsilon, mean=True, variance=True, scale=True, unbiased=False, root=True, total=True):
    n = len(x)
    s2 = x.var(axis=0, ddof=int(unbiased and n > 1)) + epsilon
    s = np.sqrt(s2) if root else s2
    xhat = (x - x.mean(axis=0)) / s
    dgamma = np.sum(g * xhat, axis=0)
    dx = g - mean * g.mean(axis=0) - variance * xhat * dgamma / n
    return (gamma if scale else 1) / s * dx, dgamma, g.sum(axis=0) if total else g.mean(axis=0)


def layer_normalized(x, gamma, beta, epsilon, axis=1, ddof=0, affine=True, root=True):
    v = x.var(axis=axis, keepdims=True, ddof=min(ddof, x.shape[axis] - 1))
    xhat = (x - x.mean(axis=axis, keepdims=True)) / (np.sqrt(v + epsilon) if root else v + epsilon)
    return gamma * xhat + beta if affine else xhat


RIGHT = [
    (batchnorm_backward, backward),
    (bn_moment_bias, lambda B: (B - 1) / B),
    (layer_norm, layer_normalized),
]
WRONG = {
    batchnorm_backward: {
        "constant moments": lambda *a: backward(*a, mean=False, variance=False),
        "constant variance": lambda *a: backward(*a, variance=False),
        "constant mean": lambda *a: backward(*a, mean=False),
        "gamma forgotten": lambda *a: backward(*a, scale=False),
        "unbiased variance": lambda *a: backward(*a, unbiased=True),
        "no root": lambda *a: backward(*a, root=False),
        "mean for beta": lambda *a: backward(*a, total=False),
        "dx only": lambda *a: backward(*a)[0],
        "another order": lambda *a: backward(*a)[::-1],
        "nothing": lambda *a: None,
    },
    bn_moment_bias: {
        "none": lambda B: 1.0,
        "inverse": lambda B: B / max(B - 1, 0.5),
        "B + 1": lambda B: B / (B + 1),
        "one more": lambda B: (B - 2) / B,
        "root": lambda B: np.sqrt((B - 1) / B),
        "nearly": lambda B: (B - 1) / B * 1.0001,
        "nothing": lambda B: None,
    },
    layer_norm: {
        "batch norm": lambda *a: layer_normalized(*a, axis=0),
        "no gamma and beta": lambda *a: layer_normalized(*a, affine=False),
        "unbiased variance": lambda *a: layer_normalized(*a, ddof=1),
        "no root": lambda *a: layer_normalized(*a, root=False),
        "epsilon forgotten": lambda x, g, b, e: layer_normalized(x, g, b, 0.0),
        "transposed": lambda *a: layer_normalized(*a).T,
        "nothing": lambda *a: None,
    },
}


@pytest.mark.parametrize(
    ("task", "name", "hint"),
    [
        (batchnorm_backward, "constant moments", "the mean and the variance move with x"),
        (batchnorm_backward, "constant variance", "the variance moves with x, too"),
        (batchnorm_backward, "gamma forgotten", "gamma is missing"),
        (bn_moment_bias, "inverse", "what to multiply by"),
        (layer_norm, "batch norm", "that is batch norm"),
        (layer_norm, "no gamma and beta", "scale by gamma"),
    ],
)
def test_hints_fit_the_mistake(task, name, hint):
    assert hint in task.check(WRONG[task][name]).hint
