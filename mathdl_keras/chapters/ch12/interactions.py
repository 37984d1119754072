r"""Permutation against Shapley (§12.4): how each of them counts interactions.

A function of independent features is a sum of orthogonal parts, one for each subset u of them, and so is its variance:
:math:`f = \sum_u f_u`, :math:`\operatorname{Var} f = \sum_u V_u`. Then

.. math:: \text{permutation (mean squared error)}_j = 2 \sum_{u \ni j} V_u, \qquad
          \text{Shapley (variance)}_j = \sum_{u \ni j} \frac{V_u}{|u|} :

permutation counts an interaction in full for each of its features, Shapley divides it among them. An array of
components is indexed by the subset's number, in which bit j stands for feature j.
"""

import numpy as np

from mathdl_keras.chapters.ch12.shapley import all_coalitions

__all__ = ["shapley_variance", "total_sobol_index", "variance_components"]


def _check(components):
    V = np.asarray(components, "float64")
    d = V.size.bit_length() - 1
    if V.ndim != 1 or V.size != 2**d or d < 1 or not np.all(np.isfinite(V)) or np.any(V < 0):
        raise ValueError(f"components must be 2^d numbers >= 0, one for each subset; received shape {V.shape}")
    return V, all_coalitions(d)


def total_sobol_index(components, normalized=True):
    r"""The part of the variance that feature j shares in (§12.4): :math:`\sum_{u \ni j} V_u / \operatorname{Var} f`.

    Args:
        components: :math:`V_u`, `(2^d,)`; that of the empty subset does not count.
        normalized: Whether to divide by the variance.

    Returns:
        `(d,)`.

    Example:
        >>> total_sobol_index([0.0, 1.0, 4.0, 9.0], normalized=False)  # x1, 2 x2, 3 x1 x2
        array([10., 13.])
    """
    V, masks = _check(components)
    total = V[1:].sum()
    if normalized and total == 0:
        raise ValueError("components must have a positive sum to be normalized; received zeros")
    return masks.T @ V / (total if normalized else 1.0)


def shapley_variance(components):
    r"""The variance divided fairly among the features (§12.4): :math:`\sum_{u \ni j} V_u / |u|`.

    Args:
        components: :math:`V_u`, `(2^d,)`.

    Returns:
        `(d,)`, whose sum is the variance.

    Example:
        >>> shapley_variance([0.0, 1.0, 4.0, 9.0])
        array([5.5, 8.5])
    """
    V, masks = _check(components)
    return masks.T @ (V / np.maximum(masks.sum(axis=1), 1))


def variance_components(explained):
    r"""The components from the variances that subsets explain: :math:`V_u = \sum_{S \subseteq u} (-1)^{|u|-|S|} W_S`.

    Args:
        explained: :math:`W_S = \operatorname{Var} E[f \mid X_S]`, `(2^d,)`, as a `LossReductionGame` of the squared
            loss gives for a background of independent features.

    Returns:
        `(2^d,)`; roundings below zero are set to zero.

    Example:
        >>> variance_components([0.0, 1.0, 4.0, 14.0])
        array([0., 1., 4., 9.])
    """
    W, _ = _check(explained)
    d = W.size.bit_length() - 1
    V = W.reshape((2,) * d)
    for axis in range(d):
        first, second = np.split(V, 2, axis)
        V = np.concatenate([first, second - first], axis)
    return np.maximum(V.ravel(), 0.0)
