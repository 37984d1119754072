r"""Perfect data (§3.6): labels that a hyperplane separates.

With signs :math:`s_m = 2y_m - 1` the data are *separable* if some (w, b) have positive margins
:math:`s_m (w^\top x_m + b)` for all m. Then the loss of (tw, tb) falls to zero as t grows, and no weights reach it:
without a penalty logistic regression has no solution, and gradient descent walks for ever, in the direction of the
largest margin.
"""

import numpy as np
from scipy import optimize

from mathdl_keras.chapters.ch03.labels import check_labels
from mathdl_keras.core.checks import as_table

__all__ = ["SeparableDataWarning", "is_separable", "max_margin_direction"]


class SeparableDataWarning(UserWarning):
    """The data are separable (§3.6): without a penalty no weights are best.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore", SeparableDataWarning)  # go on with weights that separate
    """


def is_separable(x, y):
    r"""Whether a hyperplane separates the labels (§3.6), by a linear programme.

    It asks for any w and b with :math:`s_m (w^\top x_m + b) \ge 1` for all m, :math:`s_m = 2y_m - 1`.

    Args:
        x: Rows `(M, D)`, without a column of ones.
        y: Labels 0 or 1, `(M,)`.

    Returns:
        `True` or `False`.

    Raises:
        ValueError: If the data are not finite, shapes do not fit, or labels are not 0 or 1.
        RuntimeError: If the programme is neither solved nor found infeasible.

    Example:
        >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> is_separable(corners, [0, 0, 0, 1]), is_separable(corners, [0, 1, 1, 0])  # AND, XOR
        (True, False)
    """
    X, signs = _signed(x, y)
    spread = X.std(axis=0)
    X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)  # the answer is the same, the programme easier
    A = signs[:, None] * np.column_stack([X, np.ones(len(X))])
    found = optimize.linprog(np.zeros(A.shape[1]), -A, -np.ones(len(A)), bounds=(None, None), method="highs")
    if found.status not in (0, 2):
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    return found.status == 0 and bool(np.all(A @ found.x > 0))


def max_margin_direction(x, y):
    r"""The unit vector w of the largest margin :math:`\min_m s_m\, w^\top x_m` (§3.6).

    It is the direction of the shortest w with :math:`s_m\, w^\top x_m \ge 1`, a problem of nonnegative least squares
    (Lawson and Hanson 1974, chapter 23), and the direction that gradient descent on the logistic loss tends to.

    Args:
        x: Rows `(M, D)`; the hyperplane goes through the origin, so add a column of ones for an intercept.
        y: Labels 0 or 1, `(M,)`.

    Returns:
        NumPy array `(D,)`.

    Raises:
        ValueError: If no hyperplane through the origin separates the labels.

    Example:
        >>> [round(float(v), 4) for v in max_margin_direction([[1.0, 0.0], [0.0, -2.0]], [1, 0])]
        [0.8944, 0.4472]
    """
    X, signs = _signed(x, y)
    signed = signs[:, None] * X
    # least distance programming: w is a combination of the rows whose margin is the least
    E = np.vstack([signed.T / (np.abs(X).max() or 1), np.ones(len(X))])
    multipliers, _ = optimize.nnls(E, np.append(np.zeros(X.shape[1]), 1.0))
    w = signed.T @ multipliers
    if not np.all(signed @ w > 0):
        raise ValueError("y must be separable by a hyperplane through the origin; received labels that are not")
    return w / np.linalg.norm(w)


def _signed(x, y):
    X, y = as_table(x, y)
    if y.shape[1] != 1:
        raise ValueError(f"y must have shape (rows,); received shape {y.shape}")
    return X, 2.0 * check_labels(y[:, 0]) - 1
