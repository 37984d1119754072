"""Dropout in recurrent layers: one mask for all steps, against Keras' layers with the same masks."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras import layers
from mathdl_keras.autodiff import grad

B, T, D, N = 4, 6, 3, 5
RATES = {"dropout": 0.4, "recurrent_dropout": 0.3}
UNDRAWN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
CASES = {
    "SimpleRNN": ("SimpleRNN", {}, None),
    "LSTM": ("LSTM", {}, 4),
    "GRU": ("GRU", {}, 3),
    "GRU, reset before": ("GRU", {"reset_after": False}, 3),
}


def numpy(x):
    return np.asarray(ops.convert_to_numpy(ops.stop_gradient(x)))


def fixed(cell, masks, gates):
    """The cell with given masks; Keras' gated cells take one for each gate."""
    for name, mask in zip(("get_dropout_mask", "get_recurrent_dropout_mask"), masks, strict=True):
        tensor = ops.convert_to_tensor(mask)
        setattr(cell, name, lambda x, tensor=tensor: tensor if gates is None else [tensor] * gates)


def results(layer, x, dy):
    """All outputs in training, and the gradients of the input and the weights."""

    def loss(arguments):
        x, weights = arguments[0], arguments[1:]
        with keras.StatelessScope(list(zip(layer.trainable_variables, weights, strict=True))):
            return ops.sum(layer(x, training=True) * dy)

    values = [x, *(v.value for v in layer.trainable_variables)]
    return [numpy(v) for v in (layer(x, training=True), *grad(loss)(values))]


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_all_gradients_with_given_masks_are_those_of_keras(name):
    cls, own, gates = CASES[name]
    rng = np.random.default_rng(11)
    masks = [(rng.random((B, n)) < 0.6).astype("float32") / 0.6 for n in (D, N)]
    settings = {"return_sequences": True} | UNDRAWN | own | RATES
    pair = [getattr(shelf, cls)(N, **settings) for shelf in (layers, keras.layers)]
    for layer, count in zip(pair, (None, gates), strict=True):
        layer.build((B, T, D))
        fixed(layer.cell, masks, count)
    pair[0].set_weights([rng.normal(size=v.shape) / 2 for v in pair[0].weights])
    pair[1].set_weights(pair[0].get_weights())
    x, dy = (ops.convert_to_tensor(rng.normal(size=(B, T, n)).astype("float32")) for n in (D, N))
    for mine, known in zip(*(results(layer, x, dy) for layer in pair), strict=True):
        np.testing.assert_allclose(mine, known, rtol=0, atol=5e-6 * max(1, np.abs(known).max()))


def plain(cls=layers.SimpleRNN, **settings):
    """h_t = x_t + h_{t-1} without dropout, for D = N."""
    eye = {"kernel_initializer": "identity", "recurrent_initializer": "identity", "activation": "linear"}
    return cls(N, use_bias=False, **eye, **settings)


LOOPS = {
    "ours": lambda **rates: plain(return_sequences=True, **rates),
    "Keras' loop": lambda **rates: keras.layers.RNN(plain(layers.ElmanCell, **rates), return_sequences=True),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_one_mask_of_the_inputs_serves_all_steps(loop):
    layer = LOOPS[loop](dropout=0.5, seed=3)
    x = ops.ones((200, T, N))
    y, again = (numpy(layer(x, training=True)) for _ in range(2))
    np.testing.assert_array_equal(y, y[:, :1] * np.arange(1, T + 1)[:, None])  # sums of one mask
    assert set(np.unique(y[:, 0])) == {0.0, 2.0} and np.any(y != again)
    assert abs(y[:, 0].mean() - 1) < 5 / np.sqrt(200 * N)  # a mask has mean 1 and variance 1
    np.testing.assert_array_equal(numpy(layer(x)), np.broadcast_to(np.arange(1.0, T + 1)[:, None], y.shape))


@pytest.mark.parametrize("loop", LOOPS)
def test_one_mask_of_the_state_serves_all_steps(loop):
    layer = LOOPS[loop](recurrent_dropout=0.5, seed=3)
    y = numpy(layer(ops.zeros((50, T, N)), initial_state=[ops.ones((50, N))], training=True))
    assert set(np.unique(y[:, 0])) == {0.0, 2.0}
    np.testing.assert_array_equal(y, y[:, :1] ** np.arange(1, T + 1)[:, None])  # powers of one mask


def test_variational_dropout_before_the_layer_is_its_dropout():
    """The same masks from the same seed (§13.8)."""
    x = np.random.default_rng(0).normal(size=(B, T, N)).astype("float32")
    before = plain(return_sequences=True)(layers.VariationalDropout(0.5, seed=4)(x, training=True))
    within = plain(return_sequences=True, dropout=0.5, seed=4)(x, training=True)
    y, z = numpy(before), numpy(within)
    assert y.shape == z.shape
    for a in (y, z):  # each column is a multiple of its running sum: 0 or 2
        factors = a / np.cumsum(x, axis=1)
        np.testing.assert_allclose(factors, np.broadcast_to(factors[:, :1], a.shape), rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("both", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("jit", [False] if keras.backend.backend() == "torch" else [False, True])
def test_fit_draws_other_masks_at_each_step(jit, both):
    layer = layers.LSTM(N, dropout=0.5, recurrent_dropout=0.5, seed=1)
    model = keras.Sequential([keras.Input((T, D)), layers.Bidirectional(layer) if both else layer])
    model.compile("sgd", "mse", jit_compile=jit)
    x = np.random.default_rng(0).normal(size=(8, T, D)).astype("float32")
    model.fit(x, np.zeros((8, 2 * N if both else N)), batch_size=4, verbose=0)
    cell = model.layers[0].forward_layer.cell if both else model.layers[0].cell
    assert numpy(cell.seed_generator.state)[1] == 4  # two masks in each of two steps
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_rates_and_seed_are_saved_and_checked():
    layer = layers.GRU(N, seed=7, **RATES)
    again = layers.GRU.from_config(layer.get_config())
    assert (again.cell.dropout, again.cell.recurrent_dropout, again.cell.seed) == (0.4, 0.3, 7)
    with pytest.raises(ValueError, match=r"^recurrent_dropout must be in \[0, 1\); received recurrent_dropout=1.0$"):
        layers.LSTMCell(N, recurrent_dropout=1.0)
    with pytest.raises(ValueError, match="^implementation must be 2, the only value that is taken here; .*=1$"):
        layers.GRUCell(N, implementation=1)
    assert layers.LSTMCell(N, implementation=2).seed_generator is None
