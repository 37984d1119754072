r"""Attention: averages of values, weighted by how well keys fit a query (§13.9).

With queries Q (n, d_k), keys K (m, d_k) and values V (m, d_v), tokens as rows,

.. math::
    S = \frac{QK^\top}{\sqrt{d_k}}, \qquad P = \mathrm{softmax}(S) \text{ along rows}, \qquad O = PV .

In self-attention Q, K and V are all computed from one X. From :math:`G = \partial\Lambda/\partial O`, with
:math:`dP = G V^\top`,

.. math::
    dV = P^\top G, \qquad dS = P \odot \big(dP - \textstyle\sum_j P_{\cdot j}\, dP_{\cdot j}\big), \qquad
    dQ = \frac{dS\,K}{\sqrt{d_k}}, \qquad dK = \frac{dS^\top Q}{\sqrt{d_k}} .

The sum over keys is :math:`\sum_v G_{\cdot v} O_{\cdot v}`, too, over the d_v entries of a row: less work where m >
d_v.

A mask says which keys a query may see; weights of the others are 0. A query that may see none gets 0, as from Keras'
layers where they return weights, too: finite, and without gradients.
"""

import math

import keras
from keras import ops

__all__ = ["attention_backward", "attention_forward"]

# The score of a hidden key, far below any other, but finite: infinity less infinity is not a number.
HIDDEN = {"float16": -6e4, "bfloat16": -1e30, "float32": -1e30, "float64": -1e30}


def attention_forward(query, key, value, mask=None, factor=None):
    r""":math:`O = \mathrm{softmax}(QK^\top/\sqrt{d_k})V`, and what `attention_backward` needs (§13.9).

    The softmax of half precision scores is computed in float32.

    Args:
        query: Tensor Q, (..., n, d_k), with one or two leading axes, the same for all.
        key: Tensor K, (..., m, d_k).
        value: Tensor V, (..., m, d_v).
        mask: Booleans that broadcast to (..., n, m), which keys a query may see; `None`, the default, for all.
        factor: Tensor (..., n, m), what the weights are multiplied by: dropout; `None`, the default, for 1.

    Returns:
        `((O, P), cache)`.

    Example:
        >>> x = ops.ones((1, 2, 4))
        >>> (output, weights), _ = attention_forward(x, x, x)
        >>> ops.convert_to_numpy(weights).tolist()
        [[[0.5, 0.5], [0.5, 0.5]]]
    """
    a = "bhid,bhjd->bhij,bhjv->bhiv" if len(query.shape) == 4 else "bid,bjd->bij,bjv->biv"
    q, k, p, v, o = a.replace("->", ",").split(",")
    query = query * (1 / math.sqrt(query.shape[-1]))
    scores = ops.einsum(f"{q},{k}->{p}", query, key)
    weights = _softmax(scores) if mask is None else _masked_softmax(scores, mask)
    used = weights if factor is None else weights * factor
    output = ops.einsum(f"{p},{v}->{o}", used, value)
    return (output, weights), (query, key, value, output, weights, factor)


def attention_backward(upstream, cache, upstream_weights=None):
    """`(dQ, dK, dV)` from the gradient of O, and of P where that is used, too (§13.9).

    Args:
        upstream: Tensor G, shaped like O.
        cache: What the forward pass kept.
        upstream_weights: Tensor, the gradient of P; `None`, the default, for 0.

    Returns:
        `(dQ, dK, dV)`.

    Example:
        >>> x = ops.ones((1, 2, 4))
        >>> (output, _), cache = attention_forward(x, x, x)
        >>> dq, dk, dv = attention_backward(ops.ones_like(output), cache)
        >>> float(ops.sum(dv)), float(ops.sum(dq))
        (8.0, 0.0)
    """
    query, key, value, output, weights, factor = cache
    b = "bh" if len(query.shape) == 4 else "b"
    used = weights if factor is None else weights * factor
    dvalue = ops.einsum(f"{b}ij,{b}iv->{b}jv", used, upstream)
    dweights = ops.einsum(f"{b}iv,{b}jv->{b}ij", upstream, value)
    dweights = dweights if factor is None else dweights * factor
    total = ops.sum(upstream * output, axis=-1, keepdims=True)  # the sum of P dP over the keys
    if upstream_weights is not None:
        dweights = dweights + upstream_weights
        total = total + ops.sum(weights * upstream_weights, axis=-1, keepdims=True)
    dscores = weights * (dweights - total)
    dquery = ops.einsum(f"{b}ij,{b}jd->{b}id", dscores, key) * (1 / math.sqrt(query.shape[-1]))
    return dquery, ops.einsum(f"{b}ij,{b}id->{b}jd", dscores, query), dvalue


def _masked_softmax(scores, mask):
    hidden = HIDDEN[keras.backend.standardize_dtype(scores.dtype)]
    weights = _softmax(ops.where(mask, scores, ops.full_like(scores, hidden)))
    return ops.where(mask, weights, ops.zeros_like(weights))


def _softmax(scores):
    dtype = keras.backend.standardize_dtype(scores.dtype)
    if dtype in ("float32", "float64"):
        return ops.softmax(scores, axis=-1)
    return ops.cast(ops.softmax(ops.cast(scores, "float32"), axis=-1), dtype)
