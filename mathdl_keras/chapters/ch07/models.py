r"""The shallow network as a Keras model, trained by the book's formulas (§7.4)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch03.losses import CategoricalCrossentropy
from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch05.models import another_draw
from mathdl_keras.chapters.ch06.models import BackpropModel
from mathdl_keras.chapters.ch07.shallow_gradients import backward, forward

__all__ = ["ShallowNetwork"]


@keras.saving.register_keras_serializable("mathdl_keras")
class ShallowNetwork(BackpropModel):
    r"""A network with one hidden layer, :math:`m(x;\theta) = C\,\sigma(Wx + b^1) + b^2`, with its gradients (§7.4).

    With :math:`Z = Wx + b^1`, :math:`H = \sigma(Z)`, the logits U and the loss :math:`\rho`,

    .. math::
        \frac{\partial\rho}{\partial C} = \frac{\partial\rho}{\partial U} H^\top, \quad
        \delta = C^\top \frac{\partial\rho}{\partial U}, \quad
        \frac{\partial\rho}{\partial b^1} = \delta \odot \sigma'(Z), \quad
        \frac{\partial\rho}{\partial W} = (\delta \odot \sigma'(Z))\, x^\top .

    `(batch, features) -> (batch, outputs)`; nothing is differentiated automatically. The weights `W`, `b1`, `C` and
    `b2` have the book's shapes, (hidden, features), (hidden,), (outputs, hidden), (outputs,): those of Keras' `Dense`
    kernels, transposed. Compile it with any Keras optimizer and no loss.

    Args:
        hidden: Integer >= 1, the number of hidden units.
        outputs: Integer, the number of classes, at least 2, or of targets.
        activation: `Activation` or its name, :math:`\sigma`; `relu` by default.
        loss: Name of a loss, or a loss of this package, as in `BackpropModel`: `categorical_crossentropy` of logits,
            the default, `half_squared_error`, `mse`.
        kernel_initializer: Initializer of W and C, each of which gets a draw of its own; Glorot's uniform one by
            default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range or unknown, or inputs are not rows.

    Example:
        >>> import numpy as np
        >>> model = ShallowNetwork(hidden=8, outputs=3)
        >>> model.compile(keras.optimizers.SGD(0.1), metrics=["accuracy"])
        >>> x, y = np.eye(3, dtype="float32"), np.array([0, 1, 2])
        >>> history = model.fit(x, y, batch_size=1, epochs=2, verbose=0)
        >>> [tuple(v.shape) for v in model.trainable_variables]
        [(8, 3), (8,), (3, 8), (3,)]
    """

    def __init__(
        self,
        hidden,
        outputs,
        activation="relu",
        loss="categorical_crossentropy",
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(loss=loss, **kwargs)
        least = 2 if isinstance(self.loss_function, CategoricalCrossentropy) else 1
        for name, value, low in (("hidden", hidden, 1), ("outputs", outputs, least)):
            if not isinstance(value, int) or value < low:
                raise ValueError(f"{name} must be an integer >= {low}; received {name}={value!r}")
        self.hidden, self.outputs = hidden, outputs
        self.activation = activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(f"x must have shape (batch, features); received shape {tuple(input_shape)}")
        features = input_shape[1]
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: features})
        self.W = self._matrix(0, "W", (self.hidden, features))
        self.b1 = self.add_weight(shape=(self.hidden,), initializer="zeros", name="b1")
        self.C = self._matrix(1, "C", (self.outputs, self.hidden))
        self.b2 = self.add_weight(shape=(self.outputs,), initializer="zeros", name="b2")

    def _matrix(self, k, name, shape):
        """A kernel as Keras draws it, (inputs, units), transposed."""
        draw = another_draw(self.kernel_initializer, k)
        return self.add_weight(
            shape=shape, initializer=lambda shape, dtype: ops.transpose(draw(shape[::-1], dtype)), name=name
        )

    def forward_pass(self, x):
        """The output U, and what the backward pass needs."""
        return forward(self._theta(x.dtype), x, self.activation)

    def backward_pass(self, dU, cache):
        """Pairs of a gradient and its variable, from the gradient of U."""
        gradients = backward(self._theta(dU.dtype), dU, cache, self.activation)
        return list(zip(gradients, (self.W, self.b1, self.C, self.b2), strict=True))

    def _theta(self, dtype):
        return [ops.cast(v, dtype) for v in (self.W, self.b1, self.C, self.b2)]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.outputs)

    def get_config(self):
        return super().get_config() | {
            "hidden": self.hidden,
            "outputs": self.outputs,
            "activation": keras.saving.serialize_keras_object(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
