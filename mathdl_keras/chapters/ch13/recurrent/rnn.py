r"""The loop over time as a layer that trains by explicit backpropagation through time (§13.3 and §13.5).

Masking, states, direction and what is returned are those of `keras.layers.RNN`; the loop is this chapter's, forward and
back.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.recurrence import backward_scan, forward_scan, scaled
from mathdl_keras.core.explicit import ExplicitLayer
from mathdl_keras.core.linalg import dot

__all__ = ["RNN"]


@keras.saving.register_keras_serializable("mathdl_keras", name="ExplicitRNN")
class RNN(keras.layers.RNN, ExplicitLayer):
    r"""Runs a cell of this chapter over time, differentiated by its own backward pass (§13.5).

    (B, T, D) -> (B, n), the last output, or (B, T, n) with `return_sequences`. The number of steps T should be known
    when a graph is built; where it is not, Keras' own loop runs and the backend differentiates.

    A masked step leaves state and output as they were.

    Args:
        cell: An `ElmanCell`, `JordanCell`, `LSTMCell` or `GRUCell`, or one that follows the protocol of `recurrence`.
        return_sequences: Boolean, whether to return all outputs; `False` by default.
        return_state: Boolean, whether to return the last states too; `False` by default.
        go_backwards: Boolean, whether to read the sequence from its end; outputs come in the order of reading; `False`
            by default.
        stateful: Boolean, whether a batch starts from the last states of the batch before; `False` by default.
        unroll: Boolean, must be `False`: the loop is explicit.
        zero_output_for_mask: Boolean, whether outputs of masked steps are 0; `False` by default.
        **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`.

    Raises:
        ValueError: If the cell has no backward pass, `unroll` is set, or a sequence has no steps.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
        >>> layer = RNN(ElmanCell(4), return_sequences=True)
        >>> tuple(layer(ops.ones((2, 5, 3))).shape)
        (2, 5, 4)
    """

    def __init__(self, cell, return_sequences=False, return_state=False, go_backwards=False, stateful=False,
                 unroll=False, zero_output_for_mask=False, **kwargs):  # fmt: skip
        if not hasattr(cell, "step_back"):
            raise ValueError(f"cell must have a step_back, as ElmanCell has; received a {type(cell).__name__}")
        if unroll is not False:
            raise ValueError(f"unroll must be False: the loop over time is explicit; received unroll={unroll!r}")
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask,
                         **kwargs)  # fmt: skip
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def __call__(self, sequences, *args, **kwargs):
        shape = tuple(getattr(sequences, "shape", ()))
        if len(shape) == 3 and shape[1] == 0:
            raise ValueError(f"sequences must have at least one time step; received shape {shape}")
        return super().__call__(sequences, *args, **kwargs)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if sequences.shape[1] is None:
            return super().call(sequences, initial_state, mask, training)
        given = sequences if initial_state is None else (sequences, keras.tree.flatten(initial_state))
        return self.by_hand(given, **self.settings(sequences, mask, training))

    def settings(self, sequences, mask, training):
        """What a call hands on to `forward_pass`: in training with dropout, masks for all steps."""
        factors = None, None
        if training and getattr(self.cell, "drops", False):
            state = ops.ones((ops.shape(sequences)[0], self.cell.output_size), self.compute_dtype)
            factors = self.cell.factors(ops.ones_like(sequences[:, 0], self.compute_dtype), state)
            self.cell.forget_factors()
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        return {"mask": mask, "training": training, "factors": factors}

    def forward_pass(self, inputs, training=False, mask=None, factors=(None, None)):
        """What the layer returns, and the cache.

        Args:
            inputs: Tensor x (B, T, D), or a pair of it and the list of the first states, which are 0 otherwise.
            training: Boolean, whether the layer is in training; it changes nothing.
            mask: Booleans (B, T), False where a step is skipped; `None`, the default, where none is.
            factors: Pair of what x and the state are multiplied by, (B, D) and (B, n), each `None` for 1.
        """
        x, states = inputs if isinstance(inputs, list | tuple) else (inputs, None)
        x = scaled(self.time_major(self.read(x)), factors[0])
        mask = None if mask is None else self.time_major(mask[..., None])
        first = self.first_states(x) if states is None else [self.narrow(s) for s in states]
        weights = self.cell.parameters()
        z = self.cell.project(x, weights)
        outputs, last, scanned = forward_scan(self.cell, z, first, mask, weights, factors[1])
        for variable, state in zip(self.states or [], last, strict=False):
            variable.assign(state)
        y = self.silenced(ops.swapaxes(outputs, 0, 1) if self.return_sequences else last[0], mask)
        y, *last = map(self.narrow, (y, *last))
        return ((y, *last) if self.return_state else y), (x, scanned, factors[0], states is None)

    def backward_pass(self, doutputs, cache):
        """`(dx, gradients)`, or `((dx, dstates), gradients)` where the first states were given."""
        x, (before, values, mask, factor), of_x, alone = cache
        dy, *dlast = map(self.cell.read, doutputs if self.return_state else [doutputs])
        dy = self.silenced(dy, mask)
        dlast = dlast or [ops.zeros_like(s[0]) for s in before]
        if self.return_sequences:
            doutputs = ops.swapaxes(dy, 0, 1)
        else:
            doutputs, dlast = None, [dlast[0] + dy, *dlast[1:]]
        weights = self.cell.parameters()
        deltas, dstates = backward_scan(self.cell, doutputs, dlast, cache[1], weights)
        dx = self.batch_major(scaled(dot(deltas[0], ops.transpose(weights[0])), of_x))
        return (dx if alone else (dx, dstates)), self.cell.gradients(x, before, values, deltas, factor)

    def first_states(self, x):
        """Where a time-major batch starts: from the last states of the batch before, or from 0."""
        if not self.stateful:
            return self.get_initial_state(ops.shape(x)[1])
        if self._expected_batch_size not in (None, x.shape[1]):
            expected = self._expected_batch_size
            raise ValueError(f"x must have {expected} sequences, as the batch before; received {x.shape[1]}")
        return [v.value for v in self.states]

    def silenced(self, y, mask):
        """y, or its gradient, with 0 in the place of masked steps, if the layer is told so."""
        if mask is None or not self.zero_output_for_mask:
            return y
        kept = ops.swapaxes(mask, 0, 1) if self.return_sequences else mask[-1]
        return ops.where(kept, y, ops.zeros_like(y))

    def time_major(self, sequence):
        """(B, T, ...) -> (T, B, ...), from the end if the layer reads so."""
        sequence = ops.swapaxes(sequence, 0, 1)
        return ops.flip(sequence, axis=0) if self.go_backwards else sequence

    def batch_major(self, sequence):
        """The inverse of `time_major`."""
        return ops.swapaxes(ops.flip(sequence, axis=0) if self.go_backwards else sequence, 0, 1)

    @classmethod
    def from_config(cls, config):
        return super().from_config(dict(config))  # Keras takes the cell out of what it is given
