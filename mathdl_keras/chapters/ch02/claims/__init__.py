"""Claims of chapter 2, in the order of the book."""

from mathdl_keras.chapters.ch02.claims.minimization import (
    affine_equivariance,
    gd_trajectory,
    normal_equations,
    residual_orthogonality,
    stability_threshold,
)
from mathdl_keras.chapters.ch02.claims.statistics import r2_is_corr2, r2_null_distribution, sampling_distribution

__all__ = [
    "normal_equations",
    "residual_orthogonality",
    "affine_equivariance",
    "sampling_distribution",
    "gd_trajectory",
    "stability_threshold",
    "r2_null_distribution",
    "r2_is_corr2",
]
