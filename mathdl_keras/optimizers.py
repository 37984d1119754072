"""Optimizers: `from mathdl_keras.optimizers import NamedOptimizers`."""

from mathdl_keras.core.training import NamedOptimizers

__all__ = ["NamedOptimizers"]
