"""Metrics: `from mathdl_keras.metrics import R2`."""

from mathdl_keras.chapters.ch02.metrics import R2
from mathdl_keras.chapters.ch03.metrics import CalibrationCurve, ConfusionMatrix, ExactAUC, LogLoss

__all__ = [
    "CalibrationCurve",
    "ConfusionMatrix",
    "ExactAUC",
    "LogLoss",
    "R2",
]
