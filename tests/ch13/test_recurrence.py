"""The recurrence over time against NumPy: values step by step, derivatives by the complex step."""

import numpy as np
import pytest
from keras import ops
from scipy.special import expit

from mathdl_keras.chapters.ch05.activations import Activation, Clip, LeakyReLU, Linear, ReLU, Sigmoid, Softplus, Tanh
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell, JordanCell
from mathdl_keras.chapters.ch13.recurrent.gru import GRUCell
from mathdl_keras.chapters.ch13.recurrent.lstm import LSTMCell
from mathdl_keras.chapters.ch13.recurrent.recurrence import backward_scan, forward_scan
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import known_activation, value
from mathdl_keras.core.linalg import dot, outer_sum
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

T, B, D, N, M = 4, 3, 2, 3, 2
MASK = np.ones((T, B), bool)
MASK[2, 0] = MASK[0, 1] = MASK[3, 1] = False


def sigmoid(z):
    """Of real or complex numbers."""
    return expit(z) if np.isrealobj(z) else 1 / (1 + np.exp(-z))


def elman(x, states, W, U, b):
    return (np.tanh(x @ W + states[0] @ U + b),)


def jordan(x, states, W, U, b, V, c):
    return (sigmoid(np.tanh(x @ W + states[0] @ U + b) @ V + c),)


def lstm(x, states, W, U, b):
    i, f, g, o = np.split(x @ W + states[0] @ U + b, 4, axis=1)
    c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x, states, W, U, b):
    (h,), (b, b_inner) = states, b
    x, inner = (np.split(v, 3, axis=1) for v in (x @ W + b, h @ U + b_inner))
    z, r = sigmoid(x[0] + inner[0]), sigmoid(x[1] + inner[1])
    return (z * h + (1 - z) * np.tanh(x[2] + r * inner[2]),)


def gru_before(x, states, W, U, b):
    (h,), x, U = states, np.split(x @ W + b, 3, axis=1), np.split(U, 3, axis=1)
    z, r = sigmoid(x[0] + h @ U[0]), sigmoid(x[1] + h @ U[1])
    return (z * h + (1 - z) * np.tanh(x[2] + (r * h) @ U[2]),)


CELLS = {
    "elman": (lambda **k: ElmanCell(N, **k), elman, [(D, N), (N, N), (N,)], 1),
    "jordan": (
        lambda **k: JordanCell(N, M, output_activation="sigmoid", **k),
        jordan,
        [(D, N), (M, N), (N,), (N, M), (M,)],
        1,
    ),
    "lstm": (lambda **k: LSTMCell(N, **k), lstm, [(D, 4 * N), (N, 4 * N), (4 * N,)], 2),
    "gru": (lambda **k: GRUCell(N, **k), gru, [(D, 3 * N), (N, 3 * N), (2, 3 * N)], 1),
    "gru before": (
        lambda **k: GRUCell(N, reset_after=False, **k),
        gru_before,
        [(D, 3 * N), (N, 3 * N), (3 * N,)],
        1,
    ),
}


def run(step, mask, x, states, weights):
    """Outputs and last states in NumPy; a masked step changes nothing."""
    outputs = []
    for t in range(T):
        kept = np.ones((B, 1), bool) if mask is None else mask[t][:, None]
        states = [np.where(kept, new, old) for new, old in zip(step(x[t], states, *weights), states, strict=True)]
        outputs.append(states[0])
    return np.stack(outputs), states


def complex_step(loss, arguments):
    """The gradient of a loss in each of its arguments."""
    gradients = []
    for place, argument in enumerate(arguments):
        gradient = np.empty(argument.size)
        for k, e in enumerate(np.eye(argument.size)):
            moved = argument + 1e-30j * e.reshape(argument.shape)
            gradient[k] = loss(*arguments[:place], moved, *arguments[place + 1 :]).imag / 1e-30
        gradients.append(gradient.reshape(argument.shape))
    return gradients


