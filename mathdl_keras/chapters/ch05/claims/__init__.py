"""Claims of chapter 5, in the order of the book."""

from mathdl_keras.chapters.ch05.claims.functions import (
    activation_derivatives,
    gaussian_moments,
    linear_regions,
    softplus_gap,
)
from mathdl_keras.chapters.ch05.claims.logic import clip_indicator, parity, threshold_count, truth_tables_exact
from mathdl_keras.chapters.ch05.claims.xor import symmetric_init, xor_ladder

__all__ = [
    "linear_regions",
    "truth_tables_exact",
    "threshold_count",
    "parity",
    "clip_indicator",
    "xor_ladder",
    "symmetric_init",
    "activation_derivatives",
    "softplus_gap",
    "gaussian_moments",
]
