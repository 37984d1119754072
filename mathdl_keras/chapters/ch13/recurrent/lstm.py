r"""Long short-term memory: the gated cell LSTM with its derivative by hand (§13.7).

A gate is a sigmoid unit whose value multiplies: what it does not let through is forgotten. In gated cells the state
passes from step to step through a gate and not through a matrix, so its derivative is a product of gates, near 1 where
they are open: gradients reach far back.

Weights are Keras': gates side by side, in the order i, f, c, o.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.recurrence import scaled
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import RecurrentCell, known_activation, value
from mathdl_keras.core.choices import given

__all__ = ["LSTMCell"]


class GatedCell(RecurrentCell):
    """A recurrent cell with an activation for its gates too."""

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", **kwargs):
        super().__init__(units, activation, **kwargs)
        self.recurrent_activation = known_activation(recurrent_activation, "recurrent_activation")

    def get_config(self):
        activation = keras.saving.serialize_keras_object(self.recurrent_activation)
        return super().get_config() | {"recurrent_activation": activation}


@keras.saving.register_keras_serializable("mathdl_keras")
class LSTMCell(GatedCell):
    r"""The cell of long short-term memory (§13.7).

    .. math::
        i, f, o = S(W^\top x_t + U^\top h_{t-1} + b), \quad g = \tanh(\cdot), \qquad
        c_t = f \odot c_{t-1} + i \odot g, \qquad h_t = o \odot \tanh(c_t).

    With :math:`D^c = D^c_t + D^h_t \odot o \odot \tanh'(c_t)` the derivative goes back as

    .. math::
        \delta = (D^c g\,i',\ D^c c_{t-1} f',\ D^c i\,g',\ D^h \tanh(c_t)\,o'), \qquad
        D^c_{t-1} = f \odot D^c, \quad D^h_{t-1} \mathrel{+}= U \delta .

    A step: (B, D) and states h, c (B, n) -> h, c. Weights as in `keras.layers.LSTMCell`: kernel (D, 4n), recurrent
    kernel (n, 4n), bias (4n,): 4n(n + D + 1) parameters.

    Args:
        units: Integer, the number n of units.
        activation: `Activation` of the candidate and of the cell's state or its name; "tanh" by default.
        recurrent_activation: `Activation` of the gates or its name; "sigmoid", the logistic function S, by default.
        use_bias: Boolean, whether there is b; `True` by default.
        kernel_initializer: Initializer of W; "glorot_uniform" by default.
        recurrent_initializer: Initializer of U; "orthogonal" by default.
        bias_initializer: Initializer of b; "zeros" by default.
        unit_forget_bias: Boolean, whether the bias of the forget gate starts at 1; `True` by default.
        kernel_regularizer: Regularizer of W; none by default, as the other two.
        recurrent_regularizer: Regularizer of U.
        bias_regularizer: Regularizer of b.
        kernel_constraint: Constraint on W; none by default, as the other two.
        recurrent_constraint: Constraint on U.
        bias_constraint: Constraint on b.
        dropout: Float in [0, 1), the rate at which inputs are dropped in training; 0 by default.
        recurrent_dropout: Float in [0, 1), the rate at which h is dropped before it meets U; 0 by default.
        seed: Integer, seed of the dropout; drawn by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If units is not a positive integer, or an activation is unknown.

    Example:
        >>> cell = LSTMCell(2)
        >>> cell.build((None, 3))
        >>> h, c = states = [ops.zeros((1, 2)), ops.ones((1, 2))]
        >>> gates = cell.gates(cell.project(ops.zeros((1, 3))), h)
        >>> {name: round(float(ops.convert_to_numpy(gate)[0, 0]), 3) for name, gate in gates.items()}
        {'i': 0.5, 'f': 0.731, 'g': 0.0, 'o': 0.5}
    """

    blocks = 4
    kept = 8

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
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        arguments = given(locals())
        del arguments["unit_forget_bias"]
        super().__init__(**arguments)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def weight(self, part, shape, name=None, **settings):
        if part == "bias" and self.unit_forget_bias:
            settings["initializer"] = self._initial_bias
        return super().weight(part, shape, name, **settings)

    def _initial_bias(self, shape, dtype=None):
        of_i, of_f, of_co = (self.units,), (self.units,), (2 * self.units,)
        parts = self.bias_initializer(of_i, dtype), ops.ones(of_f, dtype), self.bias_initializer(of_co, dtype)
        return ops.concatenate(parts)

    def step(self, z, states, weights=None, factor=None):
        r""":math:`(h_t, c_t)`, and the cache: S of all pre-activations, g and tanh(c_t)."""
        n, (h, c) = self.units, states
        z = z + scaled(h, factor) @ self._own(weights)[1]
        s, g = value(self.recurrent_activation, z), value(self.activation, z[:, 2 * n : 3 * n])
        c = s[:, n : 2 * n] * c + s[:, :n] * g
        v = value(self.activation, c)
        return [s[:, 3 * n :] * v, c], [s, g, v]

    def gates(self, z, h):
        """The gates i, f, o and the candidate g of a step, by name; z is `project(x)`, h the state before."""
        n = self.units
        _, (s, g, _) = self.step(z, [h, ops.zeros_like(h)])
        return {"i": s[:, :n], "f": s[:, n : 2 * n], "g": g, "o": s[:, 3 * n :]}

    def slopes(self, before, cache):
        r"""The factors of :math:`\delta`, :math:`o\tanh'(c_t)`, and f."""
        n, (s, g, v) = self.units, cache
        i, f, o = s[..., :n], s[..., n : 2 * n], s[..., 3 * n :]
        di, df, do = (self.recurrent_activation.derivative_from_value(gate) for gate in (i, f, o))
        factors = [g * di, before[1] * df, i * self.activation.derivative_from_value(g), v * do]
        return [ops.concatenate(factors, axis=-1), o * self.activation.derivative_from_value(v), f]

    def step_back(self, dstates, slopes, adjoint=None, factor=None):
        r""":math:`\delta`, and what goes on to the states before."""
        (Dh, Dc), (factors, of_c, f) = dstates, slopes
        Dc = Dc + Dh * of_c
        delta = ops.concatenate([Dc, Dc, Dc, Dh], axis=-1) * factors
        past = delta @ (self.adjoint() if adjoint is None else adjoint)
        return [delta], [scaled(past, factor), f * Dc]

    def get_config(self):
        return super().get_config() | {"unit_forget_bias": self.unit_forget_bias}
