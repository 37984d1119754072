r"""Blocks of transformers: attention, and a network for each token (§13.9).

With A multi-head attention, :math:`F(x) = \max(xW_1 + b_1, 0)\,W_2 + b_2` for each token, and N layer normalization,

.. math::
    \text{post:}\quad Y = N(X + A(X)),\quad Z = N(Y + F(Y)), \qquad
    \text{pre:}\quad Y = X + A(N(X)),\quad Z = Y + F(N(Y)).

F and N treat each token alike, and attention sees a set: a block without a causal mask is permutation equivariant. With
one, a token's output depends on itself and those before it, so that their keys and values can be kept, and a new token
costs one row of attention: `begin` makes room for so many tokens, `step` takes one.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import cost_of, in_turn
from mathdl_keras.chapters.ch13.attention.multihead import MultiHeadAttention
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import causal_mask
from mathdl_keras.chapters.ch13.normalization.layer_normalization import LayerNormalization
from mathdl_keras.core.checks import ChecksData, check_positive
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["TransformerEncoderBlock"]


class EarlierArguments(RenamedArguments):
    """Reads earlier configurations, too: they hold `norm`, "pre" or "post", and other names of sizes."""

    renamed_arguments = {
        "heads": "num_heads",
        "layers": "num_layers",
        "ff_dim": "intermediate_dim",
        "max_length": "sequence_length",
        "causal": "use_causal_mask",
    }

    @classmethod
    def from_config(cls, config):
        first = {"normalize_first": config["norm"] == "pre"} if "norm" in config else {}
        return super().from_config({k: v for k, v in config.items() if k != "norm"} | first)


def affine(units, activation, settings):
    """`Dense` for tokens; an einsum keeps float64 on PyTorch, where Keras' matmul does not."""
    shape = {"output_shape": (None, units), "bias_axes": "j"}
    return keras.layers.EinsumDense("bnd,dj->bnj", activation=activation, **shape, **settings)


