"""The cells as Keras sees them: parity, contract, configuration, bad arguments. Their formulas: test_recurrence.py."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch05.activations import Softplus
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell, JordanCell
from mathdl_keras.chapters.ch13.recurrent.gru import GRUCell
from mathdl_keras.chapters.ch13.recurrent.lstm import LSTMCell
from mathdl_keras.core.loops import compiled

B, D, N = 4, 3, 5
UNDRAWN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # they are set: drawing costs time on JAX
PEERS = [
    (ElmanCell, keras.layers.SimpleRNNCell, {}),
    (LSTMCell, keras.layers.LSTMCell, {}),
    (LSTMCell, keras.layers.LSTMCell, {"use_bias": False}),
    (GRUCell, keras.layers.GRUCell, {}),
    (GRUCell, keras.layers.GRUCell, {"reset_after": False, "activation": "relu"}),
]


def number_of_states(cell):
    return len(cell.state_size) if isinstance(cell.state_size, list) else 1


@pytest.mark.parametrize(("cls", "peer", "settings"), PEERS)
def test_a_step_with_copied_weights_is_that_of_keras(cls, peer, settings):
    rng = np.random.default_rng(1)
    ours, theirs = cls(N, **UNDRAWN, **settings), peer(N, **UNDRAWN, **settings)
    ours.build((B, D)), theirs.build((B, D))
    assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
    theirs.set_weights([rng.normal(size=v.shape) for v in theirs.weights])
    ours.set_weights(theirs.get_weights())
    x = rng.normal(size=(B, D)).astype("float32")
    states = [rng.normal(size=(B, N)).astype("float32") for _ in range(number_of_states(ours))]
    x, *states = map(ops.convert_to_tensor, (x, *states))
    for mine, known in zip(*(keras.tree.flatten(compiled(c)(x, states)) for c in (ours, theirs)), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(mine), ops.convert_to_numpy(known), atol=2e-6)


def test_keras_rnn_runs_and_trains_a_stack_of_cells():
    model = keras.Sequential([keras.layers.RNN([JordanCell(4, 2), GRUCell(4, **UNDRAWN), LSTMCell(1, **UNDRAWN)])])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 3, D)).astype("float32")
    model.build(x.shape)
    before = [np.random.default_rng(1).normal(size=v.shape).astype("float32") for v in model.weights]
    model.set_weights(before)
    model.fit(x, x[:, 0, :1], verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True))


def test_the_forget_gate_starts_open_as_in_keras():
    for settings in ({}, {"unit_forget_bias": False}, {"bias_initializer": keras.initializers.Constant(0.5)}):
        biases = []
        for cell in (LSTMCell(2, **UNDRAWN, **settings), keras.layers.LSTMCell(2, **UNDRAWN, **settings)):
            cell.build((None, D))
            biases.append(ops.convert_to_numpy(cell.bias))
        np.testing.assert_array_equal(*biases)


def test_gates_multiply_as_the_formulas_say():
    rng = np.random.default_rng(0)
    x, h, c = map(ops.convert_to_tensor, rng.normal(size=(3, B, N)).astype("float32"))
    lstm, gru = LSTMCell(N, **UNDRAWN), GRUCell(N, **UNDRAWN)
    for cell in (lstm, gru):
        cell.build((None, N))
        cell.set_weights([rng.normal(size=v.shape) for v in cell.weights])

    def run(x, h, c):
        gates = lstm.gates(lstm.project(x), h), gru.gates(gru.project(x), h)
        return lstm(x, [h, c])[1], gru(x, [h])[0], gates

    found = keras.tree.map_structure(ops.convert_to_numpy, compiled(run)(x, h, c))
    (new_h, new_c), new, (of_lstm, of_gru) = found
    np.testing.assert_allclose(new_c, of_lstm["f"] * ops.convert_to_numpy(c) + of_lstm["i"] * of_lstm["g"], atol=1e-6)
    np.testing.assert_allclose(new_h, of_lstm["o"] * np.tanh(new_c), atol=1e-6)
    known = of_gru["z"] * ops.convert_to_numpy(h) + (1 - of_gru["z"]) * of_gru["h"]
    np.testing.assert_allclose(new, known, atol=1e-6)


@pytest.mark.parametrize(
    "cell",
    [
        ElmanCell(3, "relu", kernel_regularizer="l2", recurrent_constraint=keras.constraints.MaxNorm(1.0)),
        JordanCell(3, 2, Softplus(2.0), "sigmoid", use_bias=False),
        LSTMCell(3, unit_forget_bias=False, recurrent_activation="clip"),
        GRUCell(3, reset_after=False, bias_initializer="ones"),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_a_saved_cell_comes_back_with_every_argument(cell):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(cell))
    assert type(again) is type(cell)
    assert again.get_config() == cell.get_config()
    assert again.activation == cell.activation


def test_regularizers_and_constraints_reach_their_weights():
    cell = ElmanCell(3, recurrent_regularizer=keras.regularizers.L2(2.0), kernel_constraint="non_neg")
    cell.build((None, D))
    assert cell.recurrent_kernel.regularizer is cell.recurrent_regularizer
    assert cell.kernel.constraint is cell.kernel_constraint and cell.bias.constraint is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ElmanCell(0), "^units must be an integer >= 1; received units=0$"),
        (lambda: LSTMCell(2.0), "^units must be an integer >= 1; received units=2.0$"),
        (lambda: JordanCell(3, True), "^output_units must be an integer >= 1; received output_units=True$"),
        (lambda: ElmanCell(3, "swish"), "^activation must be an Activation or one of .*received 'swish'"),
        (lambda: GRUCell(3, recurrent_activation="hard_sigmoid"), "^recurrent_activation must be .*'hard_sigmoid'"),
        (lambda: JordanCell(3, 2, output_activation="softmax"), "^output_activation must be .*'softmax'"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
