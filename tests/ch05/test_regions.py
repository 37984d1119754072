"""Pieces of piecewise linear networks, against slopes on fine grids and pieces known beforehand."""

import numpy as np
import pytest
from keras import ops

from mathdl_keras.activations import Clip, LeakyReLU, ReLU
from mathdl_keras.chapters.ch05.regions import linear_regions_1d, sawtooth_network
from mathdl_keras.models import MLP


def network(widths, activation, seed, output=None):
    """A network of half-integers, whose kinks are simple fractions."""
    rng = np.random.default_rng(seed)
    model = MLP(widths, activation, output)
    model.set_weights([rng.choice([-1.5, -1.0, 0.5, 1.0, 2.0], w.shape) for w in model.get_weights()])
    return model


def values(model, t):
    """The network by NumPy, in float64."""
    rules = {ReLU: lambda z, s: np.maximum(z, 0), Clip: lambda z, s: np.clip(z, s.lo, s.hi)}
    rules[LeakyReLU] = lambda z, s: np.where(z > 0, z, s.negative_slope * z)
    H = t[:, None]
    for layer in model.dense:
        W, b = (ops.convert_to_numpy(w).astype("float64") for w in (layer.kernel, layer.bias))
        H = rules.get(type(layer.activation), lambda z, s: z)(H @ W + b, layer.activation)
    return H


CASES = [
    network((1, 5, 1), "relu", 0),
    network((1, 4, 3, 2), "relu", 1),
    network((1, 4, 3, 1), "clip", 2),
    network((1, 3, 3, 1), LeakyReLU(0.25), 3),
    network((1, 3, 3, 3, 1), Clip(-1.0, 2.0), 4, "relu"),
    network((1, 1), None, 5),
]


@pytest.mark.parametrize("model", CASES, ids=lambda m: f"{m.widths}-{m.activation}")
def test_pieces_are_the_network(model):
    pieces = linear_regions_1d(model, -3.0, 3.0)
    t = np.linspace(-3, 3, 30_011)
    y = values(model, t)
    k = np.clip(np.searchsorted(pieces.ends, t) - 1, 0, pieces.count - 1)
    np.testing.assert_allclose(pieces.slopes[k] * t[:, None] + pieces.intercepts[k], y, atol=1e-9)
    # a bend between two cells of the grid shows in their slopes; the bends here are further apart than that
    slopes = np.diff(y, axis=0) / np.diff(t)[:, None]
    clean = np.any(np.abs(np.diff(slopes, axis=0)) > 1e-6, axis=1)
    bends = np.sum(clean[1:] & ~clean[:-1]) + clean[0]
    assert pieces.count == 1 + bends
    assert pieces.ends[0] == -3 and pieces.ends[-1] == 3 and np.all(np.diff(pieces.ends) > 0)


def one_layer(w, b, c):
    model = MLP((1, len(w), 1))
    model.set_weights([np.array([w]), np.array(b), np.array(c)[:, None], np.zeros(1)])
    return linear_regions_1d(model, -10.0, 10.0)


def test_kinks_that_are_none():
    assert one_layer([1.0, -1.0], [0.0, 0.0], [1.0, -1.0]).count == 1  # ReLU(t) - ReLU(-t) = t
    assert one_layer([1.0, -1.0], [0.0, 0.0], [1.0, 1.0]).ends.tolist() == [-10, 0, 10]  # |t|
    assert one_layer([1.0, 2.0], [-1.0, -2.0], [1.0, 1.0]).count == 2  # one kink, twice
    assert one_layer([0.0, 1.0], [1.0, 0.0], [3.0, 0.0]).count == 1  # a constant, and a unit that is not used
    assert one_layer([1.0], [-20.0], [1.0]).count == 1  # beyond the interval


def test_the_sawtooth():
    saw = sawtooth_network(5)
    assert saw.widths == (1, 2, 2, 2, 2, 2, 1)
    pieces = linear_regions_1d(saw, 0.0, 1.0)
    np.testing.assert_array_equal(pieces.ends, np.arange(33) / 32)
    np.testing.assert_array_equal(pieces.slopes[:, 0], 32.0 * (-1) ** np.arange(32))
    t = np.arange(0, 257) / 256
    expected = t.copy()
    for _ in range(5):
        expected = 1 - np.abs(2 * expected - 1)
    np.testing.assert_array_equal(ops.convert_to_numpy(saw(t[:, None].astype("float32")))[:, 0], expected)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: linear_regions_1d(CASES[0], 1.0, 1.0), "lo must be below hi, both finite; received lo=1.0, hi=1.0"),
        (lambda: linear_regions_1d(CASES[0], 0.0, np.inf), "both finite"),
        (lambda: linear_regions_1d(MLP((2, 1)), 0.0, 1.0), "model must be a MLP with one input"),
        (lambda: linear_regions_1d(np.sin, 0.0, 1.0), "model must be a MLP with one input"),
        (
            lambda: linear_regions_1d(MLP((1, 2, 1), "tanh"), 0.0, 1.0),
            r"activation must be piecewise linear; received Tanh\(\)",
        ),
        (lambda: sawtooth_network(0), "depth must be an integer >= 1; received depth=0"),
        (lambda: sawtooth_network(1.5), "depth must be an integer >= 1"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match):
        make()
