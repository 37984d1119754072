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
from mathdl_keras.chapters.ch13.attention import MaskedSelfAttention, SelfAttention
from mathdl_keras.chapters.ch13.bidirectional import Bidirectional
from mathdl_keras.chapters.ch13.cells import ElmanCell, JordanCell
from mathdl_keras.chapters.ch13.decoder import TransformerDecoder
from mathdl_keras.chapters.ch13.dropout import TimeDropout
from mathdl_keras.chapters.ch13.gated import GRUCell, LSTMCell
from mathdl_keras.chapters.ch13.layers import GRU, LSTM, ExplicitRNN, SimpleRNN
from mathdl_keras.chapters.ch13.multihead import MultiHeadAttention, MultiHeadSelfAttention
from mathdl_keras.chapters.ch13.normalization import LayerNormalization
from mathdl_keras.chapters.ch13.normalized_cells import BatchNormRNN, LayerNormCell
from mathdl_keras.chapters.ch13.observers import Observer
from mathdl_keras.chapters.ch13.positions import LearnedPositionalEmbedding, SinusoidalPositionalEncoding
from mathdl_keras.chapters.ch13.transformers import TransformerBlock, TransformerEncoder
from mathdl_keras.chapters.ch14.filters import (
    MatchedFilter1D,
    MatchedFilter2D,
    PearsonCorrelation1D,
    PearsonCorrelation2D,
    SignalDetector,
)
from mathdl_keras.chapters.ch14.layers import ExplicitConv2D, ExplicitMaxPool2D
from mathdl_keras.chapters.ch15.sampling import ReparameterizedSampling

__all__ = [
    "AndUnit",
    "BackpropDense",
    "BatchNormRNN",
    "BatchNormalization",
    "Bidirectional",
    "Clip01",
    "Dropout",
    "ElmanCell",
    "ExplicitConv2D",
    "ExplicitMaxPool2D",
    "ExplicitRNN",
    "GRU",
    "GRUCell",
    "GramMatrix",
    "JordanCell",
    "LSTM",
    "LSTMCell",
    "LayerNormCell",
    "LayerNormalization",
    "LearnedPositionalEmbedding",
    "MaskedSelfAttention",
    "MatchedFilter1D",
    "MatchedFilter2D",
    "MultiHeadAttention",
    "MultiHeadSelfAttention",
    "NormalizedDense",
    "NotUnit",
    "Observer",
    "OrUnit",
    "PearsonCorrelation1D",
    "PearsonCorrelation2D",
    "PolynomialFeatures1D",
    "RandomFeatures",
    "RandomFourierFeatures",
    "ReparameterizedSampling",
    "SelfAttention",
    "SignalDetector",
    "SimpleRNN",
    "SinusoidalPositionalEncoding",
    "Softmax",
    "Standardize",
    "TimeDropout",
    "TransformerBlock",
    "TransformerDecoder",
    "TransformerEncoder",
    "XorNetwork",
]
