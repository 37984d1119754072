"""Claims of chapter 11, in the order of the book."""

from mathdl_keras.chapters.ch11.claims.training import basis_invariance, optimism, train_monotone
from mathdl_keras.chapters.ch11.claims.validation import (
    fold_partition,
    kfold_bias,
    loocv_shortcut,
    order_selection_law,
    selection_bias,
)

__all__ = [
    "basis_invariance",
    "optimism",
    "train_monotone",
    "selection_bias",
    "fold_partition",
    "loocv_shortcut",
    "kfold_bias",
    "order_selection_law",
]
