r"""Which token comes next: functions of logits (§13.9).

A language model gives logits U of the next token. It is drawn from :math:`\mathrm{softmax}(U/\tau)`, restricted to the
likeliest ones: logits of the others become :math:`-\infty`.
"""

import math

from keras import ops

__all__ = ["sample_token", "temperature_logits", "top_k_logits", "top_p_logits"]

NEVER = -1e30


def temperature_logits(logits, temperature=1.0):
    r""":math:`U/\tau`: nearer to uniform for large :math:`\tau`, to the likeliest token for small (§13.9).

    Args:
        logits: Tensor (..., V).
        temperature: Float :math:`\tau > 0`.

    Returns:
        A tensor shaped like `logits`.

    Raises:
        ValueError: If the temperature is not positive and finite.

    Example:
        >>> [float(v) for v in temperature_logits(ops.array([1.0, 2.0]), 0.5)]
        [2.0, 4.0]
    """
    check_temperature(temperature)
    return logits / temperature


def top_k_logits(logits, k):
    """Leaves the k largest logits, and those that equal the last of them; the others become -1e30 (§13.9).

    Args:
        logits: Tensor (..., V).
        k: Integer >= 1, the number of logits that stay; all if k exceeds V.

    Returns:
        A tensor shaped like `logits`.

    Raises:
        ValueError: If k is not a positive integer.

    Example:
        >>> [float(v) > -1e9 for v in top_k_logits(ops.array([1.0, 3.0, 2.0]), 2)]
        [False, True, True]
    """
    check_top_k(k)
    V = logits.shape[-1]
    least = ops.top_k(logits, min(k, V))[0][..., -1:]
    return _only(logits, logits >= least)


def top_p_logits(logits, p):
    """Leaves the fewest tokens whose probabilities add up to p or more (nucleus sampling; §13.9).

    A token stays if those that are likelier have less than p together: the likeliest always does. Of tokens that are
    equally likely all stay or none.

    Args:
        logits: Tensor (..., V).
        p: Float in (0, 1], the probability of those that stay; with 1 all stay.

    Returns:
        A tensor shaped like `logits`.

    Raises:
        ValueError: If p is not in (0, 1].

    Example:
        >>> logits = ops.log(ops.array([0.1, 0.6, 0.3]))
        >>> [float(v) > -1e9 for v in top_p_logits(logits, 0.7)]
        [False, True, True]
    """
    check_top_p(p)
    if p == 1:
        return logits
    probabilities = ops.softmax(logits, axis=-1)
    row, column = ops.expand_dims(probabilities, -1), ops.expand_dims(probabilities, -2)
    likelier = ops.sum(ops.where(column > row, column, ops.zeros_like(column)), axis=-1)
    return _only(logits, likelier < p)


def sample_token(logits, uniforms):
    r"""The token whose share of [0, 1) holds u: an inverse of the distribution function of :math:`\mathrm{softmax}(U)`.

    Uniform numbers from the host make the same draw on every backend, up to rounding.

    Args:
        logits: Tensor (B, V).
        uniforms: Tensor u, (B,), of numbers in [0, 1).

    Returns:
        Tokens (B,), int32.

    Example:
        >>> logits = ops.log(ops.array([[0.1, 0.6, 0.3]] * 3))
        >>> [int(t) for t in sample_token(logits, ops.array([0.05, 0.5, 0.8]))]
        [0, 1, 2]
    """
    below = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)
    # rounding may leave the total below u: then it is the likeliest, which never has probability 0
    token = ops.sum(ops.cast(below <= ops.expand_dims(uniforms, -1), "int32"), axis=-1)
    return ops.where(token < logits.shape[-1], token, ops.cast(ops.argmax(logits, axis=-1), "int32"))


def check_temperature(temperature):
    number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if not number or not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be > 0 and finite; received temperature={temperature!r}")


def check_top_k(k):
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ValueError(f"top_k must be an integer >= 1; received top_k={k!r}")


def check_top_p(p):
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 < p <= 1:
        raise ValueError(f"top_p must be in (0, 1]; received top_p={p!r}")


def _only(logits, stays):
    return ops.where(stays, logits, ops.full_like(logits, NEVER))
