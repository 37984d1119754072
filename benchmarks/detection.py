"""A 1,000-sample template in a 10-million-sample signal, against scipy.signal.

§14.2. The peer is overlap-add convolution; the results are compared with plain inner
products in float64 at some positions, the true one among them.
"""

import keras
import numpy as np
from scipy.signal import oaconvolve

from benchmarks.harness import Case, ResultsDiffer
from mathdl_keras.layers import MatchedFilter1D, PearsonCorrelation1D

SAMPLES, LENGTH, POSITION = 10_000_000, 1_000, 7_654_321
OFFSET = 3.0


def signal_and_template():
    """White noise around a constant, with the template at one place; ||s|| = 10 sigma."""
    rng = np.random.default_rng(0)
    template = rng.normal(size=LENGTH)
    template *= 10 / np.linalg.norm(template)
    signal = OFFSET + rng.normal(size=SAMPLES)
    signal[POSITION : POSITION + LENGTH] += template
    return signal.astype("float32"), template.astype("float32")


def matched_filter(x, s):
    """scipy: <s, x> / ||s|| on every window."""
    return oaconvolve(x, s[::-1] / np.linalg.norm(s), mode="valid")


def pearson(x, s):
    """scipy: the correlation coefficient on every window, by running sums in float64."""
    x = x.astype("float64")
    centred = s.astype("float64") - s.mean(dtype="float64")
    spread = np.sqrt(running_sum(x**2) - running_sum(x) ** 2 / len(s))
    return oaconvolve(x, centred[::-1], mode="valid") / (spread * np.linalg.norm(centred))


def running_sum(x):
    total = np.concatenate([[0.0], np.cumsum(x)])
    return total[LENGTH:] - total[:-LENGTH]


def same(statistic, x, s):
    """Both agree with `statistic(windows, s)` at 2,000 positions, and peak at the true one.

    An inner product of n float32 terms is off by at most n u ||s|| ||x||, u = eps / 2.
    """
    at = np.append(np.random.default_rng(1).integers(SAMPLES - LENGTH, size=2_000), POSITION)
    windows = x[at[:, None] + np.arange(LENGTH)].astype("float64")
    exact, scale = statistic(windows, s.astype("float64"))
    limit = LENGTH * np.finfo("float32").eps / 2 * scale

    def check(*results):
        for who, result in zip(("ours", "peer"), map(np.ravel, results), strict=True):
            worst = np.max(np.abs(result[at] - exact) / limit)
            if not (worst <= 1 and np.argmax(result) == POSITION):
                raise ResultsDiffer(f"{who}: {worst:.2g} of the error bound, peak at {np.argmax(result)}")

    return check


def inner_product(windows, s):
    """<s, x> / ||s||, and the ||x|| that bounds it."""
    return windows @ s / np.linalg.norm(s), np.linalg.norm(windows, axis=1)


def correlation(windows, s):
    """Two passes: means first. The bound is relative to ||x|| / ||x - mean||."""
    centred, s = windows - windows.mean(axis=1, keepdims=True), s - s.mean()
    spread = np.linalg.norm(centred, axis=1)
    return centred @ s / (spread * np.linalg.norm(s)), np.linalg.norm(windows, axis=1) / spread


def cases():
    x, s = signal_and_template()
    batch = x.reshape(1, SAMPLES, 1)
    for name, layer, peer, statistic in (
        ("matched filter", MatchedFilter1D(s), matched_filter, inner_product),
        ("Pearson", PearsonCorrelation1D(s), pearson, correlation),
    ):
        yield Case(
            name=name,
            ours=lambda f=layer: f(keras.ops.convert_to_tensor(batch)),
            peer=lambda f=peer: f(x, s),
            same=same(statistic, x, s),
            seconds=5.0,
            megabytes=1_000.0,
            rounds=3,
            warmup=0,
        )
