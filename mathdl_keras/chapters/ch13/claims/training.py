"""Claims of §13.5: backpropagation through time, and its truncation."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch06.gradients import autodiff_gradients
from mathdl_keras.chapters.ch13.recurrent.bptt import RecurrentBPTT
from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
from mathdl_keras.chapters.ch13.recurrent.truncation import TruncatedBPTT
from mathdl_keras.core.claims import claim, equals, mean_equals
from mathdl_keras.core.loops import compiled

__all__ = ["bptt_exact", "tbptt"]


class Forgetful(ElmanCell):
    """Carries no derivative to the step before."""

    def step_back(self, *settings):
        deltas, dbefore = super().step_back(*settings)
        return deltas, [ops.zeros_like(d) for d in dbefore]


class SameStep(ElmanCell):
    """Pairs the delta of a step with the state after it."""

    def gradients(self, x, before, cache, deltas, factor=None):
        return super().gradients(x, cache, cache, deltas, factor)


def recurrent(cell, weights, **kwargs):
    """A network of this cell with the given weights."""
    model = RecurrentBPTT(cell, weights[-1].shape[0], **kwargs)
    model.build((None, None, weights[0].shape[0]))
    for variable, value in zip([*cell.weights, *model.readout.weights], weights, strict=True):
        variable.assign(value)
    return model


def gradients(model, x, y):
    """The hand-written gradients as arrays."""

    def run(x, y):
        with keras.StatelessScope():  # a carried state stays as it is
            return [g for g, _ in model.loss_and_gradients(x, y)[2]]

    return [ops.convert_to_numpy(g) for g in compiled(run)(x, y)]


def loss(weights, x, y):
    """Half the mean squared error of Elman's network in NumPy, real or complex."""
    W, U, b, V, c = weights
    h, total = np.zeros((len(x), len(U))), 0
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W + h @ U + b)
        total = total + np.sum((h @ V + c - y[:, t]) ** 2) / 2
    return total / y.size


def complex_step(f, weights, epsilon=1e-30):
    """The gradient of f in each entry: the imaginary part of f at a point moved by i epsilon, over epsilon."""
    slopes = [np.zeros(w.shape) for w in weights]
    for k, w in enumerate(weights):
        for index in np.ndindex(w.shape):
            moved = [v.astype(complex) for v in weights]
            moved[k][index] += 1j * epsilon
            slopes[k][index] = f(moved).imag / epsilon
    return slopes


@claim(
    "13.5",
    "backpropagation through time is the derivative of the loss",
    refuted_by={"delta not carried": {"cell": Forgetful}, "state after the step": {"cell": SameStep}},
    precision="float64",
)
def bptt_exact(rng, *, units=5, steps=8, batch=3, cell=ElmanCell):
    shapes = (2, units), (units, units), (units,), (units, 2), (2,)
    weights = [rng.normal(0, 0.6, shape) for shape in shapes]
    x, y = rng.standard_normal((2, batch, steps, 2))
    model = recurrent(cell(units), weights)
    by_hand = gradients(model, x, y)
    model.compile(loss=None)
    automatic = [ops.convert_to_numpy(g) for g in compiled(lambda x, y: autodiff_gradients(model, x, y))(x, y)]
    oracle = complex_step(lambda w: loss(w, x, y), weights)
    a, (z,) = 0.8, rng.standard_normal((1, steps))
    one = np.ones((1, 1))
    line = recurrent(cell(1, "linear", use_bias=False), [one, a * one, one, np.zeros(1)],
                     return_sequences=False)  # fmt: skip
    h = sum(a**k * z[-1 - k] for k in range(steps))
    slope = gradients(line, z[None, :, None], np.array([[h - 1.0]]))[1]  # so that the loss has slope 1 in h
    closed = sum(k * a ** (k - 1) * z[-1 - k] for k in range(1, steps))
    return (
        equals(flat(by_hand), flat(oracle), roundings=450, label="against the complex step"),
        equals(flat(by_hand), flat(automatic), roundings=450, label="against automatic differentiation"),
        equals(slope[0, 0], closed, roundings=450, label="scalar linear network"),
    )


def flat(arrays):
    return np.concatenate([a.ravel() for a in arrays])


@claim(
    "13.5",
    "looking back K steps keeps the first K terms of the gradient; all T steps give it whole",
    refuted_by={"whole gradient for each K": {"looks_back": 100}},
    precision="float64",
)
def tbptt(rng, *, a=0.9, b=0.7, horizons=(1, 3, 10, 100), groups=50, batch=400, past=300, looks_back=None):
    x = rng.standard_normal((past, groups, batch))
    student, teacher = filtered(x, a), filtered(x, b)
    verdicts = []
    for K in horizons:
        k = np.arange(1, K + 1)
        predicted = np.sum(a ** (k - 1) * (a**k / (1 - a * a) - b**k / (1 - a * b)))
        slopes = truncated_slopes(a, x, student, teacher[-1], looks_back or K)
        verdicts.append(mean_equals(slopes, predicted, label=f"mean gradient, K = {K}"))
    return (*verdicts, whole(rng))


def filtered(x, a):
    """The states of the linear network h <- a h + x, from zero."""
    h = np.zeros_like(x)
    for t in range(len(x)):
        h[t] = a * h[t - 1] + x[t]  # h[-1] is still zero at the start
    return h


def truncated_slopes(a, x, h, target, K):
    """The derivative in a of half the squared error of the last output, looking back K steps; the mean of a group."""
    one = np.ones((1, 1))
    trainer = TruncatedBPTT(recurrent(ElmanCell(1, "linear", use_bias=False), [one, a * one, one, np.zeros(1)]), 1, K)
    seen = np.ones((x.shape[2], K), bool)
    trainer.build([(*seen.shape, 1), seen.shape])

    @compiled
    def slope(window, y, start):
        with keras.StatelessScope([(trainer.carried[0], start)]):
            return trainer.loss_and_gradients((window, ops.convert_to_tensor(seen)), y)[2][1][0]

    windows = np.moveaxis(x[-K:], 0, 2)[..., None]  # (groups, batch, K, 1)
    batches = zip(windows, target[..., None, None], h[-K - 1][..., None], strict=True)
    return np.array([ops.convert_to_numpy(slope(*map(ops.convert_to_tensor, one)))[0, 0] for one in batches])


def whole(rng, units=5, steps=8):
    """The truncated gradient that looks back over the whole sequence, against the complex step."""
    weights = [rng.normal(0, 0.6, shape) for shape in ((2, units), (units, units), (units,), (units, 2), (2,))]
    x, y = rng.standard_normal((2, 3, steps, 2))
    trainer = TruncatedBPTT(recurrent(ElmanCell(units), weights), steps)
    trainer.build([x.shape, x.shape[:2]])
    oracle = complex_step(lambda w: loss(w, x, y), weights)
    measured = gradients(trainer, (ops.convert_to_tensor(x), ops.ones((3, steps), dtype="bool")), y)
    return equals(flat(measured), flat(oracle), roundings=450, label="K = T")
