"""Claims of chapter 4, in the order of the book."""

from mathdl_keras.chapters.ch04.claims.kernels import (
    gram_psd,
    kernel_ridge_duality,
    mercer_brownian,
    mercer_rbf,
    random_features,
)
from mathdl_keras.chapters.ch04.claims.perceptron import (
    novikoff_tight,
    perceptron_is_sgd,
    primal_dual,
    xor,
)

__all__ = [
    "novikoff_tight",
    "perceptron_is_sgd",
    "primal_dual",
    "xor",
    "gram_psd",
    "mercer_brownian",
    "mercer_rbf",
    "kernel_ridge_duality",
    "random_features",
]
