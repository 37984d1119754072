"""Metrics: `from mathdl_keras.metrics import R2`."""

from mathdl_keras.chapters.ch02.metrics import R2
from mathdl_keras.chapters.ch03.metrics import CalibrationCurve, ConfusionMatrix, ExactAUC, LogLoss
from mathdl_keras.chapters.ch15.metrics import ModeCoverage, Wasserstein1

__all__ = [
    "CalibrationCurve",
    "ConfusionMatrix",
    "ExactAUC",
    "LogLoss",
    "ModeCoverage",
    "R2",
    "Wasserstein1",
]
