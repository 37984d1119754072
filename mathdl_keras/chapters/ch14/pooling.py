r"""Max pooling by hand: the maximum of each window, and its derivative (§14.4).

.. math::
    Z_{ij} = \max_{a,b} X_{si+a,\,sj+b}, \qquad
    \partial X_{yx} = \sum_{i,j} \delta_{ij}\, \mathbf 1[(y, x) \text{ won window } (i, j)]

Channels do not mix. Where entries of a window are equal the maximum has no derivative; here the
first of them, row by row from the top left, takes it all, as in TensorFlow, JAX and PyTorch.
"""

import math

from keras import ops

from mathdl_keras.chapters.ch14.convolution import crop, images, pad, taps
from mathdl_keras.chapters.ch14.geometry import output_sizes, pad_amounts, pair

__all__ = ["max_pool2d_backward", "max_pool2d_forward"]


def max_pool2d_forward(x, pool_size=2, strides=None, padding="valid"):
    r"""The maximum of each window, and which entry it was (§14.4).

    .. math:: Z_{ij} = \max_{a,b} X_{si+a,\,sj+b}

    Padding counts as minus infinity. Of equal entries the first wins, row by row from the top left.
    A NaN in a window makes its maximum NaN.

    Args:
        x: Images (B, H, W, C).
        pool_size: Window, an integer or a pair.
        strides: Step, an integer or a pair; None for the pool size (windows that do not overlap).
        padding: `"valid"`, `"same"`, an integer or a pair.

    Returns:
        `(Z, winner)`: the maxima (B, H', W', C), and integers of the same shape that number the
        window's entries row by row from zero.

    Example:
        >>> x = ops.reshape(ops.convert_to_tensor([1.0, 3.0, 3.0, 2.0]), (1, 2, 2, 1))
        >>> Z, winner = max_pool2d_forward(x)
        >>> float(Z[0, 0, 0, 0]), int(winner[0, 0, 0, 0])
        (3.0, 1)
    """
    x, strides = images(x, "x"), pool_size if strides is None else strides
    sizes = output_sizes(x.shape[1:3], pool_size, strides, padding)
    padded = pad(x, pad_amounts(x.shape[1:3], pool_size, strides, padding), -math.inf)
    Z, *others = taps(padded, pool_size, strides, sizes)
    winner = ops.zeros_like(Z, dtype="int32")
    for t, entry in enumerate(others, start=1):
        better = ops.logical_or(entry > Z, ops.isnan(entry))
        Z, winner = ops.where(better, entry, Z), ops.where(better, t, winner)
    return Z, winner


def max_pool2d_backward(delta, winner, sizes, pool_size=2, strides=None, padding="valid"):
    r"""The derivative of `max_pool2d_forward`: δ goes back to the entry that won (§14.4).

    .. math::
        \partial X_{yx} = \sum_{i,j} \delta_{ij}\, \mathbf 1[(y, x) \text{ won window } (i, j)]

    Args:
        delta: Derivative (B, H', W', C) of the loss with respect to the maxima.
        winner: Which entry won, from the forward pass.
        sizes: Height and width (H, W) of the images that went in.
        pool_size: As in the forward pass.
        strides: As in the forward pass.
        padding: As in the forward pass.

    Returns:
        A tensor (B, H, W, C).

    Example:
        >>> x = ops.reshape(ops.convert_to_tensor([1.0, 3.0, 3.0, 2.0]), (1, 2, 2, 1))
        >>> _, winner = max_pool2d_forward(x)
        >>> dx = max_pool2d_backward(ops.ones((1, 1, 1, 1)), winner, (2, 2))
        >>> [float(v) for v in ops.reshape(dx, (-1,))]
        [0.0, 1.0, 0.0, 0.0]
    """
    delta, strides = images(delta, "delta"), pool_size if strides is None else strides
    (kh, kw), (sh, sw) = pair(pool_size, "pool_size"), pair(strides, "strides")
    pads = pad_amounts(sizes, pool_size, strides, padding)
    height, width = (size + sum(pad) for size, pad in zip(sizes, pads, strict=True))
    dx = 0
    for t in range(kh * kw):
        sent = _spread(ops.where(ops.equal(winner, t), delta, ops.zeros_like(delta)), (sh, sw))
        dx = dx + _place(sent, divmod(t, kw), (height, width))
    return crop(dx, pads, sizes)


def _spread(y, strides):
    """Zeros between the pixels: y_{ij} moves to (s i, s j)."""
    (sh, sw), (_, rows, columns, channels) = strides, y.shape
    y = ops.reshape(y, (-1, rows, 1, columns, 1, channels))
    y = ops.pad(y, ((0, 0), (0, 0), (0, sh - 1), (0, 0), (0, sw - 1), (0, 0)))
    y = ops.reshape(y, (-1, rows * sh, columns * sw, channels))
    return y[:, : (rows - 1) * sh + 1, : (columns - 1) * sw + 1]


def _place(y, corner, sizes):
    """y with its top left pixel at `corner` of an image of zeros."""
    (top, left), (height, width) = corner, sizes
    return pad(y, ((top, height - top - y.shape[1]), (left, width - left - y.shape[2])))
