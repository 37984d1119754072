r"""Dropout averaged over its masks: ridge regression (§9.3 and §9.4).

With inverted dropout of the features, :math:`\tilde X = X \odot \xi / p`,

.. math:: E_\xi \frac1M \|Y - \tilde X w\|^2
    = \frac1M \|Y - Xw\|^2 + \frac{1-p}{p} \sum_j \Big(\frac1M \sum_m x_{mj}^2\Big) w_j^2 .
"""

import numpy as np
from keras import ops

from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import gram, matvec
from mathdl_keras.core.precision import allow_float64

__all__ = ["solve_dropout_least_squares", "marginalized_dropout_loss"]


def marginalized_dropout_loss(x, y, w, rate):
    r"""The squared loss of a linear model averaged over all masks of inverted dropout (§9.3), in closed form.

    It also serves the last hidden layer of a network (§9.4): there X are its outputs h and w its weights c, and the
    second term is :math:`\frac{1-p}{p} \sum_n c_n^2 h_n^2`.

    Args:
        x: `(rows, features)`, what is dropped.
        y: `(rows,)`.
        w: `(features,)`.
        rate: :math:`1 - p`, in [0, 1).

    Returns:
        A scalar tensor.

    Raises:
        ValueError: If the rate is out of range.

    Example:
        >>> float(marginalized_dropout_loss(ops.array([[1.0]]), ops.array([0.0]), ops.array([2.0]), 0.5))
        8.0
    """
    p = _keep(rate)
    X, y, w = map(ops.convert_to_tensor, (x, y, w))
    residual = y - matvec(X, w)
    penalty = ops.sum(matvec(ops.square(X), ops.square(w)))
    return (ops.sum(ops.square(residual)) + (1 - p) / p * penalty) / X.shape[0]


def solve_dropout_least_squares(x, y, rate):
    r"""The weights to which dropout leads: :math:`\big(\frac1M X^\top X + \frac{1-p}{p} D\big)^{-1} \frac1M X^\top Y`.

    :math:`D = \operatorname{diag}(\frac1M \sum_m x_{mj}^2)`: every feature is penalised by its own size (§9.3). There
    is no intercept: centre the data.

    Args:
        x: `(rows, features)`.
        y: `(rows,)` or `(rows, targets)`.
        rate: :math:`1 - p`, in [0, 1); at 0 the features must be independent.

    Returns:
        A float64 array, `(features,)` or `(features, targets)`.

    Raises:
        ValueError: If the rate is out of range, data are not finite, or the weights are not unique.

    Example:
        >>> solve_dropout_least_squares([[1.0], [-1.0]], [1.0, -1.0], 0.5).round(6).tolist()
        [0.5]
    """
    p, single, (x, y) = _keep(rate), np.ndim(y) == 1, as_table(x, y)
    with allow_float64():
        X = ops.convert_to_tensor(x)
        G = ops.convert_to_numpy(gram(X)) / len(x)
    try:
        w = np.linalg.solve(G + (1 - p) / p * np.diag(np.diag(G)), x.T @ y / len(x))
    except np.linalg.LinAlgError:
        raise ValueError(f"x must have independent features, none of them zero; received rate={rate}") from None
    return w[:, 0] if single else w


def _keep(rate):
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be in [0, 1); received rate={rate}")
    return 1 - rate
