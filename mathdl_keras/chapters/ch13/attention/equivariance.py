r"""Permutation equivariance (Definition 13.3).

An operator Z on arrays X of d features and n tokens is permutation equivariant if for each permutation matrix P

.. math:: Z(XP) = Z(X)\,P .

The book's tokens are columns; Keras stores them as rows, (batch, tokens, features), so the axis to permute is 1.
"""

import itertools
import math

import numpy as np
from keras import ops

__all__ = ["equivariance_error", "is_permutation_equivariant"]

ALL, SOME = 5, 120  # all permutations of up to 5 tokens; of more, as many at random


def equivariance_error(layer, x, permutations=None, seed=0):
    r"""The largest entry of :math:`|Z(XP) - Z(X)P|` over permutations P (Definition 13.3).

    Args:
        layer: Layer or function Z from (B, n, d) to (B, n, d').
        x: Array X, (B, n, d).
        permutations: Array whose rows permute 0, ..., n-1; by default all of them for n up to 5, and 120 at random for
            more.
        seed: Integer, seed of the random permutations; 0 by default.

    Returns:
        A float.

    Raises:
        ValueError: If x is not of shape (batch, tokens, features), or the permutations are none.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((1, 4, 2)).astype("float32")
        >>> equivariance_error(lambda x: 2 * x, x), equivariance_error(lambda x: ops.cumsum(x, axis=1), x) > 0.1
        (0.0, True)
    """
    x = np.asarray(ops.convert_to_numpy(x))
    if x.ndim != 3:
        raise ValueError(f"x must have shape (batch, tokens, features); received shape {x.shape}")
    orders = _permutations(x.shape[1], seed) if permutations is None else np.asarray(permutations)
    if orders.ndim != 2 or not np.array_equal(np.sort(orders, axis=1), [np.arange(x.shape[1])] * len(orders)):
        raise ValueError(f"permutations must be rows of the numbers 0 to {x.shape[1] - 1}; received {orders.shape}")
    permuted = np.moveaxis(x[:, orders], 1, 0).reshape(-1, *x.shape[1:])  # (P B, n, d)
    both = ops.convert_to_tensor(np.concatenate([x, permuted]))
    z = np.asarray(ops.convert_to_numpy(ops.stop_gradient(layer(both))))
    z, z_permuted = z[: len(x)], z[len(x) :]
    expected = np.moveaxis(z[:, orders], 1, 0).reshape(z_permuted.shape)
    return float(np.max(np.abs(z_permuted - expected)))


def is_permutation_equivariant(layer, x, tolerance=1e-5, permutations=None, seed=0):
    """Whether `equivariance_error` is at most the tolerance (Definition 13.3).

    Args:
        layer: Layer or function Z from (B, n, d) to (B, n, d').
        x: Array X, (B, n, d).
        tolerance: Float, the largest error that rounding may make; 1e-5 by default.
        permutations: Array whose rows permute 0, ..., n-1, as for `equivariance_error`.
        seed: Integer, seed of the random permutations; 0 by default.

    Returns:
        A bool.

    Example:
        >>> x = np.eye(3, dtype="float32")[None]
        >>> is_permutation_equivariant(lambda x: x * x, x), is_permutation_equivariant(lambda x: ops.flip(x, axis=1), x)
        (True, False)
    """
    return equivariance_error(layer, x, permutations, seed) <= tolerance


def _permutations(n, seed):
    if n <= ALL:
        return np.array(list(itertools.permutations(range(n)))).reshape(math.factorial(n), n)
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(n) for _ in range(SOME)])
