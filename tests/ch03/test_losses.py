"""The losses of chapter 3 against Keras', exact arithmetic and automatic differentiation."""

from decimal import Decimal, localcontext

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.precision import float64
from mathdl_keras.losses import BinaryCrossentropy, CategoricalCrossentropy

rng = np.random.default_rng(0)
Z = rng.standard_normal((6, 3)).astype("float32")
Y = rng.integers(0, 2, (6, 3)).astype("float32")
ONE_HOT = np.eye(3, dtype="float32")[rng.integers(0, 3, 6)]
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
W = np.linspace(0.2, 2, 6).astype("float32")

PAIRS = [
    (BinaryCrossentropy, keras.losses.BinaryCrossentropy, Y, 1 / (1 + np.exp(-Z))),
    (CategoricalCrossentropy, keras.losses.CategoricalCrossentropy, ONE_HOT, P),
]


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize("weight", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
@pytest.mark.parametrize(("ours", "peer", "y", "p"), PAIRS, ids=["binary", "categorical"])
def test_a_drop_in_for_the_loss_of_keras(ours, peer, y, p, reduction, weight):
    for logits, predictions in ((True, Z), (False, p)):
        a, b = (
            loss(from_logits=logits, reduction=reduction)(y, predictions, sample_weight=weight) for loss in (ours, peer)
        )
        np.testing.assert_allclose(numpy(a), numpy(b), rtol=2e-6)


@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize(("loss", "_", "y", "p"), PAIRS, ids=["binary", "categorical"])
def test_the_gradient_is_that_of_each_examples_loss(loss, _, y, p, logits):
    with float64():
        criterion = loss(from_logits=logits, reduction="sum")
        predictions = (Z if logits else p).astype("float64")
        auto = numpy(grad(lambda z: criterion(y.astype("float64"), z))(predictions))
        np.testing.assert_allclose(numpy(criterion.gradient(y, predictions)), auto, atol=1e-13)


@pytest.mark.parametrize("z", [-1000.0, -90.0, -30.0, -1e-3, 0.0, 20.0, 80.0])
def test_both_tails_are_right_in_float32_too(z):
    """To a few units in the last place, where e^-|z| is no subnormal number of float32 (|z| < 87)."""
    loss = BinaryCrossentropy(from_logits=True, reduction=None)
    with localcontext(prec=600):
        exact = float((1 + (-Decimal(z)).exp()).ln())
    for label, logit in ((1.0, z), (0.0, -z)):
        value = float(numpy(loss(np.array([[label]]), np.array([[logit]])))[0])
        assert abs(value - exact) <= 8 * 2.0**-24 * exact


def test_probabilities_are_not_clipped():
    loss = BinaryCrossentropy(reduction=None)
    y, p = np.array([[1.0], [1.0], [0.0], [0.0]]), np.array([[1e-30], [1.0], [0.0], [1.0]], "float32")
    np.testing.assert_allclose(numpy(loss(y, p)), [69.0775528, 0, 0, np.inf], rtol=1e-6)


def test_labels_without_the_last_axis_are_taken_as_rows():
    loss = BinaryCrossentropy(from_logits=True)
    a, b = (float(numpy(loss(y, Z[:, :1]))) for y in (Y[:, 0], Y[:, :1]))
    assert a == b
    assert tuple(loss.gradient(Y[:, 0], Z[:, :1]).shape) == (6, 1)


@pytest.mark.parametrize("loss", [BinaryCrossentropy, CategoricalCrossentropy])
def test_shapes_that_do_not_fit_are_an_error_and_no_broadcast(loss):
    for y, z in ((Y[:, 0], Z), (Y[:, :2], Z), (Y[:, :1], Z[:, 0])):
        with pytest.raises(ValueError, match="y_true and y_pred must have one shape; received"):
            loss()(y, z)


@pytest.mark.parametrize("loss", [BinaryCrossentropy, CategoricalCrossentropy])
def test_a_file_keeps_the_loss(loss):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss(from_logits=True)))
    assert type(again) is loss and again.from_logits
    assert loss().from_logits is False, "as in Keras"
