r"""Convolution networks of chapter 14: a detector that learns its filter, and networks trained by hand-written
gradients.

Notation of §14.5: an image X, a kernel K, the pre-activation :math:`Z = X \star K`, the hidden layer :math:`H =
\sigma(Z)`, the logits :math:`U_k = \langle C_k, H\rangle + b_k`, and the loss :math:`\rho = -\log
\mathrm{softmax}(U)_y`.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch06.models import BackpropModel
from mathdl_keras.chapters.ch14.layers import Conv2D
from mathdl_keras.chapters.ch14.pooling import MaxPooling2D
from mathdl_keras.core.checks import ChecksData
from mathdl_keras.core.explicit import Chain
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["LearnedFilterDetector", "MultiChannelCNN", "SingleChannelCNN"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LearnedFilterDetector(ChecksData, keras.Model):
    r"""Detection of an unknown signal (§14.3): the filter is learned.

    .. math:: P(\text{signal} \mid x) = \mathrm{logistic}\Big(\max_t \sum_a w_a x_{t+a} + b\Big)

    `(batch, time, 1) -> (batch, 1)`. Compile it with a binary cross entropy.

    Args:
        length: Integer >= 1, the number of samples of the filter w.
        kernel_initializer: Initializer of w, Glorot's uniform one by default. From zero, on windows of that length, the
            first full-batch step moves w along the difference of the class means.

    Raises:
        ValueError: If `length` is not a positive integer.

    Example:
        >>> LearnedFilterDetector(8)(ops.zeros((2, 20, 1))).shape[1]
        1
    """

    def __init__(self, length, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(length, int) or length < 1:
            raise ValueError(f"length must be an integer >= 1; received length={length!r}")
        self.length = length
        self.filter = keras.layers.Conv1D(1, length, kernel_initializer=kernel_initializer, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.filter.build(input_shape)

    def call(self, x):
        return ops.sigmoid(ops.max(self.filter(x), axis=1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def get_config(self):
        initializer = keras.initializers.serialize(self.filter.kernel_initializer)
        return super().get_config() | {"length": self.length, "kernel_initializer": initializer}


@keras.saving.register_keras_serializable("mathdl_keras")
class MultiChannelCNN(RenamedArguments, BackpropModel):
    r"""A convolution network with several channels, trained by gradients written by hand (§14.6).

    Each layer convolves, applies :math:`\sigma`, and pools; the logits are linear in the last one. With
    :math:`\delta = \sum_k C_k\, \partial\rho/\partial U_k` the gradients are, from the last layer to the first,

    .. math::
        \frac{\partial\rho}{\partial C_k} = H\,\frac{\partial\rho}{\partial U_k}, \qquad
        \frac{\partial\rho}{\partial K} = X \star (\sigma'(Z) \odot \delta), \qquad
        \frac{\partial\rho}{\partial X} = (\sigma'(Z) \odot \delta) * K .

    `(batch, height, width, channels) -> (batch, classes)`, the logits. Labels are integers.

    Args:
        num_classes: Integer, the number of classes.
        filters: Tuple of integers, the number of output channels of each convolution; one of 8 by default.
        kernel_size: Integer or pair of integers, the window of every convolution; 3 by default.
        pool_size: Integer or pair of integers, the window of the max pooling after each of them; 1, the default, for
            none.
        activation: An `Activation`, or the name of one; `relu` by default.

    Raises:
        ValueError: If an argument or a label is out of range, or the input is not a batch of images.

    Example:
        >>> model = MultiChannelCNN(10, filters=(4, 8), pool_size=2)
        >>> model(ops.zeros((2, 28, 28, 1))).shape[1]
        10
    """

    renamed_arguments = {"classes": "num_classes"}

    def __init__(self, num_classes, filters=(8,), kernel_size=3, pool_size=1, activation="relu", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(num_classes, int) or num_classes < 2:
            raise ValueError(f"num_classes must be an integer >= 2; received num_classes={num_classes!r}")
        self.num_classes, self.filters, self.kernel_size = num_classes, tuple(filters), kernel_size
        self.pool_size, self.activation = pool_size, activations.get(activation)
        settings = {"data_format": "channels_last", "dtype": self.dtype_policy}
        self.convolutions = [Conv2D(f, kernel_size, activation=self.activation, **settings) for f in self.filters]
        self.pools = [MaxPooling2D(pool_size, **settings) for f in self.filters]

    def build(self, input_shape):
        if len(input_shape) != 4:
            raise ValueError(f"x must have shape (batch, height, width, channels); received {input_shape}")
        shape = input_shape
        for convolution, pool in zip(self.convolutions, self.pools, strict=True):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            pool.build(shape)
            shape = pool.compute_output_shape(shape)
        self.C = self.add_weight(shape=(*shape[1:], self.num_classes), initializer=self._glorot, name="C")
        self.b = self.add_weight(shape=(self.num_classes,), initializer="zeros", name="b")

    def _glorot(self, shape, dtype=None):
        """Glorot's normal initialization for a linear map from the whole image: its fan-in is H x W x F."""
        fan_in = shape[0] * shape[1] * shape[2]
        flat = keras.initializers.GlorotNormal()((fan_in, shape[3]), dtype)
        return ops.reshape(flat, shape)

    @property
    def chain(self):
        """Convolutions and poolings in their order."""
        return Chain(layer for pair in zip(self.convolutions, self.pools, strict=True) for layer in pair)

    def forward_pass(self, x, training=False):
        """The logits U, and what the backward pass needs: a cache for each layer, and the last H."""
        H, caches = self.chain.forward_pass(x, training)
        U = ops.einsum("mijf,ijfk->mk", H, ops.cast(self.C, H.dtype)) + ops.cast(self.b, H.dtype)
        return U, (caches, H)

    def backward_pass(self, dU, cache):
        """Pairs of a gradient and its variable, from the gradient of the logits."""
        caches, H = cache
        dC = ops.einsum("mijf,mk->ijfk", H, dU)
        dH = ops.einsum("ijfk,mk->mijf", ops.cast(self.C, dU.dtype), dU)
        return [(dC, self.C), (ops.sum(dU, axis=0), self.b), *self.chain.backward_pass(dH, caches)]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        config = {key: value for key, value in super().get_config().items() if key != "loss"}
        config |= {name: getattr(self, name) for name in ("num_classes", "filters", "kernel_size", "pool_size")}
        return config | {"activation": keras.saving.serialize_keras_object(self.activation)}


@keras.saving.register_keras_serializable("mathdl_keras")
class SingleChannelCNN(MultiChannelCNN):
    r"""The network of §14.5: one channel in, one kernel, no pooling.

    .. math:: Z = X \star K + b_0, \quad H = \sigma(Z), \quad U_k = \langle C_k, H\rangle + b_k,
        \qquad \frac{\partial\rho}{\partial K} = X \star (\sigma'(Z) \odot \delta).

    Args:
        num_classes: Integer, the number of classes.
        kernel_size: Integer or pair of integers, the size of K; 3 by default.
        activation: An `Activation`, or the name of one; `tanh` by default.

    Raises:
        ValueError: If an argument is out of range, or the images have more than one channel.

    Example:
        >>> SingleChannelCNN(10, kernel_size=5)(ops.zeros((2, 28, 28, 1))).shape[1]
        10
    """

    def __init__(self, num_classes, kernel_size=3, activation="tanh", **kwargs):
        super().__init__(num_classes, (1,), kernel_size, 1, activation, **kwargs)

    def build(self, input_shape):
        if input_shape[-1] != 1:
            raise ValueError(f"x must have one channel; received shape {input_shape}")
        super().build(input_shape)

    def get_config(self):
        config = super().get_config()
        return {key: value for key, value in config.items() if key not in ("filters", "pool_size")}
