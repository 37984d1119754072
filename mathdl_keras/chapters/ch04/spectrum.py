r"""Mercer's theorem in numbers: which kernels are kernels, and how fast their eigenvalues fall (§4.3).

A positive semi-definite kernel on a space with a probability measure :math:`\mu` has eigenvalues
:math:`\lambda_1 \ge \lambda_2 \ge \dots \ge 0` and orthonormal functions :math:`\varphi_k` in :math:`L^2(\mu)` with

.. math:: k(x, z) = \sum_k \lambda_k\,\varphi_k(x)\,\varphi_k(z), \qquad
          \int k(x, z)\,\varphi_k(z)\,\mu(dz) = \lambda_k\,\varphi_k(x) .

Nyström's method replaces the measure by points with weights, and the integral operator by a matrix.
"""

from typing import NamedTuple

import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_data
from mathdl_keras.core.precision import allow_float64

__all__ = ["is_psd", "mercer_spectrum", "nystrom_features", "require_psd"]


class Spectrum(NamedTuple):
    """The spectrum of a kernel in a measure: `values` (n,), `nodes` (n, 1) and `functions` (n, n), all float64.

    Column k of `functions` is the eigenfunction of `values[k]` at the nodes.
    """

    values: np.ndarray
    nodes: np.ndarray
    functions: np.ndarray


def is_psd(K, tolerance=None):
    r"""Whether a Gram matrix is symmetric and positive semi-definite, up to rounding (§4.3).

    .. math:: \lambda_{\min}(K) \ge -\text{tolerance}\cdot\lambda_{\max}(K)

    Args:
        K: A matrix (N, N).
        tolerance: Relative size of rounding; by default N units in the last place of the dtype of K.

    Returns:
        True or False.

    Raises:
        ValueError: If K is not a square matrix of finite numbers.

    Example:
        >>> is_psd(np.array([[1.0, 1.0], [1.0, 1.0]])), is_psd(np.array([[1.0, 2.0], [2.0, 1.0]]))
        (True, False)
    """
    K = _square(K)
    tolerance = _rounding(K) if tolerance is None else tolerance
    if np.max(np.abs(K - K.T)) > tolerance * np.max(np.abs(K)):
        return False
    low, high = extreme_eigenvalues(K)
    return bool(low >= -tolerance * high)


def require_psd(K, tolerance=None, name="K"):
    r"""K itself, if it is a Gram matrix (§4.3).

    Args:
        K: A matrix (N, N).
        tolerance: Float, how negative an eigenvalue may be, as in `is_psd`; by default what rounding explains.
        name: String, what the error calls the matrix; "K" by default.

    Raises:
        ValueError: If it is not; the message names the smallest eigenvalue.

    Example:
        >>> require_psd(np.array([[1.0, 2.0], [2.0, 1.0]]))
        Traceback (most recent call last):
        ...
        ValueError: K must be symmetric positive semi-definite (Mercer); received smallest eigenvalue -1, largest 3
    """
    if not is_psd(K, tolerance):
        low, high = extreme_eigenvalues(_square(K))
        raise ValueError(
            f"{name} must be symmetric positive semi-definite (Mercer); "
            f"received smallest eigenvalue {low:.6g}, largest {high:.6g}"
        )
    return K


def extreme_eigenvalues(K):
    """The smallest and the largest eigenvalue of the symmetric part of K, by LAPACK on the host."""
    values = np.linalg.eigvalsh((K + K.T) / 2)
    return values[0], values[-1]


def _square(K):
    K = np.asarray(ops.convert_to_numpy(K) if ops.is_tensor(K) else K)
    if K.ndim != 2 or K.shape[0] != K.shape[1]:
        raise ValueError(f"K must have shape (N, N); received shape {K.shape}")
    check_data(K, "K")
    return K


def _rounding(K):
    return len(K) * np.finfo(K.dtype if K.dtype.kind == "f" else "float64").eps


