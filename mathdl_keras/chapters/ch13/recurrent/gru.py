r"""The gated recurrent unit, with its derivative by hand (§13.7).

Weights are Keras': gates side by side, in the order z, r, h.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.lstm import GatedCell
from mathdl_keras.chapters.ch13.recurrent.recurrence import scaled
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import value
from mathdl_keras.core.choices import given
from mathdl_keras.core.linalg import outer_sum

__all__ = ["GRUCell"]


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
        units: Integer, the number n of units.
        activation: `Activation` of the candidate or its name; "tanh" by default.
        recurrent_activation: `Activation` of the gates or its name; "sigmoid", the logistic function S, by default.
        use_bias: Boolean, whether there are biases; `True` by default.
        kernel_initializer: Initializer of W; "glorot_uniform" by default.
        recurrent_initializer: Initializer of U; "orthogonal" by default.
        bias_initializer: Initializer of b; "zeros" by default.
        kernel_regularizer: Regularizer of W; none by default, as the other two.
        recurrent_regularizer: Regularizer of U.
        bias_regularizer: Regularizer of b.
        kernel_constraint: Constraint on W; none by default, as the other two.
        recurrent_constraint: Constraint on U.
        bias_constraint: Constraint on b.
        dropout: Float in [0, 1), the rate at which inputs are dropped in training; 0 by default.
        recurrent_dropout: Float in [0, 1), the rate at which h is dropped before it meets U; 0 by default.
        reset_after: Boolean, whether r acts after the product with U; `True` by default.
        seed: Integer, seed of the dropout; drawn by default.
        **kwargs: `name`, `dtype`, `trainable`.

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
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        reset_after=True,
        seed=None,
        **kwargs,
    ):
        arguments = given(locals())
        del arguments["reset_after"]
        super().__init__(**arguments)
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
