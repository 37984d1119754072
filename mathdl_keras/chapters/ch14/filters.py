r"""Detectors of a known signal as Keras layers (§14.2).

| layer | output |
| --- | --- |
| `MatchedFilter1D`, `MatchedFilter2D` | :math:`\langle s, x_t\rangle / \lVert s\rVert`, all t |
| `PearsonCorrelation1D`, `PearsonCorrelation2D` | Pearson's r of s and each window |
| `SignalDetector` | 1 where the largest of these exceeds a threshold, 0 elsewhere |

The template is known, so it is an argument and not a weight: these layers have nothing to train.
In half precision they compute in float32 and round the result.
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch14.detection import pearson_correlation, unit_norm
from mathdl_keras.chapters.ch14.sliding import check_window, sliding_correlation
from mathdl_keras.core.checks import ChecksData
from mathdl_keras.core.serial import RenamedArguments

__all__ = [
    "MatchedFilter1D",
    "MatchedFilter2D",
    "PearsonCorrelation1D",
    "PearsonCorrelation2D",
    "SignalDetector",
]


class _TemplateLayer(ChecksData, keras.layers.Layer):
    """A template that slides along a signal; subclasses say with what result."""

    axes = None

    def __init__(self, template, **kwargs):
        super().__init__(**kwargs)
        self.template = np.asarray(template, "float64")
        if self.template.ndim != self.axes or self.template.size == 0:
            raise ValueError(
                f"template must be an array with {self.axes} axes and at least one value; "
                f"received shape {self.template.shape}"
            )
        if not np.isfinite(self.template).all() or not self.template.any():
            raise ValueError("template must be finite and not all zero; received one that is not")

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs):
        half = self.compute_dtype in ("float16", "bfloat16")
        x = ops.cast(inputs, "float32") if half else inputs
        return ops.cast(self.slide(x), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        check_window(input_shape, self.template.shape)
        sizes = (
            None if size is None else size - n + 1
            for size, n in zip(input_shape[1:-1], self.template.shape, strict=True)
        )
        return (input_shape[0], *sizes, 1)

    def get_config(self):
        return super().get_config() | {"template": self.template.tolist()}


class _MatchedFilter(_TemplateLayer):
    def slide(self, x):
        return sliding_correlation(x, unit_norm(self.template))


class _PearsonCorrelation(RenamedArguments, _TemplateLayer):
    renamed_arguments = {"eps": "epsilon"}

    def __init__(self, template, epsilon=1e-6, **kwargs):
        super().__init__(template, **kwargs)
        if not 0 <= epsilon < 1:
            raise ValueError(f"epsilon must be in [0, 1); received epsilon={epsilon}")
        self.epsilon = epsilon

    def slide(self, x):
        return pearson_correlation(x, self.template, self.epsilon)

    def get_config(self):
        return super().get_config() | {"epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="mathdl_keras")
class MatchedFilter1D(_MatchedFilter):
    r"""The unit filter that best detects a known signal in white noise (§14.2).

    .. math:: y_t = \langle s, x_{t..t+n-1}\rangle / \lVert s\rVert

    Shapes: (B, T, 1) -> (B, T-n+1, 1).

    Args:
        template: Array or list of n numbers, the signal s.
        **kwargs: `name`, `dtype`.

    Example:
        >>> y = MatchedFilter1D([3.0, 4.0])(np.array([0.0, 3.0, 4.0]).reshape(1, 3, 1))
        >>> [round(float(v), 4) for v in y[0, :, 0]]
        [2.4, 5.0]
    """

    axes = 1


@keras.saving.register_keras_serializable(package="mathdl_keras")
class MatchedFilter2D(_MatchedFilter):
    r"""The matched filter for images (§14.2).

    .. math:: y_{ij} = \sum_{a,b} s_{ab}\, x_{i+a,\,j+b} \,/\, \lVert s\rVert

    Shapes: (B, H, W, 1) -> (B, H-h+1, W-w+1, 1).

    Args:
        template: Array (h, w), the patch s.
        **kwargs: `name`, `dtype`.

    Example:
        >>> y = MatchedFilter2D([[3.0, 4.0]])(np.array([[0.0, 3.0, 4.0]]).reshape(1, 1, 3, 1))
        >>> [round(float(v), 4) for v in y[0, 0, :, 0]]
        [2.4, 5.0]
    """

    axes = 2


@keras.saving.register_keras_serializable(package="mathdl_keras")
class PearsonCorrelation1D(_PearsonCorrelation):
    r"""Pearson's correlation of a known signal with each window (§14.2).

    .. math:: r_t = \frac{\langle s - \bar s,\, x_t - \bar x_t\rangle}
                         {\lVert s - \bar s\rVert\, \lVert x_t - \bar x_t\rVert} \in [-1, 1]

    It does not change with the signal's gain and offset. For a constant window, or a constant
    template, it is 0 by definition. Shapes: (B, T, 1) -> (B, T-n+1, 1).

    Args:
        template: Array or list of n numbers, the signal s.
        epsilon: Float in [0, 1). A window is constant when its standard deviation is at most `epsilon` times its whole
            signal's; 1e-6 by default.
        **kwargs: `name`, `dtype`.

    Example:
        >>> r = PearsonCorrelation1D([1.0, 3.0])(np.array([5.0, 5.0, 9.0]).reshape(1, 3, 1))
        >>> [round(float(v), 4) for v in r[0, :, 0]]
        [0.0, 1.0]
    """

    axes = 1


@keras.saving.register_keras_serializable(package="mathdl_keras")
class PearsonCorrelation2D(_PearsonCorrelation):
    r"""Pearson's correlation of a known patch with each window of an image (§14.2).

    As `PearsonCorrelation1D`, with the sums over the h x w pixels of a window.
    Shapes: (B, H, W, 1) -> (B, H-h+1, W-w+1, 1).

    Args:
        template: Array (h, w), the patch s.
        epsilon: Float in [0, 1). A window is constant when its standard deviation is at most `epsilon` times its whole
            image's; 1e-6 by default.
        **kwargs: `name`, `dtype`.

    Example:
        >>> r = PearsonCorrelation2D([[1.0, 3.0]])(np.array([[5.0, 5.0, 9.0]]).reshape(1, 1, 3, 1))
        >>> [round(float(v), 4) for v in r[0, 0, :, 0]]
        [0.0, 1.0]
    """

    axes = 2


@keras.saving.register_keras_serializable(package="mathdl_keras")
class SignalDetector(ChecksData, keras.layers.Layer):
    r"""Is the signal there, and where? (§14.2)

    .. math:: \mathbf 1\big[\max_t y_t > \tau\big], \qquad \hat t = \arg\max_t y_t

    with y the output of a filter layer. Shapes: (B, T, 1) or (B, H, W, 1) -> (B, 1), zeros and
    ones.

    Args:
        layer: Keras layer with one output channel, the filter, such as `PearsonCorrelation1D`.
        threshold: Float, the level τ.
        **kwargs: `name`, `dtype`.

    Example:
        >>> detect = SignalDetector(PearsonCorrelation1D([1.0, 3.0, 2.0]), threshold=0.9)
        >>> x = np.array([0.0, 0.0, 1.0, 3.0, 2.0]).reshape(1, 5, 1)
        >>> float(detect(x)[0, 0]), int(detect.locate(x)[0, 0])
        (1.0, 2)
    """

    def __init__(self, layer, threshold, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, keras.layers.Layer):
            raise ValueError(f"layer must be a Keras layer; received layer={layer!r}")
        if not math.isfinite(threshold):
            raise ValueError(f"threshold must be finite; received threshold={threshold}")
        self.layer = layer
        self.threshold = float(threshold)

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs):
        return ops.cast(self.score(inputs) > self.threshold, self.compute_dtype)

    def score(self, x):
        """The largest filter output, (B, 1)."""
        return ops.max(self._places(self.layer(x)), axis=1, keepdims=True)

    def locate(self, x):
        """Where it is: integers, (B, 1) for signals, (B, 2) for images (row, column)."""
        y = self.layer(x)
        best = ops.argmax(self._places(y), axis=1)
        if len(y.shape) == 3:
            return best[:, None]
        return ops.stack([best // y.shape[2], best % y.shape[2]], axis=1)

    def compute_output_shape(self, input_shape):
        if self.layer.compute_output_shape(input_shape)[-1] != 1:
            raise ValueError(
                f"layer must have one output channel; received {self.layer.name} with "
                f"{self.layer.compute_output_shape(input_shape)[-1]}"
            )
        return (input_shape[0], 1)

    def get_config(self):
        layer = keras.saving.serialize_keras_object(self.layer)
        return super().get_config() | {"layer": layer, "threshold": self.threshold}

    @classmethod
    def from_config(cls, config):
        layer = keras.saving.deserialize_keras_object(config["layer"])
        return super().from_config({**config, "layer": layer})

    def _places(self, y):
        return ops.reshape(y, (ops.shape(y)[0], -1))
