r"""Recurrent networks trained by backpropagation through time written by hand (§13.5).

A network reads :math:`x_1, \dots, x_T`, keeps a state and reads its output off: :math:`s_t = F(z_t, s_{t-1})`,
:math:`y_t = \sigma_o(V^\top h_t + c)`. The loss of an output reaches the weights of every earlier step, so the gradient
runs back along the states: that is `backward_scan` in `recurrence`, between the readout and the weights.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch06.layers import Dense
from mathdl_keras.chapters.ch06.models import BackpropModel
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
from mathdl_keras.chapters.ch13.recurrent.recurrence import backward_scan, forward_scan
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["ElmanBPTT", "RecurrentBPTT"]


@keras.saving.register_keras_serializable("mathdl_keras")
class RecurrentBPTT(RenamedArguments, BackpropModel):
    r"""A recurrent cell and a readout, trained by explicit backpropagation through time (§13.5).

    With :math:`D_T = 0` beyond the last step and :math:`\partial\Lambda/\partial y_t` from the loss,

    .. math::
        D_t = V\,\partial_t^o + \Big(\frac{\partial F}{\partial s}\Big)_{t+1}^{\!\top} D_{t+1}, \qquad
        \frac{\partial\Lambda}{\partial W} = \sum_t x_t\,\delta_t^\top, \qquad
        \frac{\partial\Lambda}{\partial U} = \sum_t h_{t-1}\,\delta_t^\top .

    (B, T, D) -> (B, T, K), or (B, K), the last output, without `return_sequences`. The loss is the mean over the batch,
    and over time with `return_sequences`.

    Args:
        cell: An `ElmanCell`, `JordanCell`, `LSTMCell` or `GRUCell`.
        output_units: Integer, the number K of outputs.
        output_activation: `Activation` :math:`\sigma_o` or its name; linear by default.
        return_sequences: Boolean, whether there is an output at every step; `True` by default.
        loss: Loss with a slope written by hand, or its name, as for `BackpropModel`; "half_squared_error" by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, or x is no batch of sequences of at least one step.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.gru import GRUCell
        >>> model = RecurrentBPTT(GRUCell(4), output_units=1)
        >>> model.compile(keras.optimizers.Adam(0.01))
        >>> x = ops.ones((8, 5, 3))
        >>> history = model.fit(x, x[..., :1], verbose=0)
        >>> model.predict(x, verbose=0).shape
        (8, 5, 1)
    """

    renamed_arguments = {"outputs": "output_units"}

    def __init__(
        self, cell, output_units, output_activation=None, return_sequences=True, loss="half_squared_error", **kwargs
    ):
        super().__init__(loss, **kwargs)
        self.cell = keras.saving.deserialize_keras_object(cell) if isinstance(cell, dict) else cell
        if not hasattr(self.cell, "step_back"):
            raise ValueError(f"cell must have a step_back, as ElmanCell has; received a {type(cell).__name__}")
        self.readout = Dense(check_positive("output_units", output_units), output_activation, dtype=self.dtype_policy)
        self.return_sequences = bool(return_sequences)

    def build(self, input_shape):
        if len(input_shape) != 3 or input_shape[1] == 0 or input_shape[2] is None:
            raise ValueError(f"x must have shape (batch, time >= 1, features); received shape {tuple(input_shape)}")
        if not self.built:
            if not self.cell.built:
                self.cell.build((input_shape[0], input_shape[2]))
            self.readout.build((None, self.cell.output_size))
        self.built = True

    def initial_states(self, x):
        """States of zeros for each sequence of a batch."""
        sizes = self.cell.state_size
        sizes = sizes if isinstance(sizes, list | tuple) else [sizes]
        return [ops.zeros((ops.shape(x)[0], n), dtype=x.dtype) for n in sizes]

    def forward_pass(self, x):
        self.build(x.shape)
        U, cache, _ = self.run(x, self.initial_states(x))
        return U, cache

    def run(self, x, states, mask=None, last=None):
        """Outputs from given first states; `last` asks for those of the last steps only.

        Returns:
            `(U, cache, cells)`: the outputs, what `backward_pass` needs, and the pair of a list of the states before
            each step, (T, B, n), and the states after the last.
        """
        x = ops.swapaxes(x, 0, 1)
        h, after, cache = forward_scan(self.cell, self.cell.project(x), states, mask)
        steps = h.shape[0] if self.return_sequences else 1
        seen = h[h.shape[0] - (last or steps) :]  # (steps, batch, n)
        rows, kept = self.readout.forward_pass(ops.reshape(seen, (-1, seen.shape[-1])))
        U = ops.swapaxes(ops.reshape(rows, (seen.shape[0], -1, rows.shape[-1])), 0, 1)
        return (U if self.return_sequences else U[:, 0]), (x, h, cache, kept), (cache[0], after)

    def backward_pass(self, dU, cache):
        x, h, cache, kept = cache
        if not self.return_sequences:
            dU = dU[:, None]
        rows = ops.reshape(ops.swapaxes(dU, 0, 1), (-1, dU.shape[-1]))
        dh, (dV, dc) = self.readout.backward_pass(rows, kept)
        dh = ops.reshape(dh, (dU.shape[1], -1, h.shape[-1]))
        silent = ops.zeros_like(h[: h.shape[0] - dU.shape[1]])  # steps whose output no loss has seen
        deltas, _ = backward_scan(
            self.cell, ops.concatenate([silent, dh]), [ops.zeros_like(s[0]) for s in cache[0]], cache
        )
        gradients = [*self.cell.gradients(x, *cache[:2], deltas), dV, dc]
        return list(zip(gradients, [*self.cell.weights, *self.readout.weights], strict=True))

    def loss_and_slope(self, y, U, sample_weight=None):
        """The mean loss over batch and time, and its derivative in U."""
        if not self.return_sequences:
            return super().loss_and_slope(y, U, sample_weight)
        if len(y.shape) < 2 or y.shape[1] != U.shape[1]:
            raise ValueError(f"y must have shape (batch, {U.shape[1]}, outputs); received shape {tuple(y.shape)}")
        if sample_weight is not None:
            sample_weight = ops.reshape(ops.ones_like(U[..., 0]) * ops.reshape(sample_weight, (-1, 1)), (-1,))
        y = ops.reshape(y, (-1, *y.shape[2:]))
        loss, slope = super().loss_and_slope(y, ops.reshape(U, (-1, U.shape[-1])), sample_weight)
        return loss, ops.reshape(slope, ops.shape(U))

    def compute_output_shape(self, input_shape):
        time = (input_shape[1],) if self.return_sequences else ()
        return (input_shape[0], *time, self.readout.units)

    def get_config(self):
        return super().get_config() | {
            "cell": keras.saving.serialize_keras_object(self.cell),
            "output_units": self.readout.units,
            "output_activation": keras.saving.serialize_keras_object(self.readout.activation),
            "return_sequences": self.return_sequences,
        }


@keras.saving.register_keras_serializable("mathdl_keras")
class ElmanBPTT(RecurrentBPTT):
    r"""Elman's network with a readout, trained by explicit backpropagation through time (§13.5).

    .. math::
        h_t = \sigma(W^\top x_t + U^\top h_{t-1} + b), \qquad y_t = \sigma_o(V^\top h_t + c).

    Args:
        units: Integer, the number of hidden units.
        output_units: Integer, the number K of outputs.
        activation: `Activation` :math:`\sigma` or its name; "tanh" by default.
        output_activation: `Activation` :math:`\sigma_o` or its name; linear by default.
        **kwargs: `return_sequences` and `loss` as in `RecurrentBPTT`; `name`, `dtype`.

    Raises:
        ValueError: As in `RecurrentBPTT`.

    Example:
        >>> model = ElmanBPTT(4, output_units=1)
        >>> loss, y, pairs = model.loss_and_gradients(ops.ones((2, 5, 3)), ops.ones((2, 5, 1)))
        >>> [tuple(gradient.shape) for gradient, variable in pairs]
        [(3, 4), (4, 4), (4,), (4, 1), (1,)]
    """

    def __init__(self, units, output_units, activation="tanh", output_activation=None, **kwargs):
        cell = ElmanCell(units, activation, dtype=kwargs.get("dtype"))
        super().__init__(cell, output_units, output_activation, **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        activation = keras.saving.serialize_keras_object(self.cell.activation)
        return config | {"units": self.cell.units, "activation": activation}
