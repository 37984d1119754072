"""Features that are drawn once and never trained (§1.6)."""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import ChecksData
from mathdl_keras.core.linalg import cos, dot

__all__ = ["RandomFeatures"]

ACTIVATIONS = ("relu", "fourier")


@keras.saving.register_keras_serializable("mathdl_keras")
class RandomFeatures(ChecksData, keras.layers.Layer):
    r"""A hidden layer with random, frozen weights: the model class in which double descent is seen (§1.6).

    .. math:: \varphi(x) = \frac{1}{\sqrt N}\,\sigma(xW + b), \qquad W_{ij} \sim N(0, s^2)

    With `relu`, :math:`b_j \sim N(0, s_b^2)`; with `fourier`, :math:`\sigma = \sqrt2\cos` and :math:`b_j \sim U(0,
    2\pi)`. The mean of :math:`\langle\varphi(x), \varphi(z)\rangle` is then a kernel, to which it tends as N grows
    (§4.5). The first n units of a wider layer with the same seed have the same weights.

    `(..., inputs) -> (..., units)`.

    Args:
        units: Integer, the number N of features.
        activation: String, `relu` (the default) or `fourier`.
        scale: Float, s; 1 by default.
        bias_scale: Float, :math:`s_b`, of `relu` features; 0 by default, and `fourier` ignores it.
        seed: Integer, seed of NumPy's generator, so that the weights are the same on every backend; 0 by default.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> RandomFeatures(100, "fourier", scale=0.5)(ops.zeros((2, 3))).shape[1]
        100
    """

    def __init__(self, units, activation="relu", scale=1.0, bias_scale=0.0, seed=0, **kwargs):
        kwargs.setdefault("trainable", False)
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be an integer >= 1; received units={units!r}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; received {activation!r}")
        if not (scale > 0 and bias_scale >= 0):
            raise ValueError(f"scale must be > 0 and bias_scale >= 0; received {scale} and {bias_scale}")
        self.units, self.activation, self.seed = units, activation, seed
        self.scale, self.bias_scale = scale, bias_scale
        self.input_spec = keras.InputSpec(min_ndim=2)

    def build(self, input_shape):
        rng_W, rng_b = (np.random.default_rng([self.seed, stream]) for stream in (0, 1))
        W = self.scale * rng_W.standard_normal((self.units, input_shape[-1])).T
        if self.activation == "relu":
            b = self.bias_scale * rng_b.standard_normal(self.units)
        else:
            b = rng_b.uniform(0, 2 * np.pi, self.units)
        self.W, self.b = self._frozen(W, "W"), self._frozen(b, "b")

    def _frozen(self, values, name):
        def drawn(shape, dtype):
            return ops.convert_to_tensor(values.astype(dtype))

        return self.add_weight(shape=values.shape, initializer=drawn, trainable=False, name=name)

    def call(self, x):
        z = dot(x, ops.cast(self.W, self.compute_dtype)) + ops.cast(self.b, self.compute_dtype)
        h = ops.relu(z) if self.activation == "relu" else math.sqrt(2) * cos(z)
        return h / math.sqrt(self.units)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        names = ("units", "activation", "scale", "bias_scale", "seed")
        return super().get_config() | {name: getattr(self, name) for name in names}
