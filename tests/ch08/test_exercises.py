"""The exercises of chapter 8: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest
from scipy.optimize import brentq

from mathdl_keras.chapters.ch05.moments import gaussian_moment
from mathdl_keras.chapters.ch08 import exercises
from mathdl_keras.chapters.ch08.exercises import critical_variance, flops_step, gradient_ratio, tied_gradient
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def step(widths, B, forward=1, backward=2, data=False, each=2):
    products = [m * n for m, n in zip(widths, widths[1:], strict=False)]
    total = (forward + backward) * sum(products) - (0 if data or not backward else products[0])
    return each * B * total


def second(f, q):
    return gaussian_moment(lambda z: f(z) ** 2, q)


def on_the_curve(phi, dphi):
    """Each q is the fixed point of one variance; for tanh the factor comes to 1 only as q vanishes."""

    def chi(q):
        return q * second(dphi, q) / second(phi, q)

    q = 1e-4 if chi(1e-4) > 1 else brentq(lambda q: chi(q) - 1, 1e-4, 1e3)
    return q / second(phi, q)


def ratio(phi, dphi, w, depth, factors=None, moment=second, start=None):
    q, product = (w if start is None else start), 1.0
    for _ in range(depth - 1 if factors is None else factors):
        product *= w * moment(dphi, q)
        q = w * second(phi, q)
    return product


def tied(W, x, y, uses=(1, 2), mean=True, slope=True, scale=1.0):
    H1 = np.tanh(x @ W)
    H2 = np.tanh(H1 @ W)
    delta2 = (H2 - y) * (1 - H2**2) / (len(x) if mean else 1)
    delta1 = delta2 @ W.T * (1 - H1**2 if slope else 1)
    return scale * ((1 in uses) * x.T @ delta1 + (2 in uses) * H1.T @ delta2)


RIGHT = [
    (flops_step, step),
    (critical_variance, on_the_curve),
    (gradient_ratio, ratio),
    (tied_gradient, tied),
]
WRONG = {
    flops_step: {
        "forward only": lambda w, B: step(w, B, backward=0),
        "backward only": lambda w, B: step(w, B, forward=0),
        "gradient of the data": lambda w, B: step(w, B, data=True),
        "multiply-adds": lambda w, B: step(w, B, each=1),
        "one sample": lambda w, B: step(w, 1),
        "backward as forward": lambda w, B: step(w, B, backward=1, data=True),
        "biases": lambda w, B: step(w, B) + sum(w[1:]),
        "nothing": lambda w, B: None,
    },
    critical_variance: {
        "one": lambda phi, dphi: 1.0,
        "slope at 0": lambda phi, dphi: 1 / float(dphi(np.zeros(1))[0]) ** 2,
        "at q = 1": lambda phi, dphi: 1 / second(dphi, 1.0),
        "standard deviation": lambda phi, dphi: np.sqrt(on_the_curve(phi, dphi)),
        "phi": lambda phi, dphi: 1 / second(phi, 1.0),
        "nothing": lambda phi, dphi: None,
    },
    gradient_ratio: {
        "flat": lambda *a: 1.0,
        "one factor more": lambda phi, dphi, w, depth: ratio(phi, dphi, w, depth, factors=depth),
        "the first factor to a power": lambda phi, dphi, w, depth: (w * second(dphi, w)) ** (depth - 1),
        "q_1 = 1": lambda *a: ratio(*a, start=1.0) if a[2] != 1 else ratio(*a),
        "norms, not squares": lambda *a: np.sqrt(ratio(*a)),
        "phi": lambda phi, dphi, w, depth: ratio(phi, phi, w, depth),
        "mean of the slope, squared": lambda *a: ratio(*a, moment=lambda f, q: gaussian_moment(f, q) ** 2),
        "inverse": lambda *a: 1 / ratio(*a),
    },
    tied_gradient: {
        "the second use only": lambda *a: tied(*a, uses=(2,)),
        "the first use only": lambda *a: tied(*a, uses=(1,)),
        "mean of the uses": lambda *a: tied(*a, scale=0.5),
        "sum over the batch": lambda *a: tied(*a, mean=False),
        "a slope forgotten": lambda *a: tied(*a, slope=False),
        "transposed": lambda *a: tied(*a).T,
        "squares without 1/2": lambda *a: tied(*a, scale=2.0),
        "nothing": lambda *a: None,
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [flops_step, critical_variance, gradient_ratio, tied_gradient]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("forward only", "forward pass alone"),
        ("gradient of the data", "no gradient of its inputs"),
        ("multiply-adds", "2 for each multiply-add"),
        ("one sample", "each of the B samples"),
    ],
)
def test_hints_of_the_count_fit_the_mistake(name, hint):
    assert hint in flops_step.check(WRONG[flops_step][name]).hint
