r"""Recurrent layers that train by explicit backpropagation through time (§13.4 and §13.7).

`SimpleRNN`, `LSTM` and `GRU` are drop-ins for the Keras layers of those names, with the same arguments in the same
order; each is `RNN` of a cell of this chapter. Not taken: `use_cudnn`, a kernel with a derivative of its own.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
from mathdl_keras.chapters.ch13.recurrent.gru import GRUCell
from mathdl_keras.chapters.ch13.recurrent.lstm import LSTMCell
from mathdl_keras.chapters.ch13.recurrent.rnn import RNN
from mathdl_keras.core.checks import without_defaults
from mathdl_keras.core.choices import given

__all__ = ["GRU", "LSTM", "SimpleRNN"]

LOOP = (
    *("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask"),
    *("activity_regularizer", "name"),
)


class WithCell(RNN):
    """A layer that makes its own cell of `cell_class`."""

    cell_class: type

    def __init__(self, **arguments):
        arguments = without_defaults(arguments, use_cudnn="auto")
        own = {name: arguments.pop(name) for name in LOOP if name in arguments}
        shared = {name: arguments[name] for name in ("dtype", "trainable") if name in arguments}
        super().__init__(self.cell_class(**arguments), **own, **shared)

    @property
    def units(self):
        return self.cell.units

    def get_config(self):
        config = super().get_config()
        cell = config.pop("cell")["config"]
        return cell | config

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable("mathdl_keras")
class SimpleRNN(WithCell):
    r"""Elman's network as a layer, :math:`h_t = \sigma(W^\top x_t + U^\top h_{t-1} + b)` (§13.4).

    A drop-in for `keras.layers.SimpleRNN` that trains by the backward pass of `ElmanCell`. (B, T, D) -> (B, n), or
    (B, T, n) with `return_sequences`.

    Args:
        units: Integer, the number n of units.
        activity_regularizer: Regularizer of the outputs; none by default.
        return_sequences: Boolean, whether to return all outputs; `False` by default.
        return_state: Boolean, whether to return the last states too; `False` by default.
        go_backwards: Boolean, whether to read the sequence from its end; `False` by default.
        stateful: Boolean, whether a batch starts from the last states of the batch before; `False` by default.
        unroll: Boolean, must be `False`: the loop is explicit.
        **kwargs: The other arguments are those of `ElmanCell`; `zero_output_for_mask`, `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or a sequence has no steps.

    Example:
        >>> tuple(SimpleRNN(4)(ops.ones((2, 5, 3))).shape)
        (2, 4)
    """

    cell_class = ElmanCell

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**given(locals()))


@keras.saving.register_keras_serializable("mathdl_keras")
class LSTM(WithCell):
    r"""Long short-term memory as a layer (§13.7).

    A drop-in for `keras.layers.LSTM` that trains by the backward pass of `LSTMCell`. (B, T, D) -> (B, n), or (B, T, n)
    with `return_sequences`; the states are h and c. Weights: kernel (D, 4n), recurrent kernel (n, 4n), bias (4n,).

    Args:
        units: Integer, the number n of units.
        activity_regularizer: Regularizer of the outputs; none by default.
        return_sequences: Boolean, whether to return all outputs; `False` by default.
        return_state: Boolean, whether to return the last states too; `False` by default.
        go_backwards: Boolean, whether to read the sequence from its end; `False` by default.
        stateful: Boolean, whether a batch starts from the last states of the batch before; `False` by default.
        unroll: Boolean, must be `False`: the loop is explicit.
        **kwargs: The other arguments are those of `LSTMCell`; `zero_output_for_mask`, `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or a sequence has no steps.

    Example:
        >>> y, h, c = LSTM(4, return_state=True)(ops.ones((2, 5, 3)))
        >>> tuple(y.shape), tuple(c.shape)
        ((2, 4), (2, 4))
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        **kwargs,
    ):
        super().__init__(**given(locals()))


@keras.saving.register_keras_serializable("mathdl_keras")
class GRU(WithCell):
    r"""The gated recurrent unit as a layer (§13.7).

    A drop-in for `keras.layers.GRU` that trains by the backward pass of `GRUCell`. (B, T, D) -> (B, n), or (B, T, n)
    with `return_sequences`. Weights: kernel (D, 3n), recurrent kernel (n, 3n), bias (2, 3n), or (3n,) if not
    `reset_after`.

    Args:
        units: Integer, the number n of units.
        activity_regularizer: Regularizer of the outputs; none by default.
        return_sequences: Boolean, whether to return all outputs; `False` by default.
        return_state: Boolean, whether to return the last states too; `False` by default.
        go_backwards: Boolean, whether to read the sequence from its end; `False` by default.
        stateful: Boolean, whether a batch starts from the last states of the batch before; `False` by default.
        unroll: Boolean, must be `False`: the loop is explicit.
        **kwargs: The other arguments are those of `GRUCell`; `zero_output_for_mask`, `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or a sequence has no steps.

    Example:
        >>> tuple(GRU(4, return_sequences=True)(ops.ones((2, 5, 3))).shape)
        (2, 5, 4)
    """

    cell_class = GRUCell

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        reset_after=True,
        **kwargs,
    ):
        super().__init__(**given(locals()))
