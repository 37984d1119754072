"""Truncated backpropagation through time on streams."""

import keras
import numpy as np
import pytest

from mathdl_keras.chapters.ch13.claims.training import complex_step
from mathdl_keras.chapters.ch13.recurrent.bptt import ElmanBPTT
from mathdl_keras.chapters.ch13.recurrent.truncation import TruncatedBPTT, Windows

rng = np.random.default_rng(0)
STREAM, TARGET = rng.standard_normal((2, 2, 24, 3)).astype("float32")  # 2 streams of 24 steps


def trainer(k1, k2=None):
    model = ElmanBPTT(4, output_units=3)
    model.build((None, None, 3))
    trainer = TruncatedBPTT(model, k1, k2)
    trainer.compile(keras.optimizers.SGD(1.0))
    return trainer


@pytest.mark.parametrize(("k1", "k2"), [(6, None), (4, 10)])
def test_the_state_is_carried_from_window_to_window(k1, k2):
    model = trainer(k1, k2)
    whole = model.model.predict(STREAM, verbose=0)
    expected = np.mean((whole - TARGET) ** 2) / 2
    for _ in range(2):  # the second time it starts from zeros again
        np.testing.assert_allclose(model.evaluate(STREAM, TARGET, verbose=0), expected, rtol=1e-5)


def test_a_step_takes_the_losses_of_k1_outputs_over_k2_steps():
    """Three windows of 2 steps that look back 5, each update against the complex step from a given state."""
    model = trainer(2, 5)
    weights = [w.astype("float64") for w in model.model.get_weights()]
    start = np.zeros((2, 4))
    for end in (2, 4, 6):
        begin = max(end - 5, 0)
        x, y = STREAM[:, begin:end], TARGET[:, end - 2 : end]
        slopes = complex_step(lambda w, x=x, y=y, h=start: window_loss(w, x, y, h), weights)
        ahead = max(end + 2 - 5, 0) - begin  # by so many steps the next window starts later
        start = states(weights, x, start)[ahead - 1] if ahead else start
        weights = [w - slope for w, slope in zip(weights, slopes, strict=True)]
    model.fit(STREAM[:, :6], TARGET[:, :6], verbose=0)
    for w, expected in zip(model.model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(w, expected, atol=1e-5)


def states(weights, x, h):
    W, U, b, *_ = weights
    out = []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W + h @ U + b)
        out.append(h)
    return out


def window_loss(weights, x, y, h):
    V, c = weights[3:]
    seen = np.stack(states(weights, x, h)[-y.shape[1] :], axis=1) @ V + c
    return np.sum((seen - y) ** 2) / 2 / y.size


class Slices:
    """A stream of a million steps that makes what is asked for, and keeps account of it."""

    shape, ndim, longest = (1_000_000, 3), 2, 0

    def __getitem__(self, key):
        if key is None:
            return Streams(self)
        raise AssertionError(key)


class Streams:
    ndim = 3

    def __init__(self, one):
        self.one, self.shape = one, (1, *one.shape)

    def __getitem__(self, key):
        steps = key[1].stop - key[1].start
        self.one.longest = max(self.one.longest, steps)
        return np.ones((1, steps, 3), "float32")


def test_memory_holds_one_window_of_a_million_steps():
    x, y = Slices(), Slices()
    model = trainer(100, 250)
    windows = model._windows(x, y)
    assert len(windows) == 10_000 and windows[9_999][1].shape == (1, 100, 3)
    assert (x.longest, y.longest) == (250, 100)


def test_windows_begin_with_padding_and_drop_an_incomplete_end():
    windows = Windows(np.arange(1.0, 8)[:, None], np.zeros((7, 1)), 2, 5)
    assert len(windows) == 3
    assert [windows[i][0][0][0, :, 0].tolist() for i in range(3)] == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4], [2, 3, 4, 5, 6]]
    assert windows[0][0][1].tolist() == [[False, False, False, True, True]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TruncatedBPTT(ElmanBPTT(2, 1), 5, 4), "k2 must be at least k1; received k1=5 and k2=4"),
        (lambda: TruncatedBPTT(ElmanBPTT(2, 1), 0), "k1 must be an integer >= 1; received k1=0"),
        (lambda: TruncatedBPTT(ElmanBPTT(2, 1, return_sequences=False), 5), "RecurrentBPTT with return_sequences"),
        (lambda: trainer(30).fit(STREAM, TARGET), "x must have at least k1=30 steps; received 24"),
        (lambda: trainer(5).fit(STREAM[:, :20], TARGET), "same streams and steps"),
        (lambda: trainer(5).fit([1.0, 2.0], TARGET), r"x must be an array of shape \(time, features\)"),
        (lambda: trainer(5).fit(STREAM * np.nan, TARGET), "x in steps 0 to 5 must be finite"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_another_number_of_streams_is_refused():
    model = trainer(6)
    model.fit(STREAM, TARGET, verbose=0)
    with pytest.raises(ValueError, match="x must have 2 streams, as before; received 1"):
        model.fit(STREAM[:1], TARGET[:1])
