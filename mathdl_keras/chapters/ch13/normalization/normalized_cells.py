r"""Recurrent networks with layer normalization of the state or batch normalization of the inputs (§13.8)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch08.layer_costs import Cost, cost_of, step_cost
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.chapters.ch13.normalization.layer_normalization import LayerNormalization
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import Cell
from mathdl_keras.core.checks import ChecksData, check_positive
from mathdl_keras.core.loops import scan

__all__ = ["BatchNormRNN", "LayerNormCell"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LayerNormCell(Cell, keras.Layer):
    r"""A recurrent cell whose output is normalized before it is passed on (§13.8).

    .. math:: h_t = \mathrm{LN}\big(\mathrm{cell}(x_t, h_{t-1})\big)

    The first state of the cell, which is its output, is normalized over its units; the others, such as the memory of an
    LSTM, are not. Whatever the recurrent weights, the size of the state neither vanishes nor explodes. Weights: those
    of the cell, then `gamma` and `beta`.

    Args:
        cell: A recurrent cell whose output is its first state, such as those of Elman, LSTM and GRU.
        epsilon: Float, what is added to the variance; 0.001 by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If `cell` is no recurrent cell.

    Example:
        >>> cell = LayerNormCell(keras.layers.SimpleRNNCell(4), epsilon=0.0)
        >>> h = ops.convert_to_numpy(keras.layers.RNN(cell)(ops.array([[[1.0], [2.0], [0.5]]])))
        >>> abs(round(float(h.mean()), 3)), round(float(h.var()), 3)
        (0.0, 1.0)
    """

    def __init__(self, cell, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        if not hasattr(cell, "state_size"):
            raise ValueError(f"cell must be a recurrent cell, with a state_size; received {type(cell).__name__}")
        self.cell, self.epsilon = cell, epsilon
        self.normalization = LayerNormalization(epsilon=epsilon, dtype=self.dtype_policy, name="normalization")
        self.state_size, self.output_size = cell.state_size, getattr(cell, "output_size", cell.state_size)

    def build(self, input_shape):
        if not self.cell.built:
            self.cell.build(input_shape)
            self.cell.built = True
        self.normalization.build((None, keras.tree.flatten(self.state_size)[0]))
        self.built = True

    def call(self, inputs, states, training=None):
        output, states = self.cell(inputs, states, training=training)
        output = self.normalization(output)
        return output, [output, *keras.tree.flatten(states)[1:]]

    def get_initial_state(self, batch_size=None):
        return self.cell.get_initial_state(batch_size=batch_size)

    def get_config(self):
        return super().get_config() | {"cell": keras.saving.serialize_keras_object(self.cell), "epsilon": self.epsilon}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"cell": keras.saving.deserialize_keras_object(config["cell"])})


@keras.saving.register_keras_serializable("mathdl_keras")
class BatchNormRNN(ChecksData, keras.Layer):
    r"""An Elman network with batch normalization of what comes from the inputs (§13.8).

    .. math:: h_t = \sigma\big(\mathrm{BN}(W^\top x_t) + U^\top h_{t-1}\big)

    The moments are those of all steps of all sequences of the batch (Laurent et al. 2016), so that any length can
    follow; what comes from the past is not normalized, for it has other moments at each step. BN's :math:`\beta` is the
    bias. In inference the moving moments stand in, and sequences do not depend on each other. There are no masks.

    `(batch, time, features)` -> `(batch, units)`, or `(batch, time, units)` with `return_sequences`. Weights: kernel W,
    recurrent kernel U, then those of `BatchNormalization`.

    Args:
        units: Integer, the number n of units.
        activation: `Activation` :math:`\sigma` or its name; "tanh" by default.
        return_sequences: Boolean, whether to return the state at every step rather than the last; `False` by default.
        momentum: Float in [0, 1], what is kept of the moving moments in a step; 0.99 by default.
        epsilon: Float, what is added to the variance; 0.001 by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If units is not a positive integer, the activation is unknown, or inputs are not sequences of a
            static length.

    Example:
        >>> layer = BatchNormRNN(3, return_sequences=True)
        >>> tuple(layer(ops.ones((2, 5, 4)), training=True).shape)
        (2, 5, 3)
    """

    def __init__(self, units, activation="tanh", return_sequences=False, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.units, self.return_sequences = check_positive("units", units), return_sequences
        self.activation = activations.get(activation)
        self.normalization = BatchNormalization(
            momentum=momentum, epsilon=epsilon, dtype=self.dtype_policy, name="normalization"
        )

    def build(self, input_shape):
        if len(input_shape) != 3 or None in input_shape[1:]:
            raise ValueError(f"x must have shape (batch, time, features), known lengths; received {tuple(input_shape)}")
        self.kernel = self.add_weight((input_shape[-1], self.units), "glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight((self.units,) * 2, "orthogonal", name="recurrent_kernel")
        self.normalization.build((None, None, self.units))
        self.built = True

    def call(self, inputs, training=False):
        z = self.normalization(ops.einsum("btd,dn->btn", inputs, self.kernel), training=training)
        U = ops.convert_to_tensor(self.recurrent_kernel)  # cast once where precision is mixed

        def step(h, z):
            h = self.activation(z + ops.einsum("bm,mn->bn", h, U))
            return h, h if self.return_sequences else None

        last, states = scan(step, ops.zeros_like(z[:, 0]), ops.transpose(z, (1, 0, 2)))
        return ops.transpose(states, (1, 0, 2)) if self.return_sequences else last

    def compute_output_shape(self, input_shape):
        return (*input_shape[: 2 if self.return_sequences else 1], self.units)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.saving.serialize_keras_object(self.activation),
            "return_sequences": self.return_sequences,
            "momentum": self.normalization.momentum,
            "epsilon": self.normalization.epsilon,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"activation": keras.saving.deserialize_keras_object(config["activation"])})


@cost_of.register(LayerNormCell)
def _cell_cost(cell, before, after):
    return cost_of(cell.cell, before, after) + Cost(kept=after[-1])


@cost_of.register(BatchNormRNN)
def _loop_cost(layer, before, after):
    return step_cost(layer.kernel, layer.recurrent_kernel, 3 * layer.units).times(before[0][1])
