r"""Estimates of the risk from one fit: leave-one-out without leaving one out, and penalties (§11.3 and §11.5).

A linear smoother makes fits of targets, :math:`\hat y = H y`. The training error is too small, for each sample has
helped to fit itself; its leverage :math:`h_{ii}` says by how much.

| estimate | formula | needs |
| --- | --- | --- |
| training error | :math:`\frac1M \sum r_i^2` | |
| `loo_mse` | :math:`\frac1M \sum (r_i / (1 - h_{ii}))^2` | leverages |
| `gcv` | :math:`\frac1M \sum r_i^2 \,/\, (1 - \operatorname{tr} H / M)^2` | the trace |
| `mallows_cp` | :math:`\mathrm{RSS}/\sigma^2 - M + 2 \operatorname{tr} H` | the noise's variance |
| `aic` | :math:`M \log(\mathrm{RSS}/M) + 2 \operatorname{tr} H` | Gaussian noise |

All are computed in float64 from :math:`[X; \sqrt\alpha I] = QR`, so that no condition number is squared.
"""

import numpy as np
from keras import ops

from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import gram, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

__all__ = ["aic", "gcv", "hat_matrix", "loo_mse", "mallows_cp"]


_qr = compiled(ops.qr)


def smoother(X, penalties):
    r"""Q, R with :math:`R^\top R = X^\top X + \mathrm{diag}(\alpha)` and :math:`H = X(R^\top R)^{-1}X^\top = QQ^\top`.

    Args:
        X: (n, p), a float64 array.
        penalties: :math:`\alpha_j \ge 0`, (p,).

    Returns:
        Tensors (n, p) and (p, p), inside `allow_float64`: the Q of the rows of X alone.

    Raises:
        ValueError: If the columns, with the penalties, are not linearly independent.
    """
    n, p = X.shape
    rows = np.concatenate([X, np.diag(np.sqrt(penalties))]) if np.any(penalties) else X
    Q, R = _qr(ops.convert_to_tensor(rows))
    norms = np.linalg.norm(rows, axis=0)
    triangle = ops.convert_to_numpy(R) / np.where(norms > 0, norms, 1)
    rank = np.linalg.matrix_rank(triangle, rtol=max(rows.shape) * np.finfo("float64").eps)
    if rank < p:
        raise ValueError(f"x must have linearly independent columns; received rank {rank} for {p} columns")
    return Q[:n], R


def hat_matrix(x, l2=0.0, fit_intercept=False):
    r"""The matrix :math:`H = X(X^\top X + M\lambda I)^{-1}X^\top` that makes fits of targets (§11.5).

    Args:
        x: The design (M, p).
        l2: Float, the penalty :math:`\lambda \ge 0`, of the mean square as in `ridge_regression`.
        fit_intercept: Whether there is a constant, which is not penalised, beside the columns of x.

    Returns:
        A float64 array (M, M).

    Example:
        >>> hat_matrix([[1.0], [1.0]]).round(6).tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """
    X = as_table(x)
    with allow_float64():
        Q = _smooth(X, l2, fit_intercept, len(X))
        return ops.convert_to_numpy(Q @ transpose(Q))


def loo_mse(x, y, l2=0.0, fit_intercept=False):
    r"""Leave-one-out cross-validation from a single fit (§11.5).

    .. math:: \frac1M \sum_i (y_i - x_i^\top \hat\theta^{(-i)})^2
              = \frac1M \sum_i \Big(\frac{y_i - \hat y_i}{1 - h_{ii}}\Big)^2

    Exact: :math:`\hat\theta^{(-i)}`, fitted to the M - 1 others, pays the penalty :math:`(M-1)\lambda \lVert \theta
    \rVert^2`, and so does the fit on the right.

    Args:
        x: The design (M, p).
        y: Targets (M,) or (M, t).
        l2: Float, the penalty :math:`\lambda \ge 0`, of the mean square as in `ridge_regression`.
        fit_intercept: Whether there is a constant, which is not penalised, beside the columns of x.

    Returns:
        A number, or an array (t,) of them.

    Raises:
        ValueError: If columns are collinear, or a sample's leverage is 1: without it there is no fit.

    Example:
        >>> round(loo_mse([[1.0], [1.0], [1.0]], [0.0, 0.0, 3.0]), 6)  # means of the others: 1.5, 1.5, 0
        4.5
    """
    single, (X, y) = np.ndim(y) == 1, as_table(x, y)
    residuals, leverages = _fit(X, y, l2, fit_intercept, len(X) - 1)
    if np.any(alone := 1 - leverages < 1e-10):
        raise ValueError(f"x must determine the fit without any one row; received {alone.sum()} of leverage 1")
    return _number(np.mean((residuals / (1 - leverages)[:, None]) ** 2, axis=0), single)


