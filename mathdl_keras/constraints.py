"""Constraints on weights: `from mathdl_keras.constraints import SpectralNormConstraint`."""

from mathdl_keras.chapters.ch13.constraints import SpectralNormConstraint
from mathdl_keras.chapters.ch15.constraints import WeightClip

__all__ = [
    "SpectralNormConstraint",
    "WeightClip",
]
