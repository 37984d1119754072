"""SimpleRNN, LSTM and GRU against Keras' layers of those names: outputs, states, masks, all gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell, JordanCell
from mathdl_keras.chapters.ch13.recurrent.layers import GRU, LSTM, SimpleRNN
from mathdl_keras.chapters.ch13.recurrent.rnn import RNN
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.loops import compiled

B, T, D, N = 4, 6, 3, 5
MASK = np.ones((B, T), bool)
MASK[1, 4:] = MASK[2, 2] = MASK[3, :2] = False
PAIRS = {
    "SimpleRNN": (SimpleRNN, keras.layers.SimpleRNN, {}),
    "LSTM": (LSTM, keras.layers.LSTM, {}),
    "GRU": (GRU, keras.layers.GRU, {}),
    "GRU, reset before": (GRU, keras.layers.GRU, {"reset_after": False}),
}
UNDRAWN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # they are set: drawing costs time on JAX
DATA = np.random.default_rng(3).normal(size=(B, T, D)).astype("float32")


def with_same_weights(name, **settings):
    ours, theirs, own = PAIRS[name]
    layers, rng = [cls(N, **UNDRAWN, **own, **settings) for cls in (ours, theirs)], np.random.default_rng(5)
    for layer in layers:
        layer.build((B, T, D))
    layers[0].set_weights([rng.normal(size=v.shape) / 2 for v in layers[0].weights])
    layers[1].set_weights(layers[0].get_weights())
    return layers


def results(layer, mask=None, first=(), gradients=True):
    """All that the layer returns, and, if asked for, the gradients of the input, the first states and the weights."""

    def run(x, first, weights):
        def forward(arguments):
            x, first, weights = arguments
            states = {"initial_state": list(first)} if first else {}
            kept = None if mask is None else ops.convert_to_tensor(mask)
            returned, _ = layer.stateless_call(weights, others, x, mask=kept, **states)
            return tuple(returned) if isinstance(returned, list | tuple) else returned

        if not gradients:
            return forward((x, first, weights))
        y, pull_back = vjp(forward, (x, first, weights))
        upstream = keras.tree.map_structure(lambda v: ops.cos(3 * v + 1), y)
        return y, pull_back(upstream)

    weights, others = ([v.value for v in vs] for vs in (layer.trainable_variables, layer.non_trainable_variables))
    outputs = compiled(run)(ops.convert_to_tensor(DATA), first, weights)
    return [ops.convert_to_numpy(v) for v in keras.tree.flatten(outputs)]


def agree(ours, theirs):
    for mine, known in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, known, rtol=0, atol=5e-6 * max(1, np.abs(known).max()))


@pytest.mark.parametrize("name", PAIRS)
def test_outputs_and_states_are_those_of_keras(name):
    ours, theirs = with_same_weights(name, return_sequences=True, return_state=True, go_backwards=True)
    states = 2 if name == "LSTM" else 1
    first = tuple(map(ops.convert_to_tensor, np.random.default_rng(0).normal(size=(states, B, N)).astype("float32")))
    agree(*(results(layer, first=first, gradients=False) for layer in (ours, theirs)))


def test_all_gradients_through_a_mask_are_those_of_keras():
    ours, theirs = with_same_weights("LSTM", return_sequences=True, return_state=True, zero_output_for_mask=True)
    first = (ops.zeros((B, N)), ops.zeros((B, N)))
    agree(results(ours, MASK, first), results(theirs, MASK, first))


def test_the_output_of_a_masked_step_is_that_of_the_step_before():
    agree(*(results(layer, MASK, gradients=False) for layer in with_same_weights("GRU", return_sequences=True)))


def test_a_sequence_of_masked_steps_only_leaves_the_state():
    layer = GRU(N, **UNDRAWN)
    h = ops.ones((B, N))
    out = ops.convert_to_numpy(layer(DATA, initial_state=h, mask=ops.zeros((B, T), "bool")))
    np.testing.assert_array_equal(out, 1)


def test_a_stateful_layer_goes_on_where_it_was():
    ours, _ = with_same_weights("LSTM", return_sequences=True)
    stateful = LSTM(N, return_sequences=True, stateful=True, **UNDRAWN)
    stateful.build((B, T // 2, D))
    stateful.set_weights(ours.get_weights())
    whole = ops.convert_to_numpy(compiled(ours)(ops.convert_to_tensor(DATA)))
    halves = [ops.convert_to_numpy(stateful(half)) for half in np.split(DATA, 2, axis=1)]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, atol=1e-6)
    stateful.reset_state()
    np.testing.assert_allclose(ops.convert_to_numpy(stateful(DATA[:, : T // 2])), halves[0], atol=1e-6)


def test_a_mask_comes_from_the_layer_before():
    x = ops.convert_to_tensor(np.where(MASK[..., None], DATA, 0).astype("float32"))
    outputs = []
    for layer in with_same_weights("GRU"):
        model = keras.Sequential([keras.layers.Masking(), layer])
        outputs.append(ops.convert_to_numpy(compiled(model)(x)))
    np.testing.assert_allclose(*outputs, atol=2e-6)


def test_where_the_number_of_steps_is_unknown_kerass_loop_runs():
    model = keras.Sequential([keras.Input((None, D)), SimpleRNN(N, return_sequences=True, **UNDRAWN)])
    layer = SimpleRNN(N, return_sequences=True, **UNDRAWN)
    layer.build((B, T, D))
    layer.set_weights([np.full(v.shape, 0.3) for v in layer.weights])
    model.set_weights(layer.get_weights())
    model.compile("sgd", "mse")
    known = ops.convert_to_numpy(layer(DATA))
    np.testing.assert_allclose(model.predict(DATA, verbose=0), known, atol=1e-6)


def test_mixed_precision_computes_in_half_and_keeps_float32_weights():
    wide, _ = with_same_weights("LSTM")
    layer = LSTM(N, dtype="mixed_bfloat16", **UNDRAWN)
    layer.build(DATA.shape)
    layer.set_weights(wide.get_weights())
    out, known = (compiled(cell)(ops.convert_to_tensor(DATA)) for cell in (layer, wide))
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"
    assert {v.dtype for v in layer.weights} == {"float32"}
    error = np.abs(ops.convert_to_numpy(ops.cast(out, "float32")) - ops.convert_to_numpy(known)).max()
    assert error < 4 * T * 2.0**-8


def test_jordans_cell_runs_with_its_own_backward_pass_and_in_kerass_loop():
    layers = [cls(JordanCell(N, 2)) for cls in (RNN, keras.layers.RNN)]
    for layer in layers:
        layer.build((B, T, D))
    layers[1].set_weights(layers[0].get_weights())
    agree(*(results(layer) for layer in layers))


@pytest.mark.parametrize("cls", [SimpleRNN, LSTM, GRU])
def test_the_config_is_kerass_and_comes_back(cls):
    layer = cls(N, activation="relu", return_sequences=True, go_backwards=True, kernel_initializer="ones", name="r")
    config = layer.get_config()
    assert "cell" not in config and config["units"] == N and config["name"] == "r"
    again = cls.from_config(config)
    assert again.get_config() == config and again.go_backwards


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: GRU(N, unroll=True), "^unroll must be False: .*received unroll=True$"),
        (lambda: RNN(keras.layers.GRUCell(N)), "^cell must have a step_back, .*received a GRUCell$"),
        (lambda: LSTM(-1), "^units must be an integer >= 1; received units=-1$"),
        (lambda: LSTM(N)(ops.zeros((B, 0, D))), "^sequences must have at least one time step; .*\\(4, 0, 3\\)"),
        (lambda: LSTM(N)(ops.zeros((B, D))), "expected ndim=3, found ndim=2"),
        (lambda: RNN(ElmanCell(N))(np.full((B, T, D), np.nan)), "^x must be finite"),
    ],
)
def test_bad_arguments_and_inputs_are_named(act, message):
    with pytest.raises(ValueError, match=message):
        act()
