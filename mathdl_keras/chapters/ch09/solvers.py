r"""Ridge regression and the lasso from their normal equations (§9.2).

With centred data, :math:`G = X^\top X / M` and :math:`c = X^\top Y / M`,

.. math:: w_{\text{ridge}} = (G + \lambda I)^{-1} c, \qquad
    w_{\text{lasso}} = \arg\min_w \tfrac12 w^\top G w - c^\top w + \lambda \|w\|_1 .
"""

import warnings
from dataclasses import dataclass

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch09.regularizers import soft_threshold
from mathdl_keras.core.loops import compiled_loop
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.rows import Rows

__all__ = ["LassoPath", "lasso_path", "ridge_path"]

SOLVERS = ("fista", "ista")
CHUNK = 100  # steps between two looks at the optimality conditions


@dataclass(frozen=True, eq=False)
class LassoPath:
    r"""Solutions for several penalties, and how far each is from optimal.

    Attributes:
        kernel: `(penalties, features)`, float64.
        bias: `(penalties,)`, float64.
        residual: `(penalties,)`, the residual of the optimality conditions, divided by :math:`\max|c|`.
        steps: Integer, the steps of proximal gradient descent that were taken.

    Example:
        >>> path = lasso_path(np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0]), [0.25])
        >>> path.kernel.tolist(), bool(path.residual[0] < 1e-12)
        ([[0.75]], True)
    """

    kernel: np.ndarray
    bias: np.ndarray
    residual: np.ndarray
    steps: int


def ridge_path(x, y, l2, fit_intercept=True):
    r"""Ridge regressions for many penalties, from one eigendecomposition (§9.2).

    .. math:: w(\lambda) = V \operatorname{diag}\Big(\frac1{e_i + \lambda}\Big) V^\top c, \qquad
        G = V \operatorname{diag}(e) V^\top

    Args:
        x: `(rows, features)`.
        y: `(rows,)`.
        l2: Array `(penalties,)`, the penalties :math:`\lambda > 0`.
        fit_intercept: Whether there is a bias, which has no penalty.

    Returns:
        `kernel` `(penalties, features)`, `bias` `(penalties,)`, and the effective degrees of freedom
        :math:`\sum_i e_i/(e_i + \lambda)` of the kernel, `(penalties,)`: float64 arrays.

    Raises:
        ValueError: If a penalty is not positive, or the data are not finite or do not fit.

    Example:
        >>> kernel, bias, dof = ridge_path(np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0]), [1.0, 3.0])
        >>> kernel[:, 0].round(6).tolist(), dof.round(6).tolist()
        ([0.5, 0.25], [0.5, 0.25])
    """
    l2 = _penalties("l2", l2)
    if not np.all(l2 > 0):
        raise ValueError(f"l2 must be positive; received {l2.min()}")
    with allow_float64():
        gram, moment, mean_x, mean_y = map(ops.convert_to_numpy, normal_equations(x, y, fit_intercept))
    e, V = np.linalg.eigh(gram)
    shrunk = np.maximum(e, 0) + l2[:, None]
    kernel = ((V.T @ moment[:, 0]) / shrunk) @ V.T
    return kernel, mean_y[0] - kernel @ mean_x, np.sum(np.maximum(e, 0) / shrunk, axis=1)


