r"""Networks with batch normalization, trained by a backward pass written by hand (section 10.2)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch05.models import another_draw, check_widths
from mathdl_keras.chapters.ch06.layers import BackpropDense
from mathdl_keras.chapters.ch06.models import BackpropModel
from mathdl_keras.chapters.ch10.dense import NormalizedDense

__all__ = ["BatchNormMLP"]


@keras.saving.register_keras_serializable("mathdl_keras")
class BatchNormMLP(BackpropModel):
    r"""A feed forward network with batch normalization before each hidden activation, its gradients by hand (§10.2).

    .. math::
        Z^\ell = H^{\ell-1} W^\ell, \qquad Y^\ell = \mathrm{BN}(Z^\ell), \qquad H^\ell = \sigma(Y^\ell), \qquad
        U = \sigma_L(H^{L-1} W^L + b)

    `(batch, n_0) -> (batch, n_L)`. In training the loss of a sample depends on the whole batch, through its moments,
    and the moving moments move; in inference they are constants. Compile it with any Keras optimizer and no loss.

    Args:
        widths: :math:`(n_0, \dots, n_L)`, two or more.
        activation: :math:`\sigma`, an `Activation` or its name.
        output_activation: Of the last layer, which is not normalized; `None` is linear.
        loss: As in `BackpropModel`.
        momentum: Of the moving moments. They follow the last 1/(1 - momentum) batches or so: train for more.
        epsilon: Added to variances.
        kernel_initializer: Of each kernel.
        **kwargs: `name`, `dtype`.

    Attributes:
        dense: The layers: `NormalizedDense`, and a `BackpropDense` at the end.

    Raises:
        ValueError: If an argument is out of range or unknown; and as in `BackpropModel`.

    Example:
        >>> import numpy as np
        >>> model = BatchNormMLP((2, 8, 8, 1), "tanh", loss="half_squared_error", momentum=0.9)
        >>> model.compile(keras.optimizers.SGD(0.1))
        >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
        >>> history = model.fit(x, x[:, :1], epochs=2, verbose=0)
        >>> [tuple(H.shape) for H in model.pre_activations(x)]
        [(4, 8), (4, 8), (4, 1)]
    """

    def __init__(
        self,
        widths,
        activation="relu",
        output_activation=None,
        loss="categorical_crossentropy",
        momentum=0.99,
        epsilon=1e-3,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(loss, **kwargs)
        self.widths = check_widths(widths)
        self.activation, self.output_activation = map(activations.get, (activation, output_activation))
        self.momentum, self.epsilon = momentum, epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        draws = [another_draw(self.kernel_initializer, k) for k in range(len(self.widths) - 1)]
        settings = {"dtype": self.dtype_policy}
        self.dense = [
            NormalizedDense(n, self.activation, momentum, epsilon, draw, **settings)
            for n, draw in zip(self.widths[1:-1], draws, strict=False)
        ]
        self.dense.append(BackpropDense(self.widths[-1], self.output_activation, draws[-1], **settings))
        self.build((None, self.widths[0]))

    def build(self, input_shape):
        self.check_features(input_shape)
        for layer, n in zip(self.dense, self.widths, strict=False):
            if not layer.built:
                layer.build((None, n))
        self.built = True

    def check_features(self, shape):
        """Raises a `ValueError` unless `shape` is that of rows of n_0 features."""
        if tuple(shape)[1:] != self.widths[:1]:
            raise ValueError(f"x must have shape (batch, {self.widths[0]}); received shape {tuple(shape)}")

    def forward_pass(self, x, training=False):
        self.check_features(x.shape)
        *hidden, last = self.dense
        H, caches = x, []
        for layer in hidden:
            H, cache = layer.forward_pass(H, training)
            caches.append(cache)
        U, cache = last.forward_pass(H)
        return U, [*caches, cache]

    def backward_pass(self, dU, cache):
        pairs, dH = [], dU
        for layer, own in zip(self.dense[::-1], cache[::-1], strict=True):
            dH, *gradients = layer.backward_pass(dH, own)
            pairs += zip(gradients, layer.trainable_variables, strict=True)
        return pairs

    def pre_activations(self, x, training=False):
        r"""The list :math:`Y^1, \dots, Y^{L-1}, Z^L` of what the activations get, each `(batch, n)`."""
        cache = self.forward_pass(ops.convert_to_tensor(x, dtype=self.compute_dtype), training)[1]
        return [own[1] for own in cache]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.widths[-1])

    def get_config(self):
        return super().get_config() | {
            "widths": self.widths,
            "activation": keras.saving.serialize_keras_object(self.activation),
            "output_activation": keras.saving.serialize_keras_object(self.output_activation),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
