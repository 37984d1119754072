"""Logic units against Python's own logic, and the clipping function against NumPy and its formula."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.activations import Clip
from mathdl_keras.chapters.ch05.boolean import boolean_inputs, truth_table
from mathdl_keras.chapters.ch05.layers import AndUnit, Clip01, NotUnit, OrUnit, XorNetwork, clipping_function

X = np.array([[-2.0, -0.25, 0.0], [0.5, 1.0, 1e9]], "float32")


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize("D", [1, 2, 5])
def test_and_or_of_all_rows_of_bits(D):
    rows = [list(map(bool, row)) for row in boolean_inputs(D)]
    assert truth_table(AndUnit(), D).tolist() == [all(row) for row in rows]
    assert truth_table(OrUnit(), D).tolist() == [any(row) for row in rows]


def test_not_and_xor():
    assert truth_table(NotUnit(), 1).tolist() == [1, 0]
    assert truth_table(XorNetwork(), 2).tolist() == [0, 1, 1, 0]


def test_units_stack():
    """De Morgan: not (a or b) = (not a) and (not b)."""
    left = keras.Sequential([OrUnit(), NotUnit()])
    right = keras.Sequential([NotUnit(), AndUnit()])
    np.testing.assert_array_equal(truth_table(left, 2), truth_table(right, 2))
    assert truth_table(left, 2).tolist() == [1, 0, 0, 0]


def test_between_the_bits_they_are_lukasiewicz_logic():
    x = np.random.default_rng(5).uniform(0, 1, (20, 2)).astype("float32")
    s = x.astype("float64").sum(axis=1)
    np.testing.assert_allclose(numpy(AndUnit()(x))[:, 0], np.maximum(s - 1, 0), atol=1e-6)
    np.testing.assert_allclose(numpy(OrUnit()(x))[:, 0], np.minimum(s, 1), atol=1e-6)
    np.testing.assert_allclose(numpy(XorNetwork()(x))[:, 0], np.minimum(s, 2 - s), atol=1e-6)


def test_a_layer_below_them_can_be_trained():
    """One half line and another: an interval, by gradients through AND."""
    x = np.linspace(-1, 1, 41)[:, None]
    y = np.abs(x) < 0.5
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation=Clip()), AndUnit()])
    model.set_weights([np.array([[1.0, -1.0]]), np.array([0.8, 0.8])])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.fit(x, y, epochs=100, batch_size=41, verbose=0)
    assert np.mean((numpy(model(x)) > 0.5) == y) > 0.95


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 1.0), (-1.0, 0.5)])
def test_the_clipping_function(lo, hi):
    np.testing.assert_array_equal(numpy(clipping_function(X, lo, hi)), np.clip(X, lo, hi))
    near = X[X < 2].astype("float64")
    by_formula = np.maximum(near - lo, 0) - np.maximum(near - hi, 0) + lo
    np.testing.assert_allclose(numpy(clipping_function(near, lo, hi)), by_formula, atol=1e-6)


def test_clip01_is_keras_relu_with_a_maximum():
    np.testing.assert_array_equal(numpy(Clip01()(X)), numpy(keras.layers.ReLU(max_value=1.0)(X)))
    np.testing.assert_array_equal(numpy(Clip01()(X)), numpy(clipping_function(X)))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: AndUnit()(X[0]), r"x must have shape \(batch, D\); received shape \(3,\)"),
        (lambda: OrUnit()(X[None]), r"x must have shape \(batch, D\)"),
        (lambda: XorNetwork()(X), r"x must have shape \(batch, 2\); received shape \(2, 3\)"),
        (lambda: Clip01()(np.array([np.nan])), "x must be finite"),
        (lambda: clipping_function(X, 1.0, 1.0), "lo must be below hi; received lo=1.0, hi=1.0"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match):
        make()
