r"""Convolution by hand: the forward sum and its derivatives (§14.4 to §14.6).

What deep learning calls a convolution is the cross-correlation

.. math:: Z_{ij} = \sum_{a,b} K_{ab} X_{s i + a,\, s j + b} + b_0

of a padded image X with a kernel K, summed over input channels, one kernel for each output channel.
It is linear in X and in K, so with :math:`\delta = \partial\Lambda/\partial Z` both derivatives are
again sums over windows:

.. math::
    \frac{\partial\Lambda}{\partial K_{ab}} = \sum_{i,j} X_{s i + a,\, s j + b}\,\delta_{ij},
    \qquad
    \frac{\partial\Lambda}{\partial X_{yx}} = \sum_{a,b} K_{ab}\,\delta_{(y-a)/s,\,(x-b)/s}

The first is the cross-correlation :math:`X \star \delta`; the second, over the (a, b) for which the
indices are whole and in range, is the full correlation of δ, spread out by the stride, with the
flipped kernel: the adjoint of the forward map. No automatic differentiation anywhere.

| function | computes |
| --- | --- |
| `im2col` | all windows of an image as rows: convolution becomes one matrix product |
| `conv2d_forward`, `conv2d_backward` | Z, and (∂X, ∂K, ∂b) from δ |

Images are (batch, height, width, channels), kernels (kh, kw, C, F). Padding is `"valid"`, `"same"`
(as in Keras), a number of zeros on both sides, or a pair of them. The batch size may be unknown.
"""

from keras import ops

from mathdl_keras.chapters.ch14.geometry import output_sizes, pad_amounts, pair
from mathdl_keras.core.checks import check_data

__all__ = ["conv2d_backward", "conv2d_forward", "im2col"]


def im2col(x, kernel_size, strides=1, padding="valid"):
    r"""All windows of an image as rows (§14.4).

    `im2col(x) @ reshape(K, (-1, F))` is the convolution: one matrix product.

    Args:
        x: Images (B, H, W, C).
        kernel_size: Window (kh, kw), or one integer for both.
        strides: Step, an integer or a pair.
        padding: `"valid"`, `"same"`, an integer or a pair.

    Returns:
        A tensor (B, H', W', kh kw C), ordered as the kernel is: row, column, channel.

    Example:
        >>> x = ops.reshape(ops.arange(9.0), (1, 3, 3, 1))
        >>> [float(v) for v in im2col(x, 2)[0, 0, 1]]
        [1.0, 2.0, 4.0, 5.0]
    """
    x = images(x, "x")
    sizes = output_sizes(x.shape[1:3], kernel_size, strides, padding)
    padded = pad(x, pad_amounts(x.shape[1:3], kernel_size, strides, padding))
    return ops.concatenate(list(taps(padded, kernel_size, strides, sizes)), axis=-1)


def conv2d_forward(x, kernel, bias=None, strides=1, padding="valid"):
    r"""Cross-correlation :math:`Z_{ij} = \sum_{ab} K_{ab} X_{si+a,\,sj+b} + b` (§14.5).

    Args:
        x: Images (B, H, W, C).
        kernel: Tensor (kh, kw, C, F).
        bias: Tensor (F,), or None for none.
        strides: Step s, an integer or a pair.
        padding: `"valid"`, `"same"`, an integer or a pair.

    Returns:
        A tensor (B, H', W', F).

    Raises:
        ValueError: If shapes do not fit together, or the kernel is larger than the padded image.

    Example:
        >>> x = ops.reshape(ops.arange(9.0), (1, 3, 3, 1))
        >>> [float(v) for v in ops.reshape(conv2d_forward(x, ops.ones((2, 2, 1, 1))), (-1,))]
        [8.0, 12.0, 20.0, 24.0]
    """
    x, kernel = images(x, "x"), _kernel(kernel, x)
    output_sizes(x.shape[1:3], tuple(kernel.shape[:2]), strides, padding)
    if not isinstance(padding, str):
        x, padding = pad(x, pad_amounts(x.shape[1:3], tuple(kernel.shape[:2]), strides, padding)), "valid"
    Z = ops.conv(x, kernel, pair(strides, "strides"), padding, data_format="channels_last")
    return Z if bias is None else Z + ops.convert_to_tensor(bias, dtype=Z.dtype)


