"""Losses: `from mathdl_keras.losses import CategoricalCrossentropy`."""

from mathdl_keras.chapters.ch02.losses import (
    MeanSquaredError,
)
from mathdl_keras.chapters.ch03.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
)
from mathdl_keras.chapters.ch04.losses import (
    Hinge,
    LogisticLoss,
    PerceptronLoss,
    ZeroOneLoss,
)
