r"""A dense layer that normalizes before its activation, with its backward pass (§10.2)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch05.any_activation import pull_back
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["DenseBatchNorm"]


@keras.saving.register_keras_serializable("mathdl_keras", name="NormalizedDense")
class DenseBatchNorm(ExplicitLayer):
    r"""The layer :math:`H = \sigma(Y)`, :math:`Y = \mathrm{BN}(Z)`, :math:`Z = xW`, and its backward pass (§10.2).

    There is no bias b: subtracting the mean of the batch takes it away again, and its gradient would be 0; the shift
    :math:`\beta` is in its place. From the upstream gradient :math:`\partial\Lambda/\partial H`,

    .. math::
        \frac{\partial\Lambda}{\partial Y} = \frac{\partial\Lambda}{\partial H} \odot \sigma'(Y), \qquad
        \delta = \frac{\partial\Lambda}{\partial Z} \text{ as in } \mathrm{BatchNormalization}, \qquad
        \frac{\partial\Lambda}{\partial W} = x^\top \delta, \qquad \frac{\partial\Lambda}{\partial x} = \delta W^\top .

    `(batch, in) -> (batch, units)`. Weights: `kernel` W, (in, units), then those of `norm`.

    Args:
        units: Integer >= 1, the number of units.
        activation: :math:`\sigma`, an `Activation`, or the name of one; `None`, the default, is linear.
        momentum: Float in [0, 1], the share of the moving moments that a batch leaves; 0.99 by default.
        epsilon: Float >= 0, what is added to the variance; 0.001 by default.
        kernel_initializer: Initializer of W, Glorot's uniform one by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range or unknown, or inputs are not rows.

    Example:
        >>> layer = DenseBatchNorm(1, epsilon=0.0, kernel_initializer="ones")
        >>> H, cache = layer.forward_pass(ops.array([[1.0, 2.0], [3.0, 4.0]]), training=True)
        >>> ops.convert_to_numpy(H).ravel().tolist()
        [-1.0, 1.0]
        >>> dx, (dW, dgamma, dbeta) = layer.backward_pass(ops.array([[1.0], [0.0]]), cache)
        >>> [ops.convert_to_numpy(g).tolist() for g in (dgamma, dbeta)]
        [[-1.0], [1.0]]
    """

    def __init__(
        self, units, activation=None, momentum=0.99, epsilon=1e-3, kernel_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be an integer >= 1; received units={units!r}")
        self.units = units
        self.activation = activations.get(activation)
        self.norm = BatchNormalization(momentum=momentum, epsilon=epsilon, dtype=self.dtype_policy, name="norm")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(f"x must have shape (batch, features); received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[1]})
        self.kernel = self.add_weight((input_shape[1], self.units), self.kernel_initializer, name="kernel")
        self.norm.build((input_shape[0], self.units))
        self.built = True

    def forward_pass(self, x, training=False):
        """`H`, and what `backward_pass` needs; in training the moving moments move."""
        x = self.read(x)
        Z = ops.einsum("bi,ij->bj", x, self.value_of(self.kernel))
        Y, cache = self.norm.forward_pass(Z, training)
        return self.activation(Y), (x, Y, cache)

    def backward_pass(self, dH, cache):
        """`(dx, (dW, dgamma, dbeta))` from the gradient of H; those of the weights are summed over the batch."""
        x, Y, cache = cache
        delta, moments = self.norm.backward_pass(pull_back(self.activation, Y, dH), cache)
        dx = ops.einsum("bj,ij->bi", delta, self.value_of(self.kernel))
        return dx, (ops.einsum("ib,bj->ij", ops.transpose(x), delta), *moments)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.saving.serialize_keras_object(self.activation),
            "momentum": self.norm.momentum,
            "epsilon": self.norm.epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
