r"""Several heads of attention, each with projections of its own (§13.9).

.. math::
    \mathrm{head}_h = \mathrm{softmax}\Big(\frac{Q_h K_h^\top}{\sqrt{k}}\Big) V_h, \qquad
    Y = \sum_h \mathrm{head}_h W_O^h + b_O,

with :math:`Q_h = XW_Q^h + b_Q^h` and so on. For self-attention the three projections of all heads are one matrix
product with the kernels side by side.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.models import another_draw
from mathdl_keras.chapters.ch13.attention.attention import causal_mask, check_mask
from mathdl_keras.chapters.ch13.attention.dot_product import attend
from mathdl_keras.core.checks import check_data, check_positive

__all__ = ["MultiHeadAttention", "MultiHeadSelfAttention"]


@keras.saving.register_keras_serializable("mathdl_keras")
class MultiHeadAttention(keras.Layer):
    r"""Multi-head attention, differentiated by hand (§13.9).

    .. math:: Y = \sum_h \mathrm{softmax}\big(Q_h K_h^\top/\sqrt{k}\big)\, V_h\, W_O^h + b_O

    `query` (B, n, d), `value` (B, m, d'), `key` (B, m, d'') (by default the value) -> (B, n, d). A drop-in for
    `keras.layers.MultiHeadAttention`: the same arguments, masks and weights in the same order: kernel (d, H, k) and
    bias (H, k) of queries, keys and values, then `attention_output`'s kernel (H, v, d) and bias (d,).

    Masks of `query`, `value` and `key` that Keras hands on, `attention_mask` and the causal mask hold together. A query
    that may see no key gets :math:`b_O`: finite, as from Keras' layer where it returns scores, too.

    Args:
        num_heads: H.
        key_dim: k, of each head.
        value_dim: v, of each head; k by default.
        dropout: Rate at which attention weights are dropped in training.
        use_bias: Whether the four projections have a bias.
        output_shape: The number of output features; d by default.
        kernel_initializer: Of the kernels.
        bias_initializer: Of the biases.
        seed: Of dropout.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or shapes do not fit.

    Example:
        >>> layer = MultiHeadAttention(num_heads=2, key_dim=3)
        >>> y, weights = layer(ops.ones((1, 4, 6)), ops.ones((1, 5, 6)), return_attention_scores=True)
        >>> tuple(y.shape), tuple(weights.shape), layer.count_params()
        ((1, 4, 6), (1, 2, 4, 5), 168)
    """

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True, output_shape=None,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros", seed=None, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.num_heads, self.key_dim = check_positive("num_heads", num_heads), check_positive("key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else check_positive("value_dim", value_dim)
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1); received dropout={dropout!r}")
        self.dropout, self.use_bias, self.seed = float(dropout), use_bias, seed
        self.features = output_shape if output_shape is None else check_positive("output_shape", _only(output_shape))
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None
        self.supports_masking = True

    def build(self, query_shape, value_shape, key_shape=None):
        shapes = [tuple(s) for s in (query_shape, value_shape if key_shape is None else key_shape, value_shape)]
        if any(len(s) != 3 or s[-1] is None for s in shapes) or shapes[1][1] != shapes[2][1]:
            query, key, value = shapes
            raise ValueError(
                "query, key and value must have shapes (batch, n, d), (batch, m, d'') and (batch, m, d'); "
                f"received {query}, {key} and {value}"
            )
        H, sizes = self.num_heads, (self.key_dim, self.key_dim, self.value_dim)
        self.projections = [
            self._affine(name, (shape[-1], H, size), (H, size))
            for name, shape, size in zip(("query", "key", "value"), shapes, sizes, strict=True)
        ]
        features = self.features or shapes[0][-1]
        self.output_projection = self._affine("attention_output", (H, self.value_dim, features), (features,))
        self.built = True

    def _affine(self, name, kernel, bias):
        k = ("query", "key", "value", "attention_output").index(name)
        weights = [self.add_weight(kernel, another_draw(self.kernel_initializer, k), name=f"{name}_kernel")]
        if self.use_bias:
            weights.append(self.add_weight(bias, another_draw(self.bias_initializer, k), name=f"{name}_bias"))
        return weights

    def __call__(self, query, value, key=None, **kwargs):
        for name, x in (("query", query), ("value", value), ("key", key)):
            check_data(x, name)
        check_mask(kwargs.get("attention_mask"), query.shape[1], value.shape[1])
        return super().__call__(query, value, key, **kwargs)

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=None,
        use_causal_mask=False,
    ):
        if value is query and (key is None or key is query):
            Q, K, V = self._project(query, self.projections)
        else:
            Q, (K, V) = self.project_query(query), self.project_memory(value, key)
        masks = [
            query_mask if query_mask is None else ops.expand_dims(query_mask, -1),
            value_mask if value_mask is None else ops.expand_dims(value_mask, -2),
            key_mask if key_mask is None else ops.expand_dims(key_mask, -2),
            attention_mask,
            causal_mask(ops.shape(query)[1], ops.shape(value)[1]) if use_causal_mask else None,
        ]
        dropped = self._factor(query, value) if training and self.dropout else None
        return self.attend(Q, K, V, _all(masks), dropped, return_attention_scores)

    def attend(self, Q, K, V, mask=None, factor=None, return_attention_scores=False):
        """Y from projected queries (B, H, n, k), keys (B, H, m, k) and values (B, H, m, v)."""
        found = attend(Q, K, V, mask, factor, return_attention_scores)
        heads, *scores = found if return_attention_scores else (found,)
        W, *b = (ops.cast(w, heads.dtype) for w in self.output_projection)
        H, v, d = W.shape
        rows = ops.reshape(ops.transpose(heads, (0, 2, 1, 3)), (-1, ops.shape(heads)[2], H * v))
        Y = ops.einsum("bni,ij->bnj", rows, ops.reshape(W, (H * v, d)))
        Y = Y + b[0] if b else Y
        return (Y, *scores) if return_attention_scores else Y

    def project_query(self, query):
        """Q, (B, H, n, k)."""
        return self._project(query, [self.projections[0]])[0]

    def project_memory(self, value, key=None):
        """K and V, (B, H, m, k) and (B, H, m, v)."""
        if key is None or key is value:
            return self._project(value, self.projections[1:])
        return [self._project(x, [weights])[0] for x, weights in zip((key, value), self.projections[1:], strict=True)]

    def _project(self, x, projections):
        """Some projections of one x as a single matrix product, each (B, H, n, k)."""
        d, H = x.shape[-1], self.num_heads
        sizes = [weights[0].shape[-1] for weights in projections]
        kernels = [ops.reshape(ops.cast(w[0], x.dtype), (d, -1)) for w in projections]
        Z = ops.einsum("bnd,dj->bnj", x, kernels[0] if len(kernels) == 1 else ops.concatenate(kernels, axis=1))
        if self.use_bias:
            Z = Z + ops.concatenate([ops.reshape(ops.cast(w[1], x.dtype), (-1,)) for w in projections])
        if len(set(sizes)) == 1:  # one transposition for all
            parts = ops.reshape(Z, (-1, ops.shape(x)[1], len(sizes), H, sizes[0]))
            return ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), num=len(sizes))
        parts, start = [], 0
        for size in sizes:
            part = Z[:, :, start : start + H * size]
            parts.append(ops.transpose(ops.reshape(part, (-1, ops.shape(x)[1], H, size)), (0, 2, 1, 3)))
            start += H * size
        return parts

    def _factor(self, query, value):
        shape = (ops.shape(query)[0], self.num_heads, ops.shape(query)[1], ops.shape(value)[1])
        return keras.random.dropout(ops.ones(shape, query.dtype), self.dropout, seed=self.seed_generator)

    def compute_mask(self, query, previous_mask=None):
        return getattr(query, "_keras_mask", None)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        return (*query_shape[:-1], self.features or query_shape[-1])

    def get_config(self):
        names = "num_heads", "key_dim", "value_dim", "dropout", "use_bias", "seed"
        own = {name: getattr(self, name) for name in names} | {"output_shape": self.features}
        for name in ("kernel_initializer", "bias_initializer"):
            own[name] = keras.initializers.serialize(getattr(self, name))
        return super().get_config() | own


@keras.saving.register_keras_serializable("mathdl_keras")
class MultiHeadSelfAttention(MultiHeadAttention):
    r"""Multi-head attention of a sequence to itself: a layer of one input (§13.9).

    .. math:: Z(X) = \sum_h \mathrm{softmax}\big(Q_h K_h^\top/\sqrt{k}\big)\, V_h\, W_O^h + b_O, \quad Q, K, V \text{
    of } X

    (B, n, d) -> (B, n, d). Weights as in `MultiHeadAttention`.

    Args:
        num_heads: H.
        key_dim: k, of each head.
        causal: Whether a token sees only itself and those before it.
        **kwargs: As in `MultiHeadAttention`.

    Example:
        >>> tuple(MultiHeadSelfAttention(2, 3, causal=True)(ops.ones((1, 4, 6))).shape)
        (1, 4, 6)
    """

    def __init__(self, num_heads, key_dim, causal=False, **kwargs):
        super().__init__(num_heads, key_dim, **kwargs)
        self.causal = causal

    def build(self, input_shape):
        super().build(input_shape, input_shape)

    def __call__(self, inputs, **kwargs):
        check_data(inputs)
        return keras.Layer.__call__(self, inputs, **kwargs)

    def call(self, inputs, mask=None, attention_mask=None, return_attention_scores=False, training=None):
        return super().call(
            inputs,
            inputs,
            value_mask=mask,
            attention_mask=attention_mask,
            return_attention_scores=return_attention_scores,
            training=training,
            use_causal_mask=self.causal,
        )

    def compute_output_shape(self, input_shape):
        return super().compute_output_shape(input_shape, input_shape)

    def get_config(self):
        return super().get_config() | {"causal": self.causal}


def _only(output_shape):
    """The one number of an output shape."""
    return output_shape[0] if isinstance(output_shape, list | tuple) and len(output_shape) == 1 else output_shape


def _all(masks):
    """Where all masks hold, as (B, 1, n, m) or (n, m); `None` if there is none."""
    found = None
    for mask in masks:
        if mask is not None:
            mask = ops.cast(mask, "bool")
            found = mask if found is None else ops.logical_and(found, mask)
    return ops.expand_dims(found, 1) if found is not None and len(found.shape) == 3 else found
