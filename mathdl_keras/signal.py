"""Matched filters and detection: `from mathdl_keras.signal import sliding_correlation`."""

from mathdl_keras.chapters.ch14.detection import (
    detection_probability,
    detection_threshold,
    pearson_correlation,
    sliding_correlation,
    window_moments,
)
