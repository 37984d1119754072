r"""The gated cells LSTM and GRU with explicit derivatives (§13.7).

A gate is a sigmoid unit whose value multiplies: what it does not let through is forgotten. In both cells the state
passes from step to step through a gate and not through a matrix, so its derivative is a product of gates, near 1 where
they are open: gradients reach far back.

Weights are Keras': gates side by side, in the order i, f, c, o for the LSTM and z, r, h for the GRU.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.recurrence import scaled
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import RecurrentCell, known_activation, value
from mathdl_keras.core.linalg import outer_sum

__all__ = ["GRUCell", "LSTMCell"]


class GatedCell(RecurrentCell):
    """A recurrent cell with an activation for its gates too."""

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True, **kwargs):
        super().__init__(units, activation, use_bias, **kwargs)
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
        units: n.
        activation: Of the candidate and of the cell's state: tanh above.
        recurrent_activation: Of the gates: the logistic function S above.
        use_bias: Whether there is b.
        unit_forget_bias: Whether the bias of the forget gate starts at 1.
        **kwargs: Initializers, regularizers and constraints as in Keras; `name`, `dtype`, `trainable`.

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
        unit_forget_bias=True,
        **kwargs,
    ):
        super().__init__(units, activation, recurrent_activation, use_bias, **kwargs)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _weight(self, part, shape, name, **choices):
        if part == "bias" and self.unit_forget_bias:
            choices["initializer"] = self._initial_bias
        return super()._weight(part, shape, name, **choices)

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


@keras.saving.register_keras_serializable("mathdl_keras")
class GRUCell(GatedCell):
    r"""The gated recurrent unit (§13.7), in Keras' convention: z = 1 keeps the old state.

    .. math::
        z, r = S(W^\top x_t + U^\top h_{t-1} + b), \qquad h_t = z \odot h_{t-1} + (1 - z) \odot \tilde h,

    where the candidate sees the past through r, after the product with U (`reset_after`) or before:

    .. math::
        \tilde h = \tanh(W_h^\top x_t + b_h + r \odot (U_h^\top h_{t-1} + b'_h)) \quad\text{or}\quad
        \tilde h = \tanh(W_h^\top x_t + b_h + U_h^\top (r \odot h_{t-1})).

    A step: (B, D), (B, n) -> (B, n). Weights as in `keras.layers.GRUCell`: kernel (D, 3n), recurrent kernel (n, 3n),
    bias (2, 3n), the rows b and b', with `reset_after`, else (3n,): 3n(n + D + 1) parameters, and 3n more.

    Args:
        units: n.
        activation: Of the candidate: tanh above.
        recurrent_activation: Of the gates: the logistic function S above.
        use_bias: Whether there are biases.
        reset_after: Where r acts.
        **kwargs: Initializers, regularizers and constraints as in Keras; `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If units is not a positive integer, or an activation is unknown.

    Example:
        >>> cell = GRUCell(2)
        >>> cell.build((None, 3))
        >>> gates = cell.gates(cell.project(ops.zeros((1, 3))), ops.zeros((1, 2)))
        >>> {name: float(ops.convert_to_numpy(gate)[0, 0]) for name, gate in gates.items()}
        {'z': 0.5, 'r': 0.5, 'h': 0.0}
    """

    blocks = 3
    kept = 5

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        reset_after=True,
        **kwargs,
    ):
        super().__init__(units, activation, recurrent_activation, use_bias, **kwargs)
        self.reset_after = reset_after

    @property
    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def project(self, x, weights=None):
        r""":math:`W^\top x + b`, (..., D) -> (..., 3n), of one step or of all steps."""
        W, U, *b = self._own(weights)
        return super().project(x, [W, U, *(v[0] if self.reset_after else v for v in b)])

    def step(self, z, states, weights=None, factor=None):
        r""":math:`h_t`, in a list, and the cache: z and r, the candidate, and what r multiplies."""
        n, (h,) = self.units, states
        _, U, *b = self._own(weights)
        seen = scaled(h, factor)
        if self.reset_after:
            inner = seen @ U + b[0][1] if b else seen @ U
            s = value(self.recurrent_activation, z[:, : 2 * n] + inner[:, : 2 * n])
            v = inner[:, 2 * n :]
            candidate = value(self.activation, z[:, 2 * n :] + s[:, n:] * v)
        else:
            s = value(self.recurrent_activation, z[:, : 2 * n] + seen @ U[:, : 2 * n])
            v = seen
            candidate = value(self.activation, z[:, 2 * n :] + (s[:, n:] * seen) @ U[:, 2 * n :])
        return [candidate + s[:, :n] * (h - candidate)], [s, candidate, v]

    def gates(self, z, h):
        """The gates z, r and the candidate h of a step, by name; z is `project(x)`, h the state before."""
        _, (s, candidate, _) = self.step(z, [h])
        return {"z": s[:, : self.units], "r": s[:, self.units :], "h": candidate}

    def slopes(self, before, cache):
        r"""The factors of :math:`D` in the deltas, and z; without `reset_after` what r and its slope multiply too."""
        n, (h,), (s, candidate, v) = self.units, before, cache
        z, r = s[..., :n], s[..., n:]
        dz, dr = (self.recurrent_activation.derivative_from_value(gate) for gate in (z, r))
        of_z, of_h = (h - candidate) * dz, (1 - z) * self.activation.derivative_from_value(candidate)
        if not self.reset_after:
            return [of_z, of_h, v * dr, r, z]
        of_zr = [of_z, of_h * v * dr]
        return [ops.concatenate([*of_zr, last], axis=-1) for last in (of_h, of_h * r)] + [z]

    def adjoint(self, weights=None):
        r""":math:`U^\top`, without `reset_after` in two parts, of the gates and of the candidate."""
        U, n = self._own(weights)[1], self.units
        parts = [U] if self.reset_after else [U[:, : 2 * n], U[:, 2 * n :]]
        return [ops.transpose(part) for part in parts]

    def step_back(self, dstates, slopes, adjoint=None, factor=None):
        r""":math:`\delta`, with `reset_after` also that of :math:`U^\top h_{t-1} + b'`, and what goes to step t-1."""
        (D,), adjoint = dstates, self.adjoint() if adjoint is None else adjoint
        if self.reset_after:
            outer, inner, z = slopes
            D3 = ops.concatenate([D, D, D], axis=-1)
            deltas = [D3 * outer, D3 * inner]
            return deltas, [D * z + scaled(deltas[1] @ adjoint[0], factor)]
        of_z, of_h, of_r, r, z = slopes
        delta_h = D * of_h
        reset = delta_h @ adjoint[1]  # the derivative in r h
        gates = ops.concatenate([D * of_z, reset * of_r], axis=-1)
        past = scaled(reset * r + gates @ adjoint[0], factor)
        return [ops.concatenate([gates, delta_h], axis=-1)], [D * z + past]

    def gradients(self, x, before, cache, deltas, factor=None):
        """Gradients in the order of `parameters()`, summed over time and batch."""
        delta, inner = deltas if self.reset_after else deltas * 2
        biases = [ops.sum(d, axis=tuple(range(len(d.shape) - 1))) for d in (delta, inner)]
        bias = [ops.stack(biases) if self.reset_after else biases[0]] if self.use_bias else []
        if self.reset_after:
            return [outer_sum(x, delta), outer_sum(scaled(before[0], factor), inner), *bias]
        n, (s, _, h) = self.units, cache  # what U sees of the state
        gates, candidate = outer_sum(h, delta[..., : 2 * n]), outer_sum(s[..., n:] * h, delta[..., 2 * n :])
        return [outer_sum(x, delta), ops.concatenate([gates, candidate], axis=-1), *bias]

    def get_config(self):
        return super().get_config() | {"reset_after": self.reset_after}
