"""How the components of chapter 13 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import BATCH, EACH_STEP, ONE_STEP, Entry, Rows

from mathdl_keras import layers, models
from mathdl_keras.dynamics import LinearPlant

STEP = [Rows((2,)), [Rows((3,))]]  # what a cell of three units reads: its input and its states
CELL = {"masks": ONE_STEP}
PLANT = LinearPlant(A=[[0.9, 0.1], [0.0, 0.8]], B=None, C=[[1.0, 0.0]], Q=[[0.1, 0.0], [0.0, 0.1]], R=[[1.0]])


def encoder_decoder(dtype=None, **kwargs):
    encoder = layers.GRU(3, return_state=True, dtype=dtype)
    decoder = layers.GRU(3, return_state=True, return_sequences=True, dtype=dtype)
    return models.EncoderDecoder(encoder, decoder, dtype=dtype, **kwargs)


COMPONENTS = {
    "SimpleRNN": Entry(
        {"units": 3},
        (5, 2),
        (({"units": 0}, "units must be an integer >= 1"), ({"unroll": True}, "unroll must be False")),
    ),
    "LSTM": Entry(
        {"units": 3, "return_sequences": True},
        (5, 2),
        (({"recurrent_activation": "gelu"}, "recurrent_activation must be"),),
    ),
    "GRU": Entry({"units": 3, "reset_after": False}, (5, 2), (({"activation": "swish"}, "activation must be"),)),
    "RNN": Entry(
        {"return_sequences": True},
        (5, 2),
        (({"unroll": True}, "unroll must be False"),),
        make=lambda **kwargs: layers.RNN(layers.JordanCell(3, 2), **kwargs),
    ),
    "Bidirectional": Entry(
        {"merge_mode": "concat"},
        (5, 2),
        (({"merge_mode": "both"}, "merge_mode must be concat"),),
        make=lambda **kwargs: layers.Bidirectional(layers.GRU(3, return_sequences=True), **kwargs),
    ),
    "BatchNormRNN": Entry(
        {"units": 3, "activation": "tanh", "return_sequences": True, "momentum": 0.9},
        (5, 4),
        (({"units": 0}, "units must be an integer >= 1"),),
        {"masks": "the moments are those of all steps", "training": BATCH},
    ),
    "LayerNormalization": Entry(
        {"epsilon": 1e-2, "beta_initializer": "ones"},
        (5, 4),
        (({"axis": 0}, "axis must be an integer, not 0"), ({"epsilon": -1.0}, "epsilon must be >= 0")),
        {"masks": EACH_STEP, "rank": "takes any rank from 2 on"},
    ),
    "VariationalDropout": Entry(
        {"rate": 0.4, "shared_mask": True, "seed": 3},
        (6, 4),
        (({"rate": 1.0}, "rate must be in"),),
        {"masks": EACH_STEP, "training": "random: tests/ch13/test_dropout.py", "weights": "it has none"},
    ),
    "SelfAttention": Entry(
        {"key_dim": 3, "value_dim": 2}, (5, 4), (({"key_dim": 0}, "key_dim must be an integer >= 1"),)
    ),
    "MaskedSelfAttention": Entry({"key_dim": 3}, (5, 4), (({"key_dim": 0}, "key_dim must be an integer >= 1"),)),
    "MultiHeadSelfAttention": Entry(
        {"num_heads": 2, "key_dim": 3, "use_causal_mask": True}, (5, 4), (({"num_heads": 0}, "num_heads must be"),)
    ),
    "SinePositionEncoding": Entry(
        {"sequence_length": 6, "dim": 4},
        (5, 4),
        (({"dim": 5}, "dim must be even"),),
        {"masks": EACH_STEP, "weights": "it has none"},
    ),
    "PositionEmbedding": Entry(
        {"sequence_length": 6}, (5, 4), (({"sequence_length": 0}, "sequence_length must be"),), {"masks": EACH_STEP}
    ),
    "TransformerEncoderBlock": Entry(
        {"num_heads": 2, "key_dim": 3, "intermediate_dim": 8},
        (5, 4),
        (({"normalize_first": "both"}, "normalize_first must be"),),
    ),
    "TransformerEncoder": Entry(
        {"num_layers": 1, "num_heads": 2, "key_dim": 3, "intermediate_dim": 8},
        (5, 4),
        (({"num_layers": 0}, "num_layers must be"),),
    ),
    "ElmanBPTT": Entry(
        {"units": 3, "output_units": 1, "activation": "tanh", "return_sequences": False, "loss": "mse"},
        (5, 2),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"output_units": 0}, "output_units must be an integer >= 1"),
        ),
        {"masks": "reads whole sequences"},
    ),
    "RecurrentBPTT": Entry(
        {"output_units": 1, "return_sequences": False, "loss": "mse"},
        (5, 2),
        (({"output_units": 0}, "output_units must be an integer >= 1"),),
        {"masks": "reads whole sequences"},
        make=lambda dtype=None, **kwargs: models.RecurrentBPTT(layers.LSTMCell(3, dtype=dtype), dtype=dtype, **kwargs),
    ),
    "ElmanCell": Entry({"units": 3}, STEP, (({"units": 0}, "units must be an integer >= 1"),), CELL),
    "JordanCell": Entry(
        {"units": 3, "output_units": 2},
        [Rows((2,)), [Rows((2,))]],
        (({"output_units": 0}, "output_units must be an integer >= 1"),),
        CELL,
    ),
    "LSTMCell": Entry(
        {"units": 3},
        [Rows((2,)), [Rows((3,)), Rows((3,))]],
        (({"recurrent_activation": "gelu"}, "recurrent_activation must be"),),
        CELL,
    ),
    "GRUCell": Entry({"units": 3}, STEP, (({"activation": "gelu"}, "activation must be"),), CELL),
    "LayerNormCell": Entry(
        {"epsilon": 1e-2},
        STEP,
        (({"cell": 3}, "cell must be a recurrent cell"),),
        CELL,
        make=lambda cell=None, dtype=None, **kwargs: layers.LayerNormCell(
            cell or layers.GRUCell(3, dtype=dtype), dtype=dtype, **kwargs
        ),
    ),
    "Observer": Entry(
        {"gain": [[0.5], [0.25]]},
        [Rows((1,)), [Rows((2,))]],
        (({"gain": "best"}, "gain must be an array or 'kalman'"),),
        CELL,
        make=lambda **kwargs: layers.Observer(PLANT, **kwargs),
    ),
    "MultiHeadAttention": Entry(
        {"num_heads": 2, "key_dim": 3},
        [Rows((5, 4)), Rows((6, 4))],
        (({"num_heads": 0}, "num_heads must be"), ({"key_dim": 0}, "key_dim must be")),
    ),
    "TransformerDecoder": Entry(
        {"num_layers": 1, "num_heads": 2, "key_dim": 3, "intermediate_dim": 8},
        [Rows((5, 4)), Rows((6, 4))],
        (({"num_layers": 0}, "num_layers must be"),),
    ),
    "EncoderDecoder": Entry(
        {},
        [(Rows((7, 3)), Rows((5, 2)))],
        make=encoder_decoder,
        loss="mse",
        fit=lambda pair: (pair, pair[1]),
    ),
    "CausalLanguageModel": Entry(  # of 4 features only, the normalization of some tokens would lose two digits
        {"vocabulary": "abcd", "sequence_length": 8, "dim": 16, "num_heads": 2, "num_layers": 1},
        [Rows((5,), tokens=4)],
        (({"num_heads": 3}, "num_heads must divide"), ({"sequence_length": 0}, "sequence_length must be")),
        {"masks": "reads whole texts"},
        loss="sparse_categorical_crossentropy",
        fit=lambda tokens: (tokens, np.roll(tokens, -1, axis=1)),
    ),
}

ELSEWHERE = {
    "TruncatedBPTT": "takes streams: tests/ch13/test_truncation.py",
    "ClipGradientNorm": "a function of gradients: tests/ch13/test_stability.py",
}