def lasso_path(x, y, l1, fit_intercept=True, solver="fista", tolerance=1e-12, max_steps=100_000):
    r"""The lasso for many penalties at once, by proximal gradient descent (§9.2).

    .. math:: \min_w \frac1{2M} \|Y - Xw - b\|^2 + \lambda \|w\|_1, \qquad
        w_{k+1} = S_{t\lambda}\big(z_k - t(G z_k - c)\big), \quad t = 1/\lambda_{\max}(G)

    `ista` takes :math:`z_k = w_k`; `fista` extrapolates, :math:`z_k = w_k + \beta_k(w_k - w_{k-1})`, and starts anew
    wherever that points uphill. It stops where :math:`\frac1M X_j^\top r = \lambda\operatorname{sign} w_j` for
    :math:`w_j \ne 0` and :math:`|\frac1M X_j^\top r| \le \lambda` for :math:`w_j = 0` hold within `tolerance`
    :math:`\max|c|`.

    Args:
        x: `(rows, features)`.
        y: `(rows,)`.
        l1: Array `(penalties,)`, the penalties :math:`\lambda \ge 0`. From :math:`\max|c|` on all weights are zero.
        fit_intercept: Whether there is a bias, which has no penalty.
        solver: `"fista"` or `"ista"`.
        tolerance: Float, within which the optimality conditions hold.
        max_steps: Integer, the most steps; a warning says if they were not enough.

    Returns:
        A `LassoPath`.

    Raises:
        ValueError: If an argument is out of range, or the data are not finite or do not fit.

    Example:
        >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> path = lasso_path(x, x @ np.array([4.0, 1.0]), [0.0, 1.0])
        >>> path.kernel.round(6).tolist()
        [[4.0, 1.0], [2.0, 0.0]]
    """
    l1 = _penalties("l1", l1)
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(SOLVERS)}; received solver={solver!r}")
    with allow_float64():
        gram, moment, mean_x, mean_y = normal_equations(x, y, fit_intercept)
        gram_, moment_, mean_x, mean_y = map(ops.convert_to_numpy, (gram, moment, mean_x, mean_y))
        top = np.linalg.eigvalsh(gram_)[-1]
        step = np.array(1 / top if top > 0 else 0.0)
        start = np.zeros((len(gram_), len(l1)))
        state = (start, start, np.ones(len(l1)), gram_, moment_, l1, step)
        scale, steps = max(np.abs(moment_).max(), np.finfo("float64").tiny), 0
        while True:
            kernel = ops.convert_to_numpy(state[0])
            residual = optimality_gap(kernel, gram_, moment_, l1) / scale
            if residual.max() <= tolerance or steps >= max_steps:
                break
            state, steps = _descend[solver](state, CHUNK), steps + CHUNK
    if residual.max() > tolerance:
        warnings.warn(
            f"the lasso is optimal within {residual.max():.1e} after {steps} steps; tolerance={tolerance:.1e}",
            stacklevel=2,
        )
    return LassoPath(kernel.T, mean_y[0] - kernel.T @ mean_x, residual, steps)


def optimality_gap(w, gram, moment, penalty):
    """How far columns of weights are from the conditions of Karush, Kuhn and Tucker: the largest violation of each."""
    slope = moment - gram @ w
    return np.where(w != 0, np.abs(slope - penalty * np.sign(w)), np.maximum(np.abs(slope) - penalty, 0)).max(axis=0)


def normal_equations(x, y, fit_intercept=True):
    """`G`, `c`, and the means of `x` and `y`: tensors in the dtype of the data."""
    rows = Rows(x, y, fit_intercept)
    moments = rows.moments()
    return moments.xx / rows.count, moments.xy / rows.count, moments.mean_x, moments.mean_y


def _proximal_step(z, gram, moment, penalty, step):
    return soft_threshold(z - step * (gram @ z - moment), step * penalty)


def _ista(k, state):
    w, _, t, *problem = state
    w = _proximal_step(w, *problem)
    return (w, w, t, *problem)


def _fista(k, state):
    w, z, t, *problem = state
    moved = _proximal_step(z, *problem)
    uphill = ops.sum((z - moved) * (moved - w), axis=0) > 0
    t = ops.where(uphill, ops.ones_like(t), t)
    faster = (1 + ops.sqrt(1 + 4 * t * t)) / 2
    return (moved, moved + (t - 1) / faster * (moved - w), faster, *problem)


_descend = {"ista": compiled_loop(_ista), "fista": compiled_loop(_fista)}


def _penalties(name, values):
    values = np.asarray(values, "float64")
    if values.ndim != 1 or not len(values) or not np.all((values >= 0) & (values < np.inf)):
        raise ValueError(f"{name} must be one or more finite numbers >= 0; received {values.tolist()}")
    return values
