"""The losses of chapter 4 against Keras, NumPy and finite differences, and what they do at their kinks."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.autodiff import grad
from mathdl_keras.losses import Hinge, LogisticLoss, PerceptronLoss, ZeroOneLoss

Y = np.array([[1.0], [-1.0], [1.0], [-1.0], [1.0]], "float32")
F = np.array([[0.5], [0.25], [-2.0], [-3.0], [40.0]], "float32")
M = (Y * F)[:, 0].astype("float64")
EXPECTED = {
    ZeroOneLoss: M <= 0,
    PerceptronLoss: np.maximum(0, -M),
    Hinge: np.maximum(0, 1 - M),
    LogisticLoss: np.logaddexp(0, -M),
}


@pytest.mark.parametrize("loss", EXPECTED, ids=lambda c: c.__name__)
def test_losses_of_the_margin(loss):
    np.testing.assert_allclose(ops.convert_to_numpy(loss(reduction="none")(Y, F)), EXPECTED[loss], rtol=1e-6)
    np.testing.assert_allclose(float(loss()(Y, F)), EXPECTED[loss].mean(), rtol=1e-6)


def test_the_hinge_is_that_of_keras():
    np.testing.assert_allclose(float(Hinge()(Y, F)), float(keras.losses.Hinge()(Y, F)), rtol=1e-6)


def test_the_logistic_loss_is_the_cross_entropy_of_labels_0_and_1():
    keras_loss = keras.losses.BinaryCrossentropy(from_logits=True)((Y + 1) / 2, F)
    np.testing.assert_allclose(float(LogisticLoss()(Y, F)), float(keras_loss), rtol=1e-6)


def test_the_logistic_loss_does_not_overflow():
    f = np.array([[-1e4], [1e4]], "float32")
    np.testing.assert_allclose(ops.convert_to_numpy(LogisticLoss(reduction="none")(np.ones((2, 1)), f)), [1e4, 0.0])


@pytest.mark.parametrize(("loss", "kink", "slope"), [(PerceptronLoss, 0.0, -1.0), (Hinge, 1.0, 0.0)])
def test_at_the_kink_both_derivatives_are_the_same_subgradient(loss, kink, slope):
    """The perceptron learns where y f = 0; the hinge is satisfied where y f = 1."""
    for y in (1.0, -1.0):
        y_true, f = np.array([[y]], "float32"), np.array([[y * kink]], "float32")
        automatic = grad(lambda f, y_true=y_true: ops.sum(loss().call(ops.convert_to_tensor(y_true), f)))(f)
        assert float(ops.convert_to_numpy(automatic)[0, 0]) == y * slope
        assert float(ops.convert_to_numpy(loss().gradient(y_true, f))[0, 0]) == y * slope


@pytest.mark.parametrize("loss", EXPECTED, ids=lambda c: c.__name__)
def test_flat_labels_meet_predictions_row_by_row(loss):
    column = float(loss()(Y, F))
    assert float(loss()(Y[:, 0], F)) == column
    np.testing.assert_allclose(float(loss()(Y[:, 0], F[:, 0])), column, rtol=1e-6)
    assert tuple(loss().gradient(Y[:, 0], F).shape) == (5, 1)


def test_gradients_of_several_outputs_are_of_their_mean():
    y, f = np.ones((2, 3), "float32"), -np.ones((2, 3), "float32")
    np.testing.assert_allclose(ops.convert_to_numpy(PerceptronLoss().gradient(y, f)), -1 / 3, rtol=1e-6)


@pytest.mark.parametrize("labels", [[0.0, 1.0], [1.0, 2.0], [np.nan, 1.0]])
@pytest.mark.parametrize("loss", EXPECTED, ids=lambda c: c.__name__)
def test_other_labels_are_refused(loss, labels):
    for call in (loss(), loss().gradient):
        with pytest.raises(ValueError, match=r"y_true must hold labels -1 and \+1; received"):
            call(np.array(labels), np.zeros(2))


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="y_true and y_pred must have one shape"):
        Hinge()(np.ones((4, 2)), np.ones((4, 3)))
