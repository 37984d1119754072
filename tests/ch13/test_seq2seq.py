"""Encoder and decoder against Keras' layers put together by hand, and against their own output fed back."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras import layers
from mathdl_keras.chapters.ch13.recurrent.seq2seq import EncoderDecoder
from mathdl_keras.core.loops import compiled

RNG = np.random.default_rng(137)
X, Y = RNG.standard_normal((4, 6, 3)).astype("float32"), RNG.standard_normal((4, 5, 2)).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x))


def model_of(layer, teacher_forcing=True):
    pair = layer(3, return_state=True), layer(3, return_state=True, return_sequences=True)
    model = EncoderDecoder(*pair, teacher_forcing=teacher_forcing)
    model.build([X.shape, Y.shape])
    return model


def test_teacher_forcing_is_the_layers_by_hand_and_generation_its_fixed_point():
    model = model_of(keras.layers.LSTM)

    def everything(x, y):
        states = list(model.encoder(x)[1:])
        shifted = ops.concatenate([ops.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
        known = model.readout(model.decoder(shifted, initial_state=states)[0])
        written = model.generate(x, 5)
        return known, model((x, y)), written, model((x, written))

    known, found, written, again = map(numpy, compiled(everything)(X, Y))
    np.testing.assert_allclose(found, known, atol=1e-6)
    np.testing.assert_allclose(again, written, atol=1e-5)  # told what it wrote, it writes it


def test_without_teacher_forcing_it_is_its_cells_by_hand_and_sees_no_target():
    model = model_of(keras.layers.SimpleRNN, teacher_forcing=False)
    found, other = map(numpy, compiled(lambda x, y: (model((x, y)), model((x, 2 * y))))(X, Y))
    (W, U, b), (W2, U2, b2), (V, c) = (part.get_weights() for part in (model.encoder, model.decoder, model.readout))
    h, y = np.zeros((4, 3)), np.zeros((4, 2))
    for t in range(6):
        h = np.tanh(X[:, t] @ W + h @ U + b)
    for t in range(5):
        h = np.tanh(y @ W2 + h @ U2 + b2)
        y = h @ V + c
        np.testing.assert_allclose(found[:, t], y, atol=1e-5)
    np.testing.assert_array_equal(found, other)


def test_it_learns_and_comes_back_from_its_config():
    model = model_of(keras.layers.SimpleRNN, teacher_forcing=False)
    model.compile(keras.optimizers.Adam(0.05), "mse")
    losses = model.fit((X, Y), Y, epochs=4, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    again = EncoderDecoder.from_config(model.get_config())
    assert again.teacher_forcing is False and again.decoder.return_sequences and again.encoder.units == 3
    again.build([X.shape, Y.shape])
    again.set_weights(model.get_weights())


def test_what_comes_later_in_the_target_is_not_seen():
    model = model_of(keras.layers.SimpleRNN)
    later = Y.copy()
    later[:, 3:] += 1
    first, second = map(numpy, compiled(lambda x, y, z: (model((x, y)), model((x, z))))(X, Y, later))
    np.testing.assert_array_equal(first[:, :4], second[:, :4])
    assert np.all(np.any(first[:, 4:] != second[:, 4:], axis=-1))


def test_mistakes_are_one_clear_line():
    gru = keras.layers.GRU
    reader, writer = gru(3, return_state=True), gru(3, return_state=True, return_sequences=True)
    with pytest.raises(ValueError, match="encoder must be a recurrent layer with return_state=True"):
        EncoderDecoder(gru(3), writer)
    with pytest.raises(ValueError, match="decoder must be a recurrent layer with return_state=True and return_seq"):
        EncoderDecoder(reader, reader)
    with pytest.raises(ValueError, match="states of the same sizes"):
        EncoderDecoder(gru(4, return_state=True), writer)
    model = EncoderDecoder(reader, writer)
    with pytest.raises(ValueError, match="must be built"):
        model.generate(X, 3)
    with pytest.raises(ValueError, match=r"x and y must have shape \(batch, time, features\)"):
        model((X, Y[:, 0]))
    with pytest.raises(ValueError, match="length must be an integer >= 1"):
        model_of(gru).generate(X, 0)


@pytest.mark.parametrize("shelf", [keras.layers, layers], ids=["Keras' layers", "ours"])
def test_a_free_decoder_with_dropout_draws_its_masks_once_a_batch(shelf):
    encoder = shelf.GRU(3, return_state=True, dropout=0.5, seed=1)
    decoder = shelf.GRU(3, return_state=True, return_sequences=True, dropout=0.5, seed=2)
    model = EncoderDecoder(encoder, decoder, teacher_forcing=False)
    model.compile("sgd", "mse")
    x, y = np.ones((8, 4, 2), "float32"), np.ones((8, 3, 1), "float32")
    model.fit((x, y), y, batch_size=4, verbose=0)
    assert decoder.cell.seed_generator.state.value[1] == 2