@pytest.mark.parametrize(("kind", "masked"), [("elman", False), *((kind, True) for kind in CELLS)])
def test_outputs_and_all_gradients_match_numpy_and_the_complex_step(kind, masked):
    make, step, shapes, states = CELLS[kind]
    rng, mask, n = np.random.default_rng(7), MASK if masked else None, shapes[1][0]
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, n))
    first, dlast = rng.normal(size=(2, states, B, n))
    weights = [rng.normal(size=shape) for shape in shapes]

    def loss(x, first, *weights):
        outputs, last = run(step, mask, x, list(first), weights)
        return np.sum(dy * outputs) + sum(np.sum(d * s) for d, s in zip(dlast, last, strict=True))

    cell = make(dtype="float64")

    def ours(x, dy, first, dlast, *weights):
        first, dlast = ([v[k] for k in range(states)] for v in (first, dlast))
        z = cell.project(x, weights)
        kept = None if mask is None else ops.convert_to_tensor(mask)
        outputs, last, cache = forward_scan(cell, z, first, kept, weights)
        deltas, dstates = backward_scan(cell, dy, dlast, cache, weights)
        gradients = cell.gradients(x, *cache[:2], deltas)
        return outputs, last, ops.stack(dstates), dot(deltas[0], ops.transpose(weights[0])), gradients

    with allow_float64():
        results = compiled(ours)(*map(ops.convert_to_tensor, (x, dy, first, dlast, *weights)))
        outputs, last, dfirst, dx, gradients = [
            [ops.convert_to_numpy(v) for v in r] if isinstance(r, list | tuple) else ops.convert_to_numpy(r)
            for r in results
        ]
    known = run(step, mask, x, list(first), weights)
    np.testing.assert_allclose(outputs, known[0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(last, known[1], rtol=0, atol=1e-14)
    for found, true in zip((dx, dfirst, *gradients), complex_step(loss, [x, first, *weights]), strict=True):
        np.testing.assert_allclose(found, true, rtol=0, atol=1e-12 * max(1, np.abs(true).max()))


def test_a_masked_step_passes_state_and_derivative_on_unchanged():
    cell = ElmanCell(N, kernel_initializer="ones", recurrent_initializer="ones")
    cell.build((None, D))
    kept = ops.convert_to_tensor(np.zeros((T, B), bool))
    h = ops.convert_to_tensor(np.ones((B, N), "float32"))

    def both(kept, h):
        outputs, (last,), cache = forward_scan(cell, cell.project(np.ones((T, B, D), "float32")), [h], kept)
        deltas, (dfirst,) = backward_scan(cell, ops.ones_like(outputs), [h], cache)
        return outputs, last, dfirst, deltas[0]

    found = zip(map(ops.convert_to_numpy, compiled(both)(kept, h)), (1, 1, T + 1, 0), strict=True)
    assert all(np.all(v == known) for v, known in found)


def test_products_over_time_and_batch_are_those_of_einsum():
    rng = np.random.default_rng(0)
    x, delta, W = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, N)), rng.normal(size=(D, N))
    with allow_float64():
        tensors = [ops.convert_to_tensor(v) for v in (x, delta, W)]
        products = [ops.convert_to_numpy(v) for v in (dot(tensors[0], tensors[2]), outer_sum(*tensors[:2]))]
    np.testing.assert_allclose(products[0], x @ W, atol=1e-14)
    np.testing.assert_allclose(products[1], np.einsum("tbi,tbj->ij", x, delta), atol=1e-14)


@pytest.mark.parametrize(
    "sigma", [Linear(), Sigmoid(), Tanh(), ReLU(), LeakyReLU(0.3), Softplus(2.0), Clip(-0.5, 0.7)], ids=repr
)
def test_the_derivative_is_a_function_of_the_value(sigma):
    z = ops.convert_to_tensor(np.linspace(-3, 3, 41).astype("float32"))
    found, true = (ops.convert_to_numpy(v) for v in (sigma.derivative_from_value(value(sigma, z)), sigma.derivative(z)))
    np.testing.assert_allclose(found, true, atol=1e-6)


def test_an_activation_whose_derivative_is_not_known_from_its_value_is_refused():
    with pytest.raises(ValueError, match="^recurrent_activation must be an Activation or one of .*'gelu'"):
        known_activation("gelu", "recurrent_activation")

    class Square(Activation):
        pass

    with pytest.raises(ValueError, match="^activation must have a derivative known from its value; received Square"):
        known_activation(Square())
    with pytest.raises(ValueError, match="^activation must have a derivative known from its value; received Square"):
        Square().derivative_from_value(ops.ones(()))
