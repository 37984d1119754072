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
        axis: Integer, the axis of the features, -1 by default; or a tuple of several, each of whose combinations has a
            mean of its own; or None, for one mean of all numbers.
        mean: Float or array, :math:`\mu` where it is known, of a shape that broadcasts to that of the features; None,
            the default, leaves it to `adapt`. It comes with the variance.
        variance: Float or array, :math:`s^2` where it is known, shaped like the mean; of zero, s is Keras' epsilon.
        invert: Boolean, whether to go the other way, :math:`x = \mu + s z`; False by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If `axis` is no axis of the input, or mean and variance do not fit it or each other.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[1.0, 5.0], [3.0, 5.0]]))
        >>> [[float(v) for v in row] for row in layer(np.array([[1.0, 5.0], [4.0, 5.0]]))]
        [[-1.0, 0.0], [2.0, 0.0]]
        >>> float(Normalization(mean=3.0, variance=4.0, invert=True)(np.array([[0.5]]))[0, 0])
        4.0
    """

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **kwargs):
        super().__init__(**kwargs)
        self.axis, self._axes = axis, _axes(axis)
        self.input_mean, self.input_variance = _moments(mean, variance, len(self._axes))
        self.invert = bool(invert)
        self.supports_masking = True

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        rank = len(input_shape)
        self._kept = tuple(sorted(a % rank for a in self._axes))
        self._broadcast = tuple(size if a in self._kept else 1 for a, size in enumerate(input_shape))
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={a: input_shape[a] for a in self._kept})
        shape = tuple(input_shape[a] for a in self._kept)
        if self.input_mean is None:
            self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
            self.scale = self.add_weight(shape=shape, initializer="ones", trainable=False, name="scale")
        else:
            scale = np.maximum(np.sqrt(self.input_variance), keras.config.epsilon())
            self.mean, self.scale = (_broadcast(v, shape) for v in (self.input_mean, scale))
        self.built = True

    def adapt(self, data):
        """Finds mean and standard deviation of each feature, in float64.

        Args:
            data: Array `(rows, ..., features)`.

        Raises:
            ValueError: If it is empty or not finite, or the layer was made with a mean.
        """
        if self.input_mean is not None:
            raise ValueError(f"mean must be None, for adapt to find it; received mean={self.input_mean.tolist()}")
        data = np.asarray(ops.convert_to_numpy(data), "float64")
        check_data(data, "data")
        if not self.built:
            self.build((len(data) if 0 in self._axes else None, *data.shape[1:]))
        last = range(data.ndim - len(self._kept), data.ndim)
        columns = np.moveaxis(data, self._kept, last).reshape(-1, *(data.shape[a] for a in self._kept))
        constant = np.ptp(columns, axis=0) == 0
        self.mean.assign(np.where(constant, columns[0], columns.mean(axis=0)))
        self.scale.assign(np.where(constant, 1, columns.std(axis=0)))

    def call(self, inputs):
        mean, scale = (
            ops.reshape(ops.convert_to_tensor(v, dtype=inputs.dtype), self._broadcast) for v in (self.mean, self.scale)
        )
        return mean + inputs * scale if self.invert else (inputs - mean) / scale

    def unscale(self, w, b):
        r"""The weights that act on raw features as w and b act on standardised ones (§3.5).

        .. math:: w_{\mathrm{raw}} = w / s, \qquad b_{\mathrm{raw}} = b - \sum_j w_j \mu_j / s_j

        Args:
            w: Weights `(features,)` or `(features, targets)`.
            b: Biases, a number or `(targets,)`.

        Returns:
            `(w_raw, b_raw)`, NumPy arrays in float64.
        """
        w, b, mean, scale = (np.asarray(ops.convert_to_numpy(v), "float64") for v in (w, b, self.mean, self.scale))
        if mean.ndim != 1:
            raise ValueError(f"axis must be one axis, that of the features, to unscale; received axis={self.axis!r}")
        if w.ndim not in (1, 2) or len(w) != len(mean):
            raise ValueError(f"w must have {len(mean)} rows, one for each feature; received shape {w.shape}")
        w_raw = (w.T / scale).T
        return w_raw, b - mean @ w_raw

    def compute_output_shape(self, input_shape):
        rank = len(input_shape)
        if any(not -rank < a < rank or input_shape[a] is None for a in self._axes):  # the batch is 0, and not -rank
            raise ValueError(
                f"axis must be an axis of x, of known size, or a tuple of them; "
                f"received axis={self.axis} for shape {tuple(input_shape)}"
            )
        return input_shape

    def get_config(self):
        given = (None if v is None else v.tolist() for v in (self.input_mean, self.input_variance))
        config = dict(zip(("mean", "variance"), given, strict=True))
        return super().get_config() | {"axis": self.axis, "invert": self.invert} | config


def _axes(axis):
    """The axes as a tuple."""
    axes = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis) if np.ndim(axis) else (axis,)
    if any(isinstance(a, bool) or not isinstance(a, int) for a in axes):
        raise ValueError(f"axis must be an integer, a tuple of integers, or None; received axis={axis!r}")
    return axes


def _moments(mean, variance, axes):
    """Mean and variance as arrays, or two times None."""
    if mean is None and variance is None:
        return None, None
    if mean is None or variance is None:
        raise ValueError(f"mean and variance must both be given; received mean={mean} and variance={variance}")
    mean, variance = (np.asarray(ops.convert_to_numpy(v), "float64") for v in (mean, variance))
    if mean.shape != variance.shape or mean.ndim > axes:
        raise ValueError(
            f"mean and variance must have one shape, of as many axes as axis at most, {axes}; "
            f"received {mean.shape} and {variance.shape}"
        )
    if not np.all(variance >= 0):
        raise ValueError(f"variance must be >= 0; received variance={variance.tolist()}")
    return mean, variance


def _broadcast(value, shape):
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(f"mean must have shape {shape}, that of the features; received {value.shape}") from None


@keras.saving.register_keras_serializable("mathdl_keras")
class Softmax(ChecksData, keras.layers.Layer):
    r"""The softmax, and its Jacobian (§3.7).

    .. math:: p_k = \frac{e^{z_k}}{\sum_l e^{z_l}}, \qquad
        J = \frac{\partial p}{\partial z} = \mathrm{diag}(p) - p\,p^\top

    The largest logit is subtracted first, which changes nothing (:math:`J \cdot 1 = 0`) and overflows never. A
    drop-in for `keras.layers.Softmax` without masks.

    Args:
        axis: The axis of the classes.
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
            z: Logits `(..., K)`.

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
