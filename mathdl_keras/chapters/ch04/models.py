r"""The perceptron as a Keras model (§4.2)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch04.perceptron import signed_table, train_perceptron
from mathdl_keras.core.checks import ChecksData

__all__ = ["Perceptron"]


@keras.saving.register_keras_serializable("mathdl_keras")
class Perceptron(ChecksData, keras.Model):
    r"""The perceptron of §4.2, :math:`f(x) = \langle w, x\rangle + b`, whose sign is the class.

    `fit_online` learns from mistake to mistake. The same steps are those of Keras' `fit` with `PerceptronLoss`,
    `SGD(1.0)`, `batch_size=1` and `shuffle=False`: the perceptron is stochastic gradient descent.

    `(B, D) -> (B, 1)`. Labels are -1 and +1.

    Args:
        use_bias: Boolean, whether to learn b, as if each point had one more feature, 1; `True` by default.
        kernel_initializer: Initializer of w for `fit`, "zeros" by default; `fit_online` starts from zero.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If `use_bias` is no truth value.

    Example:
        >>> model = Perceptron()
        >>> model.fit_online(np.array([[0.0], [2.0]]), [-1, 1]).converged
        True
        >>> model.predict(np.array([[0.0], [2.0]]), verbose=0)[:, 0].tolist()
        [-1.0, 3.0]
    """

    def __init__(self, use_bias=True, kernel_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(use_bias, bool):
            raise ValueError(f"use_bias must be True or False; received use_bias={use_bias!r}")
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        if len(input_shape) != 2:
            raise ValueError(f"x must have shape (batch, features); received shape {tuple(input_shape)}")
        self.kernel = self.add_weight(shape=(input_shape[1], 1), initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias") if self.use_bias else None

    def call(self, x):
        f = ops.cast(x, self.compute_dtype) @ ops.cast(self.kernel, self.compute_dtype)
        return f + ops.cast(self.bias, self.compute_dtype) if self.use_bias else f

    def fit_online(self, x, y, epochs=100):
        """Goes through the rows in order and learns from each mistake, until an epoch has none.

        Args:
            x: (rows, features).
            y: Labels -1 and +1, (rows,).
            epochs: Integer, the most passes over the points; 100 by default.

        Returns:
            The rows misclassified in each epoch: `mistakes`, `counts`, `order`, `converged`; and `weights`, with
            the bias last.

        Raises:
            ValueError: If shapes do not fit, a value is missing, or the labels are not -1 and +1 with both classes.
        """
        x, y = signed_table(x, y)
        if not self.built:
            self.build(x.shape)
        fit = train_perceptron(np.column_stack([x, np.ones(len(x))]) if self.use_bias else x, y, epochs)
        self.kernel.assign(fit.weights[: x.shape[1], None])
        if self.use_bias:
            self.bias.assign(fit.weights[-1:])
        return fit

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return super().get_config() | {"use_bias": self.use_bias, "kernel_initializer": initializer}
