"""Layer normalization against Keras' layer; recurrent networks with normalization against loops."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.normalization.layer_normalization import LayerNormalization
from mathdl_keras.chapters.ch13.normalization.normalized_cells import BatchNormRNN, LayerNormCell
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of, float64

U32 = 2.0**-24
RNG = np.random.default_rng(138)
GAMMA, BETA = RNG.uniform(0.5, 1.5, (2, 5)).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(ops.cast(ops.stop_gradient(x), "float32"))


def twins(**settings):
    layers = LayerNormalization(**settings), keras.layers.LayerNormalization(**settings)
    for layer in layers:
        layer.build((None, 5))
        layer.set_weights([w for w, there in ((GAMMA, layer.scale), (BETA, layer.center)) if there])
    return layers


def differentiated(layer, x, g):
    """y, and the gradients of x and of the weights by the backend."""

    def run(x, g, weights):
        y, pull_back = vjp(lambda a: layer.stateless_call(a[1:], [], a[0])[0], [x, *weights])
        return [y, *pull_back(g)]

    weights = [v.value for v in layer.trainable_variables]
    return [numpy(v) for v in compiled(run)(ops.convert_to_tensor(x), ops.convert_to_tensor(g), weights)]


@pytest.mark.parametrize(
    ("shape", "settings"),
    [((6, 5), {}), ((3, 4, 5), {"epsilon": 0.1, "center": False}), ((6, 5), {"scale": False})],
    ids=["rows", "sequences without beta", "without gamma"],
)
def test_outputs_and_gradients_are_those_of_keras_and_of_the_passes(shape, settings):
    x, g = RNG.standard_normal((2, *shape)).astype("float32")
    ours, theirs = twins(**settings)
    known = differentiated(theirs, x, g)
    y, cache = ours.forward_pass(x)
    dx, gradients = ours.backward_pass(g, cache)
    by_hand = [numpy(v) for v in (y, dx, *gradients)]
    for found in (differentiated(ours, x, g), by_hand):
        for a, b in zip(found, known, strict=True):
            np.testing.assert_allclose(a, b, atol=100 * U32 * max(1, np.abs(b).max()))


@pytest.mark.parametrize("axis", [1, -2, [1, 2], [-1, 2], (1, 3)])
def test_other_axes_are_those_of_keras_when_they_are_the_last(axis):
    """Keras' layer normalizes the last axes only on PyTorch."""
    x, g = RNG.standard_normal((2, 3, 4, 5, 2)).astype("float32")
    axes = sorted(a % 4 for a in np.atleast_1d(axis))
    last = list(range(-len(axes), 0))
    ours, theirs = LayerNormalization(axis), keras.layers.LayerNormalization(last)
    ours.build(x.shape), theirs.build(np.moveaxis(x, axes, last).shape)
    ours.set_weights([RNG.uniform(0.5, 1.5, w.shape) for w in ours.weights])
    theirs.set_weights([w.reshape(v.shape) for w, v in zip(ours.get_weights(), theirs.weights, strict=True)])
    found = differentiated(ours, x, g)
    known = differentiated(theirs, *(np.moveaxis(a, axes, last) for a in (x, g)))
    known[:2] = [np.moveaxis(a, last, axes) for a in known[:2]]
    for a, b in zip(found, known, strict=True):
        np.testing.assert_allclose(a.ravel(), b.ravel(), atol=200 * U32 * max(1, np.abs(b).max()))
    assert LayerNormalization.from_config(ours.get_config()).get_config() == ours.get_config()


def test_penalties_and_constraints_reach_their_weights():
    layer = LayerNormalization(gamma_regularizer="l2", beta_constraint="non_neg")
    layer.build((None, 5))
    assert layer.gamma.regularizer is layer.gamma_regularizer and layer.beta.regularizer is None
    assert layer.beta.constraint is layer.beta_constraint
    assert len(layer.losses) == 1 and np.isclose(numpy(layer.losses[0]), 0.05)


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"axis": "last"}, (None, 5), "^axis must be an integer, not 0, or a list of them; received axis='last'$"),
        ({"axis": 2}, (None, 5), "^axis must be axes of x after the first; received axis=2 of 2 axes$"),
        ({"axis": [1, -1]}, (None, 5), "^axis must be axes of x after the first"),
        ({"axis": 1}, (None, None, 5), "^x must have shape"),
        ({"rms_scaling": True}, (None, 5), "^rms_scaling must be False"),
    ],
)
def test_bad_axes_are_named(settings, shape, message):
    with pytest.raises(ValueError, match=message):
        LayerNormalization(**settings).build(shape)