def conv2d_backward(delta, x, kernel, strides=1, padding="valid"):
    r"""The derivatives of `conv2d_forward` (§14.5 and §14.6).

    .. math::
        \partial K_{ab} = \sum_{i,j} X_{si+a,\,sj+b}\,\delta_{ij}, \qquad
        \partial X_{si+a,\,sj+b} \mathrel{+}= K_{ab}\,\delta_{ij}, \qquad
        \partial b = \sum_{i,j} \delta_{ij}

    Args:
        delta: Derivative (B, H', W', F) of the loss with respect to Z.
        x: The images (B, H, W, C) that went in.
        kernel: The kernel (kh, kw, C, F) they met.
        strides: As in the forward pass.
        padding: As in the forward pass.

    Returns:
        `(dx, dkernel, dbias)`, shaped like x, the kernel and (F,).

    Raises:
        ValueError: If delta is not shaped like the output of the forward pass.

    Example:
        >>> x, K = ops.ones((1, 3, 3, 1)), ops.ones((2, 2, 1, 1))
        >>> dx, dK, db = conv2d_backward(ops.ones((1, 2, 2, 1)), x, K)
        >>> [float(v) for v in dx[0, 1, :, 0]], float(dK[0, 0, 0, 0]), float(db[0])
        ([2.0, 4.0, 2.0], 4.0, 4.0)
    """
    delta, x = images(delta, "delta"), images(x, "x")
    kernel = _kernel(kernel, x)
    expected = (*output_sizes(x.shape[1:3], tuple(kernel.shape[:2]), strides, padding), kernel.shape[3])
    if tuple(delta.shape[1:]) != expected:
        raise ValueError(
            f"delta must have shape (batch, {', '.join(map(str, expected))}); received {tuple(delta.shape)}"
        )
    pads = pad_amounts(x.shape[1:3], tuple(kernel.shape[:2]), strides, padding)
    dx = _spread_back(delta, kernel, pair(strides, "strides"), padding, pads, x.shape[1:3])
    dkernel = _correlate(pad(x, pads), delta, tuple(kernel.shape), strides)
    return dx, dkernel, ops.sum(delta, axis=(0, 1, 2))


def taps(x, kernel_size, strides, sizes):
    """X_{si+a, sj+b} as an image in (i, j), for each (a, b), row by row."""
    (kh, kw), (sh, sw), (rows, columns) = pair(kernel_size, ""), pair(strides, ""), sizes
    for a in range(kh):
        for b in range(kw):
            yield x[:, a : a + sh * (rows - 1) + 1 : sh, b : b + sw * (columns - 1) + 1 : sw]


def _spread_back(delta, kernel, steps, padding, pads, sizes):
    """∂X: the full correlation of the spread δ with the flipped kernel, one operation in Keras, without its borders."""
    if padding == "same" and steps == (1, 1):
        return ops.conv_transpose(delta, kernel, steps, "same", data_format="channels_last")
    full = ops.conv_transpose(delta, kernel, steps, "valid", data_format="channels_last")
    return crop(full, pads, sizes)


def _correlate(x, delta, kernel_shape, strides):
    """∂K: for each row a of the kernel, all its columns b and channels c in one product for each image."""
    (kh, kw, C, F), (sh, sw) = kernel_shape, pair(strides, "strides")
    _, rows, columns, _ = delta.shape
    beside = ops.concatenate(list(taps(x, (1, kw), (1, sw), (x.shape[1], columns))), axis=-1)  # (batch, H, W', kw C)
    delta = ops.reshape(delta, (-1, rows * columns, F))

    def row(a):
        windows = ops.reshape(beside[:, a : a + sh * (rows - 1) + 1 : sh], (-1, rows * columns, kw * C))
        return ops.einsum("nrp,nrf->npf", windows, delta)

    return ops.reshape(ops.sum(ops.concatenate([row(a) for a in range(kh)], axis=1), axis=0), kernel_shape)


def pad(x, pads, value=0.0):
    if pads == ((0, 0), (0, 0)):
        return x
    return ops.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)


def crop(y, pads, sizes):
    """The image inside its padding; pixels that no window reached are zero."""
    (top, _), (left, _) = pads
    bottom, right = (
        max(before + size - have, 0) for (before, _), size, have in zip(pads, sizes, y.shape[1:3], strict=True)
    )
    return pad(y, ((0, bottom), (0, right)))[:, top : top + sizes[0], left : left + sizes[1]]


def images(x, name):
    check_data(x, name)
    x = ops.convert_to_tensor(x)
    if len(x.shape) != 4:
        raise ValueError(f"{name} must have shape (batch, height, width, channels); received {tuple(x.shape)}")
    return x


def _kernel(kernel, x):
    kernel = ops.convert_to_tensor(kernel)
    if len(kernel.shape) != 4 or kernel.shape[2] != x.shape[3]:
        raise ValueError(f"kernel must have shape (kh, kw, {x.shape[3]}, filters); received {tuple(kernel.shape)}")
    return kernel
