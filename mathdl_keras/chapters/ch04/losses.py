r"""Losses of a classifier with labels -1 and +1 (§4.2).

Each is a function :math:`\rho(m)` of the *margin* :math:`m = y f(x)`, which is positive where the prediction has the
right sign; its derivative with respect to the prediction is :math:`y\,\rho'(m)`.

| loss | :math:`\rho(m)` | :math:`\rho'(m)` |
| --- | --- | --- |
| `ZeroOneLoss` | :math:`1[m \le 0]` | 0 |
| `PerceptronLoss` | :math:`\max(0, -m)` | :math:`-1[m \le 0]` |
| `Hinge` | :math:`\max(0, 1 - m)` | :math:`-1[m < 1]` |
| `LogisticLoss` | :math:`\log(1 + e^{-m})` | :math:`-1/(1 + e^m)` |

At the kink of a loss :math:`\rho'` is a subgradient; automatic differentiation takes the same one. Which one matters:
the perceptron starts from f = 0, and with :math:`\rho'(0) = 0` would never leave it.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.losses import same_shape

__all__ = ["Hinge", "LogisticLoss", "PerceptronLoss", "ZeroOneLoss"]


class _MarginLoss(keras.losses.Loss):
    """A function of the margin; subclasses write `rho` and its derivative."""

    def __init__(self, reduction="sum_over_batch_size", name=None, dtype=None):
        super().__init__(name, reduction, dtype)

    def __call__(self, y_true, y_pred, sample_weight=None):
        require_signs(y_true, "y_true")
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        y, f = same_shape(y_true, y_pred)
        loss = self.rho(y * f)
        return loss if len(loss.shape) == 1 else ops.sum(loss, axis=-1) / loss.shape[-1]

    def gradient(self, y_true, y_pred):
        """The derivative of each example's loss with respect to its prediction, in the shape of `y_pred`."""
        require_signs(y_true, "y_true")
        y, f = same_shape(y_true, y_pred)
        return y * self.derivative(y * f) / (1 if len(f.shape) == 1 else f.shape[-1])


def require_signs(y, name="y"):
    """Refuses an array of labels with another value than -1 and +1; tensors pass, for a compiled step cannot look.

    Raises:
        ValueError: If there is one.
    """
    if isinstance(y, np.ndarray | list | tuple) and (wrong := np.setdiff1d(y, (-1, 1))).size:
        raise ValueError(f"{name} must hold labels -1 and +1; received {wrong[0]:g} among them")


@keras.saving.register_keras_serializable("mathdl_keras")
class ZeroOneLoss(_MarginLoss):
    r"""The share of wrong signs, :math:`1[y f \le 0]` (§4.2): what counts, but has no slope to descend.

    A prediction of 0 is a mistake. Labels are -1 and +1; (B,) or (B, 1) -> a number.

    Args:
        reduction: String, how the losses of the rows become one, as in Keras; "sum_over_batch_size" by default.
        name: String, the name of the loss.
        dtype: String, the dtype of the computation; Keras' `floatx` by default.

    Example:
        >>> float(ZeroOneLoss()(np.array([[1.0], [-1.0]]), np.array([[0.3], [0.0]])))
        0.5
    """

    def rho(self, m):
        return ops.cast(m <= 0, m.dtype) + 0 * m  # so that the derivative is 0 and not absent: `fit` asks for one

    def derivative(self, m):
        return ops.zeros_like(m)


@keras.saving.register_keras_serializable("mathdl_keras")
class PerceptronLoss(_MarginLoss):
    r"""The perceptron's loss :math:`\max(0, -y f)` (§4.2).

    Stochastic gradient descent on it with learning rate 1, one example at a time, is the perceptron: the subgradient
    is :math:`-y x` where :math:`y f \le 0`, and 0 elsewhere. Labels are -1 and +1; (B,) or (B, 1) -> a number.

    Args:
        reduction: String, how the losses of the rows become one, as in Keras; "sum_over_batch_size" by default.
        name: String, the name of the loss.
        dtype: String, the dtype of the computation; Keras' `floatx` by default.

    Example:
        >>> y, f = np.array([[1.0], [-1.0]]), np.array([[0.0], [3.0]])
        >>> float(PerceptronLoss()(y, f)), [float(g) for g in PerceptronLoss().gradient(y, f)[:, 0]]
        (1.5, [-1.0, 1.0])
    """

    def rho(self, m):
        return ops.where(m <= 0, -m, ops.zeros_like(m))

    def derivative(self, m):
        return -ops.cast(m <= 0, m.dtype)


@keras.saving.register_keras_serializable("mathdl_keras", name="HingeLoss")
class Hinge(_MarginLoss):
    r"""The hinge loss :math:`\max(0, 1 - y f)` (§4.2), which asks for a margin of 1.

    As `keras.losses.Hinge`, without its conversion of labels 0 and 1. Labels are -1 and +1; (B,) or (B, 1) -> a
    number.

    Args:
        reduction: String, how the losses of the rows become one, as in Keras; "sum_over_batch_size" by default.
        name: String, the name of the loss.
        dtype: String, the dtype of the computation; Keras' `floatx` by default.

    Example:
        >>> float(Hinge()(np.array([[1.0], [-1.0]]), np.array([[0.5], [-2.0]])))
        0.25
    """

    def rho(self, m):
        return ops.where(m < 1, 1 - m, ops.zeros_like(m))

    def derivative(self, m):
        return -ops.cast(m < 1, m.dtype)


@keras.saving.register_keras_serializable("mathdl_keras")
class LogisticLoss(_MarginLoss):
    r"""The logistic loss :math:`\log(1 + e^{-y f})` (§4.2): chapter 3's cross entropy, for labels -1 and +1.

    Labels are -1 and +1; (B,) or (B, 1) -> a number.

    Args:
        reduction: String, how the losses of the rows become one, as in Keras; "sum_over_batch_size" by default.
        name: String, the name of the loss.
        dtype: String, the dtype of the computation; Keras' `floatx` by default.

    Example:
        >>> round(float(LogisticLoss()(np.array([[1.0]]), np.array([[0.0]]))), 4)
        0.6931
    """

    def rho(self, m):
        return ops.softplus(-m)

    def derivative(self, m):
        return -ops.sigmoid(-m)
