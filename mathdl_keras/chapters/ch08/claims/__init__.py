"""Claims of chapter 8, in the order of the book."""

from mathdl_keras.chapters.ch08.claims.cost import finite_difference_cost, flops
from mathdl_keras.chapters.ch08.claims.decay import gradient_decay
from mathdl_keras.chapters.ch08.claims.descent import parameter_count, sgd_trajectory, vectorised_equals_loop

__all__ = [
    "parameter_count",
    "sgd_trajectory",
    "vectorised_equals_loop",
    "flops",
    "finite_difference_cost",
    "gradient_decay",
]
