"""Masks along time: which entries share one, what they keep in the mean, and that inference is the identity."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.normalization.dropout import VariationalDropout

X = np.ones((50, 8, 20), "float32")


@pytest.mark.parametrize("shared", [True, False])
def test_masks_are_shared_along_time_or_fresh(shared):
    y = ops.convert_to_numpy(VariationalDropout(0.4, shared, seed=1)(X, training=True))
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.6], rtol=1e-6)
    assert np.all(y == y[:, :1]) == shared
    assert np.any(y != y[:1]) and np.any(y != y[:, :, :1])  # never shared between sequences or features
    masks = y[:, 0] if shared else y
    assert abs(masks.mean() - 1) <= 4 * np.sqrt(0.4 / 0.6 / masks.size)


def test_inference_is_the_identity_and_the_seed_decides():
    np.testing.assert_array_equal(ops.convert_to_numpy(VariationalDropout(0.4)(X)), X)
    np.testing.assert_array_equal(ops.convert_to_numpy(VariationalDropout(0.0)(X, training=True)), X)
    first, again = (ops.convert_to_numpy(VariationalDropout(0.4, seed=3)(X, training=True)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_config_masks_and_mistakes():
    layer = VariationalDropout(0.4, shared_mask=False, seed=5)
    assert VariationalDropout.from_config(layer.get_config()).get_config() == layer.get_config()
    assert layer.get_config()["shared_mask"] is False and layer.noise_shape is None
    assert VariationalDropout(0.4).noise_shape == (None, 1, None)
    with pytest.raises(ValueError, match=r"rate must be in \[0, 1\)"):
        VariationalDropout(1.0)
    with pytest.raises(ValueError, match=r"x must have shape \(batch, time, features\)"):
        VariationalDropout(0.5)(X[0])
    inputs = keras.Input((None, 3))
    masked = VariationalDropout(0.5)(keras.layers.Masking()(inputs))
    assert masked._keras_mask is not None
