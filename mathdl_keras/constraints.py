"""Constraints on weights: `from mathdl_keras.constraints import SpectralNormConstraint`."""

from mathdl_keras.chapters.ch13.constraints import SpectralNormConstraint

__all__ = ["SpectralNormConstraint"]
