r"""Gradient descent on a cross entropy, with or without a penalty that has corners (§3.2 and §3.6).

The cross entropy is :math:`L`-smooth with :math:`L = \lambda_{\max}(X^\top X)/(4M)`, for :math:`p(1-p) \le 1/4`. So
steps of :math:`\eta = 1/L` lead down,

.. math:: w \leftarrow w - \eta\left(\tfrac1M X^\top (p - y) + 2\lambda w\right).

The penalty :math:`\lambda |w|_1` has no derivative at zero; its step shrinks each weight by :math:`\eta\lambda`, and
sets it to zero where it is smaller than that (soft thresholding): some weights end at exactly zero.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.newton import Solution, rows
from mathdl_keras.chapters.ch03.solvers import penalties, problem
from mathdl_keras.core.linalg import matvec, transpose
from mathdl_keras.core.loops import compiled_loop

__all__ = ["logistic_descent"]

# Steps between two looks of the host at how far the weights still move.
BLOCK = 500


def logistic_descent(x, y, l2=0.0, l1=0.0, learning_rate=None, steps=1000, start=None):
    r"""Full-batch gradient descent for logistic regression (§3.2), in one compiled loop.

    .. math:: w \leftarrow w - \eta \left(\tfrac1M X^\top (S(Xw) - y) + 2\lambda w\right)

    for the mean cross entropy and the penalty :math:`\lambda |w|^2`; for :math:`\lambda_1 |w|_1` soft thresholding by
    :math:`\eta\lambda_1` comes after it.

    Args:
        x: Rows `(M, D)`, with a column of ones for an intercept.
        y: Labels 0 or 1, `(M,)`.
        l2: Float or array `(D,)`, the penalty :math:`\lambda \ge 0`: one number, or one for each column, 0 for an
            intercept.
        l1: Float or array `(D,)`, the penalty :math:`\lambda_1 \ge 0`, likewise.
        learning_rate: Positive float, :math:`\eta`; `None`, the default, for 1/L, the inverse of the largest curvature.
        steps: Integer, the number of steps; 1000 by default.
        start: Array `(D,)`, the first weights; `None`, the default, for zeros.

    Returns:
        Weights `(D,)`.

    Raises:
        ValueError: If shapes do not fit, labels are not 0 or 1, or an argument is out of range.

    Example:
        >>> X, y = np.array([[1.0], [1.0], [1.0], [1.0]]), [1, 0, 1, 1]
        >>> round(float(logistic_descent(X, y)[0]), 4)  # log 3
        1.0986
    """
    return _plain(_begin(x, y, l2, l1, learning_rate, start), steps)[0]


def settle(X, y, l2, l1, tolerance=1e-9, max_steps=50_000):
    r"""Accelerated descent (Nesterov, with restarts) until all weights move by at most :math:`\eta` tolerance.

    Returns:
        A `Solution`; for the gradient, which l1 does not have, stands :math:`(w_{k+1} - w_k)/\eta`.
    """
    w, *data = _begin(X, y, l2, l1, None, None)
    state, steps, rest = (w, w, ops.ones_like(w[0]), *data), 0, np.inf
    while steps < max_steps and rest > tolerance:
        state, steps = _accelerated(state, BLOCK), steps + BLOCK
        rest = float(ops.max(ops.abs(_step(state[0], *data) - state[0])) / data[-1])
    margin = (2 * data[1] - 1) * matvec(data[0], state[0])
    return Solution(
        state[0], steps, rest, rest <= tolerance, not (np.any(l2) or np.any(l1)) and bool(ops.all(margin > 0)), False
    )


def _begin(X, y, l2, l1, learning_rate, start):
    """The first weights, and what does not change: data, penalties and learning rate."""
    X, y = problem(X, y)
    if len(X.shape) != 2:
        raise ValueError(f"x must have shape (M, D); received {tuple(X.shape)}")
    l2, l1 = penalties("l2", l2, X.shape[1]), penalties("l1", l1, X.shape[1])
    if learning_rate is None:
        values = ops.convert_to_numpy(X)
        learning_rate = 1 / (np.linalg.eigvalsh(values.T @ values)[-1] / (4 * len(values)) + 2 * l2.max())
    w = ops.zeros_like(X[0]) if start is None else ops.convert_to_tensor(start, dtype=X.dtype)
    constants = (ops.convert_to_tensor(v, dtype=X.dtype) for v in (l2, l1, learning_rate))
    return (w, X, y, *constants)


def _step(w, X, y, l2, l1, eta):
    gradient = matvec(transpose(X), ops.sigmoid(matvec(X, w)) - y) / rows(X) + 2 * l2 * w
    w = w - eta * gradient
    return ops.sign(w) * ops.relu(ops.abs(w) - eta * l1)


@compiled_loop
def _plain(k, state):
    w, *data = state
    return (_step(w, *data), *data)


@compiled_loop
def _accelerated(k, state):
    """Beck and Teboulle (2009), restarted where momentum leads up (O'Donoghue and Candes 2015)."""
    w, ahead, t, *data = state
    new = _step(ahead, *data)
    uphill = ops.sum((ahead - new) * (new - w)) > 0
    t_new = (1 + ops.sqrt(1 + 4 * t * t)) / 2
    momentum = ops.where(uphill, ops.zeros_like(t), (t - 1) / t_new)
    return (new, new + momentum * (new - w), ops.where(uphill, ops.ones_like(t), t_new), *data)
