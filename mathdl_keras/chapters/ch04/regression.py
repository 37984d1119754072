r"""Ridge regression with a kernel in closed form (§4.4).

With features :math:`\Phi` (a row for each of M samples) and :math:`K = \Phi\Phi^\top`,

.. math:: \Phi(\Phi^\top\Phi + \lambda I)^{-1}\Phi^\top y = K(K + \lambda I)^{-1} y :

the fit needs the features only through their inner products. The right-hand side serves for any kernel, and its
system is solved by Cholesky's factorization.
"""

import functools

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch04.spectrum import extreme_eigenvalues
from mathdl_keras.core.linalg import cholesky_solve
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import unit_roundoff

__all__ = ["kernel_ridge"]


def kernel_ridge(kernel, x, y, l2):
    r"""The coefficients :math:`c = (K + M \lambda I)^{-1} y` of :math:`f(x) = \sum_i c_i\,k(x_i, x)` (§4.4).

    f minimizes :math:`\frac1M \sum_i (y_i - f(x_i))^2 + \lambda \lVert f\rVert^2` over all functions of the
    kernel's space.

    Args:
        kernel: A `Kernel`, or a function of two tables of points.
        x: Points (rows, features), whose dtype is that of the result.
        y: Targets (rows, targets).
        l2: Float, the penalty :math:`\lambda \ge 0`; :math:`M\lambda` is the book's :math:`\lambda` and `alpha` in
            scikit-learn.

    Returns:
        A tensor (rows, targets).

    Raises:
        ValueError: If the matrix is not positive definite: the kernel breaks Mercer's condition, or :math:`\lambda` is
            too small. The message names the smallest eigenvalue.

    Example:
        >>> from mathdl_keras.chapters.ch04.kernels import LinearKernel
        >>> c = kernel_ridge(LinearKernel(), np.array([[1.0], [2.0]]), np.array([[1.0], [2.0]]), 0.5)
        >>> [round(float(v), 4) for v in c[:, 0]]
        [0.1667, 0.3333]
    """
    if not 0 <= l2 < float("inf"):
        raise ValueError(f"l2 must be >= 0 and finite; received l2={l2}")
    x = ops.convert_to_tensor(x)
    i = np.arange(x.shape[0], dtype="int32")
    A = _shifted_gram(kernel)(x, len(i) * l2 * ops.ones_like(x[:, 0]), np.stack([i, i], axis=1))
    try:
        L = ops.cholesky(A)
    except ValueError:  # from Keras, in each backend's own words
        raise ValueError(_diagnosis(ops.convert_to_numpy(A), l2, kernel)) from None
    return _substitute(L, ops.cast(y, x.dtype))


@functools.lru_cache(maxsize=16)
def _shifted_gram(kernel):
    r""":math:`K + \lambda I`, compiled once for a kernel; the diagonal is added where it is, without another matrix."""
    return compiled(lambda x, shift, diagonal: ops.scatter_update(kernel(x, x), diagonal, shift, reduction="add"))


_substitute = compiled(cholesky_solve)


def _diagnosis(A, l2, kernel):
    low, high = extreme_eigenvalues(A)
    low, high = low - len(A) * l2, high - len(A) * l2
    seen = f"received smallest eigenvalue {low:.6g}, largest {high:.6g} of its Gram matrix"
    if low < -2 * len(A) * unit_roundoff(A) * high:
        return f"kernel must be positive semi-definite (Mercer); {seen} for kernel={kernel!r}"
    return f"l2 must be large enough to make a singular Gram matrix definite; received l2={l2}, {seen[9:]}"
