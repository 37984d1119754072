r"""The decoder of a transformer: masked self-attention, then attention to what an encoder has read (§13.9)."""

import keras

from mathdl_keras.chapters.ch13.normalization.layer_normalization import LayerNormalization
from mathdl_keras.chapters.ch13.transformers.blocks import Block
from mathdl_keras.chapters.ch13.transformers.transformers import Stack
from mathdl_keras.core.checks import check_data, check_positive

__all__ = ["TransformerDecoder"]


@keras.saving.register_keras_serializable("mathdl_keras")
class DecoderBlock(Block):
    """Masked self-attention, cross-attention with queries of x and keys and values of the memory, and a network."""

    attentions = 2

    def __init__(self, num_heads, key_dim, intermediate_dim, normalize_first=False, dropout=0.0, **kwargs):
        super().__init__(num_heads, key_dim, intermediate_dim, normalize_first, True, dropout, **kwargs)

    def build(self, x_shape, memory_shape):
        self._build(x_shape, memory_shape)

    def __call__(self, x, memory, **kwargs):
        return keras.Layer.__call__(self, x, memory, **kwargs)

    def call(self, x, memory, x_mask=None, memory_mask=None, training=None):
        own, cross = self.attention

        def attend(x):
            return own(x, x, value_mask=x_mask, training=training, use_causal_mask=True)

        def attend_to_memory(x):
            return cross(x, memory, value_mask=memory_mask, training=training)

        y = self._residual(0, x, attend, training)
        return self._network(self._residual(1, y, attend_to_memory, training), training)

    def step(self, x, cache, place):
        """The output of one token (B, 1, d); the cache is the past's, then the memory's keys and values."""
        past, memory = cache
        found, cross = [], self.attention[1]

        def attend(x):
            y, after = self._attend_to_past(x, past, place)
            found.append(after)
            return y

        y = self._residual(0, x, attend, False)
        y = self._residual(1, y, lambda x: cross.attend(cross.project_query(x), *memory)[0][0], False)
        return self._network(y, False), (found[0], memory)

    def compute_output_shape(self, x_shape, memory_shape):
        return tuple(x_shape)

    def get_config(self):
        return {name: value for name, value in super().get_config().items() if name != "use_causal_mask"}


@keras.saving.register_keras_serializable("mathdl_keras")
class TransformerDecoder(Stack):
    r"""The decoder of a transformer, with a cache for writing token by token (§13.9).

    Each block, unless `normalize_first`,

    .. math::
        Y = N(X + A_{\text{masked}}(X)), \qquad W = N(Y + A(Y, M)), \qquad Z = N(W + F(W)) :

    queries of the cross-attention :math:`A(Y, M)` come from Y, keys and values from the encoder's output M, the memory.

    `x` (B, n, d), `memory` (B, m, d') -> (B, n, d). Masks of tokens that Keras hands on hide them as keys.

    Args:
        num_layers: Integer, the number of blocks.
        num_heads: Integer, the number of heads of each attention.
        key_dim: Integer, the dimension of each head's queries and keys.
        intermediate_dim: Integer, the units of each F.
        normalize_first: Boolean, whether N comes before A and F rather than after; `False` by default.
        dropout: Float, the rate in training; 0 by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or a shape is not (batch, tokens, features).

    Example:
        >>> from keras import ops
        >>> decoder = TransformerDecoder(2, num_heads=2, key_dim=4, intermediate_dim=16)
        >>> x, memory = ops.ones((1, 3, 8)), ops.ones((1, 5, 8))
        >>> z = decoder(x, memory)
        >>> y, caches = decoder.step(x[:, :1], decoder.begin(memory, length=3), 0)
        >>> tuple(z.shape), tuple(y.shape)
        ((1, 3, 8), (1, 1, 8))
    """

    def __init__(self, num_layers, num_heads, key_dim, intermediate_dim, normalize_first=False, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_layers, own = check_positive("num_layers", num_layers), {"dtype": self.dtype_policy}
        self.blocks = [
            DecoderBlock(num_heads, key_dim, intermediate_dim, normalize_first, dropout, **own)
            for _ in range(num_layers)
        ]
        self.last = LayerNormalization(**own) if normalize_first else None
        self.supports_masking = True

    def build(self, x_shape, memory_shape):
        self.features = x_shape[-1]
        for block in self.blocks:
            block.build(x_shape, memory_shape)
        if self.last is not None:
            self.last.build(x_shape)
        self.built = True

    def __call__(self, x, memory, **kwargs):
        check_data(x), check_data(memory, "memory")
        return keras.Layer.__call__(self, x, memory, **kwargs)

    def call(self, x, memory, x_mask=None, memory_mask=None, training=None):
        for block in self.blocks:
            x = block(x, memory, x_mask=x_mask, memory_mask=memory_mask, training=training)
        return self._end(x)

    def begin(self, memory, length):
        """Caches for `length` tokens: the memory's keys and values are computed once.

        Args:
            memory: Tensor (B, m, d').
            length: Integer, the number of tokens to come.

        Raises:
            ValueError: If the decoder has no weights yet.
        """
        if not self.built:
            raise ValueError(
                "the decoder must be built, by a call, before it begins to write; received one that is not"
            )
        batch = memory.shape[0]
        return [(b.begin(batch, length), tuple(b.attention[1].project_memory(memory))) for b in self.blocks]

    def compute_mask(self, x, previous_mask=None):
        return getattr(x, "_keras_mask", None)

    def compute_output_shape(self, x_shape, memory_shape):
        return tuple(x_shape)

    def get_config(self):
        names = ("num_heads", "key_dim", "intermediate_dim", "normalize_first", "dropout")
        return super().get_config() | {"num_layers": self.num_layers} | {n: getattr(self.blocks[0], n) for n in names}
