"""Penalties on weights: `from mathdl_keras.regularizers import L2`."""

from mathdl_keras.chapters.ch09.regularizers import (
    L1,
    L2,
)
