r"""Finding a known signal in noise: matched filter and Pearson correlation (§14.2).

A template s of n values slides along a signal x, and at each place t meets the window
:math:`x_{t..t+n-1}`. The *matched filter* :math:`\langle s, x_t\rangle / \lVert s\rVert` is the
best unit filter against white Gaussian noise: at false-alarm probability p it detects s with
probability :math:`Q(Q^{-1}(p) - \lVert s\rVert/\sigma)`. *Pearson's correlation* r also forgives an
unknown gain and offset, because it centres and scales each window; on pure noise :math:`r^2 \sim
B(\tfrac12, \tfrac{n-2}2)`.

| function | computes |
| --- | --- |
| `detection_probability` | the power of the matched filter |
| `detection_threshold` | the level that r exceeds on pure noise with a given probability |
| `sliding_correlation` | :math:`\langle s, x_t\rangle` for all t |
| `window_moments` | mean and centred sum of squares of all windows |
| `pearson_correlation` | r for all t |

Signals are (batch, time, 1) with templates (n,), or images (batch, height, width, 1) with templates
(h, w). Long signals meet long templates through the FFT, in blocks: 10 million samples and a
template of 1,000 take a fraction of a second.
"""

import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch14.sliding import (
    signal_tensor,
    sliding_correlation,
    window_moments,
)

__all__ = [
    "detection_probability",
    "detection_threshold",
    "pearson_correlation",
]


def detection_probability(s, sigma, p_fa):
    r"""Power of the matched filter at a fixed false-alarm probability (§14.2).

    .. math:: P_D = Q\big(Q^{-1}(P_{FA}) - \lVert s\rVert / \sigma\big), \quad Q(t) = P(N(0, 1) > t)

    Args:
        s: Array, the signal.
        sigma: Float, the standard deviation of the white noise.
        p_fa: Float in (0, 1), the probability of a false alarm.

    Returns:
        The probability that the filter exceeds its threshold when s is there.

    Example:
        >>> round(float(detection_probability([1.5, 2.0], 1.0, 0.01)), 4)
        0.5689
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be positive; received sigma={sigma}")
    _check_probability(p_fa)
    return stats.norm.sf(stats.norm.isf(p_fa) - np.linalg.norm(np.asarray(s, float)) / sigma)


def detection_threshold(n, p_fa):
    r"""The level that Pearson's r exceeds on Gaussian noise with probability `p_fa` (§14.2).

    On noise of any mean, :math:`r\sqrt{(n-2)/(1-r^2)}` has Student's t law with n-2 degrees of
    freedom, that is, :math:`r^2 \sim B(\tfrac12, \tfrac{n-2}{2})` with a random sign.

    Args:
        n: Integer >= 3, the number of values in the window.
        p_fa: Float in (0, 1), the probability of a false alarm at one place; over N places it is at most N times that.

    Returns:
        The threshold, in (-1, 1).

    Example:
        >>> round(float(detection_threshold(32, 0.001)), 4)
        0.5257
    """
    if n < 3:
        raise ValueError(f"n must be at least 3; received n={n}")
    _check_probability(p_fa)
    t = stats.t.isf(p_fa, n - 2)
    return t / np.sqrt(n - 2 + t * t)


def pearson_correlation(x, template, epsilon=1e-6):
    r"""Pearson's correlation of the template with each window (§14.2).

    .. math:: r_t = \frac{\langle s - \bar s,\, x_t - \bar x_t\rangle}
                         {\lVert s - \bar s\rVert\, \lVert x_t - \bar x_t\rVert} \in [-1, 1]

    The correlation of a constant window, or with a constant template, is defined as 0, with
    gradient 0. A window counts as constant when its standard deviation is at most `epsilon` times that
    of its whole signal, so that :math:`r(aX + b) = r(X)` for a > 0 holds there too.

    Args:
        x: Tensor (B, T, 1), signals, or (B, H, W, 1), images.
        template: Array (n,) or (h, w), the signal that is looked for.
        epsilon: Float, the relative standard deviation of a constant window; 1e-6 by default.

    Returns:
        A tensor (B, T-n+1, 1), or (B, H-h+1, W-w+1, 1).

    Example:
        >>> x = np.array([5.0, 5.0, 7.0, 9.0], "float32").reshape(1, 4, 1)
        >>> [round(float(v), 4) for v in pearson_correlation(x, [1.0, 2.0])[0, :, 0]]
        [0.0, 1.0, 1.0]
    """
    s = np.asarray(template, "float64")
    x = signal_tensor(x, s.shape)
    everywhere = tuple(range(1, s.ndim + 1))
    places = ops.sum(ops.ones_like(x[:1]), everywhere, keepdims=True)  # known only at run time
    x = x - ops.sum(x, everywhere, keepdims=True) / places  # an offset common to all costs no digits
    floor = s.size * epsilon**2 * ops.sum(ops.square(x), everywhere, keepdims=True) / places
    _, M = window_moments(x, s.shape)
    constant = M <= floor
    M = ops.where(constant, ops.ones_like(M), M)
    centred = s - s.mean() if np.ptp(s) > 0 else np.zeros_like(s)  # exactly, not up to rounding
    r = sliding_correlation(x, unit_norm(centred)) / ops.sqrt(M)
    return ops.clip(ops.where(constant, ops.zeros_like(r), r), -1.0, 1.0)


def unit_norm(s):
    """s / ‖s‖, and zero for zero."""
    norm = np.linalg.norm(s)
    return s / norm if norm > 0 else s


def _check_probability(p_fa):
    if not 0 < p_fa < 1:
        raise ValueError(f"p_fa must be in (0, 1); received p_fa={p_fa}")
