"""Claims of chapter 9, in the order of the book."""

from mathdl_keras.chapters.ch09.claims.dropout import (
    dropout_is_ridge,
    dropout_moments,
    dropout_sgd_mean,
    geometric_mean,
)
from mathdl_keras.chapters.ch09.claims.networks import multilayer_dropout_variance, nn_dropout_penalty
from mathdl_keras.chapters.ch09.claims.penalties import lasso, ridge_optimal_lambda, ridge_parity, weight_decay

__all__ = [
    "ridge_parity",
    "ridge_optimal_lambda",
    "lasso",
    "weight_decay",
    "dropout_moments",
    "dropout_is_ridge",
    "dropout_sgd_mean",
    "geometric_mean",
    "nn_dropout_penalty",
    "multilayer_dropout_variance",
]
