r"""Cross entropies and their derivatives, accurate in both tails (§3.2 and §3.7).

With the logistic function :math:`S(z) = 1/(1 + e^{-z})` the probability of the label that came has
:math:`-\log S(z) = \log(1 + e^{-z})` for y = 1 and :math:`-\log(1 - S(z)) = \log(1 + e^z)` for y = 0. Computed from a
probability, both fail where S(z) has been rounded to 0 or 1, and a clipped probability caps the loss (at
:math:`-\log 10^{-7} = 16.1`, say). Computed from the logit z they are right to the last digits for every z:

.. math:: \ell = \max(z, 0) - yz + \log(1 + e^{-|z|}), \qquad \frac{d\ell}{dz} = S(z) - y.
"""

import keras
from keras import ops

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy"]


class _Crossentropy(keras.losses.Loss):
    """What the two cross entropies share: their arguments, and labels that are smoothed."""

    def __init__(self, from_logits, label_smoothing, axis, reduction, name, dtype):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be in [0, 1]; received label_smoothing={label_smoothing}")
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise ValueError(f"axis must be an integer; received axis={axis!r}")
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def _pair(self, y_true, y_pred):
        """Smoothed labels and predictions, of one shape."""
        y, p = same_shape(y_true, y_pred)
        if not -len(p.shape) <= self.axis < len(p.shape):
            raise ValueError(f"axis must be an axis of y_pred; received axis={self.axis} for shape {tuple(p.shape)}")
        return (self._smooth(y) if self.label_smoothing else y), p

    def get_config(self):
        names = ("from_logits", "label_smoothing", "axis")
        return super().get_config() | {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable("mathdl_keras", name="BinaryCrossEntropy")
class BinaryCrossentropy(_Crossentropy):
    r"""The cross entropy of a label and a probability (§3.2), from the logit z or from p = S(z).

    .. math:: \ell = -y \log p - (1 - y) \log(1 - p) = \max(z, 0) - yz + \log(1 + e^{-|z|})

    The mean over an axis, as in `keras.losses.BinaryCrossentropy`. Nothing is clipped: from logits no digit is
    lost in the tails; a probability that was rounded to 0 or 1 costs an infinite loss if the label is the other one, so
    train from logits where you can.

    Args:
        from_logits: Boolean, whether predictions are logits; otherwise, and by default, probabilities.
        label_smoothing: Float s in [0, 1]: the label is taken as :math:`(1 - s)\,y + s/2`; 0 by default.
        axis: Integer, the axis over which the mean is taken; -1, the last one, by default.
        reduction: String or None, how the losses of a batch become one, as in Keras; their mean by default.
        name: String, the name of the loss; `binary_crossentropy` by default.
        dtype: String or dtype policy of the computation; by default that of Keras' floats.

    Raises:
        ValueError: If an argument is out of range, or shapes differ.

    Example:
        >>> loss = BinaryCrossentropy(from_logits=True)
        >>> round(float(loss([[1.0], [0.0]], [[-1000.0], [0.0]])), 4)
        500.3466
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_crossentropy",
        dtype=None,
    ):
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)

    def _smooth(self, y):
        return y * (1 - self.label_smoothing) + self.label_smoothing / 2

    def call(self, y_true, y_pred):
        y, p = self._pair(y_true, y_pred)
        if self.from_logits:
            values = ops.relu(p) - y * p + ops.log1p(ops.exp(-ops.abs(p)))
        else:  # 0 log 0 = 0
            values = -y * ops.log(ops.where(y > 0, p, 1)) - (1 - y) * ops.log1p(-ops.where(y < 1, p, 0))
        return ops.sum(values, axis=self.axis) / values.shape[self.axis]

    def gradient(self, y_true, y_pred):
        r"""The derivative of each example's loss with respect to `y_pred`: :math:`S(z) - y` for one logit.

        From probabilities it is :math:`(p - y)/(p(1-p))`. Where an example has n entries, both are divided by n.
        """
        y, p = self._pair(y_true, y_pred)
        slope = ops.sigmoid(p) - y if self.from_logits else (p - y) / (p * (1 - p))
        return slope / slope.shape[self.axis]


@keras.saving.register_keras_serializable("mathdl_keras", name="CategoricalCrossEntropy")
class CategoricalCrossentropy(_Crossentropy):
    r"""The cross entropy of one-hot labels and K probabilities (§3.7), from logits z or from p = softmax(z).

    .. math:: \ell = -\sum_k y_k \log p_k = \log \sum_k e^{z_k} - \sum_k y_k z_k, \qquad \nabla_z \ell = p - y

    as in `keras.losses.CategoricalCrossentropy`, but nothing is clipped or normalised.

    Args:
        from_logits: Boolean, whether predictions are logits; otherwise, and by default, probabilities.
        label_smoothing: Float s in [0, 1]: labels are taken as :math:`(1 - s)\,y_k + s/K`, whose sum is still 1; 0 by
            default. (Keras divides by the size of the last axis, whichever axis the classes are on.)
        axis: Integer, the axis of the classes; -1, the last one, by default.
        reduction: String or None, how the losses of a batch become one, as in Keras; their mean by default.
        name: String, the name of the loss; `categorical_crossentropy` by default.
        dtype: String or dtype policy of the computation; by default that of Keras' floats.

    Raises:
        ValueError: If an argument is out of range, or shapes differ.

    Example:
        >>> loss = CategoricalCrossentropy(from_logits=True)
        >>> round(float(loss([[0.0, 1.0, 0.0]], [[1.0, 1.0, 1.0]])), 4)  # log 3
        1.0986
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_crossentropy",
        dtype=None,
    ):
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)

    def _smooth(self, y):
        return y * (1 - self.label_smoothing) + self.label_smoothing / y.shape[self.axis]

    def call(self, y_true, y_pred):
        y, p = self._pair(y_true, y_pred)
        log_p = ops.log_softmax(p, axis=self.axis) if self.from_logits else ops.log(ops.where(y > 0, p, 1))
        return -ops.sum(y * log_p, axis=self.axis)

    def gradient(self, y_true, y_pred):
        r"""The derivative of each example's loss with respect to `y_pred`: :math:`p - y`, for labels of sum 1.

        From probabilities it is :math:`-y_k/p_k`.
        """
        y, p = self._pair(y_true, y_pred)
        return ops.softmax(p, axis=self.axis) - y if self.from_logits else -y / ops.where(y > 0, p, 1)


def reads_last_axis(loss):
    """The loss, if it is that of one example after the other: what a model trained by hand needs.

    Raises:
        ValueError: If the loss has another axis than the last.

    Example:
        >>> reads_last_axis(BinaryCrossentropy(axis=0))
        Traceback (most recent call last):
        ...
        ValueError: loss must have axis=-1, the axis of the outputs; received axis=0
    """
    if (axis := getattr(loss, "axis", -1)) != -1:
        raise ValueError(f"loss must have axis=-1, the axis of the outputs; received axis={axis}")
    return loss


def same_shape(y_true, y_pred):
    """Both as tensors of one dtype and shape; labels `(B,)` may meet predictions `(B, 1)`."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
        y_true = y_true[..., None]
    sizes = zip(y_true.shape, y_pred.shape, strict=False)
    if len(y_true.shape) != len(y_pred.shape) or any(a != b for a, b in sizes if None not in (a, b)):
        raise ValueError(
            f"y_true and y_pred must have one shape; received {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
        )
    return y_true, y_pred
