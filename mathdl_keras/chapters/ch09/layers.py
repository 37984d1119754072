r"""Dropout as a Keras layer with its backward pass (§9.3 to §9.5)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import cost_of, free_cost
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["Dropout"]

MODES = ("inverted", "standard")


@keras.saving.register_keras_serializable("mathdl_keras")
class Dropout(ExplicitLayer):
    r"""Dropout: in training each entry is zero with probability `rate` (§9.3).

    With :math:`\xi` a mask of independent Bernoulli variables of mean p, the keep probability, :math:`p = 1 -` `rate`:

    | | training | inference | backward |
    | --- | --- | --- | --- |
    | `inverted` | :math:`x \odot \xi / p` | :math:`x` | :math:`dx = dy \odot \xi / p` |
    | `standard` | :math:`x \odot \xi` | :math:`p\,x` | :math:`dx = dy \odot \xi` |

    The means agree: inverted dropout has mean x and variance :math:`x^2 (1-p)/p`. It is what `keras.layers.Dropout`
    computes, with the same arguments; standard dropout is the original one, which scales at inference.

    Any shape -> the same shape.

    Args:
        rate: Float in [0, 1), the probability of a zero.
        noise_shape: Tuple of integers, the shape of the mask: 1 where it is shared along an axis, `None` for the axis'
            size; the inputs' shape by default.
        seed: Integer, seed of the random masks.
        mode: `"inverted"`, the default, or `"standard"`.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the rate is not in [0, 1), or the mode is unknown.

    Example:
        >>> layer = Dropout(0.5)
        >>> y, factor = layer.forward_pass(ops.array([1.0, 2.0, 3.0]), training=True, mask=ops.array([1.0, 0.0, 1.0]))
        >>> [ops.convert_to_numpy(v).tolist() for v in (y, layer.backward_pass(ops.ones(3), factor)[0])]
        [[2.0, 0.0, 6.0], [2.0, 0.0, 2.0]]
        >>> ops.convert_to_numpy(layer(ops.array([1.0, 2.0, 3.0]))).tolist()
        [1.0, 2.0, 3.0]
    """

    def __init__(self, rate, noise_shape=None, seed=None, mode="inverted", **kwargs):
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            raise ValueError(f"rate must be in [0, 1); received rate={rate!r}")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}; received mode={mode!r}")
        self.rate, self.seed, self.mode = float(rate), seed, mode
        self.noise_shape = _shape(noise_shape)
        self.seed_generator = keras.random.SeedGenerator(seed) if rate else None
        self.supports_masking = True
        self.built = True

    def call(self, inputs, training=False):
        # drawn here, not in the pass: PyTorch runs that again for a second derivative
        factor = self.factor(inputs) if training and self.rate else None
        return self.by_hand(inputs, training=training, factor=factor)

    def forward_pass(self, x, training=False, mask=None, factor=None):
        r"""`(y, factor)`: :math:`y = x \odot` factor, which is all that `backward_pass` needs.

        Args:
            x: Tensor of any shape.
            training: Boolean, whether to drop.
            mask: Tensor of zeros and ones, shaped like `x`; by default they are drawn.
            factor: Tensor like `x`, what a mask becomes, where it is known.
        """
        x = self.read(x)
        drops = training and (self.rate or mask is not None)
        if factor is None:
            factor = self.factor(x, mask) if drops else self.scale
        return (x if isinstance(factor, float) and factor == 1 else x * factor), factor

    def backward_pass(self, dy, factor):
        r""":math:`dx = dy \odot` factor; there are no weights."""
        return dy * factor, ()

    @property
    def scale(self):
        """What inference multiplies by: 1, or p in standard mode."""
        return 1.0 - self.rate if self.mode == "standard" else 1.0

    def factor(self, x, mask=None):
        r""":math:`\xi / p`, or :math:`\xi` in standard mode, for a given or a new mask."""
        if mask is not None:
            return ops.cast(mask, x.dtype) * (1 if self.mode == "standard" else 1 / (1 - self.rate))
        factor = keras.random.dropout(ops.ones_like(x), self.rate, self.noise_shape, self.seed_generator)
        return factor if self.mode == "inverted" else ops.cast(factor > 0, x.dtype)

    def get_config(self):
        names = ("rate", "noise_shape", "seed", "mode")
        return super().get_config() | {name: getattr(self, name) for name in names}


def _shape(noise_shape):
    if noise_shape is None:
        return None
    if isinstance(noise_shape, list | tuple) and all(n is None or (isinstance(n, int) and n > 0) for n in noise_shape):
        return tuple(noise_shape)
    raise ValueError(f"noise_shape must be a tuple of positive integers or None; received noise_shape={noise_shape!r}")


cost_of.register(Dropout, free_cost)
