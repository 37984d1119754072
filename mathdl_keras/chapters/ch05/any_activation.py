"""Activations of a layer that takes any function: those of `activations` by their formulas, others by the backend.

`Dense(8, "tanh")` uses the derivative that is written out; `Dense(8, "gelu")` lets the backend differentiate.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.activations import Activation, Linear, get
from mathdl_keras.core.autodiff import vjp

__all__: list[str] = []


def get_any(activation):
    """As `get`, or Keras' function of that name, which the backend differentiates.

    Args:
        activation: What `get` takes, or a function of a tensor, or the name of one of `keras.activations`.

    Raises:
        ValueError: If it is none of them.

    Example:
        >>> get_any("tanh"), get_any("gelu") is keras.activations.gelu
        (Tanh(), True)
    """
    if callable(activation):
        return activation
    try:
        return get(activation)
    except ValueError:
        pass
    try:
        return keras.activations.get(activation)
    except ValueError:
        raise ValueError(f"activation must be known here or to Keras; received {activation!r}") from None


def serialize_any(activation):
    """The saved form of what `get_any` takes."""
    own = isinstance(activation, Activation)
    return keras.saving.serialize_keras_object(activation) if own else keras.activations.serialize(activation)


def pull_back(activation, z, upstream):
    r"""The gradient of z, :math:`\partial\Lambda/\partial\sigma \odot \sigma'(z)`.

    Args:
        activation: An `Activation`, or another function of a tensor, which the backend differentiates.
        z: Tensor, what it was applied to.
        upstream: Tensor shaped like the value of the activation, the gradient of that value.

    Example:
        >>> from mathdl_keras.chapters.ch05.activations import Sigmoid
        >>> float(pull_back(Sigmoid(), ops.array(0.0), ops.array(8.0)))
        2.0
    """
    if isinstance(activation, Linear) or activation is keras.activations.linear:
        return upstream
    if hasattr(activation, "derivative"):
        return upstream * activation.derivative(z)
    return vjp(activation, z)[1](upstream)
