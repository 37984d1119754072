"""The checker is checked: right gradients pass by every method, gradients 0.1 % off by none."""

import keras
import numpy as np
import pytest

from mathdl_keras.autodiff import check_gradient, layer_gradients
from mathdl_keras.layers import Dense

THETA = np.linspace(-1, 1.5, 6).reshape(2, 3)


def f(theta):
    return np.sum(np.exp(theta) * np.sin(theta))


GRADIENT = np.exp(THETA) * (np.sin(THETA) + np.cos(THETA))
METHODS = {"central": 2, "forward": 1, "taylor": 2}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("directions", [None, 3])
def test_the_order_of_what_is_left_over(method, directions):
    report = check_gradient(f, THETA, GRADIENT, method, directions=directions)
    assert report.passed and report.order == pytest.approx(METHODS[method], abs=0.1)
    assert report.steps.shape == report.errors.shape == (6,)


def test_a_complex_step_is_exact():
    report = check_gradient(f, THETA, GRADIENT, "complex")
    assert report.passed and report.errors[0] < 1e-15


@pytest.mark.parametrize("method", [*METHODS, "complex"])
def test_one_entry_off_by_a_thousandth_is_seen(method):
    wrong = GRADIENT.copy()
    wrong[0, 1] *= 1.001
    steps = None if method == "complex" else np.geomspace(1e-3, 1e-5, 6)
    assert not check_gradient(f, THETA, wrong, method, steps).passed


def test_a_quadratic_function_leaves_rounding_only():
    assert check_gradient(lambda t: np.sum(t**2), THETA, 2 * THETA).passed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "backward"}, "method must be one of central, forward, taylor, complex"),
        ({"gradient": GRADIENT.ravel()}, r"gradient must have the shape of theta, \(2, 3\); received shape \(6,\)"),
        ({"steps": [0.1, 0.0]}, "steps must be positive"),
        ({"steps": []}, "steps must be positive"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_gradient(**{"f": f, "theta": THETA, "gradient": GRADIENT} | arguments)


def test_layers_with_a_derivative_by_hand_show_the_same_deltas_as_those_of_keras():
    """A probe inside an activation is not handed to the rule of an explicit layer: it must be seen all the same."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((5, n)).astype("float32") for n in (2, 1))
    found = []
    for layer in (keras.layers.Dense, Dense):
        model = keras.Sequential([keras.Input((2,)), layer(3, activation="tanh"), keras.layers.Dense(1)])
        model.compile(loss="mse")
        model.set_weights([np.sin(1.0 + np.arange(w.size)).reshape(w.shape) for w in model.get_weights()])
        found.append(layer_gradients(model, x, y))
    for peer, ours in zip(*found, strict=True):
        assert np.all(np.abs(peer.delta).max(axis=0) > 0)
        np.testing.assert_allclose(ours.delta, peer.delta, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.kernel, peer.kernel, rtol=1e-5, atol=1e-6)
