r"""A dense layer that knows its backward pass (§6.3, §6.4)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["Dense"]


@keras.saving.register_keras_serializable("mathdl_keras", name="BackpropDense")
class Dense(ExplicitLayer):
    r"""The dense layer :math:`H = \sigma(Z)`, :math:`Z = xW + b`, with its backward pass written by hand (§6.4).

    From the upstream gradient :math:`\partial\Lambda/\partial H`,

    .. math::
        \delta = \frac{\partial\Lambda}{\partial H} \odot \sigma'(Z), \qquad
        \frac{\partial\Lambda}{\partial w_{ij}} = \sum_m x_{mi}\,\delta_{mj}, \qquad
        \frac{\partial\Lambda}{\partial b_j} = \sum_m \delta_{mj}, \qquad
        \frac{\partial\Lambda}{\partial x} = \delta\, W^\top .

    `(batch, in) -> (batch, units)`. It computes what `keras.layers.Dense` computes and has the same weights: `kernel`
    W, `(in, units)`, and `bias` b, `(units,)`.

    Args:
        units: Integer >= 1, the number of units.
        activation: :math:`\sigma`, an `Activation` or its name; `None`, the default, is linear.
        kernel_initializer: Initializer of W, Glorot's uniform one by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If units is not a positive integer, the activation is unknown, or inputs are not rows.

    Example:
        >>> layer = Dense(1, kernel_initializer="ones")
        >>> H, cache = layer.forward_pass(ops.array([[1.0, 2.0]]))
        >>> dx, (dW, db) = layer.backward_pass(ops.array([[10.0]]), cache)
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

    def forward_pass(self, x, training=False):
        """`H`, and the cache `(x, Z)` that the backward pass needs."""
        x = self.read(x)
        Z = ops.einsum("bi,ij->bj", x, self.value_of(self.kernel)) + self.value_of(self.bias)
        return self.activation(Z), (x, Z)

    def backward_pass(self, dH, cache):
        """`(dx, (dW, db))` from the gradient of H; those of the weights are summed over the batch."""
        x, Z = cache
        delta = self.delta(dH, Z)
        dx = ops.einsum("bj,ij->bi", delta, self.value_of(self.kernel))
        return dx, self._sums(x, delta)

    def weight_gradients(self, dH, cache):
        x, Z = cache
        return self._sums(x, self.delta(dH, Z))

    def delta(self, dH, Z):
        r""":math:`\delta = \partial\Lambda/\partial H \odot \sigma'(Z)`, the gradient of Z."""
        return activations.pull_back(self.activation, Z, dH)

    def _sums(self, x, delta):
        r""":math:`(x^\top\delta,\ \sum_m \delta_m)`."""
        # in this order of the axes TensorFlow makes one matrix product of it
        return ops.einsum("ib,bj->ij", ops.transpose(x), delta), ops.sum(delta, axis=0)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.saving.serialize_keras_object(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
