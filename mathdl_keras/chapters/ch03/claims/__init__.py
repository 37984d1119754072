"""Claims of chapter 3, in the order of the book."""

from mathdl_keras.chapters.ch03.claims.likelihood import asymptotic_normality, auc_binormal, bce_tails, mle
from mathdl_keras.chapters.ch03.claims.perfect import penalised_is_finite, separable_divergence, softmax
from mathdl_keras.chapters.ch03.claims.scaling import gd_local_rate, normalization_equivariance, transition_width

__all__ = [
    "bce_tails",
    "mle",
    "asymptotic_normality",
    "auc_binormal",
    "transition_width",
    "normalization_equivariance",
    "gd_local_rate",
    "separable_divergence",
    "penalised_is_finite",
    "softmax",
]
