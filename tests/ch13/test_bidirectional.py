"""The bidirectional layer against Keras' own, and its saved form."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.bidirectional import Bidirectional
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
from mathdl_keras.chapters.ch13.recurrent.layers import GRU, LSTM
from mathdl_keras.chapters.ch13.recurrent.rnn import RNN
from mathdl_keras.core.loops import compiled

B, T, D, N = 4, 6, 3, 5
DATA = np.random.default_rng(3).normal(size=(B, T, D)).astype("float32")
UNDRAWN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # they are set: drawing costs time on JAX
MASK = np.ones((B, T), bool)
MASK[1, 4:] = False


@pytest.mark.parametrize(("mode", "sequences", "mask"), [("concat", True, MASK), ("sum", False, None)])
def test_with_the_same_weights_it_is_kerass(mode, sequences, mask):
    ours = Bidirectional(LSTM(N, return_sequences=sequences, **UNDRAWN), mode)
    theirs = keras.layers.Bidirectional(keras.layers.LSTM(N, return_sequences=sequences, **UNDRAWN), mode)
    ours.build(DATA.shape), theirs.build(DATA.shape)
    ours.set_weights([np.random.default_rng(0).normal(size=v.shape) for v in ours.weights])
    theirs.set_weights(ours.get_weights())
    mask, x = (None if v is None else ops.convert_to_tensor(v) for v in (mask, DATA))
    found, known = (
        ops.convert_to_numpy(compiled(lambda x, layer=layer: layer(x, mask=mask))(x)) for layer in (ours, theirs)
    )
    np.testing.assert_allclose(found, known, atol=2e-6)


def test_a_cell_gives_both_halves_at_every_step():
    layer = Bidirectional(ElmanCell(N, **UNDRAWN))
    assert isinstance(layer.forward_layer, RNN) and layer.backward_layer.go_backwards
    assert layer(DATA).shape == layer.compute_output_shape(DATA.shape) == (B, T, 2 * N)


def test_it_comes_back_from_its_config():
    layer = Bidirectional(GRU(N, activation="relu"), "ave")
    again = Bidirectional.from_config(layer.get_config())
    assert again.get_config() == layer.get_config() and isinstance(again.backward_layer, GRU)


@pytest.mark.parametrize(
    ("layer", "mode", "message"),
    [
        (keras.layers.Dense(2), "concat", "^layer must be a recurrent layer or a cell; received a Dense$"),
        (GRU(2), "product", "merge_mode must be concat"),
    ],
)
def test_bad_arguments_are_named(layer, mode, message):
    with pytest.raises(ValueError, match=message):
        Bidirectional(layer, mode)
