r"""Scaled dot product attention, causal masks, and one head of self-attention (§13.9).

The formulas, and their derivatives by hand, are in `dot_product.py`.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.models import another_draw
from mathdl_keras.chapters.ch13.attention.dot_product import attention_backward, attention_forward
from mathdl_keras.core.autodiff import custom_vjp
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.explicit import ExplicitLayer
from mathdl_keras.core.linalg import dot, outer_sum

__all__ = ["MaskedSelfAttention", "SelfAttention", "causal_mask", "scaled_dot_product_attention"]


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


@keras.saving.register_keras_serializable("mathdl_keras")
class SelfAttention(ExplicitLayer):
    r"""One head of self-attention: each token asks, all tokens answer (§13.9).

    .. math::
        Q = XW_Q, \quad K = XW_K, \quad V = XW_V, \qquad \mathrm{softmax}\big(QK^\top/\sqrt{d_k}\big)\,V

    (B, n, d) -> (B, n, d_v). Weights: `query_kernel` (d, d_k), `key_kernel` (d, d_k), `value_kernel` (d, d_v). A mask
    of the tokens (Keras' own, of an `Embedding` say) hides them as keys.

    Args:
        key_dim: Integer, the dimension d_k of queries and keys.
        value_dim: Integer, the dimension d_v of values; d_k by default.
        kernel_initializer: Initializer of the three kernels; "glorot_uniform" by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If a dimension is not positive, or x is not of shape (batch, tokens, features).

    Example:
        >>> output, weights = SelfAttention(8, 4)(ops.ones((2, 5, 3)), return_attention_scores=True)
        >>> tuple(output.shape), tuple(weights.shape)
        ((2, 5, 4), (2, 5, 5))
    """

    causal = False

    def __init__(self, key_dim, value_dim=None, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.key_dim = check_positive("key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else check_positive("value_dim", value_dim)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) != 3 or input_shape[-1] is None:
            raise ValueError(f"x must have shape (batch, tokens, features); received shape {tuple(input_shape)}")
        sizes = {"query": self.key_dim, "key": self.key_dim, "value": self.value_dim}
        for k, (name, size) in enumerate(sizes.items()):
            draw = another_draw(self.kernel_initializer, k)
            setattr(self, f"{name}_kernel", self.add_weight((input_shape[-1], size), draw, name=f"{name}_kernel"))
        self.built = True

    def call(self, inputs, mask=None, return_attention_scores=False):
        return self.by_hand(inputs, mask=mask, return_attention_scores=return_attention_scores)

    def forward_pass(self, x, training=False, mask=None, return_attention_scores=False):
        """O, or `(O, P)`, and the cache; the mask (B, n) hides tokens as keys."""
        x = self.read(x)
        seen = None if mask is None else ops.expand_dims(ops.cast(mask, "bool"), 1)  # (B, 1, m): of the keys
        if self.causal:
            past = causal_mask(ops.shape(x)[1])
            seen = past if seen is None else ops.logical_and(seen, past)
        (output, weights), cache = attention_forward(*(dot(x, W) for W in self.kernels()), seen)
        return ((output, weights) if return_attention_scores else output), (x, cache, return_attention_scores)

    def backward_pass(self, doutputs, cache):
        """`(dx, gradients)` from that of O, or those of O and P."""
        x, cache, scores = cache
        doutput, dweights = doutputs if scores else (doutputs, None)
        deltas = attention_backward(doutput, cache, dweights)
        dQ, dK, dV = (dot(delta, ops.transpose(W)) for delta, W in zip(deltas, self.kernels(), strict=True))
        return dQ + dK + dV, [outer_sum(x, delta) for delta in deltas]

    def kernels(self):
        """W_Q, W_K and W_V."""
        return [self.value_of(W) for W in (self.query_kernel, self.key_kernel, self.value_kernel)]

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.value_dim)

    def get_config(self):
        return super().get_config() | {
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@keras.saving.register_keras_serializable("mathdl_keras")
class MaskedSelfAttention(SelfAttention):
    r"""One head of masked self-attention: a token sees itself and those before it (§13.9).

    .. math:: \mathrm{softmax}\big(QK^\top/\sqrt{d_k} + M\big)\,V, \qquad M_{ij} = -\infty \text{ for } j > i

    Arguments and shapes are those of `SelfAttention`. The first token sees itself only.

    Example:
        >>> output, weights = MaskedSelfAttention(8)(ops.ones((1, 3, 4)), return_attention_scores=True)
        >>> ops.convert_to_numpy(ops.stop_gradient(weights))[0, 1].round(4).tolist()
        [0.5, 0.5, 0.0]
    """

    causal = True
