r"""Max pooling by hand, as a function and as a layer: the maximum of each window, and its derivative (§14.4).

.. math::
    Z_{ij} = \max_{a,b} X_{si+a,\,sj+b}, \qquad
    \partial X_{yx} = \sum_{i,j} \delta_{ij}\, \mathbf 1[(y, x) \text{ won window } (i, j)]

Channels do not mix. Where entries of a window are equal the maximum has no derivative; here the
first of them, row by row from the top left, takes it all, as in TensorFlow, JAX and PyTorch.
"""

import math

import keras
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import cost_of, free_cost
from mathdl_keras.chapters.ch14.convolution import crop, images, pad, spread, taps
from mathdl_keras.chapters.ch14.formats import ImageLayer
from mathdl_keras.chapters.ch14.geometry import check_padding, output_sizes, pad_amounts, pair

__all__ = ["MaxPooling2D", "max_pool2d_backward", "max_pool2d_forward"]


@keras.saving.register_keras_serializable("mathdl_keras", name="ExplicitMaxPool2D")
class MaxPooling2D(ImageLayer):
    r"""Max pooling with its hand-written derivative (§14.4).

    .. math:: Z_{ij} = \max_{a,b} X_{si+a,\,sj+b}

    The derivative goes to the entry that was the maximum; of equal entries to the first, row by
    row. Shapes: (B, H, W, C) -> (B, H', W', C), with H and W known.

    Args:
        pool_size: Integer or pair of integers, the window; 2 by default.
        strides: Integer or pair of integers, the step; None, the default, for the pool size.
        padding: `"valid"`, the default, or `"same"`; or an integer or a pair, the number of pixels on both sides.
        data_format: `"channels_last"`, or `"channels_first"` for images (B, C, H, W); by default what Keras is set to.
        name: String, the name of the layer; chosen by Keras by default.
        **kwargs: `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or no window fits into the image.

    Example:
        >>> layer = MaxPooling2D()
        >>> z, cache = layer.forward_pass(ops.reshape(ops.arange(4.0), (1, 2, 2, 1)))
        >>> dx, _ = layer.backward_pass(ops.ones_like(z), cache)
        >>> float(z[0, 0, 0, 0]), [float(d) for d in ops.reshape(dx, (-1,))]
        (3.0, [0.0, 0.0, 0.0, 1.0])
    """

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(data_format, name=name, **kwargs)
        self.pool_size = pair(pool_size, "pool_size")
        self.strides = pair(pool_size if strides is None else strides, "strides")
        check_padding(padding)
        self.padding = padding

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.built = True

    def forward_pass(self, x, training=False):
        """Z, and which entries won."""
        x = self.last(self.read(x))
        z, winner = max_pool2d_forward(x, self.pool_size, self.strides, self.padding)
        return self.back(z), (winner, tuple(x.shape[1:3]))

    def backward_pass(self, delta, cache):
        """`(dx, ())` from δ, the derivative of the loss with respect to Z; there are no weights."""
        dx = max_pool2d_backward(self.last(delta), *cache, self.pool_size, self.strides, self.padding)
        return self.back(dx), ()

    def compute_output_shape(self, input_shape):
        sizes, channels = self.sizes_of(input_shape)
        sizes = output_sizes(sizes, self.pool_size, self.strides, self.padding)
        return self.shape_of(input_shape[0], sizes, channels)

    def get_config(self):
        return super().get_config() | {name: getattr(self, name) for name in ("pool_size", "strides", "padding")}


cost_of.register(MaxPooling2D, free_cost)


def max_pool2d_forward(x, pool_size=2, strides=None, padding="valid"):
    r"""The maximum of each window, and which entry it was (§14.4).

    .. math:: Z_{ij} = \max_{a,b} X_{si+a,\,sj+b}

    Padding counts as minus infinity. Of equal entries the first wins, row by row from the top left.
    A NaN in a window makes its maximum NaN.

    Args:
        x: Tensor (B, H, W, C), images.
        pool_size: Integer or pair of integers, the window; 2 by default.
        strides: Integer or pair of integers, the step; None, the default, for the pool size: no windows overlap.
        padding: `"valid"`, the default, `"same"`, or an integer or a pair, the number of pixels on both sides.

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
        delta: Tensor (B, H', W', C), the derivative of the loss with respect to the maxima.
        winner: Tensor of integers like it, the entry that won, from the forward pass.
        sizes: Pair of integers (H, W), height and width of the images that went in.
        pool_size: Integer or pair of integers, the window of the forward pass; 2 by default.
        strides: Integer or pair of integers, the step of the forward pass; None, the default, for the pool size.
        padding: String, integer or pair, the padding of the forward pass; `"valid"` by default.

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
        sent = spread(ops.where(ops.equal(winner, t), delta, ops.zeros_like(delta)), (sh, sw))
        dx = dx + _place(sent, divmod(t, kw), (height, width))
    return crop(dx, pads, sizes)


def _place(y, corner, sizes):
    """y with its top left pixel at `corner` of an image of zeros."""
    (top, left), (height, width) = corner, sizes
    return pad(y, ((top, height - top - y.shape[1]), (left, width - left - y.shape[2])))
