r"""The Shapley value (§12.3): what a player adds, on average over the orders in which players join.

A game gives each coalition :math:`S \subseteq \{1, \dots, d\}` a value :math:`v(S)`. The value of player j is

.. math:: \varphi_j = \sum_{S \not\ni j} \frac{|S|!\,(d - |S| - 1)!}{d!}\,\big(v(S \cup j) - v(S)\big)
                    = E_\pi\big[v(\text{those before } j, \text{and } j) - v(\text{those before } j)\big],

over all orders :math:`\pi`. It is the only division that is efficient (:math:`\sum_j \varphi_j = v(\text{all}) -
v(\varnothing)`), symmetric, linear, and gives nothing to a player who never adds anything.

A game is a function of coalitions, `value(masks)`: from booleans `(n, d)` to `(n, ...)`, so that several games that
share their coalitions (rows to explain, outputs of a model) go together.

| function | coalitions | standard errors |
| --- | --- | --- |
| `shapley_exact` | all :math:`2^d`, d <= 15 | none |
| `shapley_sampling` | those along n random orders | from the orders |
| `kernel_shap` | all, or the n that matter most | from the residuals |
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from keras import ops

__all__ = ["ShapleyEstimate", "shapley_exact", "shapley_sampling"]

MOST_PLAYERS = 15


@dataclass(frozen=True)
class ShapleyEstimate:
    """Shapley values with their standard errors.

    Attributes:
        values: `(d, ...)`.
        standard_errors: Array shaped like `values`; 0 where they are exact, infinite where one pair of orders says
            nothing.
        coalitions: Integer, the number of different coalitions that were valued.

    Example:
        >>> ShapleyEstimate(np.ones(2), np.zeros(2), 4).coalitions
        4
    """

    values: np.ndarray
    standard_errors: np.ndarray
    coalitions: int


def all_coalitions(d):
    """Booleans `(2^d, d)`: bit j of a row's number says whether player j is in it."""
    return (np.arange(2**d)[:, None] >> np.arange(d) & 1).astype(bool)


def shapley_weights(d):
    r"""The matrix `(d, 2^d)` with :math:`\varphi = W v`.

    Where j is in S the weight is :math:`(|S|-1)!\,(d-|S|)!/d!`, otherwise :math:`-|S|!\,(d-|S|-1)!/d!`.
    """
    masks = all_coalitions(d).T
    size = masks.sum(axis=0)
    joins = np.array([0.0] + [1 / (d * comb(d - 1, s - 1)) for s in range(1, d + 1)])
    stays = np.array([1 / (d * comb(d - 1, s)) for s in range(d)] + [0.0])
    return np.where(masks, joins[size], -stays[size])


def shapley_exact(value, d):
    r"""The Shapley values from all coalitions (§12.3).

    .. math:: \varphi_j = \sum_{S \not\ni j} \frac{|S|!\,(d-|S|-1)!}{d!}\,\big(v(S \cup j) - v(S)\big)

    Args:
        value: From coalitions, booleans `(n, d)`, to their values `(n, ...)`; it is called once.
        d: The number of players, at most 15.

    Returns:
        `(d, ...)`, float64.

    Raises:
        ValueError: If d is not in 1 to 15, or values are not finite or not one for each coalition.

    Example:
        >>> glove = lambda S: (S[:, 0] | S[:, 1]) & S[:, 2]  # two left gloves, one right
        >>> shapley_exact(glove, 3).round(4).tolist()
        [0.1667, 0.1667, 0.6667]
    """
    check_players(d)
    return contract(shapley_weights(d), values_of(value, all_coalitions(d)))


def check_players(d):
    """Raises a `ValueError` unless all coalitions of d players can be listed."""
    if not 1 <= d <= MOST_PLAYERS:
        advice = "; use shapley_sampling or kernel_shap(value, d, samples)" if d > MOST_PLAYERS else ""
        raise ValueError(f"d must be in 1 to {MOST_PLAYERS} for all 2^d coalitions; received d={d}{advice}")


def contract(W, v):
    """W v over coalitions."""
    return (W @ v.reshape(len(v), -1)).reshape(len(W), *v.shape[1:])


def values_of(value, masks):
    """The values of coalitions, checked, in float64."""
    found = value(masks)
    found = np.asarray(ops.convert_to_numpy(found) if ops.is_tensor(found) else found, "float64")
    if found.shape[:1] != (len(masks),):
        raise ValueError(f"value must return one value for each of {len(masks)} coalitions; received {found.shape}")
    if not np.all(np.isfinite(found)):
        raise ValueError("value must return finite numbers; received NaN or infinite ones")
    return found


def values_of_distinct(value, masks):
    """The values of coalitions of which many may be the same: each is valued once. And their number."""
    packed = np.packbits(masks, axis=1)
    key = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, again = np.unique(key, return_index=True, return_inverse=True)
    return values_of(value, masks[first])[again.ravel()], len(first)


def shapley_sampling(value, d, samples=200, antithetic=True, seed=0):
    r"""The Shapley values as a mean over n random orders (§12.3), with standard errors.

    .. math:: \hat\varphi_j = \frac1n \sum_{i=1}^n \big[v(S_{\pi_i, j} \cup j) - v(S_{\pi_i, j})\big]

    Along an order each coalition serves twice, for who joins and for who comes next; those that several orders share
    are valued once. Antithetic orders come in pairs, one the reverse of the other: where only pairs of players
    interact, a single pair of orders is exact.

    Args:
        value: From coalitions, booleans `(n, d)`, to their values `(n, ...)`; it is called once.
        d: Integer, the number of players.
        samples: Integer n, the number of orders, even for pairs; 200 by default.
        antithetic: Boolean, whether orders come in pairs of opposites; `True` by default.
        seed: Integer or NumPy generator, seed of the random orders; 0 by default.

    Returns:
        A `ShapleyEstimate`. Its values are unbiased and efficient, whatever n.

    Raises:
        ValueError: If d or samples is too small, or samples is odd where pairs are wanted.

    Example:
        >>> found = shapley_sampling(lambda S: S @ [1.0, 2.0, 3.0] + S[:, 0] * S[:, 1], 3, samples=2)
        >>> found.values.round(6).tolist()
        [1.5, 2.5, 3.0]
    """
    step = 2 if antithetic else 1
    n = samples
    if d < 1 or n < step or n % step:
        raise ValueError(f"d must be >= 1 and samples a positive multiple of {step}; received d={d}, samples={n}")
    rank = random_ranks(np.random.default_rng(seed), n // step, d)
    if antithetic:
        rank = np.concatenate([rank, d - 1 - rank])
    masks = rank[:, None, :] < np.arange(d + 1)[:, None]  # (n, d + 1, d): who is there after k have joined
    v, coalitions = values_of_distinct(value, masks.reshape(-1, d))
    v = v.reshape(n, d + 1, *v.shape[1:])
    gains = np.diff(v, axis=1)[np.arange(n)[:, None], rank]  # (n, d, ...): of player j when it joins
    units = gains.reshape(step, n // step, *gains.shape[1:]).mean(axis=0)
    return ShapleyEstimate(units.mean(axis=0), standard_error(units), coalitions)


def random_ranks(rng, n, d):
    """Uniformly random orders `(n, d)`: the place of each player."""
    return rng.permuted(np.tile(np.arange(d), (n, 1)), axis=1)


def standard_error(units):
    """Of the mean of independent replicates along the first axis; infinite for a single one."""
    if len(units) < 2:
        return np.full(units.shape[1:], np.inf)
    return units.std(axis=0, ddof=1) / np.sqrt(len(units))
