r"""The value of features in a regression (§12.4): :math:`R^2` of the regressions on all subsets.

The Shapley values of this game are the relative importances of Lindeman, Merenda and Gold (1980), LMG. All :math:`2^d`
regressions come from one Gram matrix: with r the correlations of the features and c those with the target,
:math:`R^2_S = c_S^\top r_{SS}^{-1} c_S`.
"""

import numpy as np
from keras import ops

from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import matvec, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

__all__ = ["RefitR2Game"]

CHUNK = 4096  # coalitions at a time


class RefitR2Game:
    r""":math:`R^2` of the least-squares fit, with intercept, on the features of a coalition (§12.4).

    Features that repeat others add nothing, and constant ones neither: the systems are solved on the directions whose
    eigenvalue is above `rcond`.

    Args:
        x: `(M, d)`.
        y: `(M,)`.
        rcond: The least eigenvalue of a correlation matrix that counts.

    Raises:
        ValueError: If y is constant or not one number for each row, or data are not finite.

    Example:
        >>> X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> RefitR2Game(X, 2 * X[:, 0] + X[:, 1])(np.array([[True, False], [True, True]])).round(6)
        array([0.8, 1. ])
    """

    def __init__(self, x, y, rcond=1e-12):
        X, y = as_table(x, y)
        if y.shape[1] != 1 or np.ptp(y) == 0:
            raise ValueError(f"y must be one number for each row, and not constant; received shape {y.shape}")
        Z, u = _standardized(X), _standardized(y)[:, 0]
        self.correlations, self.with_target, self.rcond = Z.T @ Z, Z.T @ u, rcond

    def __call__(self, masks):
        """From coalitions `(n, d)` to :math:`R^2`, `(n,)`."""
        masks = np.asarray(masks, "float64")
        with allow_float64():
            parts = [self._chunk(masks[k : k + CHUNK]) for k in range(0, len(masks), CHUNK)]
        return np.concatenate(parts)

    def _chunk(self, D):
        arguments = (D, self.correlations, self.with_target, np.eye(D.shape[1]), np.array(self.rcond))
        return ops.convert_to_numpy(_explained(*map(ops.convert_to_tensor, arguments)))


@compiled
def _explained(D, r, c, identity, rcond):
    """c_S' r_SS^+ c_S; features outside S get an equation of their own, without a right-hand side."""
    inside = D[:, :, None] * r * D[:, None, :] + identity * (1 - D)[:, None, :]
    eigenvalues, Q = ops.eigh(inside)
    along = matvec(transpose(Q), D * c)
    kept = eigenvalues > rcond
    return ops.sum(
        ops.where(kept, along**2 / ops.where(kept, eigenvalues, ops.ones_like(eigenvalues)), ops.zeros_like(along)),
        axis=-1,
    )


def _standardized(table):
    """Columns of mean zero and norm one; constant ones are zero."""
    centred = table - table.mean(axis=0)
    norm = np.where(np.ptp(table, axis=0) > 0, np.linalg.norm(centred, axis=0), np.inf)
    return centred / norm
