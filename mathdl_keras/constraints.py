"""Constraints on weights: `from mathdl_keras.constraints import MaxSpectralNorm`."""

from mathdl_keras.chapters.ch13.stability.constraints import (
    MaxSpectralNorm,
)
from mathdl_keras.chapters.ch15.constraints import (
    ClipValue,
)
