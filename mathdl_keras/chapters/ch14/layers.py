r"""Convolution and max pooling as Keras layers that train by hand-written derivatives.

`Conv2D` and `MaxPooling2D` are drop-ins for `keras.layers.Conv2D` and `MaxPooling2D`:
same arguments, same weights. Each has `forward_pass` and its derivative `backward_pass`, as §14.5
and §14.6 derive them: automatic differentiation, and so `fit`, calls the latter and never looks inside.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.activations import pull_back
from mathdl_keras.chapters.ch08.costs import cost_of, free_cost, products
from mathdl_keras.chapters.ch14.convolution import conv2d_backward, conv2d_forward
from mathdl_keras.chapters.ch14.geometry import check_padding, output_sizes, pair
from mathdl_keras.chapters.ch14.pooling import max_pool2d_backward, max_pool2d_forward
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["Conv2D", "MaxPooling2D"]


@keras.saving.register_keras_serializable("mathdl_keras", name="ExplicitConv2D")
class Conv2D(ExplicitLayer):
    r"""A two-dimensional convolution with its hand-written derivative (§14.5, §14.6).

    .. math::
        Z_{ij} = \sum_{a,b} K_{ab} X_{si+a,\,sj+b} + b, \qquad
        \partial K = X \star \delta, \qquad \partial X = \text{full correlation of } \delta
        \text{ with the flipped } K

    Shapes: (B, H, W, C) -> (B, H', W', F), with H and W known; kernel (kh, kw, C, F).

    Args:
        filters: Number F of output channels.
        kernel_size: Window (kh, kw), or one integer for both.
        strides: Step s, an integer or a pair.
        padding: `"valid"`, `"same"`, or a number of zeros on both sides, or a pair of them.
        activation: Applied to Z; None for none.
        use_bias: Whether to add b.
        kernel_initializer: Of the kernel.
        bias_initializer: Of the bias.
        kernel_regularizer: Of the kernel.
        **kwargs: `name`, `dtype`, `trainable`.

    Example:
        >>> layer = Conv2D(4, 3)
        >>> H, cache = layer.forward_pass(ops.ones((2, 8, 8, 1)))
        >>> dx, (dkernel, dbias) = layer.backward_pass(ops.ones_like(H), cache)
        >>> tuple(dx.shape), tuple(dkernel.shape), float(dbias[0])
        ((2, 8, 8, 1), (3, 3, 1, 4), 72.0)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        *,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if filters < 1:
            raise ValueError(f"filters must be at least 1; received filters={filters}")
        self.filters = filters
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.strides = pair(strides, "strides")
        check_padding(padding)
        self.padding = padding
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: channels})
        self.kernel = self.add_weight(
            shape=(*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.filters,), initializer=self.bias_initializer, name="bias")
        self.built = True

    def forward_pass(self, x, training=False):
        r""":math:`H = \sigma(Z)`, and what `backward_pass` needs to know."""
        x = self.read(x)
        bias = self.value_of(self.bias) if self.use_bias else None
        Z = conv2d_forward(x, self.value_of(self.kernel), bias, self.strides, self.padding)
        return self.activation(Z), (x, Z)

    def backward_pass(self, dH, cache):
        """`(dx, (dkernel, dbias))` from the gradient of H; without a bias `(dx, (dkernel,))`."""
        x, Z = cache
        delta = pull_back(self.activation, Z, dH)
        dx, *gradients = conv2d_backward(delta, x, self.value_of(self.kernel), self.strides, self.padding)
        return dx, tuple(gradients[: 1 + self.use_bias])

    def compute_output_shape(self, input_shape):
        sizes = output_sizes(input_shape[1:3], self.kernel_size, self.strides, self.padding)
        return (input_shape[0], *sizes, self.filters)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


@keras.saving.register_keras_serializable("mathdl_keras", name="ExplicitMaxPool2D")
class MaxPooling2D(ExplicitLayer):
    r"""Max pooling with its hand-written derivative (§14.4).

    .. math:: Z_{ij} = \max_{a,b} X_{si+a,\,sj+b}

    The derivative goes to the entry that was the maximum; of equal entries to the first, row by
    row. Shapes: (B, H, W, C) -> (B, H', W', C), with H and W known.

    Args:
        pool_size: Window, an integer or a pair.
        strides: Step, an integer or a pair; None for the pool size.
        padding: `"valid"`, `"same"`, a number of pixels on both sides, or a pair of them.
        **kwargs: `name`, `dtype`.

    Example:
        >>> layer = MaxPooling2D()
        >>> z, cache = layer.forward_pass(ops.reshape(ops.arange(4.0), (1, 2, 2, 1)))
        >>> dx, _ = layer.backward_pass(ops.ones_like(z), cache)
        >>> float(z[0, 0, 0, 0]), [float(d) for d in ops.reshape(dx, (-1,))]
        (3.0, [0.0, 0.0, 0.0, 1.0])
    """

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        self.pool_size = pair(pool_size, "pool_size")
        self.strides = pair(pool_size if strides is None else strides, "strides")
        check_padding(padding)
        self.padding = padding
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.built = True

    def forward_pass(self, x, training=False):
        """Z, and which entries won."""
        x = self.read(x)
        z, winner = max_pool2d_forward(x, self.pool_size, self.strides, self.padding)
        return z, (winner, tuple(x.shape[1:3]))

    def backward_pass(self, delta, cache):
        """`(dx, ())` from δ, the derivative of the loss with respect to Z; there are no weights."""
        return max_pool2d_backward(delta, *cache, self.pool_size, self.strides, self.padding), ()

    def compute_output_shape(self, input_shape):
        sizes = output_sizes(input_shape[1:3], self.pool_size, self.strides, self.padding)
        return (input_shape[0], *sizes, input_shape[3])

    def get_config(self):
        return super().get_config() | {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }


@cost_of.register(Conv2D)
def _convolution_cost(layer, before, after):
    return products(after[1] * after[2], layer.kernel, layer.activation, after)


cost_of.register(MaxPooling2D, free_cost)
