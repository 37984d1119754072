"""Losses: `from mathdl_keras.losses import SquaredLoss`."""

from mathdl_keras.chapters.ch02.losses import SquaredLoss
from mathdl_keras.chapters.ch03.losses import BinaryCrossEntropy, CategoricalCrossEntropy
from mathdl_keras.chapters.ch04.losses import HingeLoss, LogisticLoss, PerceptronLoss, ZeroOneLoss

__all__ = [
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "HingeLoss",
    "LogisticLoss",
    "PerceptronLoss",
    "SquaredLoss",
    "ZeroOneLoss",
]
