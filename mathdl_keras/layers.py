"""Layers: `from mathdl_keras.layers import Conv2D`."""

from mathdl_keras.chapters.ch01.layers import (
    RandomFeatures,
)
from mathdl_keras.chapters.ch03.layers import (
    Normalization,
    Softmax,
)
from mathdl_keras.chapters.ch04.layers import (
    GramMatrix,
    RandomFourierFeatures,
)
from mathdl_keras.chapters.ch05.layers import (
    AndUnit,
    Clip01,
    NotUnit,
    OrUnit,
    XorNetwork,
)
from mathdl_keras.chapters.ch06.layers import (
    Dense,
)
from mathdl_keras.chapters.ch09.layers import (
    Dropout,
)
from mathdl_keras.chapters.ch10.dense import (
    DenseBatchNorm,
)
from mathdl_keras.chapters.ch10.layers import (
    BatchNormalization,
)
from mathdl_keras.chapters.ch11.layers import (
    PolynomialFeatures1D,
)
from mathdl_keras.chapters.ch13.attention.multihead import (
    MultiHeadAttention,
)
from mathdl_keras.chapters.ch13.attention.positions import (
    PositionEmbedding,
    SinePositionEncoding,
)
from mathdl_keras.chapters.ch13.attention.self_attention import (
    MaskedSelfAttention,
    MultiHeadSelfAttention,
    SelfAttention,
)
from mathdl_keras.chapters.ch13.normalization.dropout import (
    VariationalDropout,
)
from mathdl_keras.chapters.ch13.normalization.layer_normalization import (
    LayerNormalization,
)
from mathdl_keras.chapters.ch13.normalization.normalized_cells import (
    BatchNormRNN,
    LayerNormCell,
)
from mathdl_keras.chapters.ch13.observers.observers import (
    Observer,
)
from mathdl_keras.chapters.ch13.recurrent.bidirectional import (
    Bidirectional,
)
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import (
    ElmanCell,
    JordanCell,
)
from mathdl_keras.chapters.ch13.recurrent.gru import (
    GRUCell,
)
from mathdl_keras.chapters.ch13.recurrent.layers import (
    GRU,
    LSTM,
    SimpleRNN,
)
from mathdl_keras.chapters.ch13.recurrent.lstm import (
    LSTMCell,
)
from mathdl_keras.chapters.ch13.recurrent.rnn import (
    RNN,
)
from mathdl_keras.chapters.ch13.transformers.blocks import (
    TransformerEncoderBlock,
)
from mathdl_keras.chapters.ch13.transformers.decoder import (
    TransformerDecoder,
)
from mathdl_keras.chapters.ch13.transformers.transformers import (
    TransformerEncoder,
)
from mathdl_keras.chapters.ch14.filters import (
    MatchedFilter1D,
    MatchedFilter2D,
    PearsonCorrelation1D,
    PearsonCorrelation2D,
    SignalDetector,
)
from mathdl_keras.chapters.ch14.layers import (
    Conv2D,
)
from mathdl_keras.chapters.ch14.pooling import (
    MaxPooling2D,
)
from mathdl_keras.chapters.ch15.sampling import (
    GaussianSampling,
)
