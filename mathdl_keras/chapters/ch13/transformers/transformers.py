r"""Transformers: blocks one after another (§13.9)."""

import keras

from mathdl_keras.chapters.ch08.layer_costs import cost_of, in_turn
from mathdl_keras.chapters.ch13.normalization.layer_normalization import LayerNormalization
from mathdl_keras.chapters.ch13.transformers.blocks import EarlierArguments, TransformerEncoderBlock
from mathdl_keras.core.checks import ChecksData, check_positive

__all__ = ["TransformerEncoder"]


class Stack(EarlierArguments, ChecksData, keras.Layer):
    """Blocks one after another, and with `normalize_first` a last normalization: what encoders and decoders share."""

    def _end(self, x):
        return x if self.last is None else self.last(x)

    def step(self, x, caches, place):
        """The output (B, 1, d) of the token x (B, 1, d) at `place`, and the caches."""
        after = []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, cache = block.step(x, cache, place)
            after.append(cache)
        return self._end(x), after


@keras.saving.register_keras_serializable("mathdl_keras")
class TransformerEncoder(Stack):
    r"""Transformer blocks one after another (§13.9).

    .. math:: X^{\ell} = \mathrm{Block}_\ell(X^{\ell-1}), \qquad Z = X^L, \text{ or } N(X^L) \text{ with ``pre''}

    (B, n, d) -> (B, n, d). With `use_causal_mask` it is a decoder without cross-attention: the body of a language
    model.

    Args:
        num_layers: Integer, the number L of blocks.
        num_heads: Integer, the number of heads of each attention.
        key_dim: Integer, the dimension k of each head's queries and keys.
        intermediate_dim: Integer, the units of each F.
        normalize_first: Boolean, whether the blocks are "pre" rather than "post"; `False` by default.
        use_causal_mask: Boolean, whether a token sees only itself and those before it; `False` by default.
        dropout: Float, the rate in training; 0 by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or x is not of shape (batch, tokens, features).

    Example:
        >>> from keras import ops
        >>> encoder = TransformerEncoder(2, num_heads=2, key_dim=4, intermediate_dim=16)
        >>> tuple(encoder(ops.ones((1, 3, 8))).shape), len(encoder.attention_weights(ops.ones((1, 3, 8))))
        ((1, 3, 8), 2)
    """

    def __init__(
        self,
        num_layers,
        num_heads,
        key_dim,
        intermediate_dim,
        normalize_first=False,
        use_causal_mask=False,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_layers, own = check_positive("num_layers", num_layers), {"dtype": self.dtype_policy}
        self.blocks = [
            TransformerEncoderBlock(
                num_heads, key_dim, intermediate_dim, normalize_first, use_causal_mask, dropout, **own
            )
            for _ in range(num_layers)
        ]
        self.last = LayerNormalization(**own) if normalize_first else None
        self.supports_masking = True

    def build(self, input_shape):
        for block in self.blocks:
            block.build(input_shape)
        if self.last is not None:
            self.last.build(input_shape)
        self.built = True

    def call(self, inputs, mask=None, training=None):
        for block in self.blocks:
            inputs = block(inputs, mask=mask, training=training)
        return self._end(inputs)

    def attention_weights(self, x):
        """For each block the weights of its heads, (B, H, n, n), in inference."""
        found = []
        for block in self.blocks:
            found.append(block.attention_weights(x))
            x = block(x, training=False)
        return found

    def remember(self, x):
        """The output of all tokens (B, n, d) in inference, and the cache after as many steps."""
        caches = []
        for block in self.blocks:
            caches.append(block.remember(x))
            x = block(x, training=False)
        return self._end(x), caches

    def begin(self, batch, length):
        """The caches of the blocks before the first token."""
        return [block.begin(batch, length) for block in self.blocks]

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        names = ("num_heads", "key_dim", "intermediate_dim", "normalize_first", "use_causal_mask", "dropout")
        own = {name: getattr(self.blocks[0], name) for name in names}
        return super().get_config() | {"num_layers": self.num_layers} | own


@cost_of.register(Stack)
def _stack_cost(stack, before, after):
    first, *others = stack.blocks
    last = [] if stack.last is None else [cost_of(stack.last, [after], after)]
    return in_turn(cost_of(first, before, after), *(cost_of(b, [after, *before[1:]], after) for b in others), *last)
