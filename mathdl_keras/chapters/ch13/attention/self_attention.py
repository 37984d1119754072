r"""Self-attention as a layer of one input: one head, or several (§13.9)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.models import another_draw
from mathdl_keras.chapters.ch08.layer_costs import attention_cost, cost_of
from mathdl_keras.chapters.ch13.attention.formulas import attention_backward, attention_forward
from mathdl_keras.chapters.ch13.attention.multihead import MultiHeadAttention
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import causal_mask
from mathdl_keras.core.checks import check_data, check_positive
from mathdl_keras.core.explicit import ExplicitLayer
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["MaskedSelfAttention", "MultiHeadSelfAttention", "SelfAttention"]


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
        use_causal_mask: Boolean, whether a token sees only itself and those before it; `False` by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If a dimension is not positive, or x is not of shape (batch, tokens, features).

    Example:
        >>> output, weights = SelfAttention(8, 4)(ops.ones((2, 5, 3)), return_attention_scores=True)
        >>> tuple(output.shape), tuple(weights.shape)
        ((2, 5, 4), (2, 5, 5))
    """

    def __init__(self, key_dim, value_dim=None, kernel_initializer="glorot_uniform", use_causal_mask=False, **kwargs):
        super().__init__(**kwargs)
        self.key_dim = check_positive("key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else check_positive("value_dim", value_dim)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.use_causal_mask = use_causal_mask
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
        if self.use_causal_mask:
            past = causal_mask(ops.shape(x)[1])
            seen = past if seen is None else ops.logical_and(seen, past)
        (output, weights), cache = attention_forward(*(ops.einsum("bnd,dk->bnk", x, W) for W in self.kernels()), seen)
        return ((output, weights) if return_attention_scores else output), (x, cache, return_attention_scores)

    def backward_pass(self, doutputs, cache):
        """`(dx, gradients)` from that of O, or those of O and P."""
        x, cache, scores = cache
        doutput, dweights = doutputs if scores else (doutputs, None)
        deltas = attention_backward(doutput, cache, dweights)
        dQ, dK, dV = (ops.einsum("bnk,dk->bnd", delta, W) for delta, W in zip(deltas, self.kernels(), strict=True))
        return dQ + dK + dV, [ops.einsum("bnd,bnk->dk", x, delta) for delta in deltas]

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
            "use_causal_mask": self.use_causal_mask,
        }


@keras.saving.register_keras_serializable("mathdl_keras")
class MaskedSelfAttention(SelfAttention):
    r"""One head of masked self-attention: a token sees itself and those before it (§13.9).

    .. math:: \mathrm{softmax}\big(QK^\top/\sqrt{d_k} + M\big)\,V, \qquad M_{ij} = -\infty \text{ for } j > i

    It is `SelfAttention` with `use_causal_mask`, by the book's name. The first token sees itself only.

    Example:
        >>> output, weights = MaskedSelfAttention(8)(ops.ones((1, 3, 4)), return_attention_scores=True)
        >>> ops.convert_to_numpy(ops.stop_gradient(weights))[0, 1].round(4).tolist()
        [0.5, 0.5, 0.0]
    """

    def __init__(self, key_dim, value_dim=None, kernel_initializer="glorot_uniform", use_causal_mask=True, **kwargs):
        super().__init__(key_dim, value_dim, kernel_initializer, use_causal_mask, **kwargs)


@keras.saving.register_keras_serializable("mathdl_keras")
class MultiHeadSelfAttention(RenamedArguments, MultiHeadAttention):
    r"""Multi-head attention of a sequence to itself: a layer of one input (§13.9).

    .. math:: Z(X) = \sum_h \mathrm{softmax}\big(Q_h K_h^\top/\sqrt{k}\big)\, V_h\, W_O^h + b_O, \quad Q, K, V \text{
    of } X

    (B, n, d) -> (B, n, d). Weights as in `MultiHeadAttention`.

    Args:
        num_heads: Integer, the number H of heads.
        key_dim: Integer, the dimension k of each head's queries and keys.
        use_causal_mask: Boolean, whether a token sees only itself and those before it; `False` by default.
        **kwargs: The other arguments are those of `MultiHeadAttention`.

    Example:
        >>> tuple(MultiHeadSelfAttention(2, 3, use_causal_mask=True)(ops.ones((1, 4, 6))).shape)
        (1, 4, 6)
    """

    renamed_arguments = {"causal": "use_causal_mask"}

    def __init__(self, num_heads, key_dim, use_causal_mask=False, **kwargs):
        super().__init__(num_heads, key_dim, **kwargs)
        self.use_causal_mask = use_causal_mask

    def build(self, input_shape):
        super().build(input_shape, input_shape)

    def __call__(self, inputs, **kwargs):
        check_data(inputs)
        return keras.Layer.__call__(self, inputs, **kwargs)

    def call(self, inputs, mask=None, attention_mask=None, return_attention_scores=False, training=None):
        settings = {"return_attention_scores": return_attention_scores, "training": training}
        return super().call(inputs, inputs, value_mask=mask, attention_mask=attention_mask, **settings)

    def forward_pass(self, inputs, training=False, mask=None, **settings):
        """Y, or a tuple with what else is asked for, and the cache; as in `MultiHeadAttention`."""
        if self.use_causal_mask:
            past = causal_mask(ops.shape(inputs)[1])
            mask = past if mask is None else ops.logical_and(mask, past)
        return super().forward_pass(inputs, training, mask, **settings)

    def compute_output_shape(self, input_shape):
        return super().compute_output_shape(input_shape, input_shape)

    def get_config(self):
        return super().get_config() | {"use_causal_mask": self.use_causal_mask}


@cost_of.register(SelfAttention)
def _attention_cost(layer, before, after):
    return attention_cost([layer.query_kernel, layer.key_kernel, layer.value_kernel], before, after)
