r"""Convolution as a Keras layer that trains by its hand-written derivative.

`Conv2D` is a drop-in for `keras.layers.Conv2D`: same arguments, same weights. It has `forward_pass` and its derivative
`backward_pass`, as §14.5 and §14.6 derive them: automatic differentiation, and so `fit`, calls the latter and never
looks inside.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.any_activation import get_any, pull_back, serialize_any
from mathdl_keras.chapters.ch08.layer_costs import convolution_cost, cost_of
from mathdl_keras.chapters.ch14.convolution import conv2d_backward, conv2d_forward
from mathdl_keras.chapters.ch14.formats import ImageLayer
from mathdl_keras.chapters.ch14.geometry import check_padding, extents, output_sizes, pair
from mathdl_keras.core.checks import check_positive, without_defaults
from mathdl_keras.core.choices import Choices

__all__ = ["Conv2D"]


@keras.saving.register_keras_serializable("mathdl_keras", name="ExplicitConv2D")
class Conv2D(Choices, ImageLayer):
    r"""A two-dimensional convolution with its hand-written derivative (§14.5, §14.6).

    .. math::
        Z_{ij} = \sum_{a,b} K_{ab} X_{si+da,\,sj+db} + b, \qquad
        \partial K = X \star \delta, \qquad \partial X = \text{full correlation of } \delta
        \text{ with the flipped } K

    Shapes: (B, H, W, C) -> (B, H', W', F), with H and W known; kernel (kh, kw, C/G, F) of G groups, bias (F,). With
    groups, the channels of each group of C/G inputs meet the kernels of F/G outputs, and no others.

    Args:
        filters: Integer >= 1, the number F of output channels.
        kernel_size: Integer or pair of integers, the window (kh, kw).
        strides: Integer or pair of integers, the step s; 1 by default.
        padding: `"valid"`, the default, or `"same"`; or an integer or a pair, the number of zeros on both sides.
        data_format: `"channels_last"`, or `"channels_first"` for images (B, C, H, W); by default what Keras is set to.
        dilation_rate: Integer or pair of integers, the distance d between the pixels that neighbouring entries of the
            kernel meet; 1 by default. Either this or the step must be 1.
        groups: Integer >= 1, the number G of groups, a divisor of C and F; 1 by default.
        activation: :math:`\sigma`, an `Activation`, a function, or the name of one; `None`, the default, is linear.
        use_bias: Boolean, whether there is b; True by default.
        kernel_initializer: Initializer of K, Glorot's uniform one by default.
        bias_initializer: Initializer of b, zeros by default.
        kernel_regularizer: Penalty on K; none by default.
        bias_regularizer: Penalty on b; none by default.
        activity_regularizer: Penalty on the output; none by default.
        kernel_constraint: Constraint on K; none by default.
        bias_constraint: Constraint on b; none by default.
        **kwargs: `name`, `dtype`, `trainable`; adapters of low rank (`lora_rank`) are not taken.

    Raises:
        ValueError: If an argument is out of range, or the input does not fit it.

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
        data_format=None,
        dilation_rate=(1, 1),
        groups=1,
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
        kwargs = without_defaults(kwargs, lora_rank=None, lora_alpha=None)
        super().__init__(data_format, activity_regularizer=activity_regularizer, **kwargs)
        self.filters, self.groups = filters, check_positive("groups", groups)
        if filters < 1 or filters % groups:
            least = "at least 1" if groups == 1 else f"a positive multiple of groups={groups}"
            raise ValueError(f"filters must be {least}; received filters={filters}")
        self.kernel_size, self.strides = pair(kernel_size, "kernel_size"), pair(strides, "strides")
        self.dilation_rate = pair(dilation_rate, "dilation_rate")
        extents(self.kernel_size, self.dilation_rate, self.strides)
        self.padding = padding.lower() if isinstance(padding, str) else padding
        check_padding(self.padding)
        self.activation, self.use_bias = get_any(activation), bool(use_bias)
        self.choose(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        _, channels = self.sizes_of(input_shape)
        if channels is None or channels % self.groups:
            raise ValueError(f"x must have a multiple of groups={self.groups} channels; received {channels}")
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={1 if self.first else -1: channels})
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.weight("kernel", shape)
        self.bias = self.weight("bias", (self.filters,)) if self.use_bias else None
        self.built = True

    @property
    def _window(self):
        return self.strides, self.padding, self.dilation_rate, self.groups

    def forward_pass(self, x, training=False):
        r""":math:`H = \sigma(Z)`, and what `backward_pass` needs to know."""
        x = self.last(self.read(x))
        bias = self.value_of(self.bias) if self.use_bias else None
        Z = self.back(conv2d_forward(x, self.value_of(self.kernel), bias, *self._window))
        return self.activation(Z), (x, Z)

    def backward_pass(self, dH, cache):
        """`(dx, (dkernel, dbias))` from the gradient of H; without a bias `(dx, (dkernel,))`."""
        x, Z = cache
        delta = self.last(pull_back(self.activation, Z, dH))
        dx, *gradients = conv2d_backward(delta, x, self.value_of(self.kernel), *self._window)
        return self.back(dx), tuple(gradients[: 1 + self.use_bias])

    def compute_output_shape(self, input_shape):
        sizes, _ = self.sizes_of(input_shape)
        sizes = output_sizes(sizes, extents(self.kernel_size, self.dilation_rate), self.strides, self.padding)
        return self.shape_of(input_shape[0], sizes, self.filters)

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias")
        config = {name: getattr(self, name) for name in names} | {
            "activation": serialize_any(self.activation),
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
        }
        return super().get_config() | config | self.chosen()


cost_of.register(Conv2D, convolution_cost)
