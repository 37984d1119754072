r"""Feed forward networks (§5.1).

.. math:: H^0 = x, \qquad Z^\ell = H^{\ell-1} W^\ell + b^\ell, \qquad H^\ell = \sigma(Z^\ell), \qquad m(x) = H^L
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.core.checks import ChecksData

__all__ = ["MLP"]


@keras.saving.register_keras_serializable("mathdl_keras", name="FeedForward")
class MLP(ChecksData, keras.Model):
    r"""A feed forward network (§5.1), the same as a `Sequential` of `Dense` layers.

    .. math:: Z^\ell = H^{\ell-1} W^\ell + b^\ell, \qquad H^\ell = \sigma(Z^\ell), \qquad
        W^\ell \in \mathbb R^{n_{\ell-1} \times n_\ell}

    `(batch, n_0) -> (batch, n_L)`. All weights exist from the start.

    Args:
        widths: Sequence of integers, :math:`(n_0, \dots, n_L)`: the numbers of features, of units in each hidden layer,
            and of outputs.
        activation: `Activation` or its name, the activation of the hidden layers; `relu` by default.
        output_activation: `Activation` or its name, the activation of the last layer; `None`, the default, is linear.
        kernel_initializer: Initializer of the kernels, each of which gets a draw of its own; Glorot's uniform one by
            default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If widths are not two or more positive integers, an activation is unknown, or the inputs have
            another number of features.

    Example:
        >>> model = MLP((4, 8, 3), activation="tanh")
        >>> model.count_params()  # (4 + 1) 8 + (8 + 1) 3
        67
        >>> [tuple(Z.shape) for Z in model.pre_activations(ops.zeros((2, 4)))]
        [(2, 8), (2, 3)]
    """

    layer_class = keras.layers.Dense

    def __init__(
        self, widths, activation="relu", output_activation=None, kernel_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        self.widths = check_widths(widths)
        self.activation = activations.get(activation)
        self.output_activation = activations.get(output_activation, "output_activation")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        sigmas = [self.activation] * (len(self.widths) - 2) + [self.output_activation]
        self.dense = [self._dense(k, sigma) for k, sigma in enumerate(sigmas)]
        self.build((None, self.widths[0]))

    def _dense(self, k, activation):
        initializer = another_draw(self.kernel_initializer, k)
        return self.layer_class(self.widths[k + 1], activation, kernel_initializer=initializer, dtype=self.dtype_policy)

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

    def call(self, inputs):
        return self.dense[-1].activation(self.pre_activations(inputs)[-1])

    def pre_activations(self, x):
        r"""The list :math:`Z^1, \dots, Z^L`, each `(batch, n)`."""
        self.check_features(ops.shape(x))
        H, Zs = ops.convert_to_tensor(x, dtype=self.compute_dtype), []
        for layer in self.dense:  # `Dense` itself computes in float32 on PyTorch, whatever its dtype
            Zs.append(H @ ops.cast(layer.kernel, H.dtype) + ops.cast(layer.bias, H.dtype))
            H = layer.activation(Zs[-1])
        return Zs

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.widths[-1])

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return super().get_config() | {
            "widths": self.widths,
            "activation": serialize(self.activation),
            "output_activation": serialize(self.output_activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def another_draw(initializer, k):
    """The initializer for the k-th of several kernels: one that is used again draws the same numbers again."""
    if not isinstance(initializer, keras.initializers.Initializer):
        return initializer
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        config["seed"] += k
    return type(initializer).from_config(config)


def check_widths(widths):
    """The widths as a tuple, if they are two or more positive integers.

    Raises:
        ValueError: If `widths` is anything else.
    """
    try:
        widths = tuple(int(n) if n == int(n) else n for n in widths)
    except (TypeError, ValueError):
        widths = (widths,)
    if len(widths) < 2 or not all(isinstance(n, int) and n >= 1 for n in widths):
        raise ValueError(f"widths must be two or more integers >= 1, from inputs to outputs; received widths={widths}")
    return widths
