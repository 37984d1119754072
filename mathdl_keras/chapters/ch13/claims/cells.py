"""Claims of §13.3, §13.4 and §13.7: cells and layers against NumPy and Keras."""

from functools import partial

import keras
import numpy as np
from keras import ops
from scipy.special import expit

from mathdl_keras.chapters.ch13.recurrent.bidirectional import Bidirectional
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import JordanCell
from mathdl_keras.chapters.ch13.recurrent.gru import GRUCell
from mathdl_keras.chapters.ch13.recurrent.layers import LSTM
from mathdl_keras.chapters.ch13.recurrent.lstm import LSTMCell
from mathdl_keras.chapters.ch13.recurrent.recurrence import backward_scan, forward_scan
from mathdl_keras.chapters.ch13.recurrent.rnn import RNN
from mathdl_keras.core.claims import at_most, claim, equals, exactly
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import float64, require_float64

__all__ = ["jordan_is_low_rank_elman", "gated_cells", "bidirectional"]

UNDRAWN = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # they are set anyway


class SwappedGRU(GRUCell):
    """z lets the candidate through, as in papers that swap z and 1 - z."""

    def step(self, z, states, *settings):
        (h,), cache = super().step(z, states, *settings)
        return [states[0] + cache[1] - h], cache


class ClosedLSTM(LSTMCell):
    """Carries the derivative through the input gate instead of the forget gate."""

    def slopes(self, before, cache):
        factors, of_c, _ = super().slopes(before, cache)
        return [factors, of_c, cache[0][..., : self.units]]


class NotReversed(Bidirectional):
    """Leaves the outputs of the second layer in the order in which it read."""

    def call(self, sequences, **kwargs):
        forth, back = ops.split(super().call(sequences, **kwargs), 2, axis=-1)
        return ops.concatenate([forth, ops.flip(back, axis=1)], axis=-1)


def draw(rng, shapes):
    """Weights of size one over the root of their first axis: sums of a few terms stay of size one."""
    return [rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes]


def outputs_of(layer, weights, x):
    """All outputs of a layer with these weights."""
    layer.build(x.shape)
    layer.set_weights(weights)
    return ops.convert_to_numpy(compiled(layer)(ops.convert_to_tensor(x, dtype=layer.compute_dtype)))


def in_steps(step, x, *states):
    """All outputs of `step(x_t, *states) -> states` in NumPy."""
    outputs = []
    for t in range(x.shape[1]):
        states = step(x[:, t], *states)
        outputs.append(states[0])
    return np.stack(outputs, axis=1)


@claim(
    "13.4",
    "Jordan's network with a linear output is Elman's with the recurrent matrix VU, whose rank is that of the outputs",
    refuted_by={"tanh output": {"output_activation": "tanh"}},
    precision="float64",
)
def jordan_is_low_rank_elman(rng, *, batch=4, steps=12, features=3, units=6, outputs=2, output_activation=None):
    x = rng.normal(size=(batch, steps, features))
    W, U, b, V = draw(rng, [(features, units), (outputs, units), (units,), (units, outputs)])
    U *= 0.9 / np.linalg.norm(V @ U, 2)  # a contraction: 12 steps of sums of 11 terms make 132 roundings at most
    jordan = RNN(JordanCell(units, outputs, output_activation=output_activation, **UNDRAWN), return_sequences=True)
    y = outputs_of(jordan, [W, U, b, V, np.zeros(outputs)], x)
    h = in_steps(lambda x, h: (np.tanh(x @ W + h @ (V @ U) + b),), x, np.zeros((batch, units)))
    return equals(y, h @ V, roundings=300, scale=max(1.0, np.abs(h @ V).max()), label="outputs")


def lstm_in_steps(x, W, U, b):
    """The LSTM in NumPy, gate by gate."""

    def step(x, h, c):
        i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        return expit(o) * np.tanh(c), c

    return in_steps(step, x, *np.zeros((2, len(x), len(U))))


def gru_in_steps(x, W, U, b):
    """The GRU in NumPy, gate by gate; two rows of b are for the reset after the product."""

    def step(x, h):
        after = b.ndim == 2
        (xz, xr, xh), (Uz, Ur, Uh) = np.split(x @ W + (b[0] if after else b), 3, axis=1), np.split(U, 3, axis=1)
        bz, br, bh = np.split(b[1], 3) if after else (0, 0, 0)
        z, r = expit(xz + h @ Uz + bz), expit(xr + h @ Ur + br)
        candidate = np.tanh(xh + (r * (h @ Uh + bh) if after else (r * h) @ Uh))
        return (z * h + (1 - z) * candidate,)

    return in_steps(step, x, np.zeros((len(x), len(U))))


