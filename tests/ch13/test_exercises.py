"""The exercises of chapter 13: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.attention.scaled_dot_product import scaled_dot_product_attention
from mathdl_keras.chapters.ch13.exercises import attention, bptt_scalar, rotary


def attend(Q, K, V, mask, power=0.5, axis=-1, hidden=-1e9, stable=True, scaled=True, zero=True):
    scores = np.einsum("bid,bjd->bij", Q, K) / (Q.shape[-1] ** power)
    scores = np.where(mask, scores, hidden) if mask is not None else scores
    with np.errstate(all="ignore"):
        weights = np.exp(scores - stable * scores.max(axis=axis, keepdims=True))
        weights = weights / weights.sum(axis=axis, keepdims=True) if scaled else weights
    weights = np.where(mask, weights, 0) if zero and mask is not None else weights
    return np.einsum("bij,bjv->biv", weights, V)


def rotate(x, base, start=0, sign=1, per_entry=False, halves=False, add=False, power=2):
    n, d = x.shape
    index = np.arange(0, d, 2) if not per_entry else np.arange(d // 2)
    angles = sign * np.arange(start, start + n)[:, None] * base ** (-index * (power / 2) / d)
    if add:
        return x + np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(n, d)
    a, b = (x[:, : d // 2], x[:, d // 2 :]) if halves else (x[:, 0::2], x[:, 1::2])
    pair = [a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)]
    return np.concatenate(pair, axis=1) if halves else np.stack(pair, axis=-1).reshape(n, d)


def by_keras(Q, K, V, mask):
    return scaled_dot_product_attention(*(ops.convert_to_tensor(a.astype("float32")) for a in (Q, K, V)), mask)


def through_time(a, x, decay=None, shift=0):
    h = [0.0]
    for x_t in x:
        h.append(a * h[-1] + x_t)
    delta, slope = 1.0, 0.0
    for t in range(len(x), 0, -1):
        slope += delta * h[t - 1 + shift]
        delta *= a if decay is None else decay
    return slope


RIGHT = [(bptt_scalar, through_time), (attention, attend), (attention, by_keras), (rotary, rotate)]
WRONG = {
    bptt_scalar: {
        "one step": lambda a, x: through_time(a, x, decay=0.0),
        "state after the step": lambda a, x: through_time(a, x, shift=1),
        "delta not shrunk": lambda a, x: through_time(a, x, decay=1.0),
        "the state": lambda a, x: float(np.sum(a ** np.arange(len(x)) * x[::-1])),
        "wrong sign": lambda a, x: -through_time(a, x),
        "nothing": lambda a, x: None,
    },
    attention: {
        "unscaled": lambda *a: attend(*a, power=0),
        "by d": lambda *a: attend(*a, power=1),
        "softmax over queries": lambda *a: attend(*a, axis=1),
        "no softmax": lambda *a: attend(*a, scaled=False),
        "mask forgotten": lambda Q, K, V, mask: attend(Q, K, V, None),
        "mask inverted": lambda Q, K, V, mask: attend(Q, K, V, ~mask),
        "mask shifted": lambda Q, K, V, mask: attend(Q, K, V, mask | np.roll(mask, 1, axis=1)),
        "overflow": lambda *a: attend(*a, stable=False),
        "infinity for hidden": lambda *a: attend(*a, hidden=-np.inf, zero=False),
        "the mean where nothing is seen": lambda *a: attend(*a, zero=False),
        "keys for values": lambda Q, K, V, mask: attend(Q, K, K, mask),
        "values reversed": lambda Q, K, V, mask: attend(Q, K, V[:, ::-1], mask),
        "nothing": lambda *a: None,
    },
    rotary: {
        "from one": lambda x, base: rotate(x, base, start=1),
        "clockwise": lambda x, base: rotate(x, base, sign=-1),
        "index i for 2i": lambda x, base: rotate(x, base, per_entry=True),
        "twice the exponent": lambda x, base: rotate(x, base, power=4),
        "halves for pairs": lambda x, base: rotate(x, base, halves=True),
        "added": lambda x, base: rotate(x, base, add=True),
        "base forgotten": lambda x, base: rotate(x, 10_000.0),
        "as it was": lambda x, base: x,
        "nothing": lambda x, base: None,
    },
}


@pytest.mark.parametrize(
    ("task", "name", "hint"),
    [
        (bptt_scalar, "one step", "looks back one step only"),
        (bptt_scalar, "the state", "the state h_T itself"),
        (bptt_scalar, "wrong sign", "the sign is wrong"),
        (attention, "unscaled", "not divided by the root of d"),
        (attention, "by d", "it must be its root"),
        (attention, "softmax over queries", "sum to 1 over the keys"),
        (attention, "mask forgotten", "must not see those after it"),
        (attention, "mask inverted", "True is what may be seen"),
        (attention, "infinity for hidden", "not all finite"),
        (attention, "the mean where nothing is seen", "may see no key must get 0"),
        (rotary, "from one", "t starts at 0"),
        (rotary, "added", "must stay as it is|nothing is added"),
        (rotary, "clockwise", "it turns clockwise"),
        (rotary, "as it was", "nothing is rotated"),
    ],
)
def test_hints_fit_the_mistake(task, name, hint):
    assert any(part in task.check(WRONG[task][name]).hint for part in hint.split("|"))
