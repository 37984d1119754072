r"""What the recurrent cells share: their weights, their activations, and the products that stay outside the loop.

A recurrence keeps what it computed at each time step for its backward pass, so it should keep little: the derivatives
of its activations are functions of their values, and the pre-activations are forgotten.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch08.layer_costs import cost_of, step_cost
from mathdl_keras.chapters.ch13.recurrent.recurrence import scaled
from mathdl_keras.core.checks import ChecksData, check_positive, check_rate, without_defaults
from mathdl_keras.core.choices import Choices
from mathdl_keras.core.explicit import ExplicitLayer
from mathdl_keras.core.graph import DropoutRNNCell
from mathdl_keras.core.linalg import dot, outer_sum


class Cell(ChecksData):
    """A mixin before a layer that is a cell: inputs (B, D) and states (B, n) in, the output and the states out.

    The layer says `state_size` and `output_size`. Other shapes are refused, and NumPy arrays that are empty or not
    finite.
    """

    def __call__(self, inputs, states, *args, **kwargs):
        several = states if isinstance(states, list | tuple) else [states]
        for name, x in (("inputs", inputs), *(("states", state) for state in several)):
            if len(shape := tuple(getattr(x, "shape", (0, 0)))) != 2:
                raise ValueError(f"{name} must have shape (batch, features), one step; received shape {shape}")
        return super().__call__(inputs, states, *args, **kwargs)

    def compute_output_shape(self, inputs_shape, states_shape):
        return (inputs_shape[0], self.output_size), states_shape


class RecurrentCell(Cell, Choices, DropoutRNNCell, ExplicitLayer):
    r"""What recurrent cells share: the weights W (D, g n), U (n, g n) and b (g n) of g gates of n units.

    Subclasses give `step`, `slopes` and `step_back` of the protocol in `recurrence`. One step is a layer of two inputs,
    x and the states, and differentiated by hand. Dropout is that of Gal and Ghahramani (§13.8): one mask of x and one
    of the state for all steps of a sequence, and for all gates (Keras draws one for each gate where the state is
    dropped).

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
        dropout: Float in [0, 1), the rate at which inputs are dropped in training; 0 by default.
        recurrent_dropout: Float in [0, 1), the rate at which the state is dropped before it meets U; 0 by default.
        seed: Integer, seed of the dropout; drawn by default.
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
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**without_defaults(kwargs, implementation=2))
        self.units = check_positive("units", units)
        self.activation = known_activation(activation)
        self.use_bias = use_bias
        self.choose(
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.dropout = check_rate("dropout", dropout)
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)
        self.seed, self.drops = seed, bool(dropout or recurrent_dropout)
        self.seed_generator = keras.random.SeedGenerator(seed) if self.drops else None
        self.state_size = self.output_size = self.units

    def build(self, input_shape):
        columns = self.blocks * self.units
        self.kernel = self.weight("kernel", (input_shape[-1], columns))
        self.recurrent_kernel = self.weight("recurrent", (self.output_size, columns), "recurrent_kernel")
        self.bias = self.weight("bias", self.bias_shape) if self.use_bias else None
        self.built = True

    @property
    def bias_shape(self):
        return (self.blocks * self.units,)

    def call(self, inputs, states, training=None):
        nested = isinstance(states, list | tuple)
        states = list(states) if nested else [states]
        after = self.by_hand((inputs, states), factors=self.factors(inputs, states[0]) if training else (None, None))
        return after[0], after if nested else after[0]

    def factors(self, x, state):
        """The masks of a sequence: what x and the state are multiplied by, each `None` for 1.

        They are drawn once, and kept until the loop over time calls `forget_factors`.
        """
        return self.get_dropout_mask(x), self.get_recurrent_dropout_mask(state)

    def forget_factors(self):
        """The next sequence has other masks."""
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()

    def forward_pass(self, inputs, training=False, factors=(None, None)):
        """The states after one step, the first of which is the output, and the cache.

        Args:
            inputs: Pair of the tensor x (B, D) and the list of the states.
            training: Boolean, whether the cell is in training; it changes nothing.
            factors: Pair of what x and the state are multiplied by, each `None` for 1.
        """
        x, states = inputs
        of_x, factor = factors
        x, weights = scaled(self.read(x), of_x), self.parameters()
        after, cache = self.step(self.project(x, weights), states, weights, factor)
        return after, (x, list(states), cache, factors)

    def backward_pass(self, dstates, cache):
        """`((dx, dstates), gradients)` from the gradient of the states after the step."""
        x, states, values, (of_x, factor) = cache
        weights = self.parameters()
        deltas, dbefore = self.step_back(dstates, self.slopes(states, values), self.adjoint(weights), factor)
        dx = scaled(dot(deltas[0], ops.transpose(weights[0])), of_x)
        return (dx, dbefore), self.gradients(x, states, values, deltas, factor)

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
        names = "units", "use_bias", "dropout", "recurrent_dropout", "seed"
        own = {name: getattr(self, name) for name in names} | self.chosen()
        return super().get_config() | own | {"activation": keras.saving.serialize_keras_object(self.activation)}

    def _own(self, weights):
        return self.parameters() if weights is None else weights


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
