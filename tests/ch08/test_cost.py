"""Costs of networks: brute force, the frameworks' own counters, and the arrays that are really kept, as oracles."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, ops

from mathdl_keras.chapters.ch06.gradients import autodiff_gradients
from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch08.network_cost import activation_memory, count_flops, network_cost
from mathdl_keras.chapters.ch08.profilers import measured_flops
from mathdl_keras.chapters.ch14.layers import Conv2D
from mathdl_keras.chapters.ch14.pooling import MaxPooling2D
from mathdl_keras.core.precision import float64

WIDTHS = (5, 4, 3, 2)
# zeros are made faster than random numbers, and cost the same
Dense, Conv1D, Conv2D, MLP, ByHand = (
    partial(cls, kernel_initializer="zeros")
    for cls in (layers.Dense, layers.Conv1D, layers.Conv2D, BackpropMLP, Conv2D)
)


def counting_backprop(widths, batch):
    """Multiply-adds of loops over samples, units and inputs: forward and backward."""
    forward = backward = 0
    for k, (m, n) in enumerate(zip(widths, widths[1:], strict=False)):
        for _ in range(batch):
            for _ in range(n):
                for _ in range(m):
                    forward += 1  # z_j += h_i w_ij
                    backward += 1  # dw_ij += h_i delta_j
                    backward += k > 0  # dh_i += delta_j w_ij
    return 2 * forward, 2 * backward


@pytest.mark.parametrize("widths", [(3, 2), WIDTHS, (1, 7, 1, 6)])
@pytest.mark.parametrize("batch", [1, 3])
def test_counts_are_those_of_loops(widths, batch):
    forward, backward = counting_backprop(widths, batch)
    for network in (widths, list(widths), MLP(widths)):
        found = [count_flops(network, batch, p) for p in ("forward", "backward", "step")]
        assert found == [forward, backward, forward + backward]


def gradients_of(model):
    model.compile(loss="mse")
    return lambda x, y: autodiff_gradients(model, x, y)


def as_run(model, batch):
    """FLOPs forward and of a step, by the framework's account."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((batch, *shape[1:]), "float32") for shape in (model.input_shape, model.output_shape))
    return measured_flops(model, x), measured_flops(gradients_of(model), x, y)


def agrees(model, batch=2):
    cost = network_cost(model, batch)
    return (cost.forward, cost.step) == as_run(model, batch) and cost.parameters == model.count_params()


@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (2, "same")])
def test_convolutions_cost_what_the_framework_runs(strides, padding):
    stack = [
        keras.Input((9, 8, 2)),
        Conv2D(4, 3, strides, padding, activation="relu"),
        layers.MaxPooling2D(1),
        layers.BatchNormalization(),
        Conv2D(5, 2, padding="same"),
        layers.Flatten(),
        layers.Dropout(0.5),
        Dense(7),
    ]
    assert agrees(keras.Sequential(stack))


def test_convolutions_written_by_hand_cost_what_convolutions_cost():
    def cost(convolution, pool):
        stack = [convolution(4, 3, activation="relu"), pool(2), convolution(2, 2, padding="same"), layers.Flatten()]
        return network_cost(keras.Sequential([keras.Input((9, 8, 2)), *stack, Dense(7)]), 3)

    ours, peer = cost(ByHand, MaxPooling2D), cost(Conv2D, layers.MaxPooling2D)
    assert (ours.forward, ours.backward, ours.parameters) == (peer.forward, peer.backward, peer.parameters)
    assert ours.forward == 2 * 3 * (7 * 6 * 9 * 2 * 4 + 3 * 3 * 4 * 4 * 2 + 18 * 7)


def tangled():
    """A layer used twice, a frozen one, a model in a model, and a second way around them."""
    shared, x = Dense(6, "relu"), keras.Input((6,))
    frozen = Dense(3, "tanh", trainable=False)(shared(shared(x)))
    inner = keras.Sequential([keras.Input((3,)), Dense(4), layers.ReLU()])
    return keras.Model(x, layers.Add()([inner(frozen), Dense(4)(x)]))


def test_shared_frozen_and_nested_layers_cost_what_the_framework_runs():
    model = tangled()
    assert agrees(model)
    assert [call.parameters for call in network_cost(model, 1).calls if call.kind == "Dense"] == [42, 0, 21, 16, 28]


def test_nothing_before_a_trained_layer_means_no_gradient_of_its_inputs():
    first, last = Dense(8, trainable=False), Dense(2)
    model = keras.Sequential([keras.Input((5,)), first, last])
    assert agrees(model)
    assert count_flops(model, 1, "backward") == 2 * 8 * 2


