r"""The recurrent cells of Jordan and Elman with explicit derivatives (§13.3 and §13.4).

Both are nets with one hidden layer that see their own past: Elman's the hidden layer of the step before, Jordan's the
output of the step before. They follow Keras' contract for cells, so `keras.layers.RNN(cell)` runs them (and the
backend differentiates); `RNN(cell)` runs them with the backward pass given here.
"""

from dataclasses import replace

import keras
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import Cost, cost_of
from mathdl_keras.chapters.ch13.recurrent.recurrence import scaled
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import RecurrentCell, known_activation, value
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.linalg import outer_sum

__all__ = ["ElmanCell", "JordanCell"]


@keras.saving.register_keras_serializable("mathdl_keras")
class ElmanCell(RecurrentCell):
    r"""Elman's cell: the hidden layer sees the hidden layer of the step before (§13.4).

    .. math::
        h_t = \sigma(W^\top x_t + U^\top h_{t-1} + b), \qquad
        \delta_t = \sigma'(z_t) \odot D_t, \qquad D_{t-1} \mathrel{+}= U \delta_t .

    A step: (B, D), (B, n) -> (B, n). The weights are those of `keras.layers.SimpleRNNCell`: kernel W (D, n), recurrent
    kernel U (n, n), bias b (n,).

    Args:
        units: Integer, the number n of units.
        activation: `Activation` :math:`\sigma` or its name; "tanh" by default.
        use_bias: Boolean, whether there is b; `True` by default.
        **kwargs: Initializers, regularizers, constraints and dropout as in Keras; `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If units is not a positive integer, or the activation is unknown.

    Example:
        >>> cell = ElmanCell(2, kernel_initializer="ones", recurrent_initializer="ones")
        >>> cell.build((None, 3))
        >>> (h,), cache = cell.forward_pass((ops.zeros((1, 3)), [ops.ones((1, 2))]))
        >>> round(float(ops.convert_to_numpy(h)[0, 0]), 3)  # tanh(2)
        0.964
        >>> (dx, (dh,)), (dW, dU, db) = cell.backward_pass([ops.ones((1, 2))], cache)
        >>> [round(float(ops.convert_to_numpy(v).ravel()[0]), 3) for v in (db, dh)]  # 1 - tanh(2)^2, and twice that
        [0.071, 0.141]
    """

    def step(self, z, states, weights=None, factor=None):
        r""":math:`h_t`, in a list, and the cache: its value again."""
        h = value(self.activation, z + scaled(states[0], factor) @ self._own(weights)[1])
        return [h], [h]

    def slopes(self, before, cache):
        r""":math:`\sigma'(z_t)`."""
        return self.activation.derivative_from_value(cache[0])

    def step_back(self, dstates, slopes, adjoint=None, factor=None):
        r""":math:`\delta_t`, and what it adds to :math:`D_{t-1}`, in lists."""
        delta = slopes * dstates[0]
        return [delta], [scaled(delta @ (self.adjoint() if adjoint is None else adjoint), factor)]


@keras.saving.register_keras_serializable("mathdl_keras")
class JordanCell(RecurrentCell):
    r"""Jordan's cell: the hidden layer sees the output of the step before (§13.3).

    .. math::
        h_t = \sigma(W^\top x_t + U^\top y_{t-1} + b), \qquad y_t = \sigma_o(V^\top h_t + c).

    A step: (B, D), (B, m) -> (B, m): the state is the output. Weights: kernel W (D, n), recurrent kernel U (m, n), bias
    b (n,), output kernel V (n, m), output bias c (m,). With a linear output it is Elman's cell with the recurrent
    kernel VU, whose rank is at most m.

    Args:
        units: Integer, the number n of hidden units.
        output_units: Integer, the number m of outputs.
        activation: `Activation` :math:`\sigma` or its name; "tanh" by default.
        output_activation: `Activation` :math:`\sigma_o` or its name; linear by default.
        use_bias: Boolean, whether there are b and c; `True` by default.
        **kwargs: Initializers, regularizers, constraints and dropout as in Keras (V and c use those of W and b);
            `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If a number of units is not a positive integer, or an activation is unknown.

    Example:
        >>> cell = JordanCell(8, output_units=2)
        >>> layer = keras.layers.RNN(cell, return_sequences=True)
        >>> tuple(layer(ops.ones((4, 5, 3))).shape)
        (4, 5, 2)
    """

    def __init__(self, units, output_units, activation="tanh", output_activation=None, use_bias=True, **kwargs):
        super().__init__(units, activation, use_bias, **kwargs)
        self.output_activation = known_activation(output_activation, "output_activation")
        self.state_size = self.output_size = self.output_units = check_positive("output_units", output_units)

    def build(self, input_shape):
        super().build(input_shape)
        self.output_kernel = self.weight("kernel", (self.units, self.output_units), "output_kernel")
        self.output_bias = self.weight("bias", (self.output_units,), "output_bias") if self.use_bias else None

    def parameters(self):
        """The weights as tensors of the dtype in which the cell computes: W, U, b, V, c, without b and c if unused."""
        readout = [self.value_of(v) for v in (self.output_kernel, self.output_bias) if v is not None]
        return [*super().parameters(), *readout]

    def project(self, x, weights=None):
        r""":math:`z = W^\top x + b`, (..., D) -> (..., n), of one step or of all steps."""
        return super().project(x, self._own(weights)[: 2 + self.use_bias])

    def step(self, z, states, weights=None, factor=None):
        r""":math:`y_t`, in a list, and the cache: the values of both layers."""
        _, U, *rest = self._own(weights)
        V, *c = rest[self.use_bias :]
        h = value(self.activation, z + scaled(states[0], factor) @ U)
        y = value(self.output_activation, h @ V + c[0] if c else h @ V)
        return [y], [h, y]

    def slopes(self, before, cache):
        r""":math:`\sigma'` and :math:`\sigma_o'`."""
        h, y = cache
        return [self.activation.derivative_from_value(h), self.output_activation.derivative_from_value(y)]

    def adjoint(self, weights=None):
        r""":math:`U^\top` and :math:`V^\top`."""
        weights = self._own(weights)
        return [ops.transpose(weights[1]), ops.transpose(weights[2 + self.use_bias])]

    def step_back(self, dstates, slopes, adjoint=None, factor=None):
        """The deltas of the hidden and of the output layer, and what they add to the derivative in the step before."""
        (hidden, output), (UT, VT) = slopes, self.adjoint() if adjoint is None else adjoint
        delta_o = output * dstates[0]
        delta = hidden * (delta_o @ VT)
        return [delta, delta_o], [scaled(delta @ UT, factor)]

    def gradients(self, x, before, cache, deltas, factor=None):
        """Gradients in the order of `parameters()`, summed over time and batch."""
        delta, delta_o = deltas
        bias = [ops.sum(delta_o, axis=tuple(range(len(delta_o.shape) - 1)))] if self.use_bias else []
        hidden = super().gradients(x, before, cache, [delta], factor)
        return [*hidden, outer_sum(cache[0], delta_o), *bias]

    def get_config(self):
        own = {
            "output_units": self.output_units,
            "output_activation": keras.saving.serialize_keras_object(self.output_activation),
        }
        return super().get_config() | own


@cost_of.register(JordanCell)
def _jordan_cost(cell, before, after):
    V = cell.units * cell.output_units
    hidden, readout = cost_of.dispatch(RecurrentCell)(cell, before, after), Cost(V, V, inner=V)
    return replace(hidden + readout, kept=cell.units + 2 * cell.output_units)
