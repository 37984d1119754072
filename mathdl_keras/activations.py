"""Activation functions with their derivatives: `from mathdl_keras.activations import Softplus`."""

from mathdl_keras.chapters.ch05.activations import (
    Activation,
    Clip,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softplus,
    Tanh,
    get,
)
