r"""Activations in a recurrence: their values, and their slopes as functions of those values.

A recurrence keeps what it computed at each time step for its backward pass, so it should keep little. An activation
that increases has its slope as a function of its value, as in :math:`\tanh' = 1 - \tanh^2`: one array serves for both,
and the pre-activations are forgotten.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.activations import Clip, LeakyReLU, Linear, ReLU, Sigmoid, Softplus, Tanh, get

SLOPES = {
    Tanh: lambda sigma, a: 1 - a * a,
    Sigmoid: lambda sigma, a: a * (1 - a),
    Linear: lambda sigma, a: ops.ones_like(a),
    ReLU: lambda sigma, a: ops.cast(a > 0, a.dtype),
    LeakyReLU: lambda sigma, a: ops.where(a > 0, ops.ones_like(a), sigma.negative_slope * ops.ones_like(a)),
    Softplus: lambda sigma, a: 1 - ops.exp(-sigma.beta * a),
    Clip: lambda sigma, a: ops.cast(ops.logical_and(a > sigma.lo, a < sigma.hi), a.dtype),
}


def get_activation(activation, name="activation"):
    """The activation of that name, if its slope is known as a function of its value.

    Args:
        activation: What `mathdl_keras.activations.get` takes: a name, `None` for linear, or an `Activation`.
        name: Of the argument, for the error.

    Raises:
        ValueError: If it is unknown, or its slope is not a known function of its value.

    Example:
        >>> get_activation("tanh")
        Tanh()
    """
    try:
        sigma = get(activation)
    except ValueError as error:
        raise ValueError(str(error).replace("activation", name, 1)) from None
    if type(sigma) not in SLOPES:
        known = ", ".join(cls.__name__ for cls in SLOPES)
        raise ValueError(f"{name} must be one of {known}; received {sigma!r}")
    return sigma


def value(activation, z):
    r""":math:`\sigma(z)`; the hyperbolic tangent of the backend, except in float64, which that loses on JAX.

    Example:
        >>> float(value(get_activation("tanh"), ops.array(0.0)))
        0.0
    """
    if type(activation) is Tanh and keras.backend.standardize_dtype(z.dtype) != "float64":
        return ops.tanh(z)
    return activation(z)


def slope(activation, a):
    r""":math:`\sigma'(z)` where :math:`a = \sigma(z)`.

    Example:
        >>> float(slope(get_activation("sigmoid"), ops.array(0.5)))
        0.25
    """
    return SLOPES[type(activation)](activation, a)
