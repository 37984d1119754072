r"""Layers of chapter 3: features in standard units, and the softmax with its Jacobian (§3.5 and §3.7)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import ChecksData, check_data

__all__ = ["Softmax", "Normalization"]


@keras.saving.register_keras_serializable("mathdl_keras", name="Standardize")
class Normalization(ChecksData, keras.layers.Layer):
    r"""Features in units of their standard deviation, around their mean (§3.5).

    .. math:: z = (x - \mu)/s

    with :math:`\mu` and s (the root of the mean square deviation, as in `keras.layers.Normalization`) found by `adapt`,
    and the way back for weights: :math:`w^\top z + b = w_{\mathrm{raw}}^\top x + b_{\mathrm{raw}}`, in `unscale`. A
    constant feature has s = 1, and becomes 0. Before `adapt` the layer changes nothing.

    `(batch, ..., features) -> (batch, ..., features)`.

    Args:
        axis: Integer, the axis of the features; -1, the last one, by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If `axis` is the batch, or no axis of the input.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[1.0, 5.0], [3.0, 5.0]]))
        >>> [[float(v) for v in row] for row in layer(np.array([[1.0, 5.0], [4.0, 5.0]]))]
        [[-1.0, 0.0], [2.0, 0.0]]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(axis, int) or axis == 0:
            raise ValueError(f"axis must be an integer, not 0, the batch; received axis={axis!r}")
        self.axis = axis

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        rank, features = len(input_shape), input_shape[self.axis]
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={self.axis: features})
        self.mean = self.add_weight(shape=(features,), initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=(features,), initializer="ones", trainable=False, name="scale")
        self.built = True

    def adapt(self, data):
        """Finds mean and standard deviation of each feature, in float64.

        Args:
            data: Array `(rows, ..., features)`.

        Raises:
            ValueError: If it is empty or not finite.
        """
        data = np.asarray(ops.convert_to_numpy(data), "float64")
        check_data(data, "data")
        if not self.built:
            self.build((None, *data.shape[1:]))
        columns = np.moveaxis(data, self.axis, -1).reshape(-1, data.shape[self.axis])
        constant = np.ptp(columns, axis=0) == 0
        self.mean.assign(np.where(constant, columns[0], columns.mean(axis=0)))
        self.scale.assign(np.where(constant, 1, columns.std(axis=0)))

    def call(self, inputs):
        shape = [1] * len(inputs.shape)
        shape[self.axis] = -1
        mean, scale = (ops.reshape(ops.cast(v, inputs.dtype), shape) for v in (self.mean, self.scale))
        return (inputs - mean) / scale

    def unscale(self, w, b):
        r"""The weights that act on raw features as w and b act on standardised ones (§3.5).

        .. math:: w_{\mathrm{raw}} = w / s, \qquad b_{\mathrm{raw}} = b - \sum_j w_j \mu_j / s_j

        Args:
            w: Array `(features,)` or `(features, targets)`, weights.
            b: Number or array `(targets,)`, biases.

        Returns:
            `(w_raw, b_raw)`, NumPy arrays in float64.
        """
        w, b, mean, scale = (np.asarray(ops.convert_to_numpy(v), "float64") for v in (w, b, self.mean, self.scale))
        if w.ndim not in (1, 2) or len(w) != len(mean):
            raise ValueError(f"w must have {len(mean)} rows, one for each feature; received shape {w.shape}")
        w_raw = (w.T / scale).T
        return w_raw, b - mean @ w_raw

    def compute_output_shape(self, input_shape):
        rank = len(input_shape)
        if not -rank < self.axis < rank or input_shape[self.axis] is None:
            raise ValueError(
                f"axis must be an axis of x, of known size, not the batch; "
                f"received axis={self.axis} for shape {tuple(input_shape)}"
            )
        return input_shape

    def get_config(self):
        return super().get_config() | {"axis": self.axis}


@keras.saving.register_keras_serializable("mathdl_keras")
class Softmax(ChecksData, keras.layers.Layer):
    r"""The softmax, and its Jacobian (§3.7).

    .. math:: p_k = \frac{e^{z_k}}{\sum_l e^{z_l}}, \qquad
        J = \frac{\partial p}{\partial z} = \mathrm{diag}(p) - p\,p^\top

    The largest logit is subtracted first, which changes nothing (:math:`J \cdot 1 = 0`) and overflows never. A
    drop-in for `keras.layers.Softmax` without masks.

    Args:
        axis: Integer, the axis of the classes; -1, the last one, by default.
        **kwargs: `name`, `dtype`.

    Example:
        >>> layer = Softmax()
        >>> [round(float(p), 4) for p in layer(np.array([[1000.0, 1000.0 - np.log(3)]]))[0]]
        [0.75, 0.25]
        >>> float(layer.jacobian(np.array([0.0, 0.0]))[0, 1])
        -0.25
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(axis, int):
            raise ValueError(f"axis must be an integer; received axis={axis!r}")
        self.axis = axis
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs):
        e = ops.exp(inputs - ops.max(inputs, axis=self.axis, keepdims=True))
        return e / ops.sum(e, axis=self.axis, keepdims=True)

    def jacobian(self, z):
        r"""The matrices :math:`\mathrm{diag}(p) - p\,p^\top`.

        Args:
            z: Tensor `(..., K)`, logits.

        Returns:
            Tensor `(..., K, K)`.
        """
        z = ops.convert_to_tensor(z)
        p = ops.softmax(z, axis=-1)
        identity = ops.convert_to_tensor(np.eye(z.shape[-1]), dtype=p.dtype)
        return p[..., :, None] * identity - p[..., :, None] * p[..., None, :]

    def compute_output_shape(self, input_shape):
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ValueError(f"axis must be an axis of x; received axis={self.axis} for shape {tuple(input_shape)}")
        return input_shape

    def get_config(self):
        return super().get_config() | {"axis": self.axis}
