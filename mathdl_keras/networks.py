"""Whole networks: built from formulas, rewritten, and measured: `from mathdl_keras.networks import fuse_batch_norm`."""

from mathdl_keras.chapters.ch05.regions import (
    LinearRegions,
    linear_regions_1d,
    sawtooth_network,
)
from mathdl_keras.chapters.ch07.growth import (
    insert_identity_layer,
    mlp_apply,
)
from mathdl_keras.chapters.ch08.propagation import (
    SignalPropagation,
    signal_propagation,
)
from mathdl_keras.chapters.ch09.predictors import (
    DropoutPrediction,
    MCDropoutPredictor,
    geometric_mean_ensemble,
    scale_dropout_weights,
)
from mathdl_keras.chapters.ch10.folding import (
    fuse_batch_norm,
)
from mathdl_keras.chapters.ch10.statistics import (
    MovingMoments,
    recalibrate_batch_norm,
)
