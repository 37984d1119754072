"""Detectors against NumPy window by window, and their laws against SciPy and simulation."""

import numpy as np
import pytest
from keras import ops
from scipy import signal, stats

from mathdl_keras.chapters.ch14 import sliding
from mathdl_keras.chapters.ch14.detection import (
    detection_probability,
    detection_threshold,
    pearson_correlation,
)
from mathdl_keras.chapters.ch14.sliding import sliding_correlation, window_moments
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.precision import float64, require_float64


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def windows(x, shape):
    """All windows of (B, ..., 1), flattened: (B, places, values)."""
    axes = tuple(range(1, len(shape) + 1))
    view = np.lib.stride_tricks.sliding_window_view(x[..., 0], shape, axes)
    return view.reshape(len(x), -1, int(np.prod(shape)))


def corrcoef(x, template):
    return np.array([[np.corrcoef(w, template.ravel())[0, 1] for w in row] for row in windows(x, template.shape)])


def test_detection_probability_is_the_power_of_the_z_test():
    s, sigma, p = np.array([3.0, 4.0]), 2.0, 0.05
    threshold = stats.norm.ppf(1 - p)  # <s, x>/|s|sigma is N(0, 1) without, N(|s|/sigma, 1) with s
    expected = 1 - stats.norm.cdf(threshold, loc=5 / 2)
    assert detection_probability(s, sigma, p) == pytest.approx(expected, rel=1e-12)
    assert detection_probability(0 * s, sigma, p) == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("n", [3, 8, 200])
@pytest.mark.parametrize("p", [1e-3, 0.01, 0.3])
def test_null_threshold_is_the_beta_quantile(n, p):
    r = detection_threshold(n, p)
    assert stats.beta.sf(r * r, 0.5, (n - 2) / 2) == pytest.approx(2 * p, rel=1e-9)
    assert detection_threshold(n, 1 - p) == pytest.approx(-r, rel=1e-9)


@pytest.mark.parametrize("n", [1, 5, 64, 65, 100, 257])
@pytest.mark.parametrize("T", [257, 1000])
def test_sliding_correlation_is_numpys_at_any_length(n, T):
    rng = np.random.default_rng(n)
    x, s = rng.normal(size=(2, T, 1)), rng.normal(size=n)
    expected = np.stack([np.correlate(row[:, 0], s, "valid") for row in x])
    with float64():
        y = numpy(require_float64(sliding_correlation(x, s)))
    np.testing.assert_allclose(y[..., 0], expected, atol=1e-12)


@pytest.mark.parametrize("n", [65, 1000])
def test_blocks_in_float32_err_no_more_than_a_fft_may(n):
    rng = np.random.default_rng(0)
    x, s = rng.normal(size=(1, 30_000, 1)) + 100.0, rng.normal(size=n)
    x32, s32 = x.astype("float32"), s.astype("float32")
    y = numpy(sliding_correlation(x32, s32))[0, :, 0]
    expected = signal.correlate(x32[0, :, 0].astype(float), s32.astype(float), "valid")
    # Higham (2002), theorem 24.2: |error| <= 7 u log2 L |s| |block| for each of three transforms.
    # The block is centred first; putting its mean back rounds at u |mean sum(s)|.
    L, u = sliding._block_length(n, 30_000), 2.0**-24
    bound = 21 * u * np.log2(L) * np.linalg.norm(s) * np.sqrt(L) + 4 * u * 100 * abs(s.sum())
    assert 0 < abs(y - expected).max() < bound


def test_an_image_is_scipys_cross_correlation():
    rng = np.random.default_rng(1)
    x, s = rng.normal(size=(2, 9, 11, 1)), rng.normal(size=(3, 4))
    with float64():
        y = numpy(require_float64(sliding_correlation(x, s)))
    for image, out in zip(x[..., 0], y[..., 0], strict=True):
        np.testing.assert_allclose(out, signal.correlate2d(image, s, "valid"), atol=1e-13)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 31, (2, 3), (5, 1), (4, 8)])
def test_window_moments_against_numpy(size):
    shape = (size,) if np.ndim(size) == 0 else size
    x = np.random.default_rng(2).normal(size=(2, 40, 1) if len(shape) == 1 else (2, 9, 10, 1))
    w = windows(x, shape)
    with float64():
        mean, M = (numpy(require_float64(m)).reshape(2, -1) for m in window_moments(x, size))
    np.testing.assert_allclose(mean, w.mean(-1), atol=1e-14)
    np.testing.assert_allclose(M, ((w - w.mean(-1, keepdims=True)) ** 2).sum(-1), atol=1e-12)


@pytest.mark.parametrize("T", [2_000, 2_048, 2_049, 2_055])
def test_long_signals_in_blocks_have_the_same_moments(monkeypatch, T):
    monkeypatch.setattr(sliding, "LONGEST_WHOLE", 256)
    x, n = np.random.default_rng(2).normal(size=(2, T, 1)), 7
    w = windows(x, (n,))
    with float64():
        mean, M = (numpy(require_float64(m))[..., 0] for m in window_moments(x, n))
    np.testing.assert_allclose(mean, w.mean(-1), atol=1e-14)
    np.testing.assert_allclose(M, ((w - w.mean(-1, keepdims=True)) ** 2).sum(-1), atol=1e-12)


