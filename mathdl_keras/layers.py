"""Layers: `from mathdl_keras.layers import ExplicitConv2D`."""

from mathdl_keras.chapters.ch01.layers import RandomFeatures
from mathdl_keras.chapters.ch03.layers import Softmax, Standardize
from mathdl_keras.chapters.ch04.layers import GramMatrix, RandomFourierFeatures
from mathdl_keras.chapters.ch05.layers import AndUnit, Clip01, NotUnit, OrUnit, XorNetwork
from mathdl_keras.chapters.ch06.layers import BackpropDense
from mathdl_keras.chapters.ch09.layers import Dropout
from mathdl_keras.chapters.ch10.dense import NormalizedDense
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.chapters.ch11.layers import PolynomialFeatures1D
from mathdl_keras.chapters.ch14.filters import (
    MatchedFilter1D,
    MatchedFilter2D,
    PearsonCorrelation1D,
    PearsonCorrelation2D,
    SignalDetector,
)
from mathdl_keras.chapters.ch14.layers import ExplicitConv2D, ExplicitMaxPool2D

__all__ = [
    "AndUnit",
    "BackpropDense",
    "BatchNormalization",
    "Clip01",
    "Dropout",
    "ExplicitConv2D",
    "ExplicitMaxPool2D",
    "GramMatrix",
    "MatchedFilter1D",
    "MatchedFilter2D",
    "NormalizedDense",
    "NotUnit",
    "OrUnit",
    "PearsonCorrelation1D",
    "PearsonCorrelation2D",
    "PolynomialFeatures1D",
    "RandomFeatures",
    "RandomFourierFeatures",
    "SignalDetector",
    "Softmax",
    "Standardize",
    "XorNetwork",
]
