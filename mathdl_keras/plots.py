"""Plots in the style of the house: `from mathdl_keras.plots import beeswarm`. They draw on Matplotlib."""

from mathdl_keras.chapters.ch12.figures import (
    beeswarm,
    importance_bars,
    partial_dependence_curve,
    single_explanation,
)
from mathdl_keras.core.figures import (
    COLORS,
    curves,
    heatmap,
    new,
    save,
    show_images,
    style,
)
