r"""Solvers of logistic and softmax regression: Newton's method, and gradient descent with a penalty (§3.2).

With logits :math:`z = Xw` and probabilities :math:`p = S(z)` the average loss and its derivatives are

.. math::
    \Lambda(w) = \frac1M \sum_m \left[\log(1 + e^{z_m}) - y_m z_m\right] + \sum_j \lambda_j w_j^2, \qquad
    \nabla\Lambda = \frac1M X^\top (p - y) + 2\lambda w, \qquad
    \nabla^2\Lambda = \frac1M X^\top \mathrm{diag}(p(1-p))\, X + 2\,\mathrm{diag}(\lambda).

| function | minimises | by |
| --- | --- | --- |
| `irls` | cross entropy, with an l2 penalty | Newton steps, each a weighted least squares problem |
| `fisher_information` | | the Hessian of the whole sample's loss |

An intercept is a column of ones with :math:`\lambda_j = 0`: it is not penalised.
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.labels import check_labels
from mathdl_keras.chapters.ch03.newton import Objective, newton, rows
from mathdl_keras.core.checks import check_data
from mathdl_keras.core.linalg import diagonal_matrix, gram, matvec, transpose

__all__ = ["fisher_information", "irls"]

# From so many rows on, Newton starts where every tenth row leads: that saves passes over all of them.
MANY_ROWS = 20_000


def irls(x, y, l2=0.0, tolerance=0.01, max_steps=100):
    r"""Logistic regression by Newton's method (§3.2), which is iteratively reweighted least squares.

    .. math:: w \leftarrow w - \left(X^\top \mathrm{diag}(p(1-p)) X + 2M\lambda\right)^{-1}
        \left(X^\top (p - y) + 2M\lambda w\right), \qquad p = S(Xw)

    minimises the mean cross entropy :math:`+ \lambda |w|^2`. The dtype of x is kept. Where nothing is
    penalised and an iterate classifies every row rightly, it stops: no minimiser exists (§3.6). Where columns depend on
    each other it finds one of the minimisers.

    Args:
        x: Rows `(..., M, D)`, with a column of ones for an intercept; leading axes are independent problems.
        y: Labels 0 or 1, `(..., M)`.
        l2: Float or array `(D,)`, the penalty :math:`\lambda \ge 0`: one number, or one for each column, 0 for an
            intercept.
        tolerance: Float, the Newton decrement from which the Hessian is kept, for steps that cost a gradient only; 0.01
            by default.
        max_steps: Integer, the most evaluations; 100 by default.

    Returns:
        A named tuple `(weights, steps, gradient_norm, converged, separated, singular)`.

    Raises:
        ValueError: If shapes do not fit, labels are not 0 or 1, or `l2` is negative.

    Example:
        >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
        >>> w = irls(X, np.array([0.0, 1.0, 0.0, 1.0, 1.0])).weights  # frequencies 1/2 and 2/3
        >>> abs(round(float(w[0]), 4)), round(float(w[1]), 4)
        (0.0, 0.6931)
    """
    X, y = problem(x, y)
    l2, start = penalties("l2", l2, X.shape[-1]), np.zeros((*X.shape[:-2], X.shape[-1]))
    if len(X.shape) == 2 and X.shape[0] >= max(MANY_ROWS, 100 * X.shape[1]):
        start = newton(LOGISTIC, X[::10], y[::10], l2, start, tolerance=0.1, max_steps=20, polished=False).weights
    return newton(LOGISTIC, X, y, l2, start, tolerance, max_steps)


def fisher_information(x, w):
    r"""The Fisher information of a sample (§3.2): :math:`I(w) = X^\top \mathrm{diag}(p(1-p))\, X`, :math:`p = S(Xw)`.

    The estimate from many rows is nearly normal around w, with covariance :math:`I(w)^{-1}`.

    Args:
        x: Rows `(..., M, D)`.
        w: Weights `(..., D)`.

    Returns:
        Tensor `(..., D, D)`.

    Example:
        >>> float(fisher_information(np.ones((8, 1)), np.zeros(1))[0, 0])
        2.0
    """
    X = ops.convert_to_tensor(x)
    z = matvec(X, ops.convert_to_tensor(w, dtype=X.dtype))
    return gram(X * ops.sqrt(ops.sigmoid(z) * ops.sigmoid(-z))[..., None])


def _loss(z, w, X, y, l2):
    return ops.sum(ops.softplus(z) - y * z, axis=-1) / rows(X) + ops.sum(l2 * w * w, axis=-1)


def _gradient(z, w, X, y, l2):
    return matvec(transpose(X), ops.sigmoid(z) - y) / rows(X) + 2 * l2 * w


def _hessian(z, w, X, y, l2):
    # S(-z) keeps its relative accuracy where 1 - S(z) has none left
    return gram(X * ops.sqrt(ops.sigmoid(z) * ops.sigmoid(-z) / rows(X))[..., None]) + diagonal_matrix(2 * l2)


def _margin(z, w, X, y, l2):
    return ops.min((2 * y - 1) * z, axis=-1)


LOGISTIC = Objective(matvec, _loss, _gradient, _hessian, _margin, worst=math.log(2))


def penalties(name, values, columns):
    """One penalty for each column."""
    if np.any(np.asarray(values) < 0) or not np.all(np.isfinite(values)):
        raise ValueError(f"{name} must be >= 0 and finite; received {name}={values}")
    return np.broadcast_to(np.asarray(values, "float64"), (columns,))


def problem(X, y):
    if not ops.is_tensor(X):
        X = np.asarray(X)
        X = X if X.dtype.kind == "f" else X.astype(keras.config.floatx())
    check_data(X, "x")
    if not ops.is_tensor(y):
        y = check_labels(y)
    X = ops.convert_to_tensor(X)
    y = ops.convert_to_tensor(y, dtype=X.dtype)
    if len(X.shape) < 2 or tuple(y.shape) != tuple(X.shape[:-1]):
        raise ValueError(
            f"x and y must have shapes (..., M, D) and (..., M); received {tuple(X.shape)} and {tuple(y.shape)}"
        )
    return X, y
