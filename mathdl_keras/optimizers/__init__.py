"""Optimizers: `from mathdl_keras.optimizers import ProximalSGD`."""

from mathdl_keras.chapters.ch09.optimizers import (
    ProximalSGD,
)
from mathdl_keras.chapters.ch13.stability.clipping import (
    ClipGradientNorm,
)
from mathdl_keras.core.training import (
    NamedOptimizers,
)
from mathdl_keras.optimizers import schedules
