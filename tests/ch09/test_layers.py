"""Dropout against Keras' own, its backward pass against automatic differentiation, its random masks."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.autodiff import vjp
from mathdl_keras.layers import Dropout

X = np.random.default_rng(0).standard_normal((6, 5)).astype("float32")


@pytest.mark.parametrize("noise_shape", [None, (None, 1), (1, 5)])
def test_with_a_seed_it_is_the_layer_of_keras(noise_shape):
    ours, theirs = Dropout(0.4, noise_shape, seed=7), keras.layers.Dropout(0.4, noise_shape, seed=7)
    for _ in range(2):  # the second call draws other masks
        a, b = (ops.convert_to_numpy(layer(X, training=True)) for layer in (ours, theirs))
        np.testing.assert_allclose(a, b, rtol=1e-6)
    np.testing.assert_array_equal(ops.convert_to_numpy(ours(X)), X)


@pytest.mark.parametrize("mode", ["inverted", "standard"])
def test_the_backward_pass_is_the_automatic_one(mode):
    layer, dy = Dropout(0.4, mode=mode), ops.array(X[::-1].copy())
    mask = (np.random.default_rng(1).random(X.shape) < 0.6).astype("float32")
    _, factor = layer.forward_pass(ops.array(X), training=True, mask=mask)
    _, pullback = vjp(lambda x: layer.forward_pass(x, training=True, mask=mask)[0], ops.array(X))
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.backward_pass(dy, factor)[0]), ops.convert_to_numpy(pullback(dy)), rtol=1e-6
    )


def test_standard_dropout_scales_at_inference_only():
    layer = Dropout(0.4, mode="standard", seed=1)
    dropped = ops.convert_to_numpy(layer(X, training=True))
    assert set(np.unique(np.where(dropped == 0, 0, dropped / X)).round(6)) == {0, 1}
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X)), 0.6 * X, rtol=1e-6)


def test_each_call_and_each_step_of_training_draws_new_masks():
    layer = Dropout(0.5, seed=1)
    first, second = (ops.convert_to_numpy(layer(np.ones((1, 64), "float32"), training=True)) for _ in range(2))
    assert np.any(first != second)
    model = keras.Sequential([keras.Input((64,)), Dropout(0.5, seed=1), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    moved = []
    for _ in range(2):
        model.layers[-1].kernel.assign(np.zeros((64, 1)))
        model.fit(np.ones((1, 64), "float32"), np.ones((1, 1), "float32"), verbose=0)
        moved.append(model.layers[-1].kernel.numpy()[:, 0] != 0)
    assert np.any(moved[0] != moved[1]) and 10 < moved[0].sum() < 54


def test_rate_zero_is_the_identity_and_keeps_no_random_state():
    layer = Dropout(0.0)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(X, training=True)), X)
    assert layer.seed_generator is None


@pytest.mark.parametrize("rate", [-0.1, 1, 1.2, float("nan"), "half", True])
def test_rates_outside_the_unit_interval(rate):
    with pytest.raises(ValueError, match=r"rate must be in \[0, 1\); received rate="):
        Dropout(rate)


@pytest.mark.parametrize("noise_shape", [3, (0, 1), "all", (1.5,)])
def test_a_noise_shape_is_a_shape(noise_shape):
    with pytest.raises(ValueError, match="noise_shape must be a tuple of positive integers or None; received"):
        Dropout(0.5, noise_shape)
