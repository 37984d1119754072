r"""A dense layer that knows its backward pass (sections 6.3 and 6.4)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.core.checks import ChecksData

__all__ = ["Dense"]


@keras.saving.register_keras_serializable("mathdl_keras", name="BackpropDense")
class Dense(ChecksData, keras.Layer):
    r"""The dense layer :math:`H = \sigma(Z)`, :math:`Z = xW + b`, with its backward pass written by hand (§6.4).

    From the upstream gradient :math:`\partial\Lambda/\partial H`,

    .. math::
        \delta = \frac{\partial\Lambda}{\partial H} \odot \sigma'(Z), \qquad
        \frac{\partial\Lambda}{\partial w_{ij}} = \sum_m x_{mi}\,\delta_{mj}, \qquad
        \frac{\partial\Lambda}{\partial b_j} = \sum_m \delta_{mj}, \qquad
        \frac{\partial\Lambda}{\partial x} = \delta\, W^\top .

    `(batch, in) -> (batch, units)`. It computes what `keras.layers.Dense` computes and has the same weights: `kernel`
    W, `(in, units)`, and `bias` b, `(units,)`. Called as a layer it is differentiated automatically, as any other.

    Args:
        units: The number of units.
        activation: :math:`\sigma`, an `Activation` or its name; `None` is linear.
        kernel_initializer: Of W.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If units is not a positive integer, the activation is unknown, or inputs are not rows.

    Example:
        >>> layer = Dense(1, kernel_initializer="ones")
        >>> H, cache = layer.forward_pass(ops.array([[1.0, 2.0]]))
        >>> dx, dW, db = layer.backward_pass(ops.array([[10.0]]), cache)
        >>> [ops.convert_to_numpy(v).ravel().tolist() for v in (H, dW, db)]
        [[3.0], [10.0, 20.0], [10.0]]
    """

    def __init__(self, units, activation=None, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be an integer >= 1; received units={units!r}")
        self.units = units
        self.activation = activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(f"x must have shape (batch, features); received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[1]})
        self.kernel = self.add_weight(
            shape=(input_shape[1], self.units), initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs):
        return self.forward_pass(inputs)[0]

    def forward_pass(self, x):
        """`H`, and the cache `(x, Z)` that the backward pass needs."""
        if not self.built:
            self.build(x.shape)
        Z = ops.einsum("bi,ij->bj", x, ops.cast(self.kernel, x.dtype)) + ops.cast(self.bias, x.dtype)
        return self.activation(Z), (x, Z)

    def backward_pass(self, dH, cache):
        """The gradients `(dx, dW, db)` from the gradient of H; those of the weights are summed over the batch."""
        x, Z = cache
        delta = self.delta(dH, Z)
        return self.input_gradient(delta), *self.weight_gradients(delta, x)

    def delta(self, dH, Z):
        r""":math:`\delta = \partial\Lambda/\partial H \odot \sigma'(Z)`, the gradient of Z."""
        if isinstance(self.activation, activations.Linear):
            return dH
        return dH * self.activation.derivative(Z)

    def weight_gradients(self, delta, x):
        r""":math:`(x^\top\delta,\ \sum_m \delta_m)`, the gradients of kernel and bias."""
        # in this order of the axes TensorFlow makes one matrix product of it
        return ops.einsum("ib,bj->ij", ops.transpose(x), delta), ops.sum(delta, axis=0)

    def input_gradient(self, delta):
        r""":math:`\delta W^\top`, the gradient of x."""
        return ops.einsum("bj,ij->bi", delta, ops.cast(self.kernel, delta.dtype))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.saving.serialize_keras_object(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
