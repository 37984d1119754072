"""Metrics: `from mathdl_keras.metrics import R2Score`."""

from mathdl_keras.chapters.ch02.metrics import (
    R2Score,
)
from mathdl_keras.chapters.ch03.metrics import (
    ROCAUC,
    CalibrationCurve,
    ConfusionMatrix,
    LogLoss,
    exact_auc,
)
from mathdl_keras.chapters.ch15.metrics import (
    MarginalWasserstein,
    ModeCoverage,
)
