"""Claims of chapter 14, in the order of the book."""

from mathdl_keras.chapters.ch14.claims.convolution import (
    conv_backprop,
    equivariance,
    output_size,
    receptive_field,
    toeplitz,
)
from mathdl_keras.chapters.ch14.claims.detection import (
    learned_filter,
    localisation,
    matched_filter,
    pearson_affine,
    pearson_null,
)

__all__ = [
    "toeplitz",
    "matched_filter",
    "pearson_null",
    "pearson_affine",
    "localisation",
    "learned_filter",
    "output_size",
    "equivariance",
    "receptive_field",
    "conv_backprop",
]
