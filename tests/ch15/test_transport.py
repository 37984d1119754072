"""Distances of samples, against SciPy; streamed metrics, against the same; the weights' clip."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch15.constraints import ClipValue
from mathdl_keras.chapters.ch15.metrics import MarginalWasserstein, ModeCoverage, mode_coverage
from mathdl_keras.chapters.ch15.transport import wasserstein_1d, wasserstein_discrete
from mathdl_keras.core.precision import dtype_of, float64

RNG = np.random.default_rng(155)


@pytest.mark.parametrize("sizes", [(30, 30), (30, 21), (1, 5)])
def test_distance_on_a_line(sizes):
    x, y = (RNG.normal(size=n).round(1) for n in sizes)  # rounded, so that there are ties
    with float64():
        found = wasserstein_1d(x, y)
        assert dtype_of(found) == "float64"
        np.testing.assert_allclose(ops.convert_to_numpy(found), stats.wasserstein_distance(x, y), rtol=1e-12)
    value, plan = wasserstein_discrete(*(np.full(n, 1 / n) for n in sizes), np.abs(x[:, None] - y))
    np.testing.assert_allclose(value, stats.wasserstein_distance(x, y), atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=1), 1 / sizes[0], atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / sizes[1], atol=1e-9)


def test_distances_of_several_pairs():
    x, y = RNG.normal(size=(2, 3, 20)).astype("float32")
    known = [stats.wasserstein_distance(*pair) for pair in zip(x, y, strict=True)]
    np.testing.assert_allclose(ops.convert_to_numpy(wasserstein_1d(x, y)), known, rtol=1e-5)


def test_the_streamed_distance_is_within_a_bin_of_the_exact_one():
    x, y = RNG.normal(size=(2, 64, 2)).astype("float32") + np.array([[[0.0, 0.0]], [[1.0, 0.0]]], "float32")
    metric = MarginalWasserstein(-5, 5, bins=500, features=2)
    for rows in (slice(0, 32), slice(32, 64)):
        metric.update_state(x[rows], y[rows])
    known = np.mean([stats.wasserstein_distance(x[:, j], y[:, j]) for j in (0, 1)])
    assert abs(float(metric.result()) - known) <= 10 / 500


def ring(per_mode, spread=0.01):
    angles = 2 * np.pi * np.repeat(np.arange(8), per_mode) / 8
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) + spread * RNG.normal(size=(len(angles), 2))


CENTRES = ring(1, 0.0)


def test_coverage_counts_modes_and_not_stray_samples():
    assert mode_coverage(ring(np.full(8, 10)), CENTRES, 0.1) == (1.0, 1.0)
    assert mode_coverage(ring([80] + [0] * 7), CENTRES, 0.1) == (1 / 8, 1.0)
    far = np.full((40, 2), 9.0)
    covered, precision = mode_coverage(np.concatenate([ring([39, 1] + [0] * 6), far]), CENTRES, 0.1)
    assert (covered, precision) == (2 / 8, 0.5)  # a tenth of a fair part, 10, is one sample
    assert mode_coverage(ring([79, 1] + [0] * 6), CENTRES, 0.1, share=0.2)[0] == 1 / 8
    assert mode_coverage(far, CENTRES, 0.1) == (0.0, 0.0)


def test_coverage_weighs_samples():
    metric = ModeCoverage(CENTRES, 0.1)
    metric.update_state(None, ring(1), sample_weight=[1, 1, 0, 0, 0, 0, 0, 0])
    assert float(metric.result()) == 2 / 8


def test_clip_is_numpys_and_comes_back_from_its_config():
    w = RNG.normal(size=(5, 4)).astype("float32")
    again = keras.constraints.deserialize(keras.constraints.serialize(ClipValue(0.3)))
    np.testing.assert_array_equal(ops.convert_to_numpy(again(w)), np.clip(w, np.float32(-0.3), np.float32(0.3)))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: wasserstein_1d([], [1.0]), "x and y must be samples that are not empty"),
        (lambda: wasserstein_1d(np.ones((2, 3)), np.ones((2, 4))), "x and y must have one shape, or be of rank 1"),
        (lambda: wasserstein_discrete([0.5, 0.6], [1.0], np.ones((2, 1))), "p must be weights >= 0 with sum 1"),
        (lambda: wasserstein_discrete([1.0], [1.0], np.ones((2, 1))), "cost must be finite, of shape"),
        (lambda: mode_coverage(np.full((2, 2), np.nan), CENTRES, 0.1), "samples must be finite and not empty"),
        (lambda: mode_coverage(np.ones((2, 3)), CENTRES, 0.1), "samples must have shape"),
        (lambda: ClipValue(0.0), "c must be positive and finite"),
        (lambda: ClipValue(float("nan")), "c must be positive and finite"),
    ],
)
def test_bad_input_is_one_clear_line(call, match):
    with pytest.raises(ValueError, match=match) as caught:
        call()
    assert "\n" not in str(caught.value)
