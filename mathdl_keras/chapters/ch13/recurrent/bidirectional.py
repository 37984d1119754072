r"""Recurrent layers that read a sequence in both directions (§13.7)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.rnn import RNN
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["Bidirectional"]


@keras.saving.register_keras_serializable("mathdl_keras")
class Bidirectional(keras.layers.Bidirectional, ExplicitLayer):
    r"""Two recurrent layers, one of which reads the sequence from its end (§13.7).

    .. math::
        \overrightarrow h_t = F(x_t, \overrightarrow h_{t-1}), \qquad
        \overleftarrow h_t = \overleftarrow F(x_t, \overleftarrow h_{t+1}), \qquad
        y_t = (\overrightarrow h_t, \overleftarrow h_t),

    so that :math:`y_t` depends on all of the sequence. The second layer is the first on the reversed sequence, and its
    outputs are reversed again. (B, T, D) -> (B, T, 2n), or (B, 2n), the two last states, without `return_sequences`.

    It is `keras.layers.Bidirectional`, weights, masks and all; it also takes a cell of this chapter, which
    `RNN` then runs. The derivative is that of the two layers: by hand for those of this chapter, the backend's for
    Keras' own.

    Args:
        layer: A recurrent layer; or a cell, for which all outputs are returned.
        merge_mode: String, "concat", "sum", "mul" or "ave", or `None` for the two outputs as they are; "concat" by
            default.
        weights: List of arrays, the first values of the weights, the first half those of `layer`; drawn by default.
        backward_layer: The layer that reads from the end; by default another one like `layer`.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If the layer is none, or the merge mode is unknown.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
        >>> tuple(Bidirectional(ElmanCell(4))(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        if hasattr(layer, "step_back"):
            layer = RNN(layer, return_sequences=True)
        if not isinstance(layer, keras.layers.RNN):
            raise ValueError(f"layer must be a recurrent layer or a cell; received a {type(layer).__name__}")
        if merge_mode not in ("concat", "sum", "mul", "ave", None):
            raise ValueError(f"merge_mode must be concat, sum, mul, ave or None; received merge_mode={merge_mode!r}")
        super().__init__(layer, merge_mode, weights, backward_layer, **kwargs)

    @property
    def both(self):
        """The two layers."""
        return self.forward_layer, self.backward_layer

    def call(self, sequences, initial_state=None, mask=None, training=None):
        explicit = all(isinstance(part, RNN) and part.activity_regularizer is None for part in self.both)
        if not explicit or sequences.shape[1] is None:
            return super().call(sequences, initial_state, mask, training)
        given = sequences if initial_state is None else (sequences, keras.tree.flatten(initial_state))
        return self.by_hand(
            given, training=training, settings=[layer.settings(sequences, mask, training) for layer in self.both]
        )

    def forward_pass(self, inputs, training=False, settings=({}, {})):
        """What the layer returns, and the cache; the settings are those of the two layers."""
        x, states = inputs if isinstance(inputs, list | tuple) else (inputs, None)
        given = [x, x]
        if states is not None:
            half = len(states) // 2
            given = [(x, states[:half]), (x, states[half:])]
        parts = zip(self.both, given, settings, strict=True)
        found, caches = zip(*(layer.forward_pass(part, **own) for layer, part, own in parts), strict=True)
        (y, *last), (z, *also) = found if self.return_state else ([part] for part in found)
        z = self.in_order(z)
        merged = MERGED[self.merge_mode](y, z)
        merged = merged if self.merge_mode is None else [merged]
        found = tuple(map(self.narrow, (*merged, *last, *also)))
        return found if len(found) > 1 else found[0], (y, z, *caches)

    def backward_pass(self, doutputs, cache):
        """`(dx, gradients)`, or `((dx, dstates), gradients)` where the first states were given."""
        y, z, *caches = cache
        several = self.merge_mode is None or self.return_state
        doutputs = list(map(self.forward_layer.cell.read, doutputs if several else [doutputs]))
        merged = 1 if self.merge_mode else 2
        dy, dz = SPLIT[self.merge_mode](*doutputs[:merged], y, z)
        dlast, half = doutputs[merged:], (len(doutputs) - merged) // 2
        upstreams = (dy, dlast[:half]), (self.in_order(dz), dlast[half:])
        (dx, first), (dx_back, second) = [
            layer.backward_pass((d, *last) if self.return_state else d, kept)
            for layer, (d, last), kept in zip(self.both, upstreams, caches, strict=True)
        ]
        if ops.is_tensor(dx):
            return dx + dx_back, [*first, *second]
        return (dx[0] + dx_back[0], [*dx[1], *dx_back[1]]), [*first, *second]

    def in_order(self, outputs):
        """Outputs of the second layer, or their gradient, in the order of the sequence."""
        return ops.flip(outputs, axis=1) if self.return_sequences else outputs


MERGED = {
    "concat": lambda y, z: ops.concatenate([y, z], axis=-1),
    "sum": lambda y, z: y + z,
    "ave": lambda y, z: (y + z) / 2,
    "mul": lambda y, z: y * z,
    None: lambda y, z: (y, z),
}
SPLIT = {
    "concat": lambda d, y, z: (d[..., : y.shape[-1]], d[..., y.shape[-1] :]),
    "sum": lambda d, y, z: (d, d),
    "ave": lambda d, y, z: (d / 2, d / 2),
    "mul": lambda d, y, z: (d * z, d * y),
    None: lambda dy, dz, y, z: (dy, dz),
}
