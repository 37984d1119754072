r"""Cross entropies and their derivatives, accurate in both tails (§3.2 and §3.7).

With the logistic function :math:`S(z) = 1/(1 + e^{-z})` the loss of a label is
:math:`-\log S(z) = \log(1 + e^{-z})` for y = 1 and :math:`-\log(1 - S(z)) = \log(1 + e^z)` for y = 0. Computed from a
probability, both fail where S(z) has been rounded to 0 or 1, and a clipped probability caps the loss (at
:math:`-\log 10^{-7} = 16.1`, say). Computed from the logit z they are right to the last digits for every z:

.. math:: \ell = \max(z, 0) - yz + \log(1 + e^{-|z|}), \qquad \frac{d\ell}{dz} = S(z) - y.
"""

import keras
from keras import ops

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy"]


@keras.saving.register_keras_serializable("mathdl_keras", name="BinaryCrossEntropy")
class BinaryCrossentropy(keras.losses.Loss):
    r"""The cross entropy of a label and a probability (§3.2), from the logit z or from p = S(z).

    .. math:: \ell = -y \log p - (1 - y) \log(1 - p) = \max(z, 0) - yz + \log(1 + e^{-|z|})

    The mean over the last axis, as in `keras.losses.BinaryCrossentropy`. Nothing is clipped: from logits no digit is
    lost in the tails; a probability that was rounded to 0 or 1 costs an infinite loss if the label is the other one, so
    train from logits where you can.

    Args:
        from_logits: Boolean, whether predictions are logits; False by default: they are probabilities.
        reduction: String or `None`, the reduction over the batch, as in `keras.losses.Loss`; the mean by default.
        name: String, the name.
        dtype: String, the dtype of the computation; `None`, the default, for `keras.config.floatx()`.

    Example:
        >>> loss = BinaryCrossentropy(from_logits=True)
        >>> round(float(loss([[1.0], [0.0]], [[-1000.0], [0.0]])), 4)
        500.3466
    """

    def __init__(self, from_logits=False, reduction="sum_over_batch_size", name="binary_cross_entropy", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        y, p = same_shape(y_true, y_pred)
        if self.from_logits:
            values = ops.relu(p) - y * p + ops.log1p(ops.exp(-ops.abs(p)))
        else:  # 0 log 0 = 0
            values = -y * ops.log(ops.where(y > 0, p, 1)) - (1 - y) * ops.log1p(-ops.where(y < 1, p, 0))
        return ops.sum(values, axis=-1) / values.shape[-1]

    def gradient(self, y_true, y_pred):
        r"""The derivative of each example's loss with respect to `y_pred`: :math:`S(z) - y` for one logit.

        From probabilities it is :math:`(p - y)/(p(1-p))`. Where an example has n entries, both are divided by n.
        """
        y, p = same_shape(y_true, y_pred)
        slope = ops.sigmoid(p) - y if self.from_logits else (p - y) / (p * (1 - p))
        return slope / slope.shape[-1]

    def get_config(self):
        return super().get_config() | {"from_logits": self.from_logits}


@keras.saving.register_keras_serializable("mathdl_keras", name="CategoricalCrossEntropy")
class CategoricalCrossentropy(keras.losses.Loss):
    r"""The cross entropy of one-hot labels and K probabilities (§3.7), from logits z or from p = softmax(z).

    .. math:: \ell = -\sum_k y_k \log p_k = \log \sum_k e^{z_k} - \sum_k y_k z_k, \qquad \nabla_z \ell = p - y

    as in `keras.losses.CategoricalCrossentropy`, but nothing is clipped or normalised.

    Args:
        from_logits: Boolean, whether predictions are logits; False by default: they are probabilities.
        reduction: String or `None`, the reduction over the batch, as in `keras.losses.Loss`; the mean by default.
        name: String, the name.
        dtype: String, the dtype of the computation; `None`, the default, for `keras.config.floatx()`.

    Example:
        >>> loss = CategoricalCrossentropy(from_logits=True)
        >>> round(float(loss([[0.0, 1.0, 0.0]], [[1.0, 1.0, 1.0]])), 4)  # log 3
        1.0986
    """

    def __init__(
        self, from_logits=False, reduction="sum_over_batch_size", name="categorical_cross_entropy", dtype=None
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        y, p = same_shape(y_true, y_pred)
        log_p = ops.log_softmax(p) if self.from_logits else ops.log(ops.where(y > 0, p, 1))
        return -ops.sum(y * log_p, axis=-1)

    def gradient(self, y_true, y_pred):
        r"""The derivative of each example's loss with respect to `y_pred`: :math:`p - y`, for labels of sum 1.

        From probabilities it is :math:`-y_k/p_k`.
        """
        y, p = same_shape(y_true, y_pred)
        return ops.softmax(p) - y if self.from_logits else -y / ops.where(y > 0, p, 1)

    def get_config(self):
        return super().get_config() | {"from_logits": self.from_logits}


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
