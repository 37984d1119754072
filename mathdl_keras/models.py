"""Models: `from mathdl_keras.models import StepModel`."""

from mathdl_keras.chapters.ch14.models import (
    LearnedFilterDetector,
    MultiChannelCNN,
    SingleChannelCNN,
)
from mathdl_keras.core.training import FunctionalStepModel, ManualGradientModel, StepModel

__all__ = [
    "FunctionalStepModel",
    "LearnedFilterDetector",
    "ManualGradientModel",
    "MultiChannelCNN",
    "SingleChannelCNN",
    "StepModel",
]
