"""Optimizers: `from mathdl_keras.optimizers import NamedOptimizers`."""

from mathdl_keras.chapters.ch07.optimizers import RobbinsMonro
from mathdl_keras.chapters.ch09.optimizers import ProximalSGD
from mathdl_keras.core.training import NamedOptimizers

__all__ = [
    "NamedOptimizers",
    "ProximalSGD",
    "RobbinsMonro",
]
