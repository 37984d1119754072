"""Claims of chapter 13, in the order of the book."""

from mathdl_keras.chapters.ch13.claims.attention import (
    attention_is_kernel_smoother,
    attention_scaling,
    multihead_parity,
    permutation_equivariance,
)
from mathdl_keras.chapters.ch13.claims.cells import bidirectional, gated_cells, jordan_is_low_rank_elman
from mathdl_keras.chapters.ch13.claims.dropout import time_dropout
from mathdl_keras.chapters.ch13.claims.observers import learned_observer, observer_covariance
from mathdl_keras.chapters.ch13.claims.stability import stability
from mathdl_keras.chapters.ch13.claims.training import bptt_exact, tbptt
from mathdl_keras.chapters.ch13.claims.transformers import causality, positional_encoding

__all__ = [
    "observer_covariance",
    "learned_observer",
    "jordan_is_low_rank_elman",
    "bptt_exact",
    "tbptt",
    "stability",
    "gated_cells",
    "bidirectional",
    "time_dropout",
    "attention_scaling",
    "attention_is_kernel_smoother",
    "multihead_parity",
    "permutation_equivariance",
    "positional_encoding",
    "causality",
]
