r"""Several heads of attention, each with projections of its own (§13.9).

.. math::
    \mathrm{head}_h = \mathrm{softmax}\Big(\frac{Q_h K_h^\top}{\sqrt{k}}\Big) V_h, \qquad
    Y = \sum_h \mathrm{head}_h W_O^h + b_O,

with :math:`Q_h = XW_Q^h + b_Q^h` and so on. The projections of one input are one matrix product (`projections`).
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.models import another_draw
from mathdl_keras.chapters.ch08.layer_costs import attention_cost, cost_of
from mathdl_keras.chapters.ch13.attention.formulas import attention_backward, attention_forward
from mathdl_keras.chapters.ch13.attention.projections import project, project_back
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import causal_mask, check_mask, together
from mathdl_keras.core.checks import check_data, check_positive, check_rate, without_defaults
from mathdl_keras.core.choices import Choices
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["MultiHeadAttention"]

NAMES = ("query", "key", "value", "attention_output")
# Which of the projections Q, K and V read each input: x alone, query and value, or query, value and key.
READ_BY = {1: [(0, 1, 2)], 2: [(0,), (1, 2)], 3: [(0,), (2,), (1,)]}


@keras.saving.register_keras_serializable("mathdl_keras")
class MultiHeadAttention(Choices, ExplicitLayer):
    r"""Multi-head attention, differentiated by hand (§13.9).

    .. math:: Y = \sum_h \mathrm{softmax}\big(Q_h K_h^\top/\sqrt{k}\big)\, V_h\, W_O^h + b_O

    `query` (B, n, d), `value` (B, m, d'), `key` (B, m, d'') (by default the value) -> (B, n, d). A drop-in for
    `keras.layers.MultiHeadAttention`: the same arguments, masks and weights in the same order: kernel (d, H, k) and
    bias (H, k) of queries, keys and values, then `attention_output`'s kernel (H, v, d) and bias (d,).

    Masks of `query`, `value` and `key` that Keras hands on, `attention_mask` and the causal mask hold together. A query
    that may see no key gets :math:`b_O`: finite, as from Keras' layer where it returns scores, too.

    Not taken: `attention_axes`, `sliding_window`, `flash_attention` and `use_gate`.

    Args:
        num_heads: Integer, the number H of heads.
        key_dim: Integer, the dimension k of each head's queries and keys.
        value_dim: Integer, the dimension v of each head's values; k by default.
        dropout: Float in [0, 1), the rate at which attention weights are dropped in training; 0 by default.
        use_bias: Boolean, whether the four projections have a bias; `True` by default.
        output_shape: Integer, the number of output features; d by default.
        kernel_initializer: Initializer of the kernels; "glorot_uniform" by default.
        bias_initializer: Initializer of the biases; "zeros" by default.
        kernel_regularizer: Regularizer of each kernel; none by default.
        bias_regularizer: Regularizer of each bias; none by default.
        activity_regularizer: Regularizer of the outputs of the four projections; none by default.
        kernel_constraint: Constraint on each kernel; none by default.
        bias_constraint: Constraint on each bias; none by default.
        seed: Integer, seed of the dropout; drawn by default.
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
                 kernel_initializer="glorot_uniform", bias_initializer="zeros", kernel_regularizer=None,
                 bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 seed=None, **kwargs):  # fmt: skip
        refused = {"attention_axes": None, "sliding_window": None, "flash_attention": None, "use_gate": False}
        super().__init__(**without_defaults(kwargs, **refused))
        self.num_heads, self.key_dim = check_positive("num_heads", num_heads), check_positive("key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else check_positive("value_dim", value_dim)
        self.dropout, self.use_bias, self.seed = check_rate("dropout", dropout), use_bias, seed
        self.features = output_shape if output_shape is None else check_positive("output_shape", _only(output_shape))
        self.choose(kernel_initializer=kernel_initializer, bias_initializer=bias_initializer,
                    kernel_regularizer=kernel_regularizer, bias_regularizer=bias_regularizer,
                    kernel_constraint=kernel_constraint, bias_constraint=bias_constraint)  # fmt: skip
        self.penalty = keras.regularizers.get(activity_regularizer)
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None
        self.supports_masking = True

    def build(self, query_shape, value_shape=None, key_shape=None):
        value_shape = query_shape if value_shape is None else value_shape
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

    def _affine(self, name, *shapes):
        """The kernel of a projection and, if there is one, its bias."""
        weights = []
        for part, shape in list(zip(("kernel", "bias"), shapes, strict=True))[: 1 + self.use_bias]:
            draw = another_draw(getattr(self, f"{part}_initializer"), NAMES.index(name))
            weights.append(self.weight(part, shape, f"{name}_{part}", initializer=draw))
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
        masks = [
            query_mask if query_mask is None else ops.expand_dims(query_mask, -1),
            value_mask if value_mask is None else ops.expand_dims(value_mask, -2),
            key_mask if key_mask is None else ops.expand_dims(key_mask, -2),
            attention_mask,
            causal_mask(ops.shape(query)[1], ops.shape(value)[1]) if use_causal_mask else None,
        ]
        found = self.by_hand(
            _given(query, value, key),
            mask=together(masks),
            factor=self._factor(query, value) if training and self.dropout else None,
            return_attention_scores=return_attention_scores,
            return_projections=self.penalty is not None,
        )
        if self.penalty is None:
            return found
        *found, Q, K, V = found
        for projection in (Q, K, V, found[0]):
            self.add_loss(self.penalty(projection) / ops.cast(ops.shape(projection)[0], projection.dtype))
        return tuple(found) if return_attention_scores else found[0]

    def forward_pass(self, inputs, training=False, mask=None, factor=None, return_attention_scores=False,
                     return_projections=False):  # fmt: skip
        """Y, or a tuple with what else is asked for, and the cache.

        Args:
            inputs: Tensor x for self-attention, `(query, value)`, or `(query, value, key)`.
            training: Boolean, whether the layer is in training; it changes nothing.
            mask: Booleans that broadcast to (B, H, n, m), which keys a query may see; `None`, the default, for all.
            factor: Tensor (B, H, n, m), what attention weights are multiplied by; `None`, the default, for 1.
            return_attention_scores: Boolean, whether P is returned, too; `False` by default.
            return_projections: Boolean, whether Q, K and V are returned, too; `False` by default.
        """
        alone = not isinstance(inputs, list | tuple)
        inputs = [inputs] if alone else inputs
        if not self.built:
            self.build(*(tuple(x.shape) for x in inputs))
        inputs = list(map(self.read, inputs))
        heads = [None] * 3
        for x, group in zip(inputs, READ_BY[len(inputs)], strict=True):
            for k, part in zip(group, self._project(x, group), strict=True):
                heads[k] = part
        (Y, P), cache = self.attend(*heads, mask, factor)
        found = (Y, *([P] if return_attention_scores else ()), *(heads if return_projections else ()))
        return (found if len(found) > 1 else Y), (inputs, cache, alone, return_attention_scores)

    def backward_pass(self, doutputs, cache):
        """`(dinputs, gradients)` from the gradient of Y, or those of all that was returned."""
        inputs, kept, alone, scores = cache
        dY, *further = [doutputs] if ops.is_tensor(doutputs) else doutputs
        dP = further.pop(0) if scores else None
        W, heads = self.value_of(self.output_projection[0]), kept[3]
        dheads = ops.einsum("bnd,hvd->bhnv", dY, W)
        deltas = attention_backward(dheads, kept, dP)
        deltas = [a + b for a, b in zip(deltas, further, strict=True)] if further else deltas
        dinputs, gradients = [], [None] * 3
        for x, group in zip(inputs, READ_BY[len(inputs)], strict=True):
            dx, own = project_back(x, [deltas[k] for k in group], self.weights_of(group))
            dinputs.append(dx)
            for k, gradient in zip(group, own, strict=True):
                gradients[k] = gradient
        of_output = [ops.einsum("bhnv,bnd->hvd", heads, dY), *([ops.sum(dY, axis=(0, 1))] if self.use_bias else [])]
        gradients = [*sum(gradients, []), *of_output]
        return (dinputs[0] if alone else dinputs), gradients

    def attend(self, Q, K, V, mask=None, factor=None):
        """`((Y, P), cache)` from projected queries (B, H, n, k), keys (B, H, m, k) and values (B, H, m, v)."""
        (heads, P), cache = attention_forward(Q, K, V, mask, factor)
        W, *b = map(self.value_of, self.output_projection)
        Y = ops.einsum("bhnv,hvd->bnd", heads, W)
        return (Y + b[0] if b else Y, P), cache

    def weights_of(self, group):
        """The kernel, and the bias if there is one, of some of the projections Q, K and V."""
        return [[self.value_of(w) for w in self.projections[k]] for k in group]

    def project_query(self, query):
        """Q, (B, H, n, k)."""
        return self._project(query, (0,))[0]

    def project_memory(self, value):
        """K and V, (B, H, m, k) and (B, H, m, v)."""
        return self._project(value, (1, 2))

    def _project(self, x, group):
        return project(x, self.weights_of(group))

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
        penalty = {"activity_regularizer": keras.regularizers.serialize(self.penalty)}
        return super().get_config() | own | self.chosen() | penalty


def _given(query, value, key):
    """The inputs that differ: x alone for self-attention."""
    if key is None or key is value:
        return query if value is query else (query, value)
    return query, value, key


def _only(output_shape):
    """The one number of an output shape."""
    return output_shape[0] if isinstance(output_shape, list | tuple) and len(output_shape) == 1 else output_shape


@cost_of.register(MultiHeadAttention)
def _attention_cost(layer, before, after):
    return attention_cost([weights[0] for weights in (*layer.projections, layer.output_projection)], before, after)