def mercer_spectrum(kernel, measure="normal", n_quad=60):
    r"""Eigenvalues and eigenfunctions of a kernel on the line, by quadrature (§4.3).

    With nodes :math:`x_i` and weights :math:`w_i` of a Gauss rule for the measure, those of the matrix
    :math:`\sqrt{w_i}\,k(x_i, x_j)\,\sqrt{w_j}`. For smooth kernels the leading ones are exact to rounding; where the
    kernel has a kink, as :math:`\min(s, t)` does, the error falls as :math:`n^{-2}`.

    Args:
        kernel: A `Kernel`, or a function of two tables of points.
        measure: `normal`, N(0, 1), or `uniform`, on [0, 1].
        n_quad: The number n of nodes.

    Returns:
        `values` (n,), falling; `nodes` (n, 1); and `functions` (n, n), column k the eigenfunction k at the nodes.

    Raises:
        ValueError: If the measure is another, or `n_quad` is not a positive integer.

    Example:
        >>> from mathdl_keras.chapters.ch04.kernels import RBFKernel
        >>> [round(float(v), 5) for v in mercer_spectrum(RBFKernel(1.0)).values[:3]]
        [0.61803, 0.23607, 0.09017]
    """
    if not isinstance(n_quad, int) or n_quad < 1:
        raise ValueError(f"n_quad must be an integer >= 1; received n_quad={n_quad!r}")
    nodes, weights = _gauss(measure, n_quad)
    root = np.sqrt(weights)
    with allow_float64():
        K = ops.convert_to_numpy(kernel(nodes, nodes))
        values, U = ops.eigh(root[:, None] * K * root)
        values, U = (np.flip(ops.convert_to_numpy(v), axis=-1) for v in (values, U))
    return Spectrum(values, nodes, U / root[:, None])


def _gauss(measure, n):
    if measure == "normal":
        x, w = np.polynomial.hermite_e.hermegauss(n)
    elif measure == "uniform":
        x, w = np.polynomial.legendre.leggauss(n)
        x = (x + 1) / 2
    else:
        raise ValueError(f"measure must be 'normal' or 'uniform'; received measure={measure!r}")
    return x[:, None], w / w.sum()


def nystrom_features(kernel, landmarks, x):
    r"""Finitely many features of a kernel, from its eigenvectors on some points (§4.3).

    With :math:`k(L, L) = U\Lambda U^\top` on the landmarks L, :math:`\varphi(x) = k(x, L)\,U\Lambda^{-1/2}`. Then
    :math:`\langle\varphi(x), \varphi(z)\rangle = k(x, L)\,k(L, L)^{-1} k(L, z)`, which is k itself where x or z is a
    landmark. Eigenvalues that are zero up to rounding give no feature.

    Args:
        kernel: A `Kernel`, or a function of two tables of points.
        landmarks: Points (N, D).
        x: Points (B, D).

    Returns:
        A float64 NumPy array (B, r), r the rank of the Gram matrix of the landmarks.

    Raises:
        ValueError: If the Gram matrix of the landmarks is not positive semi-definite.

    Example:
        >>> from mathdl_keras.chapters.ch04.kernels import PolynomialKernel
        >>> x = np.linspace(-1, 1, 7)[:, None]
        >>> phi = nystrom_features(PolynomialKernel(2), x, x)
        >>> phi.shape[1], round(float(phi[0] @ phi[3]), 4)
        (3, 1.0)
    """
    landmarks, x = np.asarray(landmarks, "float64"), np.asarray(x, "float64")
    with allow_float64():
        K = require_psd(ops.convert_to_numpy(kernel(landmarks, landmarks)), name="the Gram matrix of the landmarks")
        values, U = (ops.convert_to_numpy(v) for v in ops.eigh(K))
        cross = ops.convert_to_numpy(kernel(x, landmarks))
    kept = values > _rounding(K) * values[-1]
    return np.einsum("bn,nr->br", cross, U[:, kept] / np.sqrt(values[kept]))
