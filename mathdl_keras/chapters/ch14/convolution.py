r"""Convolution by hand: the forward sum and its derivatives (§14.4 to §14.6).

What deep learning calls a convolution is the cross-correlation

.. math:: Z_{ij} = \sum_{a,b} K_{ab} X_{s i + d a,\, s j + d b} + b_0

of a padded image X with a kernel K, summed over input channels, one kernel for each output channel; the stride s is
the step from one window to the next, the dilation d that from one pixel of a window to the next. In groups, each part
of the input channels meets the kernels of its part of the output channels only.
It is linear in X and in K, so with :math:`\delta = \partial\Lambda/\partial Z` both derivatives are
again sums over windows:

.. math::
    \frac{\partial\Lambda}{\partial K_{ab}} = \sum_{i,j} X_{s i + d a,\, s j + d b}\,\delta_{ij},
    \qquad
    \frac{\partial\Lambda}{\partial X_{yx}} = \sum_{a,b} K_{ab}\,\delta_{(y-da)/s,\,(x-db)/s}

The first is the cross-correlation :math:`X \star \delta`; the second, over the (a, b) for which the
indices are whole and in range, is the full correlation of δ, spread out by the stride, with the
flipped kernel: the adjoint of the forward map. No automatic differentiation anywhere.

| function | computes |
| --- | --- |
| `im2col` | all windows of an image as rows: convolution becomes one matrix product |
| `conv2d_forward`, `conv2d_backward` | Z, and (∂X, ∂K, ∂b) from δ |

Images are (batch, height, width, channels), kernels (kh, kw, C/G, F) for G groups. Padding is `"valid"`, `"same"`
(as in Keras), a number of zeros on both sides, or a pair of them. The batch size may be unknown.
"""

from keras import ops

from mathdl_keras.chapters.ch14.geometry import extents, output_sizes, pad_amounts, pair
from mathdl_keras.core.checks import check_data

__all__ = ["conv2d_backward", "conv2d_forward", "im2col"]


def im2col(x, kernel_size, strides=1, padding="valid", dilation_rate=1):
    r"""All windows of an image as rows (§14.4).

    `im2col(x) @ reshape(K, (-1, F))` is the convolution: one matrix product.

    Args:
        x: Tensor (B, H, W, C), images.
        kernel_size: Integer or pair of integers, the window (kh, kw).
        strides: Integer or pair of integers, the step s; 1 by default.
        padding: `"valid"`, the default, `"same"`, or an integer or a pair, the number of zeros on both sides.
        dilation_rate: Integer or pair of integers, the dilation d; 1 by default.

    Returns:
        A tensor (B, H', W', kh kw C), ordered as the kernel is: row, column, channel.

    Example:
        >>> x = ops.reshape(ops.arange(9.0), (1, 3, 3, 1))
        >>> [float(v) for v in im2col(x, 2)[0, 0, 1]]
        [1.0, 2.0, 4.0, 5.0]
    """
    x = images(x, "x")
    window = extents(kernel_size, dilation_rate)
    sizes = output_sizes(x.shape[1:3], window, strides, padding)
    padded = pad(x, pad_amounts(x.shape[1:3], window, strides, padding))
    return ops.concatenate(list(taps(padded, kernel_size, strides, sizes, dilation_rate)), axis=-1)


def conv2d_forward(x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1):
    r"""Cross-correlation :math:`Z_{ij} = \sum_{ab} K_{ab} X_{si+da,\,sj+db} + b` (§14.5).

    Args:
        x: Tensor (B, H, W, C), images.
        kernel: Tensor (kh, kw, C/G, F).
        bias: Tensor (F,); None, the default, for none.
        strides: Integer or pair of integers, the step s; 1 by default.
        padding: `"valid"`, the default, `"same"`, or an integer or a pair, the number of zeros on both sides.
        dilation_rate: Integer or pair of integers, the dilation d; 1 by default. Either this or the step must be 1.
        groups: Integer, the number G of groups of channels; 1 by default.

    Returns:
        A tensor (B, H', W', F).

    Raises:
        ValueError: If shapes do not fit together, the kernel is larger than the padded image, or neither the step nor
            the dilation is 1.

    Example:
        >>> x = ops.reshape(ops.arange(9.0), (1, 3, 3, 1))
        >>> [float(v) for v in ops.reshape(conv2d_forward(x, ops.ones((2, 2, 1, 1))), (-1,))]
        [8.0, 12.0, 20.0, 24.0]
    """
    x = images(x, "x")
    kernel, window = _kernel(kernel, x, groups), extents(tuple(kernel.shape[:2]), dilation_rate, strides)
    output_sizes(x.shape[1:3], window, strides, padding)
    if not isinstance(padding, str):
        x, padding = pad(x, pad_amounts(x.shape[1:3], window, strides, padding)), "valid"
    steps, spacing = pair(strides, "strides"), pair(dilation_rate, "dilation_rate")
    Z = ops.conv(x, kernel, steps, padding, data_format="channels_last", dilation_rate=spacing)
    return Z if bias is None else Z + ops.convert_to_tensor(bias, dtype=Z.dtype)


