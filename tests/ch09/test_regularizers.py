"""Penalties against Keras' own and against their definitions."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.optimize import minimize_scalar

from mathdl_keras.core.autodiff import grad
from mathdl_keras.ops import soft_threshold
from mathdl_keras.regularizers import L1, L2

W = np.array([-2.0, -0.3, 0.7, 1.5], "float32")
CASES = [L1(0.4), L2(0.4), L2(0.4, half=True)]


@pytest.mark.parametrize(
    ("ours", "theirs"), [(L1(0.4), keras.regularizers.L1(0.4)), (L2(0.4), keras.regularizers.L2(0.4))]
)
def test_values_are_those_of_keras(ours, theirs):
    assert isinstance(ours, type(theirs))
    np.testing.assert_allclose(float(ours(ops.array(W))), float(theirs(ops.array(W))), rtol=1e-6)


@pytest.mark.parametrize("R", CASES)
def test_the_gradient_is_that_of_the_value(R):
    automatic = ops.convert_to_numpy(grad(lambda w: R(w))(ops.array(W)))
    np.testing.assert_allclose(ops.convert_to_numpy(R.gradient(ops.array(W))), automatic, rtol=1e-6)


@pytest.mark.parametrize("R", CASES)
def test_the_proximal_map_minimizes_its_definition(R):
    found = ops.convert_to_numpy(R.prox(ops.array(W), 0.9))
    for w, ours in zip(W, found, strict=True):
        penalty = (lambda u: R.l1 * abs(u)) if isinstance(R, L1) else (lambda u: R.slope / 2 * u**2)
        best = minimize_scalar(
            lambda u, w=w, f=penalty: (u - w) ** 2 / 2 + 0.9 * f(u), bounds=(-3, 3), method="bounded"
        )
        assert ours == pytest.approx(best.x, abs=1e-4)


def test_the_soft_threshold_gives_exact_zeros():
    found = ops.convert_to_numpy(soft_threshold(ops.array([-1.0, -0.5, 0.25, 0.75]), 0.5))
    np.testing.assert_array_equal(found, [-0.5, 0, 0, 0.25])


@pytest.mark.parametrize("R", CASES)
def test_config_round_trip_and_use_in_a_layer(R):
    layer = keras.layers.Dense(2, kernel_regularizer=R)
    layer.build((None, 3))
    again = keras.layers.Dense.from_config(layer.get_config()).kernel_regularizer
    assert type(again) is type(R) and again.get_config() == R.get_config()
    np.testing.assert_allclose(float(layer.losses[0]), float(R(layer.kernel.value)), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "match"), [(lambda: L1(-1.0), "l1 must be"), (lambda: L2(float("nan")), "l2 must be")]
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match):
        make()
