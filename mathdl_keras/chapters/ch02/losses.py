"""The squared error as a Keras loss, with its derivative written out (§2.2)."""

import keras
from keras import ops

__all__ = ["MeanSquaredError"]


@keras.saving.register_keras_serializable("mathdl_keras", name="SquaredLoss")
class MeanSquaredError(keras.losses.Loss):
    r"""The squared error :math:`\ell_y(m) = c\,\frac1K\sum_k (y_k - m_k)^2` of a sample with K targets (§2.2).

    With scale c = 1 it is Keras' `MeanSquaredError`; with c = 1/2 its derivative is :math:`-(y - m)`, as in the book
    (chapter 6). The factor matters: it halves the Hessian, and so doubles the learning rate at which descent breaks.

    `(batch, K), (batch, K) -> scalar`; a target of shape `(batch,)` meets predictions `(batch, 1)` row by row, and does
    not spread to all pairs.

    Args:
        reduction: String or None, how the losses of a batch become one, as in Keras; their mean by default.
        name: String, the name of the loss; `mean_squared_error` by default.
        dtype: String or dtype policy of the computation; by default that of Keras' floats.
        scale: Positive float, the factor c; 1 by default.

    Raises:
        ValueError: If the scale is not positive and finite, or shapes differ.

    Example:
        >>> y, m = ops.array([[1.0], [2.0]]), ops.array([[1.0], [4.0]])
        >>> float(MeanSquaredError()(y, m)), float(MeanSquaredError(scale=0.5)(y, m))
        (2.0, 1.0)
        >>> float(MeanSquaredError(scale=0.5).gradient(y, m)[1, 0])
        2.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_error", dtype=None, scale=1.0):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale must be positive and finite; received scale={scale}")
        self.scale = float(scale)

    def call(self, y_true, y_pred):
        residual = self._residual(y_true, y_pred)
        return (self.scale / _targets(residual)) * ops.sum(ops.square(residual), axis=-1)

    def gradient(self, y_true, y_pred):
        r""":math:`\partial\ell/\partial m = -\frac{2c}{K}(y - m)` of each sample's loss, shaped like `y_pred`."""
        return (-2 * self.scale / _targets(y_pred)) * self._residual(y_true, y_pred)

    def _residual(self, y_true, y_pred):
        """y - m."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
        if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
            y_true = y_true[..., None]
        if len(y_true.shape) != len(y_pred.shape) or y_true.shape[1:] != y_pred.shape[1:]:
            raise ValueError(
                f"y_true and y_pred must have one shape; received {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
            )
        return y_true - y_pred

    def get_config(self):
        return super().get_config() | {"scale": self.scale}


def _targets(y):
    return y.shape[-1] if len(y.shape) > 1 else 1
