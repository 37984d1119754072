r"""What the recurrent cells share: their weights, their activations, and the products that stay outside the loop.

A recurrence keeps what it computed at each time step for its backward pass, so it should keep little: the derivatives
of its activations are functions of their values, and the pre-activations are forgotten.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch08.costs import cost_of, step_cost
from mathdl_keras.chapters.ch13.recurrent.cell import Cell
from mathdl_keras.chapters.ch13.recurrent.recurrence import scaled
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.explicit import ExplicitLayer
from mathdl_keras.core.linalg import dot, outer_sum

CHOICES = {"initializer": keras.initializers, "regularizer": keras.regularizers, "constraint": keras.constraints}


class RecurrentCell(Cell, ExplicitLayer):
    r"""What recurrent cells share: the weights W (D, g n), U (n, g n) and b (g n) of g gates of n units.

    Subclasses give `step`, `slopes` and `step_back` of the protocol in `recurrence`. One step is a layer of two inputs,
    x and the states, and differentiated by hand.

    Args:
        units: Integer, the number n of units.
        activation: `Activation` or its name; "tanh" by default.
        use_bias: Boolean, whether there is b; `True` by default.
        kernel_initializer: Initializer of W; "glorot_uniform" by default.
        recurrent_initializer: Initializer of U; "orthogonal" by default.
        bias_initializer: Initializer of b; "zeros" by default.
        kernel_regularizer: Regularizer of W; none by default, as the other two.
        recurrent_regularizer: Regularizer of U.
        bias_regularizer: Regularizer of b.
        kernel_constraint: Constraint on W; none by default, as the other two.
        recurrent_constraint: Constraint on U.
        bias_constraint: Constraint on b.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If units is not a positive integer, or the activation is unknown.

    Example:
        >>> RecurrentCell(3).get_config()["units"]
        3
    """

    blocks = 1  # gates and candidates
    kept = 2  # numbers that a step keeps for the backward pass, in units

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
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = check_positive("units", units)
        self.activation = known_activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.recurrent_constraint = keras.constraints.get(recurrent_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.state_size = self.output_size = self.units

    def build(self, input_shape):
        columns = self.blocks * self.units
        self.kernel = self._weight("kernel", (input_shape[-1], columns), "kernel")
        self.recurrent_kernel = self._weight("recurrent", (self.output_size, columns), "recurrent_kernel")
        self.bias = self._weight("bias", self.bias_shape, "bias") if self.use_bias else None
        self.built = True

    @property
    def bias_shape(self):
        return (self.blocks * self.units,)

    def call(self, inputs, states, training=None):
        nested = isinstance(states, list | tuple)
        after = self.by_hand((inputs, list(states) if nested else [states]))
        return after[0], after if nested else after[0]

    def forward_pass(self, inputs, training=False, factor=None):
        """The states after one step, the first of which is the output, and the cache; `inputs` is `(x, states)`."""
        x, states = inputs
        x, weights = self.read(x), self.parameters()
        after, cache = self.step(self.project(x, weights), states, weights, factor)
        return after, (x, list(states), cache, factor)

    def backward_pass(self, dstates, cache):
        """`((dx, dstates), gradients)` from the gradient of the states after the step."""
        x, states, values, factor = cache
        weights = self.parameters()
        deltas, dbefore = self.step_back(dstates, self.slopes(states, values), self.adjoint(weights), factor)
        return (dot(deltas[0], ops.transpose(weights[0])), dbefore), self.gradients(x, states, values, deltas, factor)

    def parameters(self):
        """The weights as tensors of the dtype in which the cell computes: W, U, then b."""
        return [self.value_of(v) for v in (self.kernel, self.recurrent_kernel, self.bias) if v is not None]

    def project(self, x, weights=None):
        r""":math:`z = W^\top x + b`, (..., D) -> (..., g n), of one step or of all steps."""
        W, _, *b = self._own(weights)
        z = dot(ops.convert_to_tensor(x, dtype=self.compute_dtype), W)
        return z + b[0] if b else z

    def adjoint(self, weights=None):
        r""":math:`U^\top`, by which derivatives return to the step before."""
        return ops.transpose(self._own(weights)[1])

    def gradients(self, x, before, cache, deltas, factor=None):
        r""":math:`\sum_t x_t \delta_t^\top,\ \sum_t h_{t-1} \delta_t^\top,\ \sum_t \delta_t`, and over the batch."""
        (delta,) = deltas
        bias = [ops.sum(delta, axis=tuple(range(len(delta.shape) - 1)))] if self.use_bias else []
        return [outer_sum(x, delta), outer_sum(scaled(before[0], factor), delta), *bias]

    def get_config(self):
        choices = {
            f"{part}_{kind}": module.serialize(getattr(self, f"{part}_{kind}"))
            for kind, module in CHOICES.items()
            for part in ("kernel", "recurrent", "bias")
        }
        activation = keras.saving.serialize_keras_object(self.activation)
        own = {"units": self.units, "activation": activation, "use_bias": self.use_bias}
        return super().get_config() | own | choices

    def _own(self, weights):
        return self.parameters() if weights is None else weights

    def _weight(self, part, shape, name, **choices):
        choices = {kind: getattr(self, f"{part}_{kind}") for kind in CHOICES} | choices
        return self.add_weight(shape=shape, name=name, **choices)


@cost_of.register(RecurrentCell)
def _step_cost(cell, before, after):
    return step_cost(cell.kernel, cell.recurrent_kernel, cell.kept * cell.units)


def known_activation(activation, name="activation"):
    """The activation of that name, if its derivative is known from its value.

    Args:
        activation: String, `None` for linear, or an `Activation`: what `mathdl_keras.activations.get` takes.
        name: String, the name of the argument in the error.

    Raises:
        ValueError: If it is unknown, or its derivative is not known from its value.

    Example:
        >>> known_activation("tanh")
        Tanh()
    """
    sigma = activations.get(activation, name)
    if type(sigma).derivative_from_value is activations.Activation.derivative_from_value:
        raise ValueError(f"{name} must have a derivative known from its value; received {sigma!r}")
    return sigma


def value(activation, z):
    r""":math:`\sigma(z)`; the hyperbolic tangent of the backend, except in float64, which that loses on JAX.

    Example:
        >>> float(value(known_activation("tanh"), ops.array(0.0)))
        0.0
    """
    if type(activation) is activations.Tanh and keras.backend.standardize_dtype(z.dtype) != "float64":
        return ops.tanh(z)
    return activation(z)
