r"""A dense layer that knows its backward pass (§6.3, §6.4)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.any_activation import get_any, pull_back, serialize_any
from mathdl_keras.core.checks import check_positive, without_defaults
from mathdl_keras.core.choices import Choices
from mathdl_keras.core.explicit import ExplicitLayer
from mathdl_keras.core.linalg import dot, outer_sum

__all__ = ["Dense"]


@keras.saving.register_keras_serializable("mathdl_keras", name="BackpropDense")
class Dense(Choices, ExplicitLayer):
    r"""The dense layer :math:`H = \sigma(Z)`, :math:`Z = xW + b`, with its backward pass written by hand (§6.4).

    From the upstream gradient :math:`\partial\Lambda/\partial H`,

    .. math::
        \delta = \frac{\partial\Lambda}{\partial H} \odot \sigma'(Z), \qquad
        \frac{\partial\Lambda}{\partial w_{ij}} = \sum_m x_{mi}\,\delta_{mj}, \qquad
        \frac{\partial\Lambda}{\partial b_j} = \sum_m \delta_{mj}, \qquad
        \frac{\partial\Lambda}{\partial x} = \delta\, W^\top .

    `(batch, ..., in) -> (batch, ..., units)`. A drop-in for `keras.layers.Dense`: the same arguments in the same order,
    and the same weights: `kernel` W, `(in, units)`, and `bias` b, `(units,)`.

    Args:
        units: Integer >= 1, the number of units.
        activation: :math:`\sigma`, an `Activation`, a function, or the name of one; `None`, the default, is linear.
        use_bias: Boolean, whether there is b; True by default.
        kernel_initializer: Initializer of W, Glorot's uniform one by default.
        bias_initializer: Initializer of b, zeros by default.
        kernel_regularizer: Penalty on W; none by default.
        bias_regularizer: Penalty on b; none by default.
        activity_regularizer: Penalty on H; none by default.
        kernel_constraint: Constraint on W; none by default.
        bias_constraint: Constraint on b; none by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If units is not a positive integer, the activation is unknown, or inputs are not rows.

    Example:
        >>> layer = Dense(1, kernel_initializer="ones")
        >>> H, cache = layer.forward_pass(ops.array([[1.0, 2.0]]))
        >>> dx, (dW, db) = layer.backward_pass(ops.array([[10.0]]), cache)
        >>> [ops.convert_to_numpy(v).ravel().tolist() for v in (H, dW, db)]
        [[3.0], [10.0, 20.0], [10.0]]
    """

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        kwargs = without_defaults(kwargs, lora_rank=None, lora_alpha=None, quantization_config=None)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = check_positive("units", units)
        self.activation = get_any(activation)
        self.use_bias = bool(use_bias)
        self.choose(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"x must have shape (batch, ..., features); received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.kernel = self.weight("kernel", (input_shape[-1], self.units))
        self.bias = self.weight("bias", (self.units,)) if self.use_bias else None
        self.built = True

    def forward_pass(self, x, training=False):
        """`H`, and the cache `(x, Z)` that the backward pass needs."""
        x = self.read(x)
        Z = dot(x, self.value_of(self.kernel))
        Z = Z + self.value_of(self.bias) if self.use_bias else Z
        return self.activation(Z), (x, Z)

    def backward_pass(self, dH, cache):
        """`(dx, (dW, db))` from the gradient of H, without db where there is no bias; sums over the batch."""
        x, Z = cache
        delta = self.delta(dH, Z)
        return dot(delta, ops.transpose(self.value_of(self.kernel))), self._sums(x, delta)

    def weight_gradients(self, dH, cache):
        x, Z = cache
        return self._sums(x, self.delta(dH, Z))

    def delta(self, dH, Z):
        r""":math:`\delta = \partial\Lambda/\partial H \odot \sigma'(Z)`, the gradient of Z."""
        return pull_back(self.activation, Z, dH)

    def _sums(self, x, delta):
        r""":math:`(x^\top\delta,\ \sum_m \delta_m)`."""
        dW = outer_sum(x, delta)
        return (dW, ops.sum(delta, axis=tuple(range(len(delta.shape) - 1)))) if self.use_bias else (dW,)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {
            "units": self.units,
            "activation": serialize_any(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
        }
        return super().get_config() | config | self.chosen()
