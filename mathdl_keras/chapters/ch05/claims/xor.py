"""Claims of §5.2 and §5.3: the error on XOR, by number of hidden units, and what a symmetric start does."""

import functools

import numpy as np
from keras import ops
from sklearn.isotonic import isotonic_regression

from mathdl_keras.chapters.ch01.risk import empirical_risk
from mathdl_keras.chapters.ch02.descent import gradient_descent, mse_gradient
from mathdl_keras.chapters.ch02.losses import MeanSquaredError
from mathdl_keras.chapters.ch05.boolean import boolean_inputs
from mathdl_keras.chapters.ch05.layers import XorNetwork
from mathdl_keras.chapters.ch05.replicas import Replicas
from mathdl_keras.core.claims import at_most, claim, equals, exactly
from mathdl_keras.core.linalg import matvec

CORNERS, XOR = boolean_inputs(2).astype("float64"), np.array([0.0, 1.0, 1.0, 0.0])
SLACK = 1e-9  # of a minimum; 1/6 is a limit for tanh, which has to become a step


def best_monotone():
    """The least error of monotone functions of w.x: in each of 8 sectors of directions w, the rows have one order."""
    angles = (np.arange(8) + 0.5) * np.pi / 4
    in_order = [XOR[np.argsort(CORNERS @ [np.cos(a), np.sin(a)])] for a in angles]
    return min(np.mean((isotonic_regression(y) - y) ** 2) for y in in_order)


def affine_outputs(rng, steps=1000):
    """Of an affine function after gradient descent; the slowest mode shrinks by 0.9 in a step."""
    X = ops.convert_to_tensor(np.column_stack([CORNERS, np.ones(4)]))
    theta = gradient_descent(functools.partial(mse_gradient, X, XOR), rng.standard_normal(3), 0.5, steps)
    return matvec(X, theta)


@claim(
    "5.3",
    "the least mean squared error on XOR is 1/4 for affine functions, 1/6 for one hidden unit, 0 for two ReLUs",
    refuted_by={"two units": {"units": 2}},
    precision="float64",
)
def xor_ladder(rng, *, starts=30, steps=150, units=1):
    affine = affine_outputs(rng)
    runs = {}
    for name in ("relu", "tanh"):
        replicas = Replicas(CORNERS, XOR, units, name)
        runs[name] = replicas.minimize(replicas.start(rng, starts), steps)[1]
    one = Replicas(CORNERS, XOR, 1, "relu").network(np.array([-1, -1, 1, -2 / 3, 2 / 3]))  # 2/3 - 2/3 ReLU(1 - x1 - x2)
    least = best_monotone()
    below = [np.sum(losses < least - SLACK) for losses in runs.values()]
    return (
        equals(affine, 0.5, roundings=1e-12 * 2**53, label="affine: outputs"),
        equals(
            ops.sum(ops.square(affine - ops.convert_to_tensor(XOR))) / 4,
            1 / 4,
            roundings=1e-12 * 2**53,
            label="affine: error",
        ),
        exactly(below, [0, 0], label="one unit: runs below the monotone bound"),
        equals(runs["tanh"].min(), 1 / 6, roundings=SLACK * 2**53, label="one tanh: the best run"),
        equals(
            np.array(empirical_risk(one, MeanSquaredError(), CORNERS, XOR[:, None])),
            least,
            roundings=10,
            label="one ReLU: error",
        ),
        exactly(empirical_risk(XorNetwork(), MeanSquaredError(), CORNERS, XOR[:, None]), 0, label="two ReLUs: error"),
    )


@claim(
    "5.3",
    "eight hidden units that start equal stay equal: they are one unit, and the error on XOR never goes below 1/6",
    refuted_by={"noise in the start": {"noise": 1e-3}},
    precision="float64",
)
def symmetric_init(rng, *, starts=40, units=8, steps=4000, noise=0.0):
    replicas = Replicas(CORNERS, XOR, units, "relu")
    start = replicas.start(rng, starts)
    W, b, c, a = map(ops.convert_to_numpy, replicas.split(start))
    equal = [np.repeat(part[..., :1], units, axis=-1).reshape(starts, -1) for part in (W, b, c / units)]
    start = np.concatenate([*equal, a], axis=1) + noise * rng.standard_normal(start.shape)
    end = gradient_descent(replicas.gradients, start, 0.1, steps)
    W, b, c, _ = (ops.convert_to_numpy(part) for part in replicas.split(end))
    losses = ops.convert_to_numpy(replicas.losses(end))
    spread = [np.ptp(part, axis=-1).max() for part in (W, b, c)]
    return (
        exactly(spread, [0, 0, 0], label="spread of the units' weights"),
        exactly(np.sum(losses < 1 / 6 - SLACK), 0, label="runs below 1/6"),
        at_most(1 / losses.min(), 6 * (1 + SLACK), sharpness=0.99, label="1 / the least error"),
    )
