"""Derivatives on three backends, and checks of those written by hand: `from mathdl_keras.autodiff import grad`."""

from mathdl_keras.chapters.ch06.gradients import (
    autodiff_gradients,
    check_gradient,
    layer_gradients,
)
from mathdl_keras.core.autodiff import (
    custom_vjp,
    grad,
    hvp,
    jacobian,
    jvp,
    per_example_gradients,
    value_and_grad,
    vjp,
)
