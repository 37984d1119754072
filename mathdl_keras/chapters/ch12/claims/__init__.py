"""Claims of chapter 12, in the order of the book."""

from mathdl_keras.chapters.ch12.claims.comparison import correlation, permutation_vs_shapley
from mathdl_keras.chapters.ch12.claims.games import kernel_shap, known_games, sampling, shapley_axioms
from mathdl_keras.chapters.ch12.claims.linear import permutation_linear, shapley_linear

__all__ = [
    "permutation_linear",
    "shapley_axioms",
    "known_games",
    "shapley_linear",
    "sampling",
    "kernel_shap",
    "permutation_vs_shapley",
    "correlation",
]
