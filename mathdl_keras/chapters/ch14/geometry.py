r"""The arithmetic of windows: how many fit, what they see, and the matrix that convolution is.

A kernel of size k that moves by steps of s over n values, padded by p zeros on both sides, fits

.. math:: \Big\lfloor \frac{n + 2p - k}{s} \Big\rfloor + 1

times. The same count gives the output size of convolution and pooling (`conv_output_size`), the
width of what one output sees through many layers (`receptive_field`), and the rows of the sparse
matrix that a convolution multiplies by (`toeplitz_matrix`; §14.1 and §14.4).

Padding is `"valid"` (none), `"same"` (Keras' convention: ⌈n/s⌉ outputs, and when the number of
zeros is odd the extra one goes at the end), or the number of zeros on both sides, one integer or
one for each axis.
"""

import functools
import math
from numbers import Integral

import numpy as np

__all__ = ["conv_output_size", "receptive_field", "toeplitz_matrix"]


def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    r"""How many windows fit along one axis (§14.4).

    .. math:: \Big\lfloor \frac{n + 2p - d(k-1) - 1}{s} \Big\rfloor + 1

    Args:
        size: Integer >= 1, the number n of values.
        kernel_size: Integer >= 1, the number k of kernel entries.
        stride: Integer >= 1, the step s from one window to the next; 1 by default.
        padding: `"valid"`, `"same"`, or an integer, the number p of zeros on both sides; 0 by default.
        dilation: Integer >= 1, the distance d between the values that neighbouring kernel entries meet; 1 by default.

    Returns:
        The output size, an integer of at least one.

    Raises:
        ValueError: If the kernel is longer than the padded input, or an argument is out of range.

    Example:
        >>> conv_output_size(28, 3), conv_output_size(28, 3, stride=2, padding=1)
        (26, 14)
    """
    (size,), (k,), (s,), (d,) = (
        _integers(value, name, 1)
        for value, name in (
            (size, "size"),
            (kernel_size, "kernel_size"),
            (stride, "stride"),
            (dilation, "dilation"),
        )
    )
    extent = d * (k - 1) + 1
    padded = size + sum(_zeros(size, extent, s, check_padding(padding, 1)[0]))
    if extent > padded:
        raise ValueError(f"kernel_size must not exceed the padded input of {padded}; received {extent}")
    return (padded - extent) // s + 1


def receptive_field(layers):
    r"""Width of the part of the input that one output depends on (§14.4).

    .. math:: 1 + \sum_l d_l (k_l - 1) \prod_{i<l} s_i

    Args:
        layers: Sequence from input to output of tuples `(kernel_size, stride)` or `(kernel_size, stride, dilation)`,
            each an integer or one integer for each axis; or of convolution and pooling layers.

    Returns:
        An integer, or a tuple with one for each axis where the axes differ.

    Example:
        >>> receptive_field([(3, 1), (2, 2), (3, 1)])
        8
    """
    field, jump = np.ones(1, dtype=int), np.ones(1, dtype=int)
    for layer in layers:
        k, s, d = (np.asarray(value) for value in _window_of(layer))
        field = field + d * (k - 1) * jump
        jump = jump * s
    return int(field[0]) if (field == field[0]).all() else tuple(map(int, field))


def toeplitz_matrix(kernel, shape, strides=1, padding="valid", dilation_rate=1):
    r"""The matrix T of a convolution: vec(conv(x)) = T vec(x) (§14.1).

    Row (i, j, f) holds the kernel of output channel f where window (i, j) lies, and zeros
    elsewhere:

    .. math:: T_{(i,j,f),\,(s i + d a - p,\; s j + d b - p,\; c)} = K_{abcf}

    It is dense in memory, so it is for small images. vec runs as `reshape(-1)` does: channels
    fastest.

    Args:
        kernel: Array (kh, kw, C, F).
        shape: Tuple of integers (H, W, C), the shape of one input, without the batch.
        strides: Integer or pair of integers, the step s; 1 by default.
        padding: `"valid"`, the default, `"same"`, or an integer or a pair, the number p of zeros on both sides.
        dilation_rate: Integer or pair of integers, the dilation d; 1 by default. Either this or the step must be 1.

    Returns:
        A NumPy array (H'W'F, HWC) of the kernel's dtype.

    Raises:
        ValueError: If the kernel and the shape do not fit together.

    Example:
        >>> toeplitz_matrix(np.reshape([1, 2], (1, 2, 1, 1)), (1, 3, 1))
        array([[1, 2, 0],
               [0, 1, 2]])
    """
    K = np.asarray(kernel)
    if K.ndim != 4 or len(shape) != 3 or K.shape[2] != shape[2]:
        raise ValueError(
            f"kernel must have shape (kh, kw, C, F) and shape must be (H, W, C); received {K.shape} and {tuple(shape)}"
        )
    (H, W, C), (kh, kw, _, F) = shape, K.shape
    window = extents((kh, kw), dilation_rate, strides)
    pads = pad_amounts((H, W), window, strides, padding)
    rows, columns = output_sizes((H, W), window, strides, padding)
    (sh, sw), (dh, dw) = pair(strides, "strides"), pair(dilation_rate, "dilation_rate")
    T = np.zeros((rows, columns, F, H, W, C), K.dtype)
    for i, j, a, b in np.ndindex(rows, columns, kh, kw):
        y, x = i * sh + a * dh - pads[0][0], j * sw + b * dw - pads[1][0]
        if 0 <= y < H and 0 <= x < W:
            T[i, j, :, y, x, :] = K[a, b].T
    return T.reshape(rows * columns * F, H * W * C)