class Block(EarlierArguments, ChecksData, keras.Layer):
    """What blocks of encoders and decoders share: arguments, parts, residual connections, and the cache."""

    attentions = 1

    def __init__(
        self, num_heads, key_dim, intermediate_dim, normalize_first=False, use_causal_mask=False, dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.num_heads, self.key_dim = check_positive("num_heads", num_heads), check_positive("key_dim", key_dim)
        self.intermediate_dim = check_positive("intermediate_dim", intermediate_dim)
        if not isinstance(normalize_first, bool):
            raise ValueError(f"normalize_first must be True or False; received normalize_first={normalize_first!r}")
        self.normalize_first, self.use_causal_mask, self.dropout = normalize_first, use_causal_mask, dropout
        own = {"dtype": self.dtype_policy}
        self.attention = [
            MultiHeadAttention(num_heads, key_dim, dropout=dropout, **own) for _ in range(self.attentions)
        ]
        self.norms = [LayerNormalization(**own) for _ in range(self.attentions + 1)]
        self.dropped = [keras.layers.Dropout(dropout, **own) for _ in range(self.attentions + 1)]
        self.expand = affine(intermediate_dim, "relu", own)
        self.supports_masking = True

    def _build(self, shape, memory_shape=None):
        if len(shape) != 3 or shape[-1] is None:
            raise ValueError(f"x must have shape (batch, tokens, features); received shape {tuple(shape)}")
        for attention, source in zip(self.attention, (shape, memory_shape), strict=False):
            attention.build(shape, source)
        self.contract = affine(shape[-1], None, {"dtype": self.dtype_policy})
        for layer in (*self.norms, *self.dropped, self.expand):
            layer.build(shape)
        self.contract.build((*shape[:-1], self.intermediate_dim))
        self.built = True

    def _residual(self, k, x, f, training):
        """`N(x + f(x))` or `x + f(N(x))`, with dropout of what f adds."""
        if self.normalize_first:
            return x + self.dropped[k](f(self.norms[k](x)), training=training)
        return self.norms[k](x + self.dropped[k](f(x), training=training))

    def _network(self, x, training=None):
        return self._residual(self.attentions, x, lambda x: self.contract(self.expand(x)), training)

    def begin(self, batch, length):
        """Empty keys and values (B, H, length, k) of the tokens to come."""
        empty = ops.zeros((batch, self.num_heads, length, self.key_dim), self.compute_dtype)
        return empty, empty

    def _attend_to_past(self, x, cache, place):
        """Attention of the token at `place` (B, 1, d) to those before it and itself, and the cache with it."""
        attention, length = self.attention[0], cache[0].shape[2]
        here = ops.reshape(ops.arange(length, dtype="int32") == place, (length, 1))
        cache = tuple(ops.where(here, new, old) for new, old in zip(attention.project_memory(x), cache, strict=True))
        (y, _), _ = attention.attend(attention.project_query(x), *cache, causal_mask(1, length, place))
        return y, cache

    def get_config(self):
        names = ("num_heads", "key_dim", "intermediate_dim", "normalize_first", "use_causal_mask", "dropout")
        return super().get_config() | {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable("mathdl_keras", name="TransformerBlock")
class TransformerEncoderBlock(Block):
    r"""Self-attention, then a network for each token, with residual connections and normalization (§13.9).

    .. math::
        \text{post:}\quad Y = N(X + A(X)),\quad Z = N(Y + F(Y)), \qquad
        \text{pre:}\quad Y = X + A(N(X)),\quad Z = Y + F(N(Y))

    (B, n, d) -> (B, n, d). A mask of the tokens hides them from all.

    Args:
        num_heads: Integer, the number of heads of the attention.
        key_dim: Integer, the dimension of each head's queries and keys.
        intermediate_dim: Integer, the units of F.
        normalize_first: Boolean, whether N comes before A and F ("pre" above), which trains deep ones more easily;
            `False`, the default, is the original transformer ("post").
        use_causal_mask: Boolean, whether a token sees only itself and those before it; `False` by default.
        dropout: Float, the rate at which attention weights, and what A and F add, are dropped in training; 0 by
            default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or x is not of shape (batch, tokens, features).

    Example:
        >>> block = TransformerEncoderBlock(2, 4, 16, use_causal_mask=True)
        >>> X = ops.reshape(ops.arange(24.0), (1, 3, 8)) / 24
        >>> Z = block(X)
        >>> z, cache = block.step(X[:, :1], block.begin(1, 3), 0)
        >>> tuple(Z.shape), tuple(z.shape), float(ops.max(ops.abs(z - Z[:, :1]))) < 1e-5
        ((1, 3, 8), (1, 1, 8), True)
    """

    def build(self, input_shape):
        self._build(input_shape, input_shape)

    def call(self, inputs, mask=None, training=None):
        def attend(x):
            return self.attention[0](x, x, value_mask=mask, training=training, use_causal_mask=self.use_causal_mask)

        return self._network(self._residual(0, inputs, attend, training), training)

    def attention_weights(self, x):
        """The weights of each head, (B, H, n, n), in inference."""
        x = self.norms[0](x) if self.normalize_first else x
        return self.attention[0](x, x, return_attention_scores=True, use_causal_mask=self.use_causal_mask)[1]

    def remember(self, x):
        """Keys and values (B, H, n, k) of all tokens x at once: the cache after as many steps."""
        x = self.norms[0](x) if self.normalize_first else x
        return tuple(self.attention[0].project_memory(x))

    def step(self, x, cache, place):
        """The output (B, 1, d) of one token, and the cache; equal to that of `call` on all tokens, if causal.

        Args:
            x: Tensor (B, 1, d), the token at `place`.
            cache: Pair of tensors, keys and values, from `begin` or the step before.
            place: Integer or scalar tensor, the place of the token.
        """
        found = []

        def attend(x):
            y, after = self._attend_to_past(x, cache, place)
            found.append(after)
            return y

        return self._network(self._residual(0, x, attend, False), False), found[0]

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


@cost_of.register(Block)
def _block_cost(block, before, after):
    """Attention to itself, to the memory if there is one, then the network; and what is normalized."""
    *tokens, _ = after
    wide = (*tokens, block.intermediate_dim)
    sources = [before[:1], [before[0], before[-1]]]
    attention = [cost_of(a, source, after) for a, source in zip(block.attention, sources, strict=False)]
    network = [cost_of(block.expand, [after], wide), cost_of(block.contract, [wide], after)]
    return in_turn(*attention, *network, *(cost_of(norm, [after], after) for norm in block.norms))
