r"""Shapley values as a weighted regression (§12.3; Lundberg and Lee 2017).

Among all additive games :math:`a(S) = v(\varnothing) + \sum_{j \in S} \varphi_j` that agree with v on the full
coalition, the Shapley values minimize

.. math:: \sum_{0 < |S| < d} k(|S|)\,\big(v(S) - a(S)\big)^2, \qquad k(s) = \frac{d-1}{\binom ds\, s\,(d-s)} .
"""

from math import comb

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch12.shapley import (
    ShapleyEstimate,
    all_coalitions,
    check_players,
    random_ranks,
    values_of,
    values_of_distinct,
)
from mathdl_keras.core.linalg import gram
from mathdl_keras.core.precision import allow_float64

__all__ = ["kernel_shap", "shapley_kernel"]


def shapley_kernel(d):
    r"""The weights :math:`k(s) = (d-1) / \big(\binom ds s (d-s)\big)` for s = 1, ..., d-1 (§12.3).

    Example:
        >>> shapley_kernel(3).round(4).tolist()
        [0.3333, 0.3333]
    """
    return np.array([(d - 1) / (comb(d, s) * s * (d - s)) for s in range(1, d)])


def kernel_shap(value, d, samples=None, seed=0, kernel=shapley_kernel):
    r"""The Shapley values by weighted least squares over coalitions (§12.3).

    With all coalitions it is exact. With n of them, drawn with the kernel's probabilities and each with its complement,
    it is the plain regression on what was drawn; its standard errors come from the residuals of the pairs.

    Args:
        value: From coalitions, booleans `(n, d)`, to their values `(n, ...)`.
        d: Integer, the number of players.
        samples: Integer n, the number of coalitions, even; `None` or :math:`2^d - 2` and more for all.
        seed: Integer, seed of the random coalitions; 0 by default.
        kernel: From d to the weights of sizes 1 to d-1; with other ones the values are others, too.

    Returns:
        A `ShapleyEstimate`.

    Raises:
        ValueError: If d is above 15 and samples is `None`, or samples is odd or below 4 d.

    Example:
        >>> kernel_shap(lambda S: (S[:, 0] | S[:, 1]) & S[:, 2], 3).values.round(4).tolist()
        [0.1667, 0.1667, 0.6667]
    """
    n = samples
    if d == 1 or n is None or n >= 2 ** min(d, 62) - 2:
        check_players(d)
        masks = all_coalitions(d)
        v = values_of(value, masks)
        weights = np.append(0.0, kernel(d))[masks.sum(axis=1) % d] if d > 1 else np.zeros(2)
        phi = _regression(masks, weights, v)[0]
        return ShapleyEstimate(phi, np.zeros_like(phi), len(masks))
    if n % 2 or n < 4 * d:
        raise ValueError(f"samples must be even and at least 4 d = {4 * d}; received samples={n}")
    masks = np.concatenate(
        [np.zeros((1, d), bool), _draw(np.random.default_rng(seed), d, n, kernel), np.ones((1, d), bool)]
    )
    v, coalitions = values_of_distinct(value, masks)
    phi, inverse, residuals = _regression(masks, np.repeat([0.0, 1 / n, 0.0], [1, n, 1]), v)
    influence = (masks * 1.0)[1:-1] @ inverse  # (n, d): what an error of one value does, n times
    pairs = (influence.reshape(-1, 2, d, 1) * residuals[1:-1].reshape(-1, 2, 1, residuals.shape[1])).sum(axis=1) / n
    error = np.sqrt(np.sum(pairs**2, axis=0) * len(pairs) / (len(pairs) - d))
    return ShapleyEstimate(phi, error.reshape(phi.shape), coalitions)


def _draw(rng, d, n, kernel):
    """n / 2 coalitions with the kernel's probabilities, each followed by its complement."""
    by_size = kernel(d) * [float(comb(d, s)) for s in range(1, d)]
    size = rng.choice(np.arange(1, d), n // 2, p=by_size / by_size.sum())
    masks = random_ranks(rng, n // 2, d) < size[:, None]
    return np.stack([masks, ~masks], axis=1).reshape(n, d)


def _regression(masks, weights, v):
    r"""The constrained minimizer: :math:`\varphi = P\,Z^\top W (v - v_0) + A^{-1}1\,(v_1 - v_0)/(1^\top A^{-1} 1)`.

    Returns:
        :math:`\varphi`, the matrix :math:`P = A^{-1} - A^{-1}11^\top A^{-1}/(1^\top A^{-1}1)`, and the residuals.
    """
    Z, u = masks.astype("float64"), (v - v[0]).reshape(len(v), -1)
    weighted = weights[:, None] * Z
    with allow_float64():
        A = ops.convert_to_numpy(gram(weighted, Z))
        moments = ops.convert_to_numpy(gram(weighted, u))
    inverse = np.linalg.inv(A) if len(A) > 1 else np.ones((1, 1))
    ones = inverse.sum(axis=1)
    P = inverse - np.outer(ones, ones) / ones.sum()
    phi = P @ moments + np.outer(ones / ones.sum(), u[-1])
    return phi.reshape(-1, *v.shape[1:]), P, u - Z @ phi
