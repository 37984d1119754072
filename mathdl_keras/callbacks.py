"""Callbacks: `from mathdl_keras.callbacks import GeneralizationGap`."""

from mathdl_keras.chapters.ch01.callbacks import GeneralizationGap
from mathdl_keras.chapters.ch02.callbacks import ErrorEnvelope

__all__ = [
    "ErrorEnvelope",
    "GeneralizationGap",
]