def test_window_moments_keep_their_digits_far_from_zero():
    """In float32, sum(x^2) - n mean^2 has no digit left at an offset of -3000; these do."""
    n, u = 100, 2.0**-24
    x = (np.random.default_rng(3).integers(-8, 9, size=(1, 500, 1)) / 8 - 3000).astype("float32")
    w = windows(x.astype(float), (n,))
    expected = ((w - w.mean(-1, keepdims=True)) ** 2).sum(-1)[0]
    M = numpy(window_moments(x, n)[1])[0, :, 0]
    squares = np.float32(w**2).sum(-1) - n * np.float32(w.mean(-1)) ** 2
    # means round at 3000 u log2 n, and enter the squared differences linearly
    assert abs(M - expected).max() < 4 * 3000 * u * np.log2(n) * expected.max() ** 0.5 * n**0.5
    assert abs(squares - expected).max() > 10 * abs(M - expected).max()


@pytest.mark.parametrize(("shape", "template"), [((2, 60, 1), (9,)), ((2, 300, 1), (80,)), ((2, 9, 10, 1), (4, 3))])
def test_pearson_is_numpys_corrcoef_of_each_window(shape, template):
    rng = np.random.default_rng(4)
    x, s = rng.normal(size=shape) + 5, rng.normal(size=template)
    with float64():
        r = numpy(require_float64(pearson_correlation(x, s)))
    np.testing.assert_allclose(r.reshape(2, -1), corrcoef(x, s), atol=1e-13)


@pytest.mark.parametrize("n", [32, 200])
@pytest.mark.parametrize("offset", [0.0, -3000.0])
def test_pearson_of_a_copy_is_one_whatever_gain_and_offset(n, offset):
    rng = np.random.default_rng(5)
    x, s = rng.normal(size=(1, 400, 1)), rng.normal(size=n)
    x[0, 120 : 120 + n, 0] = s
    with float64():
        r = numpy(pearson_correlation(x, s))[0, :, 0]
        changed = numpy(pearson_correlation(0.37 * x + offset, s))[0, :, 0]
        negative = numpy(pearson_correlation(-2 * x + offset, s))[0, :, 0]
    assert r.argmax() == 120 and abs(r[120] - 1) < 1e-12
    # x itself is rounded at 3000 u when the offset is added: 1e-12 is three times that
    np.testing.assert_allclose(changed, r, atol=1e-12)
    np.testing.assert_allclose(negative, -r, atol=1e-12)
    assert abs(r).max() <= 1


@pytest.mark.parametrize(("shape", "template"), [((1, 40, 1), (5,)), ((1, 9, 9, 1), (3, 3))])
def test_pearson_of_a_constant_window_is_zero_with_finite_gradient(shape, template):
    x = np.random.default_rng(6).normal(size=shape)
    x[:, 10 % shape[1] :] = 0.1
    s = np.random.default_rng(7).normal(size=template)
    constant = np.ptp(windows(x, template), axis=-1) == 0
    with float64():
        r = numpy(pearson_correlation(x, s)).reshape(1, -1)
        dx = numpy(grad(lambda x: ops.sum(pearson_correlation(x, s) ** 2))(ops.convert_to_tensor(x)))
    if shape[1] == 40:
        assert constant.sum() == 26
        assert (r[constant] == 0).all() and (r[~constant] != 0).all()
        assert np.isfinite(dx).all() and abs(dx[0, :10]).max() > 0.1
        assert abs(dx[0, 15:]).max() < 1e-15  # the signal's mean touches every sample, by rounding


def test_pearson_of_constants_is_zero():
    x = np.full((1, 20, 1), 0.1, "float32")
    assert not numpy(pearson_correlation(x, [1.0, 2.0, 4.0])).any()
    assert not numpy(pearson_correlation(np.arange(20.0).reshape(1, 20, 1), [0.1] * 3)).any()


def test_pearson_has_the_right_gradient():
    rng = np.random.default_rng(8)
    x, s, v = rng.normal(size=(1, 80, 1)), rng.normal(size=65), rng.normal(size=(1, 80, 1))
    with float64():

        def loss(x):
            return ops.sum(pearson_correlation(x, s) ** 3)

        dx = numpy(grad(loss)(ops.convert_to_tensor(x)))
        h = 1e-5
        slope = (numpy(loss(x + h * v)) - numpy(loss(x - h * v))) / (2 * h)
    # central differences: h^2 f''' + u/h, both about 1e-10
    assert abs((dx * v).sum() - slope) < 1e-8


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_integers_become_floats(dtype):
    x = np.arange(6).reshape(1, 6, 1).astype(dtype)
    np.testing.assert_allclose(numpy(pearson_correlation(x, [1.0, 2.0]))[0, :, 0], 1.0, atol=1e-6)


SIGNAL = np.zeros((1, 10, 1), "float32")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sliding_correlation(SIGNAL[0], [1.0]), r"x must have shape \(batch, time, 1\)"),
        (lambda: sliding_correlation(SIGNAL, [[1.0]]), r"x must have shape \(batch, height, width"),
        (lambda: pearson_correlation(SIGNAL, np.ones(11)), "template must fit into x"),
        (lambda: window_moments(SIGNAL, 11), "template must fit into x"),
        (
            lambda: detection_probability([1.0], 0.0, 0.1),
            "sigma must be positive; received sigma=0.0",
        ),
        (
            lambda: detection_probability([1.0], 1.0, 1.0),
            r"p_fa must be in \(0, 1\); received p_fa=1.0",
        ),
        (lambda: detection_threshold(2, 0.1), "n must be at least 3; received n=2"),
    ],
)
def test_bad_arguments_say_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
