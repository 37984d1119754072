"""Claims of §8.3: what a gradient costs, by count and by the frameworks' own accounts."""

from functools import partial

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch06.gradients import autodiff_gradients
from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch08.claims.descent import flat, random_weights
from mathdl_keras.chapters.ch08.network_cost import count_flops
from mathdl_keras.chapters.ch08.profilers import compiled_flops, measured_flops
from mathdl_keras.core.claims import at_most, claim, equals, exactly
from mathdl_keras.core.loops import compiled


def backprop(model, x, y):
    """The gradients by hand, as in training."""
    return [gradient for gradient, _ in model.loss_and_gradients(x, y)[2]]


def backprop_to_the_data(model, x, y):
    """Each layer gives back the gradient of its inputs, the first one too."""
    U, caches = model.forward_pass(ops.convert_to_tensor(x))
    dH, gradients = model.loss_and_slope(y, U)[1], []
    for layer, cache in zip(model.dense[::-1], caches[::-1], strict=True):
        dH, own = layer.backward_pass(dH, cache)
        gradients += own
    return gradients, dH


def products(widths):
    return sum(m * n for m, n in zip(widths, widths[1:], strict=False))


def data(rng, rows, widths):
    labels = rng.integers(0, widths[-1], rows)
    return rng.standard_normal((rows, widths[0])).astype("float32"), np.eye(widths[-1], dtype="float32")[labels]


def keras_twin(widths):
    """A network of Keras' own layers, differentiated automatically."""
    sigmas = ["relu"] * (len(widths) - 2) + [None]
    dense = [keras.layers.Dense(n, f, kernel_initializer="zeros") for n, f in zip(widths[1:], sigmas, strict=True)]
    model = keras.Sequential([keras.Input(widths[:1]), *dense])
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    return model


@claim(
    "8.3",
    "a step takes 2B sum n_(l-1) n_l FLOPs forward and 2B (2 sum n_(l-1) n_l - n_0 n_1) backward, and no other product",
    refuted_by={"gradient of the data": {"gradients": backprop_to_the_data}},
)
def flops(rng, *, widths=(64, 128, 32, 16, 10), batch=20, gradients=backprop):
    forward = 2 * batch * products(widths)
    step = forward + 2 * batch * (2 * products(widths) - widths[0] * widths[1])
    model, (x, y) = BackpropMLP(widths, kernel_initializer="zeros"), data(rng, batch, widths)
    by_hand, automatic = partial(gradients, model), partial(autodiff_gradients, keras_twin(widths))
    verdicts = [
        exactly(count_flops(widths, batch, "forward"), forward, label="forward, formula"),
        exactly(count_flops(widths, batch), step, label="step, formula"),
        exactly(measured_flops(lambda x: model.forward_pass(x)[0], x), forward, label="forward, as run"),
        exactly(measured_flops(by_hand, x, y), step, label="step by hand, as run"),
        exactly(measured_flops(automatic, x, y), step, label="step by autodiff, as run"),
    ]
    total = compiled_flops(by_hand, x, y)
    if total is not None:
        # XLA counts work on single entries, at most 20 FLOPs for each unit and sample: 20 sum n_l / (6 sum n n) = 5 %
        verdicts.append(at_most(float(step), total, sharpness=0.95, label="step, of all that XLA counts"))
    return verdicts


def entry_by_entry(model, x, y):
    """A backward pass for each parameter."""
    return [
        ops.reshape(backprop(model, x, y)[k], (-1,))[i]
        for k, variable in enumerate(model.trainable_variables)
        for i in range(int(np.prod(variable.shape)))
    ]


def differences(model, values, x, y, h):
    """The gradient by forward differences: a loss for each parameter, and one more."""
    start, quotients = loss_at(model, values, x, y), []
    for k, value in enumerate(values):
        for i in range(value.size):
            moved = value.copy()
            moved.flat[i] += h
            quotients.append((loss_at(model, values[:k] + [moved] + values[k + 1 :], x, y) - start) / h)
    return ops.stack(quotients)


def loss_at(model, values, x, y):
    pairs = zip(model.trainable_variables, map(ops.convert_to_tensor, values), strict=True)
    with keras.StatelessScope(list(pairs)):
        return model.loss_and_slope(y, model.forward_pass(x)[0])[0]


@claim(
    "8.3",
    "differences take P + 1 forward passes for a gradient; backpropagation takes the work of less than 3, whatever P",
    refuted_by={"a backward pass for each parameter": {"gradients": entry_by_entry}},
    precision="float64",
)
def finite_difference_cost(rng, *, h=1e-6, gradients=backprop):
    verdicts = []
    for widths in ((3, 5, 4, 2), (2, 3, 2)):
        model, values, (x, y) = BackpropMLP(widths, "tanh"), random_weights(rng, widths), data(rng, 5, widths)
        model.set_weights(values)
        x, y, P = x.astype("float64"), y.astype("float64"), model.count_params()
        forward = measured_flops(lambda x, model=model: model.forward_pass(x)[0], x)
        quotients = partial(differences, model, values, h=h)
        by_differences, by_backprop = measured_flops(quotients, x, y), measured_flops(partial(gradients, model), x, y)
        verdicts += [
            exactly(by_differences / forward, P + 1, label=f"differences, P = {P}, in forward passes"),
            at_most(by_backprop / forward, 3.0, sharpness=2 / 3, label=f"backpropagation, P = {P}, in forward passes"),
        ]
    found = compiled(quotients)(*map(ops.convert_to_tensor, (x, y)))
    # what is left over is h/2 times a second derivative, which is below 4 here
    gradient = equals(found, flat(backprop(model, x, y)), roundings=2 * h * 2.0**53, label=f"gradient, P = {P}")
    return [*verdicts, gradient]
