"""The squared loss against Keras' own and automatic differentiation."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.autodiff import grad
from mathdl_keras.losses import MeanSquaredError

U32 = 2.0**-24
rng = np.random.default_rng(0)
Y, M = (rng.standard_normal((6, 3)).astype("float32") for _ in range(2))


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 2, 6).astype("float32")], ids=["plain", "weighted"])
def test_with_scale_one_it_is_keras_mean_squared_error(reduction, weight):
    ours, peer = MeanSquaredError(reduction=reduction), keras.losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(numpy(ours(Y, M, weight)), numpy(peer(Y, M, weight)), rtol=20 * U32)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_scale_and_gradient(scale):
    loss = MeanSquaredError(scale=scale, reduction="sum")
    assert float(loss(Y, M)) == pytest.approx(scale * np.sum((Y - M) ** 2) / 3, rel=1e-6)
    expected = numpy(grad(lambda m: loss(Y, m))(ops.convert_to_tensor(M)))
    np.testing.assert_allclose(numpy(loss.gradient(Y, M)), expected, atol=20 * U32)


def test_half_the_square_has_the_residual_as_its_gradient():
    np.testing.assert_allclose(
        numpy(MeanSquaredError(scale=0.5).gradient(Y[:, :1], M[:, :1])), -(Y - M)[:, :1], atol=4 * U32
    )


def test_a_flat_target_meets_its_own_row():
    """(6,) against (6, 1) must not become all 36 pairs."""
    expected = np.mean((Y[:, 0] - M[:, 0]) ** 2)
    assert float(MeanSquaredError()(Y[:, 0], M[:, :1])) == pytest.approx(expected, rel=1e-6)
    assert tuple(MeanSquaredError().gradient(Y[:, 0], M[:, :1]).shape) == (6, 1)


def test_errors_are_one_clear_line():
    for scale in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="scale must be positive and finite; received scale="):
            MeanSquaredError(scale=scale)
    with pytest.raises(ValueError, match=r"must have one shape; received \(6, 2\) and \(6, 3\)"):
        MeanSquaredError()(Y[:, :2], M)


def test_config_round_trip():
    again = keras.losses.deserialize(keras.losses.serialize(MeanSquaredError("sum", "half", scale=0.5)))
    assert again.scale == 0.5 and again.reduction == "sum" and again.name == "half"
