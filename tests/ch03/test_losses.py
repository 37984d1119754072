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


BLOCK = rng.standard_normal((6, 4, 3)).astype("float32")  # scores on three axes
CLASSES = {1: np.eye(4), 2: np.eye(3)}


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("axis", [1, 2, -1, -2])
@pytest.mark.parametrize("logits", [True, False])
def test_the_binary_one_smooths_and_reduces_any_axis_as_keras_does(logits, axis, smoothing):
    y, p = (BLOCK > 0.3).astype("float32"), BLOCK if logits else 1 / (1 + np.exp(-BLOCK))
    settings = {"from_logits": logits, "label_smoothing": smoothing, "axis": axis, "reduction": None}
    losses = BinaryCrossentropy(**settings), keras.losses.BinaryCrossentropy(**settings)
    a, b = (numpy(loss(y, p)) for loss in losses)
    np.testing.assert_allclose(a, b, rtol=2e-6)
    weights = np.linspace(0.5, 1, a.size).reshape(a.shape).astype("float32")
    slopes = [numpy(grad(lambda p, loss=loss: ops.sum(ops.array(weights) * loss(y, p)))(p)) for loss in losses]
    np.testing.assert_allclose(*slopes, rtol=2e-5, atol=1e-6)
    by_hand = numpy(losses[0].gradient(y, p)) * np.expand_dims(weights, axis)
    np.testing.assert_allclose(by_hand, slopes[1], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("axis", [1, 2, -1, -2])
@pytest.mark.parametrize("logits", [True, False])
def test_the_categorical_one_smooths_and_takes_classes_on_any_axis_as_keras_does(logits, axis, smoothing):
    """Keras smooths by the size of the last axis: it is handed the classes there."""
    last = lambda v: np.moveaxis(v, axis, -1)  # noqa: E731
    y = np.moveaxis(CLASSES[axis % 3][rng.integers(0, BLOCK.shape[axis], last(BLOCK).shape[:-1])], -1, axis)
    y, e = y.astype("float32"), np.exp(BLOCK)
    p = BLOCK if logits else e / e.sum(axis, keepdims=True)
    settings = {"from_logits": logits, "label_smoothing": smoothing, "reduction": None}
    ours, peer = CategoricalCrossentropy(axis=axis, **settings), keras.losses.CategoricalCrossentropy(**settings)
    np.testing.assert_allclose(numpy(ours(y, p)), numpy(peer(last(y), last(p))), rtol=2e-6, atol=2e-7)
    if not smoothing:
        peer_there = keras.losses.CategoricalCrossentropy(axis=axis % 3, **settings)
        np.testing.assert_allclose(numpy(ours(y, p)), numpy(peer_there(y, p)), rtol=2e-6, atol=2e-7)
    auto = numpy(grad(lambda p: ops.sum(ours(y, p)))(p))
    np.testing.assert_allclose(numpy(ours.gradient(y, p)), auto, rtol=2e-5, atol=1e-6)
    if logits:  # from probabilities Keras differentiates a normalisation, too
        theirs = numpy(grad(lambda p: ops.sum(peer(last(y), p)))(last(p)))
        np.testing.assert_allclose(last(auto), theirs, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("loss", [BinaryCrossentropy, CategoricalCrossentropy])
def test_smoothing_and_axis_are_checked(loss):
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\]; received label_smoothing=1.5"):
        loss(label_smoothing=1.5)
    with pytest.raises(ValueError, match="axis must be an integer; received axis=None"):
        loss(axis=None)
    with pytest.raises(ValueError, match=r"axis must be an axis of y_pred; received axis=2 for shape \(6, 3\)"):
        loss(axis=2)(Y, Z)


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
