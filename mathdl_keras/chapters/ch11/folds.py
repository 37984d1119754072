r"""All folds of a ridge regression from one pass over the table (§11.5).

A refit for each of k folds reads the table k times, and computes the same products of the same rows k - 1 times. But
sums over rows are all that a ridge regression needs,

.. math:: G = \sum_m z_m z_m^\top, \qquad z_m = (1,\; x_m - s,\; y_m - t),

and those of a training set are the sum of the folds' that it consists of. One may subtract,
:math:`G - G_j`; that loses the digits that fold j alone brought in (one huge outlier is enough). Here the others are
added up, those before j and those after j, at the same price: nothing is subtracted but means, and the rows are first
shifted by medians s and t, so that even this is harmless. A training set's normal equations come out as accurate as
from its own rows.

| | reads of the table | products |
| --- | --- | --- |
| refits | k | :math:`(k - 1)\, n p^2` |
| here | 1, and 1 to predict | :math:`n p^2 + k p^3` |
"""

from functools import singledispatch

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch02.solvers import solve_normal
from mathdl_keras.chapters.ch09.models import RidgeRegression
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.rows import about_means, in_blocks, medians

__all__ = ["IllConditionedError", "fold_predictions", "fold_weights"]

MOST_ENTRIES = 2**25  # of all folds' products: 256 MB
MOST = 1e10  # of the condition number of normal equations: six digits of float64 are left


_solve = compiled(solve_normal)


class IllConditionedError(ValueError):
    """Normal equations would not leave enough digits: solve by a triangle of the rows instead.

    Example:
        >>> try:
        ...     fold_weights(np.ones((4, 2)), np.ones((4, 1)), [[0, 1], [2, 3]])
        ... except IllConditionedError:
        ...     print("constant features")
        constant features
    """


def fold_weights(x, y, validation, l2=0.0, fit_intercept=True):
    r"""The ridge regressions of all training sets, at the price of little more than one (§11.5).

    .. math:: \min_{W, b} \frac1{|T_j|} \sum_{m \in T_j} \lVert y_m - x_m^\top W - b\rVert^2 + \lambda \lVert W\rVert^2,
              \qquad T_j \text{ all samples outside fold } j .

    Args:
        x: Features (..., n, p), a float64 array; leading axes are replicates.
        y: Targets (..., n, t).
        validation: The folds: index arrays that together hold every sample once.
        l2: Float, the penalty :math:`\lambda \ge 0`.
        fit_intercept: Whether there is a b, which is not penalised.

    Returns:
        Kernels (..., k, p, t) and biases (..., k, t), float64 arrays.

    Raises:
        IllConditionedError: If the condition number of a training set's normal equations, scaled to unit diagonal, is
            above 1e10.

    Example:
        >>> x, y = np.arange(6.0)[:, None], 2 * np.arange(6.0)[:, None] + 1
        >>> kernels, biases = fold_weights(x, y, [[0, 1, 2], [3, 4, 5]])
        >>> kernels.round(6).ravel().tolist(), biases.round(6).ravel().tolist()
        ([2.0, 2.0], [1.0, 1.0])
    """
    shift_x, shift_y = (medians(v)[..., None, :] if fit_intercept else np.zeros(v.shape[-1]) for v in (x, y))
    products = np.stack([_products(x, y, np.asarray(rows), shift_x, shift_y) for rows in validation], axis=-3)
    count, *sums = _parts(_sums_of_others(products), x.shape[-1])
    if fit_intercept:
        mean_x, mean_y, gram, moment = about_means(count, *sums)
    else:
        gram, moment = sums[2:]
    gram = gram + l2 * count[..., None, None] * np.eye(x.shape[-1])
    _require_digits(gram)
    with allow_float64():  # one leading axis: a compiled function keeps to one rank
        problems = (v.reshape(-1, *v.shape[-2:]) for v in (gram, moment))
        kernels = ops.convert_to_numpy(_solve(*map(ops.convert_to_tensor, problems))).reshape(moment.shape)
    if not fit_intercept:
        return kernels, np.zeros_like(kernels[..., 0, :])
    biases = mean_y + shift_y - ((mean_x + shift_x)[..., None, :] @ kernels)[..., 0, :]
    return kernels, biases


