"""Exercises of chapter 14. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch14.convolution import conv2d_forward
from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("14.5", "conv_backward(delta, x, kernel) -> (dx, dkernel)")
def conv_backward(solution):
    r"""Differentiate a convolution by hand.

    For :math:`Z_{ij} = \sum_{ab} K_{ab} X_{i+a,j+b}` (stride 1, no padding, images `(batch, height, width,
    channels)`, kernel `(kh, kw, channels, filters)`) and :math:`\delta = \partial\Lambda/\partial Z`, return
    :math:`\partial\Lambda/\partial X` and :math:`\partial\Lambda/\partial K`. NumPy or `keras.ops`, no automatic
    differentiation.
    """
    rng = np.random.default_rng(14)
    x, kernel = rng.standard_normal((2, 6, 5, 3)), rng.standard_normal((3, 2, 3, 4))
    z = ops.convert_to_numpy(conv2d_forward(x, kernel))
    delta = rng.standard_normal(z.shape)
    answer = solution(delta.copy(), x.copy(), kernel.copy())
    expect(isinstance(answer, tuple | list) and len(answer) == 2, "return two arrays, (dx, dkernel)")
    dx, dkernel = (np.asarray(ops.convert_to_numpy(a), "float64") for a in answer)
    expect(dx.shape == x.shape, f"dx must have the shape of x, {x.shape}; received {dx.shape}")
    expect(dkernel.shape == kernel.shape, f"dkernel must have the shape of the kernel; received {dkernel.shape}")
    power = np.sum(delta * z)
    expect_close(np.sum(dkernel * kernel), power, "the adjoint identity <dK, K> = <delta, Z> fails", 1e-3)
    expect_close(np.sum(dx * x), power, "the adjoint identity <dX, X> = <delta, Z> fails", 1e-3)
    _directional(x, kernel, delta, dx, dkernel, rng)


def _directional(x, kernel, delta, dx, dkernel, rng):
    """Z is linear in each of X and K, so moving one of them changes the sum of delta Z by exactly <gradient, move>."""
    for name, gradient, at, of in (
        ("dX", dx, x, lambda v: conv2d_forward(v, kernel)),
        ("dK", dkernel, kernel, lambda v: conv2d_forward(x, v)),
    ):
        move = rng.standard_normal(at.shape)
        change = np.sum(delta * ops.convert_to_numpy(of(move)))
        expect_close(np.sum(gradient * move), change, f"{name} is wrong in a random direction", 1e-3)


@exercise("14.2", "filter_for_coloured_noise(s, Sigma) -> h")
def filter_for_coloured_noise(solution):
    r"""Find the best filter in coloured noise.

    The noise is :math:`N(0, \Sigma)`. Return the filter h, of any length but not zero, that detects s best: the one
    with the largest :math:`\langle h, s\rangle^2 / h^\top \Sigma h`. Its detection probability is that of white noise
    with :math:`d^2 = s^\top \Sigma^{-1} s`.
    """
    rng = np.random.default_rng(142)
    for n in (3, 8):
        s, A = rng.standard_normal(n), rng.standard_normal((n, n))
        Sigma = A @ A.T + 0.1 * np.eye(n)
        h = np.asarray(ops.convert_to_numpy(solution(s.copy(), Sigma.copy())), "float64")
        expect(h.shape == s.shape, f"h must have the shape of s, {s.shape}; received {h.shape}")
        expect(np.all(np.isfinite(h)) and np.any(h), "h must be finite and not zero")
        d, best = h @ s / np.sqrt(h @ Sigma @ h), np.sqrt(s @ np.linalg.solve(Sigma, s))
        expect(d > 0, "h must answer to s with a positive value: turn its sign")
        p_d, p_best = (stats.norm.sf(stats.norm.isf(0.01) - v) for v in (d, best))
        expect_close(p_d, p_best, f"P_D at P_FA = 0.01 is {p_d:.3f}; the best filter reaches {p_best:.3f}", 1e-6)


@exercise("14.4", "dilated_output_size(n, k, s, p, d) -> int")
def dilated_output_size(solution):
    """Give the output size of a dilated convolution.

    The kernel has k entries, d apart; it moves in steps of s over n values with p zeros on both sides.
    """
    cases = [(n, k, s, p, d) for n in (7, 12) for k in (1, 2, 4) for s in (1, 2, 3) for p in (0, 2) for d in (1, 2, 3)]
    for n, k, s, p, d in cases:
        starts = sum(1 for t in range(0, n + 2 * p, s) if t + d * (k - 1) < n + 2 * p)
        if starts:
            answer = solution(n, k, s, p, d)
            expect(answer == starts, f"n={n}, k={k}, s={s}, p={p}, d={d}: {starts} windows fit; received {answer!r}")
