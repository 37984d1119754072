"""Functions of tensors, as in `keras.ops`: `from mathdl_keras.ops import conv2d_backward`."""

from mathdl_keras.chapters.ch14.convolution import conv2d_backward, conv2d_forward, im2col
from mathdl_keras.chapters.ch14.detection import (
    detection_probability,
    null_threshold,
    pearson_correlation,
    sliding_correlation,
    window_moments,
)
from mathdl_keras.chapters.ch14.geometry import conv_output_size, receptive_field, toeplitz_matrix
from mathdl_keras.chapters.ch14.pooling import max_pool2d_backward, max_pool2d_forward
from mathdl_keras.core.autodiff import custom_vjp, grad, hvp, jacobian, jvp, per_example_gradients, value_and_grad, vjp
from mathdl_keras.core.loops import compiled, compiled_loop, scan

__all__ = [
    "compiled",
    "compiled_loop",
    "conv2d_backward",
    "conv2d_forward",
    "conv_output_size",
    "custom_vjp",
    "detection_probability",
    "grad",
    "hvp",
    "im2col",
    "jacobian",
    "jvp",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "null_threshold",
    "pearson_correlation",
    "per_example_gradients",
    "receptive_field",
    "scan",
    "sliding_correlation",
    "toeplitz_matrix",
    "value_and_grad",
    "vjp",
    "window_moments",
]