def cases(n, D, lstm, gru):
    """Name, our cell, Keras' layer, NumPy's steps, shapes of the weights, and the number of parameters."""
    yield ("LSTM", partial(lstm, n), partial(keras.layers.LSTM, n), lstm_in_steps,
           [(D, 4 * n), (n, 4 * n), (4 * n,)], 4 * n * (n + D + 1))  # fmt: skip
    for after, bias in ((True, (2, 3 * n)), (False, (3 * n,))):
        yield (f"GRU, reset {'after' if after else 'before'}", partial(gru, n, reset_after=after),
               partial(keras.layers.GRU, n, reset_after=after), gru_in_steps,
               [(D, 3 * n), (n, 3 * n), bias], 3 * n * (n + D + 1) + (3 * n if after else 0))  # fmt: skip


def run_cell(make, weights, x):
    """All outputs of a cell's layer, and how many parameters it has."""
    layer = RNN(make(**UNDRAWN), return_sequences=True)
    return outputs_of(layer, weights, x), layer.count_params()


@claim(
    "13.7",
    "LSTM and GRU are Keras'; with U = 0 the LSTM carries derivatives as S(b_f)^T; GRU states stay in [-1, 1]",
    refuted_by={"z and 1 - z swapped": {"gru": SwappedGRU}, "derivative through i": {"lstm": ClosedLSTM},
                "linear candidate": {"candidate": "linear"}},
)  # fmt: skip
def gated_cells(rng, *, units=5, features=4, steps=6, lstm=LSTMCell, gru=GRUCell, candidate="tanh"):
    verdicts, x = [], rng.normal(size=(3, steps, features))
    for name, make, peer, in_numpy, shapes, count in cases(units, features, lstm, gru):
        weights = draw(rng, shapes)
        theirs = outputs_of(peer(return_sequences=True, **UNDRAWN), weights, x)
        single, _ = run_cell(make, weights, x)
        with float64():
            ours, parameters = run_cell(make, weights, x)
        # 6 steps, each a sum of at most 11 terms, of sensitivity 1 or so: 66 roundings
        verdicts += [
            equals(require_float64(ours), in_numpy(x, *weights), roundings=90, label=f"{name} against NumPy"),
            equals(single, theirs, roundings=90, label=f"{name} against Keras"),
            exactly(parameters, count, label=f"{name}: parameters"),
        ]
    return [*verdicts, carried(rng, lstm), bounded(rng, gru, candidate)]


def carried(rng, lstm, *, steps=20, forget_bias=2.0):
    """The derivative of c_T in c_0 by the backward pass, without recurrent weights and inputs."""
    with float64():
        cell = lstm(1, **UNDRAWN)
        cell.build((None, 1))
        cell.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), np.array([0, forget_bias, 0, 0])])
        state, nothing, one = rng.normal(size=(1, 1)), np.zeros((1, 1)), np.ones((1, 1))

        def derivative(c0, zero, one):
            z = cell.project(ops.zeros((steps, 1, 1), "float64"))
            outputs, _, cache = forward_scan(cell, z, [zero, c0])
            return backward_scan(cell, ops.zeros_like(outputs), [zero, one], cache)[1][1]

        arguments = map(ops.convert_to_tensor, (state, nothing, one))
        found = ops.convert_to_numpy(compiled(derivative)(*arguments))
    # a product of 20 factors, each rounded twice
    return equals(require_float64(found), expit(forget_bias) ** steps, roundings=60, label="derivative carried by c")


def bounded(rng, gru, candidate):
    """The largest state of a GRU with large weights."""
    layer = RNN(gru(8, activation=candidate, **UNDRAWN), return_sequences=True)
    weights = [4 * w for w in draw(rng, [(3, 24), (8, 24), (2, 24)])]
    h = outputs_of(layer, weights, rng.normal(size=(4, 30, 3)))
    return at_most(np.abs(h).max(), 1.0, sharpness=0.9, label="largest GRU state")


@claim(
    "13.7",
    "the half of a bidirectional layer that reads backwards is the layer on the reversed sequence, reversed",
    refuted_by={"not reversed again": {"wrapper": NotReversed}},
)
def bidirectional(rng, *, batch=3, steps=7, features=4, units=5, wrapper=Bidirectional):
    x = rng.normal(size=(batch, steps, features))
    weights = draw(rng, [(features, 4 * units), (units, 4 * units), (4 * units,)])
    layer = LSTM(units, return_sequences=True, **UNDRAWN)
    both = outputs_of(wrapper(layer), weights * 2, x)
    reverse = outputs_of(layer, weights, x[:, ::-1])[:, ::-1]
    forth = lstm_in_steps(x, *weights)
    return (
        exactly(both[..., units:], reverse, label="the half that reads backwards"),
        # 7 steps of sums of 10 terms
        equals(both[..., :units], forth, roundings=100, label="the half that reads forwards"),
    )