def test_a_network_of_this_package_may_stand_in_a_model():
    x = keras.Input((5,))
    outside = MLP((4, 3, 2))
    model = keras.Model(x, Dense(1)(outside(Dense(4, kernel_initializer="zeros")(x))))
    assert count_flops(model, 3) == count_flops((5, 4, 3, 2, 1), 3)


def test_axes_of_time_are_positions():
    model = keras.Sequential([keras.Input((6, 3)), Conv1D(4, 2), Dense(2)])
    assert count_flops(model, 1, "forward") == 2 * (5 * 2 * 3 * 4 + 5 * 4 * 2)


def test_the_table_holds_each_layer_and_the_sums():
    lines = str(network_cost((64, 128, 32, 16, 10), 20)).splitlines()
    assert lines[-1].split() == ["20", "samples", "13,146", "518,400", "709,120"]
    assert len(lines) == 6 and len({len(line) for line in lines}) == 1
    big = str(network_cost((10**5, 10**5), 1000)).splitlines()
    assert len({len(line) for line in big}) == 1


class Strange(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2))

    def call(self, x):
        return ops.matmul(x, self.kernel)


def functional(f, shape=(4, 3)):
    x = keras.Input(shape)
    return keras.Model(x, f(x))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (lambda: keras.Sequential([keras.Input((3,)), Strange()]), "received Strange"),
        (lambda: keras.Sequential([keras.Input((5, 4, 3)), layers.ConvLSTM1D(2, 2)]), "received ConvLSTMCell"),
        (lambda: functional(lambda x: layers.Dot(1)([x, x])), "received Dot"),
        (lambda: functional(lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1)))), "received (Matmul|Transpose)"),
        (lambda: functional(lambda x: layers.Lambda(lambda x: x)(x)), "received Lambda"),
        (lambda: keras.Sequential([Dense(3)]), "built; received Sequential"),
        (lambda: keras.Sequential([keras.Input((None, None, 1)), Conv2D(2, 3)]), "must have known shapes"),
        (lambda: (3,), "widths must be"),
        (lambda: (3, 0), "widths must be"),
        (lambda: "dense", "widths must be"),
    ],
)
def test_what_cannot_be_counted_is_said(network, message):
    network = network()
    with pytest.raises(ValueError, match=message):
        count_flops(network, 1)
    with pytest.raises(ValueError, match=message):
        activation_memory(network, 1)


def test_bad_arguments_are_said():
    with pytest.raises(ValueError, match="batch must be an integer >= 1; received batch=0"):
        count_flops(WIDTHS, 0)
    with pytest.raises(ValueError, match="pass_ must be one of forward, backward, step"):
        count_flops(WIDTHS, 1, "both")


def arrays_kept(model, x):
    """The bytes of the arrays in the caches of the forward pass, each once, without the inputs."""
    U, caches = model.forward_pass(ops.convert_to_tensor(x))
    kept = {id(array): array for cache in caches for array in cache} | {id(U): U}
    return sum(np.asarray(ops.convert_to_numpy(a)).nbytes for a in kept.values()) - x.nbytes


@pytest.mark.parametrize("activation", ["tanh", "linear"])
def test_memory_is_that_of_the_arrays_that_are_kept(activation):
    model, x = MLP(WIDTHS, activation), np.ones((6, 5), "float32")
    memory = activation_memory(model, 6)
    assert memory.inputs == x.nbytes
    assert memory.activations == arrays_kept(model, x)
    assert memory.parameters == memory.gradients == sum(w.nbytes for w in model.get_weights())
    assert memory.total == 2 * memory.parameters + memory.activations + x.nbytes
    if activation == "tanh":
        assert memory == activation_memory(WIDTHS, 6)


def test_memory_follows_the_dtype_policy_and_what_is_trained():
    with float64():
        policies = ("float32", "mixed_bfloat16", "float64")
        full, half, double = (activation_memory(MLP(WIDTHS, dtype=policy), 6) for policy in policies)
    assert half.activations == full.activations // 2 and half.parameters == full.parameters
    assert double.activations == 2 * full.activations and double.parameters == 2 * full.parameters
    memory = activation_memory(tangled(), 1)
    assert memory.parameters - memory.gradients == 4 * (6 + 1) * 3
    # Z and H of the three layers with an activation, Z of two, outputs of ReLU and Add
    assert memory.activations == 4 * (2 * 6 + 2 * 6 + 2 * 3 + 4 + 4 + 4 + 4)
