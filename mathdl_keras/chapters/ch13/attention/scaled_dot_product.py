r"""Scaled dot product attention and causal masks (§13.9).

The formulas, and their derivatives by hand, are in `formulas.py`.
"""

from keras import ops

from mathdl_keras.chapters.ch13.attention.formulas import attention_backward, attention_forward
from mathdl_keras.core.autodiff import custom_vjp

__all__ = ["causal_mask", "scaled_dot_product_attention"]


def causal_mask(queries, keys=None, start=0):
    r"""Which keys a query may see: those at its own place and before (§13.9).

    .. math:: M_{ij} = [\,j \le i + \text{start}\,]

    Args:
        queries: Integer, the number n of queries.
        keys: Integer, the number m of keys; n by default.
        start: Integer or scalar tensor, the place of the first query; 0 by default.

    Returns:
        A boolean tensor (n, m).

    Example:
        >>> ops.convert_to_numpy(causal_mask(3)).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    keys = queries if keys is None else keys
    place = ops.expand_dims(ops.arange(queries, dtype="int32"), 1) + start
    return place >= ops.arange(keys, dtype="int32")


def scaled_dot_product_attention(query, key, value, mask=None, return_attention_scores=False):
    r""":math:`\mathrm{softmax}(QK^\top/\sqrt{d_k})V`, differentiated by hand (§13.9).

    (B, n, d_k), (B, m, d_k), (B, m, d_v) -> (B, n, d_v); or all with a second leading axis, of heads.

    Args:
        query: Tensor Q.
        key: Tensor K.
        value: Tensor V.
        mask: Booleans that broadcast to (..., n, m), which keys a query may see; `None`, the default, for all.
        return_attention_scores: Boolean, whether to return the weights P, too; `False` by default.

    Returns:
        O, or `(O, P)` with P (..., n, m).

    Raises:
        ValueError: If the shapes do not fit.

    Example:
        >>> x = ops.reshape(ops.arange(6.0), (1, 3, 2))
        >>> output = scaled_dot_product_attention(x, x, x, causal_mask(3))
        >>> [round(float(v), 4) for v in output[0, 0]]
        [0.0, 1.0]
    """
    query, key, value = map(ops.convert_to_tensor, (query, key, value))
    check_shapes(query.shape, key.shape, value.shape)
    check_mask(mask, query.shape[-2], key.shape[-2], "mask")
    masks = () if mask is None else (mask,)

    def forward(*tensors):
        (output, weights), cache = attention_forward(*tensors)
        return ((output, weights) if return_attention_scores else output), cache[:5]  # no factor

    def backward(cache, upstream):
        of_weights = upstream[1:] if return_attention_scores else ()
        upstream = upstream[0] if return_attention_scores else upstream
        return *attention_backward(upstream, (*cache, None), *of_weights), *[None] * len(masks)

    return custom_vjp(forward, backward)(query, key, value, *masks)


def check_shapes(query, key, value):
    """Raises unless queries and keys are of one dimension, and keys and values of one number."""
    query, key, value = map(tuple, (query, key, value))
    fits = len(query) == len(key) == len(value) in (3, 4)
    if not fits or query[-1] != key[-1] or key[:-1] != value[:-1] or query[:-2] != key[:-2]:
        raise ValueError(
            "query, key and value must have shapes (..., n, d_k), (..., m, d_k) and (..., m, d_v); "
            f"received {query}, {key} and {value}"
        )


def check_mask(mask, queries, keys, name="attention_mask"):
    """Raises if a mask is given whose last axes are known and fit neither (queries, keys) nor 1."""
    if mask is None:
        return
    shape = tuple(mask.shape)
    known = zip(shape[-2:], (queries, keys), strict=False)
    if len(shape) < 2 or any(None not in pair and pair[0] not in (1, pair[1]) for pair in known):
        raise ValueError(f"{name} must have shape (..., {queries}, {keys}); received shape {shape}")


def together(masks):
    """Where all masks hold, as (B, 1, n, m) or (n, m); `None` if there is none."""
    found = None
    for mask in masks:
        if mask is not None:
            mask = ops.cast(mask, "bool")
            found = mask if found is None else ops.logical_and(found, mask)
    return ops.expand_dims(found, 1) if found is not None and len(found.shape) == 3 else found