def _parts(products, p):
    """The number of rows, the sums of x and of y, and of their products: the entries of the sum of z z'."""
    x, y = slice(1, p + 1), slice(p + 1, None)
    return products[..., 0, 0], products[..., 0, x], products[..., 0, y], products[..., x, x], products[..., x, y]


def _products(x, y, rows, shift_x, shift_y):
    """The sum of z z' over one fold, block by block: a symmetric product, of which BLAS computes half."""
    total = 0.0
    for part in in_blocks(len(rows)):
        block = _slice(rows[part])
        part = x[..., block, :]
        z = np.concatenate([np.ones_like(part[..., :1]), part - shift_x, y[..., block, :] - shift_y], axis=-1)
        total = total + np.swapaxes(z, -1, -2) @ z
    return total


def _slice(rows):
    """Rows that follow one another, as a slice: they need not be gathered."""
    if rows[-1] - rows[0] == len(rows) - 1 and np.all(np.diff(rows) == 1):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _sums_of_others(moments):
    """For each fold the sum over those before it and those after it: (..., k, q, q)."""
    zero = np.zeros_like(moments[..., :1, :, :])
    before = np.concatenate([zero, np.cumsum(moments[..., :-1, :, :], axis=-3)], axis=-3)
    after = np.cumsum(moments[..., :0:-1, :, :], axis=-3)[..., ::-1, :, :]
    return before + np.concatenate([after, zero], axis=-3)


def _require_digits(gram):
    diagonal = np.sqrt(np.einsum("...ii->...i", gram))
    if not np.all(diagonal > 0):
        raise IllConditionedError("x must have no constant feature in a training set where l2 is 0")
    spectrum = np.linalg.eigvalsh(gram / diagonal[..., None] / diagonal[..., None, :])
    if not np.all(spectrum[..., -1] <= MOST * spectrum[..., 0]):
        raise IllConditionedError(f"x must have normal equations of condition at most {MOST:g} in every training set")


@singledispatch
def fold_predictions(model, x, y, validation):
    """Predictions of every sample by the model of each fold, without refits; `None` if that cannot be done exactly.

    `cross_validate` asks for them where it would call `fit_closed_form`. There is an answer for `RidgeRegression` and
    `PolynomialRegression`; for a model of yours, `fold_predictions.register` one.

    Args:
        model: A model, not fitted.
        x: Inputs (n, p), a float64 array.
        y: Targets (n, t).
        validation: The folds: index arrays that together hold every sample once.

    Returns:
        A float64 array (k, n, t), or `None`.

    Example:
        >>> x = np.arange(4.0)[:, None]
        >>> fold_predictions(PolynomialRegression(0), x, x, [[0, 1], [2, 3]])[:, 0, 0].round(6).tolist()
        [2.5, 0.5]
    """
    return None


@fold_predictions.register
def _ridge(model: RidgeRegression, x, y, validation):
    if not _can(model, RidgeRegression, x, y, validation):
        return None
    kernels, biases = fold_weights(x, y, validation, model.l2, model.fit_intercept)
    return predictions(x, kernels, biases)


@fold_predictions.register
def _polynomial(model: PolynomialRegression, x, y, validation):
    if not _can(model, PolynomialRegression, x[:, :1], y, validation):
        return None
    phi = model.design(x)
    if model.l2:
        kernels, biases = fold_weights(phi[:, 1:], y, validation, model.l2)
        return predictions(phi[:, 1:], kernels, biases)
    # in a basis that is orthonormal on all samples, no training set has ill-conditioned normal equations
    Q, _ = np.linalg.qr(phi)
    return predictions(Q, *fold_weights(Q, y, validation, fit_intercept=False))


def _can(model, kind, x, y, validation):
    """Not a subclass, for what it changes is not known; not what `fit_closed_form` refuses; and what fits in memory."""
    n, p = x.shape
    return type(model) is kind and y.shape[1] == model.units and p <= n and len(validation) * p * p <= MOST_ENTRIES


def predictions(x, kernels, biases):
    """(k, n, t), in one product that reads the table once."""
    k, p, t = kernels.shape
    stacked = x @ np.swapaxes(kernels, 0, 1).reshape(p, k * t)
    return np.swapaxes(stacked.reshape(len(x), k, t), 0, 1) + biases[:, None]
