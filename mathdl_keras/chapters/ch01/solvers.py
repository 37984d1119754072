r"""Least squares in closed form: the minimum-norm solution, and ridge regression (§1.5, §1.6).

With features :math:`\Phi` (a row for each of M samples) and targets Y,

.. math:: \theta = \Phi^+ Y, \qquad
          \theta_\lambda = (\Phi^\top\Phi + M\lambda I)^{-1}\Phi^\top Y
                         = \Phi^\top(\Phi\Phi^\top + M\lambda I)^{-1} Y .

The first is the limit of the second as :math:`\lambda \to 0`, and of gradient descent from zero. All of them keep the
dtype of what they are given.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.linalg import gram, solve_ridge, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import unit_roundoff
from mathdl_keras.core.rows import in_blocks

__all__ = ["minimum_norm", "ridge_regression"]


def minimum_norm(x, y, rcond=None):
    r"""The least-squares solution of smallest norm, :math:`\theta = \Phi^+ Y`, by singular values (§1.6).

    Args:
        x: Features `(..., rows, features)`; leading axes are replicates.
        y: `(..., rows, targets)`.
        rcond: Singular values below `rcond` times the largest count as zero; by default `2 max(rows, features)` unit
            roundoffs of the dtype.

    Returns:
        `(..., features, targets)`.

    Example:
        >>> x, y = ops.array([[1.0, 1.0]]), ops.array([[2.0]])
        >>> [round(float(v), 5) for v in minimum_norm(x, y)[:, 0]]
        [1.0, 1.0]
    """
    U, s, Vt = ops.svd(ops.convert_to_tensor(x), full_matrices=False)
    if rcond is None:
        rcond = 2 * max(x.shape[-2:]) * unit_roundoff(s)
    kept = s > rcond * s[..., :1]
    inverse = ops.where(kept, 1 / ops.where(kept, s, ops.ones_like(s)), ops.zeros_like(s))
    return gram(Vt, inverse[..., None] * gram(U, y))


def ridge_regression(x, y, l2):
    r"""Ridge regression: the minimizer of :math:`\frac1M\|\Phi\theta - Y\|^2 + \lambda\|\theta\|^2`.

    Of the two forms above it solves the smaller system.

    Args:
        x: Features `(..., rows, features)`; leading axes are replicates.
        y: `(..., rows, targets)`.
        l2: Float, the penalty :math:`\lambda > 0`.

    Returns:
        `(..., features, targets)`.

    Raises:
        ValueError: If l2 is not positive.

    Example:
        >>> round(float(ridge_regression(ops.ones((2, 1)), ops.ones((2, 1)), 1.0)[0, 0]), 5)
        0.5
    """
    if not l2 > 0:
        raise ValueError(f"l2 must be positive; received l2={l2}")
    phi, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    M, p = phi.shape[-2:]
    if p <= M:
        G, c = gram(phi), gram(phi, y)
        return solve_ridge(G, c, M * l2)
    K = phi @ transpose(phi)
    return gram(phi, solve_ridge(K, y, M * l2))


_accumulate = compiled(lambda G, c, A, y: (G + gram(A), c + gram(A, y)))


def normal_equations(x, y, features=None):
    r""":math:`\Phi^\top\Phi` and :math:`\Phi^\top Y` of a table on the host.

    Without features that is one symmetric product, of which BLAS computes half. With features it goes through the rows
    in blocks: memory does not grow with them.

    Args:
        x: `(rows, inputs)`, a NumPy array.
        y: `(rows, targets)`, a NumPy array.
        features: The map from inputs to features; by default the identity.

    Returns:
        Tensors `(features, features)` and `(features, targets)`.
    """
    if features is None:
        return ops.convert_to_tensor(x.T @ x), ops.convert_to_tensor(x.T @ y)
    G = c = None
    for block in in_blocks(len(x)):
        A, target = (ops.convert_to_tensor(v[block]) for v in (x, y))
        A = ops.cast(features(A), keras.backend.standardize_dtype(target.dtype))
        if G is None:
            G, c = (ops.convert_to_tensor(np.zeros((A.shape[1], n), y.dtype)) for n in (A.shape[1], y.shape[1]))
        G, c = _accumulate(G, c, A, target)
    return G, c
