"""The training step in TensorFlow, JAX and PyTorch, whatever Keras runs on, against the step by hand."""

import functools
import importlib.util
import sys

import keras
import numpy as np
import pytest
from keras import ops, tree

from mathdl_keras.chapters.ch07.frameworks import STEPS
from mathdl_keras.chapters.ch07.shallow_gradients import shallow_gradients
from mathdl_keras.chapters.ch07.steps import sgd_step
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((7, 4)), np.array([0, 2, 1, 1, 0, 2, 2])
THETA = [rng.standard_normal(s) for s in ((5, 4), (5,), (3, 5), (3,))]


def needs(name):
    """The framework that Keras runs on is there; another may be missing."""
    missing = name != keras.backend.backend() and importlib.util.find_spec(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=f"{name} is not installed"))


each_framework = pytest.mark.parametrize("name", [needs(name) for name in STEPS])


@functools.cache
def by_hand():
    """The new parameters and the loss, without automatic differentiation, on Keras' backend."""

    def step(theta, x, y):
        loss, gradients = shallow_gradients(theta, x, y)
        return sgd_step(theta, gradients, 0.5), loss

    with allow_float64():
        tensors = tree.map_structure(ops.convert_to_tensor, (THETA, X, Y))
        return tree.map_structure(ops.convert_to_numpy, compiled(step)(*tensors))


@each_framework
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_step_is_that_by_hand(name, dtype):
    theta = [t.astype(dtype) for t in THETA]
    new, loss = STEPS[name](theta, X, Y, learning_rate=0.5)
    expected, expected_loss = by_hand()
    roundings = 100 * np.finfo(dtype).eps  # sums of a few terms of order one
    assert abs(loss - expected_loss) <= roundings * expected_loss and loss.dtype == dtype
    for t, e, old in zip(new, expected, THETA, strict=True):
        assert isinstance(t, np.ndarray) and t.dtype == dtype
        np.testing.assert_allclose(t, e, atol=roundings * np.abs(e).max())
        assert np.abs(t - old).max() > 1e-3, "nothing moved"


@each_framework
def test_steps_leave_their_arguments_alone(name):
    theta = [t.copy() for t in THETA]
    STEPS[name](theta, X, Y, learning_rate=0.5)
    for t, old in zip(theta, THETA, strict=True):
        np.testing.assert_array_equal(t, old)


@pytest.mark.parametrize(("name", "title"), [("tensorflow", "TensorFlow"), ("jax", "JAX"), ("torch", "PyTorch")])
def test_a_missing_framework_is_one_clear_line(name, title, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(ImportError) as error:
        STEPS[name](THETA, X, Y, learning_rate=0.5)
    assert str(error.value) == f'this step needs {title}; pip install "mathdl_keras[{name}]" brings it'


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"y": Y + 1}, "y must hold labels 0, ..., 2; received 3"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite; received learning_rate=0.0"),
        ({"theta": THETA[:3]}, r"theta must be \(W, b1, C, b2\); received shapes"),
    ],
)
def test_bad_arguments_are_one_clear_line(name, changes, match):
    with pytest.raises(ValueError, match=match):
        STEPS[name](**{"theta": THETA, "x": X, "y": Y, "learning_rate": 0.5} | changes)
