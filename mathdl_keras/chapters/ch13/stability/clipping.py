r"""Clipping of gradients that explode (§13.5 and §13.6)."""

from keras import ops

__all__ = ["ClipGradientNorm"]


class ClipGradientNorm:
    r"""Shortens gradients that are too long; their direction stays (§13.6).

    .. math:: g \leftarrow g \min\Big(1, \frac{c}{\|g\|_2}\Big)

    A function of a list of gradients, such as those of backpropagation through time by hand. Keras optimizers do the
    same to theirs, under the same two names: `Adam(clipnorm=1.0)`, `Adam(global_clipnorm=1.0)`. With `global_clipnorm`
    the update is along the gradient of the loss; with `clipnorm`, which shortens some of its parts, it is not.
    `None`, the gradient of a variable that plays no part, stays `None`.

    Args:
        clipnorm: Float c > 0, the largest norm of each gradient; none by default.
        global_clipnorm: Float c > 0, the largest norm of all of them as one vector; none by default.

    Raises:
        ValueError: If not one of the two is given, or it is not positive.

    Example:
        >>> gradients = [ops.array([3.0, 0.0]), ops.array([[4.0]])]
        >>> [[ops.convert_to_numpy(g).ravel().round(4).tolist() for g in clip(gradients)]
        ...  for clip in (ClipGradientNorm(global_clipnorm=2.5), ClipGradientNorm(clipnorm=3.5))]
        [[[1.5, 0.0], [2.0]], [[3.0, 0.0], [3.5]]]
    """

    def __init__(self, clipnorm=None, global_clipnorm=None):
        given = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm}
        if (clipnorm is None) == (global_clipnorm is None):
            raise ValueError(f"one of clipnorm and global_clipnorm must be given; received {given}")
        for name, value in given.items():
            if value is not None and (not isinstance(value, int | float) or not 0 < value < float("inf")):
                raise ValueError(f"{name} must be positive and finite; received {name}={value!r}")
        self.clipnorm, self.global_clipnorm = clipnorm, global_clipnorm

    def __call__(self, gradients):
        squares = [None if g is None else ops.sum(ops.square(g)) for g in gradients]
        if self.clipnorm is not None:
            pairs = zip(gradients, squares, strict=True)
            return [g if g is None else g * _factor(self.clipnorm, square) for g, square in pairs]
        factor = _factor(self.global_clipnorm, sum(square for square in squares if square is not None))
        return [g if g is None else g * factor for g in gradients]


def _factor(c, square):
    """c/|g| where that is below 1."""
    return ops.rsqrt(ops.where(square > c * c, square / (c * c), ops.ones_like(square)))