def gcv(x, y, l2=0.0, fit_intercept=False):
    r"""Generalised cross-validation: every leverage is replaced by their mean (§11.5).

    .. math:: \frac{\frac1M \sum_i r_i^2}{(1 - \operatorname{tr} H / M)^2}

    Unlike leave-one-out it does not change if the rows of x and y are rotated (Golub, Heath and Wahba 1979). Arguments
    and results as in `loo_mse`, with the penalty :math:`M\lambda`.

    Example:
        >>> round(gcv([[1.0], [1.0], [1.0]], [0.0, 0.0, 3.0]), 6)
        4.5
    """
    return _penalised(x, y, l2, fit_intercept, lambda rss, freedom, M: rss / M / (1 - freedom / M) ** 2)


def mallows_cp(x, y, noise_variance, l2=0.0, fit_intercept=False):
    r"""Mallows' :math:`C_p = \mathrm{RSS}/\sigma^2 - M + 2\operatorname{tr} H` (§11.3).

    Its mean is that of :math:`\lVert \hat y - E y\rVert^2 / \sigma^2`, the error in units of the noise: p for a model
    with p parameters that contains the truth, more for one that does not.

    Args:
        x: The design (M, p).
        y: Targets (M,) or (M, t).
        noise_variance: :math:`\sigma^2 > 0`, or an estimate of it from a model that is large enough.
        l2: Float, the penalty :math:`\lambda \ge 0`.
        fit_intercept: Whether there is a constant beside the columns of x.

    Returns:
        A number, or an array (t,) of them.

    Example:
        >>> round(mallows_cp([[1.0], [1.0], [1.0]], [0.0, 0.0, 3.0], noise_variance=2.0), 6)
        2.0
    """
    if not noise_variance > 0:
        raise ValueError(f"noise_variance must be positive; received noise_variance={noise_variance}")
    return _penalised(x, y, l2, fit_intercept, lambda rss, freedom, M: rss / noise_variance - M + 2 * freedom)


def aic(x, y, l2=0.0, fit_intercept=False):
    r"""Akaike's criterion for Gaussian noise, :math:`M \log(\mathrm{RSS}/M) + 2 \operatorname{tr} H` (§11.3).

    Up to a constant: only differences between models of the same targets mean something. Arguments and results as in
    `gcv`.

    Example:
        >>> round(aic([[1.0], [1.0], [1.0]], [0.0, 0.0, 3.0]), 4)
        4.0794
    """
    return _penalised(x, y, l2, fit_intercept, lambda rss, freedom, M: M * np.log(rss / M) + 2 * freedom)


def _penalised(x, y, l2, fit_intercept, formula):
    single, (X, y) = np.ndim(y) == 1, as_table(x, y)
    residuals, leverages = _fit(X, y, l2, fit_intercept, len(X))
    return _number(formula(np.sum(residuals**2, axis=0), np.sum(leverages), len(X)), single)


def _fit(X, y, l2, fit_intercept, count):
    """Residuals (M, t) and leverages (M,), of the penalty `count` times `l2`."""
    with allow_float64():
        fit = _residuals(_smooth(X, l2, fit_intercept, count), ops.convert_to_tensor(y))
        return tuple(map(ops.convert_to_numpy, fit))


@compiled
def _residuals(Q, y):
    return y - Q @ gram(Q, y), ops.sum(Q * Q, axis=1)


def _smooth(X, l2, fit_intercept, count):
    if not 0 <= l2 < np.inf:
        raise ValueError(f"l2 must be finite and >= 0; received l2={l2}")
    if fit_intercept:
        X = np.concatenate([np.ones((len(X), 1)), X - X.mean(axis=0)], axis=1)
    penalised = np.arange(X.shape[1]) >= fit_intercept
    return smoother(X, count * l2 * penalised)[0]


def _number(values, single):
    return float(values[0]) if single else values
