"""Claims of chapter 7, in the order of the book."""

from mathdl_keras.chapters.ch07.claims.gradients import keras_parity, shallow_gradients, steepest_descent
from mathdl_keras.chapters.ch07.claims.noise import (
    epoch_coverage,
    minibatch_unbiased,
    robbins_monro_is_averaging,
    sgd_lyapunov,
    stationary_variance,
    step_constant,
)

__all__ = [
    "steepest_descent",
    "minibatch_unbiased",
    "epoch_coverage",
    "stationary_variance",
    "sgd_lyapunov",
    "robbins_monro_is_averaging",
    "step_constant",
    "shallow_gradients",
    "keras_parity",
]
