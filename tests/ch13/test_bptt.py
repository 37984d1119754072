"""Explicit backpropagation through time against Keras' layers and the backend's differentiation."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch06.gradients import autodiff_gradients
from mathdl_keras.chapters.ch13.recurrent.bptt import ElmanBPTT, RecurrentBPTT
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import JordanCell
from mathdl_keras.chapters.ch13.recurrent.gru import GRUCell
from mathdl_keras.chapters.ch13.recurrent.lstm import LSTMCell
from mathdl_keras.core.loops import compiled

rng = np.random.default_rng(13)
X, Y = (rng.standard_normal((4, 6, 3)).astype("float32") for _ in range(2))


@pytest.mark.parametrize("return_sequences", [True, False])
def test_it_trains_as_the_keras_layers_do(return_sequences):
    model = ElmanBPTT(5, output_units=3, return_sequences=return_sequences)
    y = Y if return_sequences else Y[:, -1]
    model.build((None, 6, 3))
    rnn = keras.layers.SimpleRNN(5, return_sequences=return_sequences)
    peer = keras.Sequential([keras.Input((6, 3)), rnn, keras.layers.Dense(3)])
    peer.set_weights(model.get_weights())
    np.testing.assert_allclose(model.predict(X, verbose=0), peer.predict(X, verbose=0), atol=1e-6)
    model.compile(keras.optimizers.SGD(0.2))
    peer.compile(keras.optimizers.SGD(0.1), "mse")  # twice the loss
    ours, theirs = (m.fit(X, y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, peer))
    np.testing.assert_allclose(2 * np.array(ours), theirs, rtol=1e-5)
    for w, v in zip(model.get_weights(), peer.get_weights(), strict=True):
        np.testing.assert_allclose(w, v, atol=2e-6)


@pytest.mark.parametrize("cell", [JordanCell(4, 2), LSTMCell(4), GRUCell(4), GRUCell(4, reset_after=False)])
def test_every_cell_is_differentiated(cell):
    model = RecurrentBPTT(cell, output_units=3, output_activation="tanh", loss="mse", return_sequences=False)
    model.build((None, 6, 3))
    expected, by_hand = compiled(lambda x, y: (autodiff_gradients(model, x, y), in_order(model, x, y)))(X, Y[:, 0])
    for got, g in zip(by_hand, expected, strict=True):
        np.testing.assert_allclose(*map(ops.convert_to_numpy, (got, g)), atol=2e-6)


def in_order(model, x, y):
    """The hand-written gradients in the order of the model's variables."""
    gradients = {id(variable): gradient for gradient, variable in model.loss_and_gradients(x, y)[2]}
    return [gradients[id(variable)] for variable in model.trainable_variables]


def test_a_sample_weight_counts_its_whole_sequence():
    model = ElmanBPTT(5, output_units=3)
    model.build((None, 6, 3))
    twice = np.concatenate([X[:2], X[:1]]), np.concatenate([Y[:2], Y[:1]])
    weighted = compiled(lambda x, y, w: model.loss_and_gradients(x, y, w)[0])(X[:2], Y[:2], np.float32([2, 1]))
    repeated = compiled(lambda x, y: model.loss_and_gradients(x, y)[0])(*twice)
    np.testing.assert_allclose(2 * float(weighted), 3 * float(repeated), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ElmanBPTT(0, 1), "units must be an integer >= 1; received units=0"),
        (lambda: ElmanBPTT(2, 0), "output_units must be an integer >= 1; received output_units=0"),
        (lambda: ElmanBPTT(2, 1, "swish"), "activation must be"),
        (lambda: RecurrentBPTT(keras.layers.GRUCell(2), 1), "cell must have a step_back.*received a GRUCell"),
        (lambda: ElmanBPTT(2, 1).build((None, 0, 3)), r"x must have shape \(batch, time >= 1, features\)"),
        (lambda: ElmanBPTT(2, 1).build((None, 3)), r"x must have shape \(batch, time >= 1, features\)"),
        (lambda: ElmanBPTT(2, 3).loss_and_gradients(X, Y[:, :2]), r"y must have shape \(batch, 6, outputs\)"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_earlier_configuration_is_read():
    config = ElmanBPTT(2, 3).get_config()
    config["outputs"] = config.pop("output_units")
    assert ElmanBPTT.from_config(config).readout.units == 3