def test_weights_have_the_order_of_keras_and_mixed_precision_computes_in_float32():
    ours, theirs = twins()
    assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
    layer = LayerNormalization(dtype="mixed_float16")
    x = (300 * RNG.standard_normal((4, 5))).astype("float16")  # squares overflow float16
    y = layer(x)
    assert dtype_of(y) == "float16" and dtype_of(layer.gamma) == "float32"
    wide = x.astype("float64")
    known = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(numpy(y), known, atol=4 * 2.0**-11)


def test_float64_is_kept():
    with float64():
        assert dtype_of(LayerNormalization()(np.arange(10.0).reshape(2, 5))) == "float64"
        net, sequences = BatchNormRNN(4), np.arange(12.0).reshape(2, 3, 2)
        net.build(sequences.shape)
        with keras.StatelessScope():
            y = compiled(lambda x: net(x, training=True))(ops.convert_to_tensor(sequences))
        assert dtype_of(y) == "float64"


def test_a_normalized_cell_is_the_loop():
    cell, x = keras.layers.LSTMCell(4), RNG.standard_normal((2, 3, 5)).astype("float32")
    normalized = LayerNormCell(cell, epsilon=0.01)
    normalized.build((None, 5))
    zeros = [np.zeros((3, 4), "float32")] * 2
    step, plain = (compiled(lambda x, *s, c=c: c(x, list(s))) for c in (normalized, cell))
    states = found = zeros
    for t in range(2):
        states = [numpy(s) for s in plain(x[t], *states)[1]]
        h = states[0]
        states[0] = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 0.01)
        output, found = step(x[t], *found)
        found = [numpy(s) for s in found]
        for a, b in zip([numpy(output), *found], [states[0], *states], strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)
    again = LayerNormCell.from_config(normalized.get_config())
    assert type(again.cell) is type(cell) and again.epsilon == 0.01 and again.cell.units == 4


@pytest.mark.parametrize("training", [True, False])
def test_batch_normalized_recurrence_is_the_loop(training):
    layer = BatchNormRNN(4, return_sequences=True, momentum=0.5, epsilon=0.01)
    last = BatchNormRNN(4, momentum=0.5, epsilon=0.01)
    x = RNG.standard_normal((3, 2, 5)).astype("float32")
    for net in (layer, last):
        net.build(x.shape)
    weights = [RNG.uniform(0.3, 1.0, w.shape) for w in layer.get_weights()]
    W, U, gamma, beta, mean, variance = weights
    layer.set_weights(weights), last.set_weights(weights)
    with keras.StatelessScope():
        both = compiled(lambda x: [net(x, training=training) for net in (layer, last)])
        found, at_end = map(numpy, both(x))
    layer.normalization(ops.convert_to_tensor((x @ W).astype("float32")), training=training)
    z = x @ W
    if training:
        mean, variance = z.mean((0, 1)), z.var((0, 1))
    z, h = gamma * (z - mean) / np.sqrt(variance + 0.01) + beta, np.zeros((3, 4))
    for t in range(2):
        h = np.tanh(z[:, t] + h @ U)
        np.testing.assert_allclose(found[:, t], h, atol=1e-5)
    np.testing.assert_allclose(at_end, h, atol=1e-5)
    moved = weights[4] / 2 + mean / 2 if training else weights[4]
    np.testing.assert_allclose(layer.get_weights()[4], moved, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: LayerNormalization(axis=0), "axis must be an integer, not 0"),
        (lambda: LayerNormalization(epsilon=-1.0), "epsilon must be >= 0"),
        (lambda: LayerNormalization()(np.ones(3, "float32")), "x must have shape"),
        (lambda: LayerNormCell(keras.layers.Dense(2)), "cell must be a recurrent cell"),
        (lambda: BatchNormRNN(0), "units must be an integer >= 1"),
        (lambda: BatchNormRNN(2, activation="wave"), "activation"),
        (lambda: BatchNormRNN(2)(np.ones((2, 3), "float32")), "x must have shape"),
    ],
)
def test_mistakes_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match):
        make()