def pair(value, name):
    """An integer of at least one, or a pair of them, as a pair."""
    return _integers(value, name, 1, length=2)


def extents(kernel_size, dilation_rate, strides=1):
    """Height and width, d (k - 1) + 1, of a window with gaps; if there are any it must move by steps of 1.

    Raises:
        ValueError: If neither the dilation nor the step is 1.
    """
    return _extents(*map(_frozen, (kernel_size, dilation_rate, strides)))


@functools.lru_cache(maxsize=512)
def _extents(kernel_size, dilation_rate, strides):
    k, d = pair(kernel_size, "kernel_size"), pair(dilation_rate, "dilation_rate")
    if max(d) > 1 and max(pair(strides, "strides")) > 1:
        raise ValueError(f"strides must be 1 where dilation_rate is not; received {strides=} and {dilation_rate=}")
    return tuple(b * (a - 1) + 1 for a, b in zip(k, d, strict=True))


def check_padding(padding, length=2):
    """One entry for each axis: `"valid"`, `"same"` or a number of zeros."""
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            raise ValueError(f'padding must be "valid", "same" or a number of zeros; received padding={padding!r}')
        return (padding,) * length
    return _integers(padding, "padding", 0, length)


def pad_amounts(sizes, kernel_size, strides, padding):
    """Zeros before and after each of the two axes: ((top, bottom), (left, right))."""
    return _pad_amounts(tuple(sizes), *map(_frozen, (kernel_size, strides, padding)))


@functools.lru_cache(maxsize=512)  # eager PyTorch asks at every step
def _pad_amounts(sizes, kernel_size, strides, padding):
    k, s, p = pair(kernel_size, "kernel_size"), pair(strides, "strides"), check_padding(padding)
    if any(size is None for size in sizes):
        raise ValueError(f"height and width must be known; received {tuple(sizes)}")
    return tuple(map(_zeros, sizes, k, s, p))


def output_sizes(sizes, kernel_size, strides, padding):
    """Height and width after windows of `kernel_size`; an unknown size stays None."""
    return _output_sizes(tuple(sizes), *map(_frozen, (kernel_size, strides, padding)))


@functools.lru_cache(maxsize=512)
def _output_sizes(sizes, kernel_size, strides, padding):
    k, s, p = pair(kernel_size, "kernel_size"), pair(strides, "strides"), check_padding(padding)
    return tuple(
        None if size is None else conv_output_size(size, *window) for size, *window in zip(sizes, k, s, p, strict=True)
    )


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value


def _zeros(size, extent, stride, padding):
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((math.ceil(size / stride) - 1) * stride + extent - size, 0)
        return total // 2, total - total // 2
    return padding, padding


def _integers(value, name, least, length=1):
    values = tuple(value) if hasattr(value, "__iter__") else (value,) * length
    if len(values) != length or not all(isinstance(v, Integral) and v >= least for v in values):
        expected = f"an integer of at least {least}" + (", or a pair of them" if length == 2 else "")
        raise ValueError(f"{name} must be {expected}; received {name}={value!r}")
    return tuple(map(int, values))


def _window_of(layer):
    if isinstance(layer, tuple | list):
        return (*layer, 1)[:3]
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if window is None:
        raise ValueError(
            f"layers must be (kernel_size, stride) pairs, convolution or pooling layers; received {layer!r}"
        )
    return window, layer.strides, getattr(layer, "dilation_rate", 1)
