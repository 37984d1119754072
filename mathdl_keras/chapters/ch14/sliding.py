r"""What a template and a signal make of each other at every place: inner products and moments.

A window of n values slides along a signal. Two sums over each window are all that the detectors of
§14.2 need: the inner product with a template, in :math:`O(\log n)` operations for each place
through the FFT, and the window's own mean and centred sum of squares, in as many, by merging
halves.

Signals are (batch, time, 1) with windows (n,), or images (batch, height, width, 1) with windows (h,
w).
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_data

__all__ = ["sliding_correlation", "window_moments"]

# Measured on two cores: below some 60 taps the direct sum is faster, on each backend.
LONGEST_DIRECT = 64
# Longer signals run through `window_moments` in blocks of this many places (1 MB arrays and up).
LONGEST_WHOLE = 2**19


def sliding_correlation(x, template):
    r"""Inner product :math:`\langle s, x_t\rangle` of template and window, sliding (§14.2).

    Short templates are summed directly. Longer ones meet a signal in blocks through the FFT
    (overlap-save); the rounding error is then of the order :math:`u \log_2 L\, \lVert s\rVert
    \lVert x_B\rVert`, with :math:`x_B` the centred block of L values, not the window.

    Args:
        x: Tensor (B, T, 1), signals, or (B, H, W, 1), images.
        template: Array (n,) or (h, w), the signal that is looked for.

    Returns:
        A tensor (B, T-n+1, 1), or (B, H-h+1, W-w+1, 1).

    Raises:
        ValueError: If ranks do not match, or the template is longer than the signal.

    Example:
        >>> x = np.array([0.0, 1.0, 2.0, 0.0], "float32").reshape(1, 4, 1)
        >>> [float(v) for v in sliding_correlation(x, [1.0, 2.0])[0, :, 0]]
        [2.0, 5.0, 2.0]
    """
    s = np.asarray(template, "float64")
    x = signal_tensor(x, s.shape)
    if s.ndim == 1 and s.size > LONGEST_DIRECT and x.shape[1] is not None:
        return _overlap_save(x, s)
    kernel = ops.convert_to_tensor(s[..., None, None], dtype=x.dtype)
    return ops.conv(x, kernel, 1, "valid", data_format="channels_last")


def window_moments(x, size):
    r"""Mean and centred sum of squares of each window, without cancellation (§14.2).

    Two neighbouring windows a and b of m values each, with means and sums of squares about their
    own means, make one of twice the length (Chan, Golub and LeVeque 1983):

    .. math:: \bar x = \tfrac12(\bar x_a + \bar x_b), \qquad
              M = M_a + M_b + \tfrac m2 (\bar x_b - \bar x_a)^2

    Doubling reaches any n in :math:`O(\log n)` passes, and only adds nonnegative terms, where
    :math:`\sum x^2 - n \bar x^2` would subtract large numbers from each other.

    Args:
        x: Tensor (B, T, 1), signals, or (B, H, W, 1), images.
        size: Integer n, or pair of integers (h, w), the window.

    Returns:
        `(mean, M)`, each (B, T-n+1, 1), or (B, H-h+1, W-w+1, 1).

    Example:
        >>> x = np.array([1.0, 3.0, 8.0], "float32").reshape(1, 3, 1)
        >>> mean, M = window_moments(x, 2)
        >>> [float(v) for v in mean[0, :, 0]], [float(v) for v in M[0, :, 0]]
        ([2.0, 5.5], [2.0, 12.5])
    """
    sizes = (size,) if np.ndim(size) == 0 else tuple(size)
    x = signal_tensor(x, sizes)
    if len(sizes) == 1 and (x.shape[1] or 0) > 2 * LONGEST_WHOLE:
        return _moments_in_blocks(x, sizes[0])
    mean, M, count = x, ops.zeros_like(x), 1
    for axis, n in enumerate(sizes, start=1):
        mean, M = _widen(mean, M, count, n, axis)
        count *= n
    return mean, M


def check_window(shape, window):
    """Raise unless windows of that shape fit into signals of that shape; unknown sizes pass."""
    if len(shape) != len(window) + 2 or shape[-1] != 1:
        expected = "(batch, time, 1)" if len(window) == 1 else "(batch, height, width, 1)"
        raise ValueError(f"x must have shape {expected} for a template {window}; received {tuple(shape)}")
    if any(size is not None and size < n for size, n in zip(shape[1:], window, strict=False)):
        raise ValueError(f"template must fit into x of shape {tuple(shape)}; received a template {window}")


def signal_tensor(x, window):
    """The signal as a floating-point tensor, if such windows fit into it."""
    check_data(x)
    x = ops.convert_to_tensor(x)
    check_window(x.shape, window)
    is_float = keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype))
    return x if is_float else ops.cast(x, keras.config.floatx())


def _overlap_save(x, s):
    """Blocks of L values that overlap in n-1: L-n+1 of each circular correlation are right."""
    n, T = s.size, x.shape[1]
    L = _block_length(n, T)
    x = _blocks(x, n, L - n + 1)
    mean = ops.sum(x, axis=-1, keepdims=True) / L
    spectrum = np.conj(np.fft.rfft(s, L))
    S, T_ = (ops.convert_to_tensor(part, dtype=x.dtype) for part in (spectrum.real, spectrum.imag))
    re, im = ops.rfft(x - mean)
    y = ops.irfft((re * S - im * T_, re * T_ + im * S), fft_length=L)[..., : L - n + 1]
    y = y + mean * float(s.sum())
    return ops.reshape(y, (-1, x.shape[1] * (L - n + 1), 1))[:, : T - n + 1]


def _block_length(n, T):
    """The power of two that minimises blocks · L log L."""
    lengths = (2**p for p in range(n.bit_length() + 1, max(n, T).bit_length() + 2))
    return min(lengths, key=lambda L: -(-(T - n + 1) // (L - n + 1)) * L * math.log2(L))


def _blocks(x, n, step):
    """(batch, T, 1) -> (batch, blocks, step + n - 1): each holds the windows of `step` places."""
    T = x.shape[1]
    blocks = -(-(T - n + 1) // step)
    x = ops.pad(x[..., 0], ((0, 0), (0, (blocks + 1) * step - T)))
    x = ops.reshape(x, (-1, blocks + 1, step))
    return ops.concatenate([x[:, :-1], x[:, 1:, : n - 1]], axis=-1)


def _moments_in_blocks(x, n):
    """The same moments, a block at a time: arrays that fit into the cache, in one compiled loop."""
    places = x.shape[1] - n + 1
    blocks = ops.transpose(_blocks(x, n, LONGEST_WHOLE), (1, 0, 2))[..., None]
    moments = ops.map(lambda block: ops.stack(window_moments(block, n)), blocks)
    moments = ops.transpose(moments, (1, 2, 0, 3, 4))  # (2, batch, blocks, step, 1)
    moments = ops.reshape(moments, (2, -1, blocks.shape[0] * LONGEST_WHOLE, 1))
    return moments[0, :, :places], moments[1, :, :places]


def _widen(mean, M, count, n, axis):
    """Moments of n neighbours along an axis, each with the moments of `count` values already."""
    block, length, window, covered = (mean, M), 1, None, 0
    while covered < n:
        if n & length:
            window = _merge(window, covered, block, length, count, axis) if covered else block
            covered += length
        if covered < n:
            block = _merge(block, length, block, length, count, axis)
            length *= 2
    return window


def _merge(a, n_a, b, n_b, count, axis):
    """Moments of windows made of n_a neighbours and the n_b that follow them."""
    before = (slice(None),) * axis
    mean_a, M_a = (moment[(*before, slice(None, -n_b))] for moment in a)
    mean_b, M_b = (moment[(*before, slice(n_a, None))] for moment in b)
    shift = mean_b - mean_a
    mean = mean_a + shift * (n_b / (n_a + n_b))
    return mean, M_a + M_b + ops.square(shift) * (count * n_a * n_b / (n_a + n_b))
