r"""The game between a generator and a discriminator, on finitely many atoms, where all of it can be computed.

A discriminator D says how likely it thinks a sample is real. Against real samples from p and generated ones from q it
earns

.. math:: V(D, q) = \sum_i p_i \log D_i + \sum_i q_i \log(1 - D_i) ,

and the generator wants that to be small. Its best answer is :math:`D^* = p/(p+q)`, which earns
:math:`V(D^*, q) = -\log 4 + 2\,\mathrm{JSD}(p, q)`: the generator minimizes a distance between q and p (§15.4).

| function | what it is |
| --- | --- |
| `optimal_discriminator(p, q)` | :math:`D^*` |
| `gan_value_function(D, p, q)` | V |
| `jensen_shannon(p, q)` | JSD, between 0 and log 2 |

Atoms are along the last axis; leading axes are games of their own.
"""

import numpy as np
from keras import ops

__all__ = ["gan_value_function", "jensen_shannon", "optimal_discriminator"]


def optimal_discriminator(p, q):
    r"""The discriminator that earns most, :math:`D^* = p/(p+q)` (§15.4).

    An atom that neither p nor q has plays no part; D* is 1/2 there.

    Args:
        p: Array `(..., atoms)`, the real weights, or densities at the same points.
        q: Array `(..., atoms)`, the generated ones.

    Returns:
        (..., atoms), in [0, 1].

    Raises:
        ValueError: If the shapes differ, or a weight is negative or not finite.

    Example:
        >>> ops.convert_to_numpy(optimal_discriminator([0.75, 0.25, 0.0], [0.25, 0.25, 0.5])).tolist()
        [0.75, 0.5, 0.0]
    """
    p, q = _pair(p, q)
    total = p + q
    return ops.where(total > 0, p / ops.where(total > 0, total, ops.ones_like(total)), ops.full_like(p, 0.5))


def gan_value_function(D, p, q):
    r"""What a discriminator earns, :math:`V = \sum_i p_i \log D_i + \sum_i q_i \log(1 - D_i)` (§15.3).

    With :math:`0 \log 0 = 0`; a discriminator that is sure and wrong earns :math:`-\infty`.

    Args:
        D: Array `(..., atoms)` in [0, 1], the discriminator.
        p: Array `(..., atoms)`, the real weights.
        q: Array `(..., atoms)`, the generated weights.

    Returns:
        (...).

    Raises:
        ValueError: If shapes differ, a weight is negative or not finite, or D is outside [0, 1].

    Example:
        >>> round(float(gan_value_function([0.5, 0.5], [0.3, 0.7], [0.9, 0.1])), 4)  # -log 4
        -1.3863
    """
    p, q = _pair(p, q)
    _check_array("D", D, 1.0)
    D = ops.convert_to_tensor(D, dtype=p.dtype)
    return ops.sum(_times_log(p, D) + _times_log(q, 1 - D), axis=-1)


def jensen_shannon(p, q):
    r"""The Jensen-Shannon divergence, in nats (§15.4).

    .. math:: \mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}\big(p \,\|\, \tfrac{p+q}2\big)
        + \tfrac12 \mathrm{KL}\big(q \,\|\, \tfrac{p+q}2\big) \in [0, \log 2]

    It is log 2 as soon as p and q have no atom in common, near or far: then it has no slope for a generator to follow,
    and `wasserstein_1d` has (§15.5).

    Args:
        p: Array `(..., atoms)`, weights.
        q: Array `(..., atoms)`, weights.

    Returns:
        (...).

    Raises:
        ValueError: If the shapes differ, or a weight is negative or not finite.

    Example:
        >>> round(float(jensen_shannon([1.0, 0.0], [0.0, 1.0])), 4)  # log 2
        0.6931
    """
    p, q = _pair(p, q)
    return ops.sum(_relative(p, q) + _relative(q, p), axis=-1) / 2


def _relative(p, q):
    """:math:`p log(2p/(p+q))`, which is 0 where p is."""
    positive = p > 0
    return _times_log(p, 2 * p / ops.where(positive, p + q, 1))


def _times_log(weight, x):
    """`weight * log(x)`, 0 where the weight is; so is its derivative there, not NaN."""
    positive = weight > 0
    return ops.where(positive, weight * ops.log(ops.where(positive, x, ops.ones_like(x))), ops.zeros_like(weight))


def _pair(p, q):
    _check_array("p", p)
    _check_array("q", q)
    p = ops.convert_to_tensor(p)
    q = ops.convert_to_tensor(q, dtype=p.dtype)
    if tuple(p.shape) != tuple(q.shape):
        raise ValueError(f"p and q must have one shape; received {tuple(p.shape)} and {tuple(q.shape)}")
    return p, q


def _check_array(name, values, most=np.inf):
    """Arrays and lists are looked at; tensors pass, for a compiled function cannot look at them."""
    if isinstance(values, list | tuple | np.ndarray):
        values = np.asarray(values)
        if values.size == 0 or not (np.all(values >= 0) and np.all(values <= most) and np.all(np.isfinite(values))):
            wanted = "in [0, 1]" if most == 1 else "finite and >= 0"
            raise ValueError(f"{name} must be {wanted} and not empty; received {values.tolist()}")