def conv2d_backward(delta, x, kernel, strides=1, padding="valid", dilation_rate=1, groups=1):
    r"""The derivatives of `conv2d_forward` (§14.5 and §14.6).

    .. math::
        \partial K_{ab} = \sum_{i,j} X_{si+da,\,sj+db}\,\delta_{ij}, \qquad
        \partial X_{si+da,\,sj+db} \mathrel{+}= K_{ab}\,\delta_{ij}, \qquad
        \partial b = \sum_{i,j} \delta_{ij}

    Args:
        delta: Tensor (B, H', W', F), the derivative of the loss with respect to Z.
        x: Tensor (B, H, W, C), the images that went in.
        kernel: Tensor (kh, kw, C/G, F), the kernel they met.
        strides: Integer or pair of integers, the step of the forward pass; 1 by default.
        padding: String, integer or pair, the padding of the forward pass; `"valid"` by default.
        dilation_rate: Integer or pair of integers, the dilation of the forward pass; 1 by default.
        groups: Integer, the number of groups of the forward pass; 1 by default.

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
    kernel, window = _kernel(kernel, x, groups), extents(tuple(kernel.shape[:2]), dilation_rate, strides)
    expected = (*output_sizes(x.shape[1:3], window, strides, padding), kernel.shape[3])
    if tuple(delta.shape[1:]) != expected:
        raise ValueError(
            f"delta must have shape (batch, {', '.join(map(str, expected))}); received {tuple(delta.shape)}"
        )
    pads, steps = pad_amounts(x.shape[1:3], window, strides, padding), pair(strides, "strides")
    spacing = pair(dilation_rate, "dilation_rate")
    if groups == 1 and spacing == (1, 1):
        dx = _spread_back(delta, kernel, steps, padding, pads, x.shape[1:3])
    else:
        dx = crop(_correlate_back(spread(delta, steps), kernel, window, spacing, groups), pads, x.shape[1:3])
    dkernel = _correlate(pad(x, pads), delta, tuple(kernel.shape), steps, spacing, groups)
    return dx, dkernel, ops.sum(delta, axis=(0, 1, 2))


def taps(x, kernel_size, strides, sizes, dilation_rate=1):
    """X_{si+da, sj+db} as an image in (i, j), for each (a, b), row by row."""
    (kh, kw), (sh, sw), (rows, columns) = pair(kernel_size, ""), pair(strides, ""), sizes
    dh, dw = pair(dilation_rate, "dilation_rate")
    for a in range(0, dh * kh, dh):
        for b in range(0, dw * kw, dw):
            yield x[:, a : a + sh * (rows - 1) + 1 : sh, b : b + sw * (columns - 1) + 1 : sw]


def _spread_back(delta, kernel, steps, padding, pads, sizes):
    """∂X: the full correlation of the spread δ with the flipped kernel, one operation in Keras, without its borders."""
    if padding == "same" and steps == (1, 1):
        return ops.conv_transpose(delta, kernel, steps, "same", data_format="channels_last")
    full = ops.conv_transpose(delta, kernel, steps, "valid", data_format="channels_last")
    return crop(full, pads, sizes)


def _correlate_back(delta, kernel, window, spacing, groups):
    """The same of a δ that is spread, where that operation knows no groups or dilations: a correlation of its own.

    In each group the kernel's channels change places, (kh, kw, C/G, G, F/G) -> (kh, kw, F/G, G C/G).
    """
    kh, kw, c, F = kernel.shape
    kernel = ops.reshape(ops.flip(kernel, axis=(0, 1)), (kh, kw, c, groups, F // groups))
    kernel = ops.reshape(ops.transpose(kernel, (0, 1, 4, 3, 2)), (kh, kw, F // groups, groups * c))
    delta = pad(delta, tuple((size - 1, size - 1) for size in window))
    return ops.conv(delta, kernel, 1, "valid", data_format="channels_last", dilation_rate=spacing)


def _correlate(x, delta, kernel_shape, steps, spacing, groups):
    """∂K: for each row a of the kernel, all its columns b and channels c in one product for each image."""
    (kh, kw, c, F), (sh, sw), (dh, dw) = kernel_shape, steps, spacing
    _, rows, columns, _ = delta.shape
    beside = ops.concatenate(list(taps(x, (1, kw), (1, sw), (x.shape[1], columns), (1, dw))), axis=-1)
    delta = ops.reshape(delta, (-1, rows * columns, F))  # beside: (batch, H, W', kw C)

    def row(a):
        windows = beside[:, a : a + sh * (rows - 1) + 1 : sh]
        if groups == 1:
            return ops.einsum("nrp,nrf->npf", ops.reshape(windows, (-1, rows * columns, kw * c)), delta)
        windows = ops.reshape(windows, (-1, rows * columns, kw, groups, c))
        parts = ops.reshape(delta, (-1, rows * columns, groups, F // groups))
        return ops.reshape(ops.einsum("nrkgc,nrgf->nkcgf", windows, parts), (-1, kw * c, F))

    all_rows = ops.concatenate([row(a) for a in range(0, dh * kh, dh)], axis=1)
    return ops.reshape(ops.sum(all_rows, axis=0), kernel_shape)


def spread(y, strides):
    """Zeros between the pixels: y_{ij} moves to (s i, s j)."""
    (sh, sw), (_, rows, columns, channels) = strides, y.shape
    y = ops.reshape(y, (-1, rows, 1, columns, 1, channels))
    y = ops.pad(y, ((0, 0), (0, 0), (0, sh - 1), (0, 0), (0, sw - 1), (0, 0)))
    y = ops.reshape(y, (-1, rows * sh, columns * sw, channels))
    return y[:, : (rows - 1) * sh + 1, : (columns - 1) * sw + 1]


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


def _kernel(kernel, x, groups):
    kernel, channels = ops.convert_to_tensor(kernel), x.shape[3]
    if channels % groups or len(kernel.shape) != 4 or kernel.shape[3] % groups or kernel.shape[2] * groups != channels:
        raise ValueError(
            f"kernel must have shape (kh, kw, {channels // groups}, filters)"
            f"{'' if groups == 1 else f', filters a multiple of {groups=}'}; received {tuple(kernel.shape)}"
        )
    return kernel
