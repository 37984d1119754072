"""Costs of layers of sequences: the frameworks' own counters, and the arrays that are really kept, as oracles."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras import layers
from mathdl_keras.chapters.ch06.gradients import autodiff_gradients
from mathdl_keras.chapters.ch08.network_cost import activation_memory, count_flops, network_cost
from mathdl_keras.chapters.ch08.profilers import measured_flops
from mathdl_keras.core.loops import compiled

B, T, D, N = 3, 4, 5, 6
UNDRAWN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # the numbers do not matter
UNROLLED = UNDRAWN | {"unroll": True}  # TensorFlow's account needs to know how often a loop runs
JORDAN, NORMED = layers.JordanCell(N, 2, **UNDRAWN), layers.LayerNormCell(keras.layers.GRUCell(N, **UNDRAWN))


def shorter(x):
    return keras.layers.Cropping1D((1, 0))(keras.layers.Dense(3)(x))


def single(layer):
    return lambda x: layer(x)


RECURRENT = {
    "SimpleRNN": (single(layers.SimpleRNN(N, return_sequences=True, **UNDRAWN)), N * N),
    "LSTM": (single(layers.LSTM(N, **UNDRAWN)), 4 * N * N),
    "GRU": (single(layers.GRU(N, return_sequences=True, **UNDRAWN)), 3 * N * N),
    "GRU, reset before": (single(layers.GRU(N, reset_after=False, **UNDRAWN)), 3 * N * N),
    "Jordan": (single(layers.RNN(JORDAN)), 2 * N),
    "both ways": (single(layers.Bidirectional(layers.SimpleRNN(N, return_sequences=True, **UNDRAWN))), 2 * N * N),
    "BatchNormRNN": (single(layers.BatchNormRNN(N)), N * N),
    "Keras' SimpleRNN": (single(keras.layers.SimpleRNN(N, return_sequences=True, **UNROLLED)), N * N),
    "Keras' LSTM": (single(keras.layers.LSTM(N, **UNROLLED)), 4 * N * N),
    "Keras' GRU": (single(keras.layers.GRU(N, **UNROLLED)), 3 * N * N),
    "Keras' RNN of a cell": (single(keras.layers.RNN(NORMED, unroll=True)), 3 * N * N),
}
ATTENTION = {
    "SelfAttention": single(layers.SelfAttention(4, 3)),
    "MultiHeadSelfAttention": single(layers.MultiHeadSelfAttention(2, 3, value_dim=4, use_causal_mask=True)),
    "to another sequence": lambda x: layers.MultiHeadAttention(2, 3)(x, shorter(x)),
    "Keras' own": lambda x: keras.layers.MultiHeadAttention(2, 3, value_dim=4, dropout=0.5)(x, x),  # it forms weights
    "encoder": single(layers.TransformerEncoder(2, 2, 3, 8, normalize_first=True)),
    "decoder": lambda x: layers.TransformerDecoder(2, 2, 3, 8)(x, shorter(x)),
    "norms and places": lambda x: layers.LayerNormalization()(
        layers.PositionEmbedding(T)(keras.layers.LayerNormalization()(x))
    ),
}


def model_of(f, shape=(T, D)):
    """The gradient of the inputs of f is asked for: a layer before it is trained."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, f(keras.layers.Dense(D)(inputs)))


def measured(model):
    """FLOPs forward and of a step as `fit` runs it, by the framework's account."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((B, *shape[1:])).astype("float32") for shape in (model.input_shape, model.output_shape))
    model.compile(loss="mse")
    gradients = lambda x, y: autodiff_gradients(model, x, y)  # noqa: E731
    # PyTorch keeps the graph of a gradient, and runs forward passes again for it, where recording is on
    gradients = compiled(gradients) if keras.backend.backend() == "torch" else gradients
    return measured_flops(model, x), measured_flops(gradients, x, y)


# our loops are loops of TensorFlow's graph, too, which its account cannot look into; the others are unrolled
COUNTED = [name for name in RECURRENT if keras.backend.backend() != "tensorflow" or "Keras'" in name]


@pytest.mark.parametrize("name", COUNTED)
def test_a_loop_costs_what_the_framework_runs(name):
    """Nobody asks for the gradient of the first state: whether it is computed depends on the framework."""
    f, first = RECURRENT[name]
    model = model_of(f)
    cost, (forward, step) = network_cost(model, B), measured(model)
    assert cost.forward == forward
    assert cost.step - step in (0, 2 * B * first)


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_costs_what_the_framework_runs(name):
    model = model_of(ATTENTION[name])
    cost = network_cost(model, B)
    assert (cost.forward, cost.step) == measured(model)
    assert cost.parameters == model.count_params()


def test_an_lstm_by_hand():
    model = keras.Sequential([keras.Input((T, D)), layers.LSTM(N, **UNDRAWN)])
    assert count_flops(model, 1, "forward") == 2 * T * (D * 4 * N + N * 4 * N)
    assert count_flops(model, 1, "backward") == 2 * T * (D * 4 * N + 2 * N * 4 * N)  # no gradient of the data


def test_cells_in_a_stack_cost_what_layers_cost():
    def cost(*stack):
        return network_cost(keras.Sequential([keras.Input((T, D)), *stack]), B)

    one = cost(keras.layers.RNN([keras.layers.LSTMCell(N, **UNDRAWN), layers.GRUCell(3, **UNDRAWN)]))
    two = cost(keras.layers.LSTM(N, return_sequences=True, **UNDRAWN), layers.GRU(3, **UNDRAWN))
    assert (one.forward, one.step, one.parameters) == (two.forward, two.step, two.parameters)


def test_an_embedding_multiplies_nothing():
    model = keras.Sequential([keras.Input((T,), dtype="int32"), keras.layers.Embedding(9, N)])
    assert count_flops(model, B) == 0 and network_cost(model, B).parameters == 9 * N


def test_shapes_that_are_not_known_are_said():
    for layer in (layers.GRU(2), layers.SelfAttention(2)):
        with pytest.raises(ValueError, match="network must have known shapes"):
            count_flops(model_of(single(layer), (None, D)), 1)


@pytest.mark.parametrize(
    "layer",
    [
        layers.SimpleRNN(N, **UNDRAWN),
        layers.LSTM(N, **UNDRAWN),
        layers.GRU(N, **UNDRAWN),
        layers.RNN(layers.JordanCell(N, 2, **UNDRAWN)),
        layers.MultiHeadSelfAttention(2, 3, value_dim=4),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_memory_is_that_of_the_arrays_that_are_kept(layer):
    model, x = keras.Sequential([keras.Input((T, D)), layer]), np.zeros((B, T, D), "float32")
    y, cache = layer.forward_pass(ops.convert_to_tensor(x))
    arrays = [a for a in keras.tree.flatten(cache) if ops.is_tensor(a)]
    kept = sum(np.asarray(ops.convert_to_numpy(a)).nbytes for a in {id(a): a for a in arrays}.values()) - x.nbytes
    output = np.asarray(ops.convert_to_numpy(y)).nbytes if isinstance(layer, layers.MultiHeadSelfAttention) else 0
    assert activation_memory(model, B).activations == kept + output  # of a loop it is among the states
