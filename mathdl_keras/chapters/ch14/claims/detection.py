"""Claims of §14.2 and §14.3: what detection theory predicts, and what the detectors do."""

import numpy as np
from keras import ops
from scipy import integrate, stats

from mathdl_keras.chapters.ch14.detection import detection_probability, detection_threshold, sliding_correlation
from mathdl_keras.chapters.ch14.filters import MatchedFilter1D, PearsonCorrelation1D, SignalDetector
from mathdl_keras.chapters.ch14.models import LearnedFilterDetector
from mathdl_keras.core.autodiff import per_example_gradients, value_and_grad
from mathdl_keras.core.claims import at_most, claim, distributed_as, equals, exactly, mean_equals
from mathdl_keras.core.loops import compiled


def antisymmetric(n, norm):
    """A signal that is minus its own reversal, so that correlating and convolving with it differ."""
    s = np.sin(2 * np.pi * (np.arange(n) + 0.5) / n)
    return norm * s / np.linalg.norm(s)


def binomial_error(p, draws):
    """The standard error of a frequency."""
    return np.sqrt(p * (1 - p) / draws)


@claim(
    "14.2",
    "the matched filter detects with P_D = Q(Q^-1(P_FA) - |s|/sigma), and no unit filter does better",
    refuted_by={"true convolution": {"layer": lambda s: MatchedFilter1D(s[::-1])}},
)
def matched_filter(rng, *, n=32, norm=2.5, p_fa=0.01, draws=20_000, layer=MatchedFilter1D):
    s = antisymmetric(n, norm)
    noise = rng.standard_normal((draws, n, 1))
    threshold = stats.norm.isf(p_fa)
    false_alarm, detected = (
        ops.convert_to_numpy(layer(s)(x))[:, 0, 0] > threshold for x in (noise, noise + s[:, None])
    )
    p_d = detection_probability(s, 1.0, p_fa)
    return (
        mean_equals(false_alarm, p_fa, standard_error=binomial_error(p_fa, draws), label="P_FA"),
        mean_equals(detected, p_d, standard_error=binomial_error(p_d, draws), label="P_D"),
        _no_filter_does_better(rng, s, layer),
    )


def _no_filter_does_better(rng, s, layer, away=0.5, filters=20):
    """The mean of a unit filter's output on s is at most |s|; at relative distance e from s it is >= sqrt(1-e^2)|s|."""
    e = rng.standard_normal((filters, s.size))
    e *= away * np.linalg.norm(s) / np.linalg.norm(e, axis=1, keepdims=True)
    heights = [float(ops.convert_to_numpy(layer(s + e_i)(s.reshape(1, -1, 1)))[0, 0, 0]) for e_i in e]
    sharpness = np.sqrt(1 - away**2)
    return at_most(np.array(heights, "float32"), np.linalg.norm(s), sharpness=sharpness, label="other filters")


def uncentred(s):
    """The correlation without its centring: the cosine of template and window."""

    def cosine(x):
        x = ops.convert_to_tensor(x)
        energy = sliding_correlation(x * x, np.ones(s.size))
        return sliding_correlation(x, s / np.linalg.norm(s)) / ops.sqrt(energy)

    return cosine


def shortcut(s):
    """Pearson's correlation with the sum of squares minus the squared sum, which cancels under an offset."""

    def correlation(x):
        x = ops.convert_to_tensor(x)
        centred, ones = s - s.mean(), np.ones(s.size)
        M = sliding_correlation(x * x, ones) - sliding_correlation(x, ones) ** 2 / s.size
        return sliding_correlation(x, centred / np.linalg.norm(centred)) / ops.sqrt(M)

    return correlation


@claim(
    "14.2",
    "on Gaussian noise of any mean Pearson's r has r^2 ~ Beta(1/2, (n-2)/2), so E r^2 = 1/(n-1)",
    refuted_by={"uncentred": {"layer": uncentred}},
)
def pearson_null(rng, *, n=8, mean=5.0, p_fa=0.01, draws=20_000, layer=PearsonCorrelation1D):
    s = rng.standard_normal(n)
    x = mean + rng.standard_normal((draws, n, 1))
    r = ops.convert_to_numpy(compiled(layer(s))(ops.convert_to_tensor(x)))[:, 0, 0].astype("float64")
    law = stats.beta(0.5, (n - 2) / 2)
    alarms = r > detection_threshold(n, p_fa)
    return (
        distributed_as(r**2, law.cdf, label="r^2"),
        mean_equals(r**2, 1 / (n - 1), standard_error=law.std() / np.sqrt(draws), label="E r^2"),
        mean_equals(alarms, p_fa, standard_error=binomial_error(p_fa, draws), label="P(r > threshold)"),
    )


@claim(
    "14.2",
    "r(aX + b) = r(X), with r = 1 at a noise-free copy, which the maximum finds",
    refuted_by={"uncentred": {"layer": uncentred}, "sum-of-squares shortcut": {"layer": shortcut}},
    precision="float64",
)
def pearson_affine(rng, *, n=32, length=200, place=120, gain=3.0, offset=-3000.0, layer=PearsonCorrelation1D):
    s = rng.standard_normal(n)
    x = rng.standard_normal((1, length, 1))
    x[0, place : place + n, 0] = s
    correlate = compiled(layer(s))
    r, moved = (correlate(ops.convert_to_tensor(v)) for v in (x, gain * x + offset))
    # each sample of aX + b is rounded at the size of the offset: u |b| / (a sd of a window) moves r by ~1e-13
    return (
        equals(moved, ops.convert_to_numpy(r), roundings=9000, label="r(aX + b)"),
        equals(moved[:, place], np.ones((1, 1)), roundings=9000, label="r at the copy"),
        exactly(int(ops.argmax(moved)), place, label="argmax"),
    )


def distance(s, sigma):
    """d = |s| / sigma."""
    return np.linalg.norm(s) / sigma


@claim(
    "14.2",
    "among N disjoint windows the maximum is right with probability Int phi(t-d) Phi(t)^(N-1) dt",
    refuted_by={"d = |s|^2": {"distance": lambda s, sigma: np.linalg.norm(s) ** 2 / sigma}},
)
def localisation(rng, *, windows=20, n=4, norm=2.5, p_fa=0.005, draws=20_000, distance=distance):
    s, d = antisymmetric(n, norm), distance(antisymmetric(n, norm), 1.0)
    noise = rng.standard_normal((draws, windows * n, 1))
    place = rng.integers(0, windows, draws)
    x = noise.reshape(draws, windows, n) + s * (np.arange(windows) == place[:, None])[..., None]
    layer, threshold = MatchedFilter1D(s), stats.norm.isf(p_fa)
    y, quiet = (ops.convert_to_numpy(layer(v))[:, ::n, 0] for v in (x.reshape(noise.shape), noise))
    overlapping = ops.convert_to_numpy(SignalDetector(layer, threshold)(noise))
    p = integrate.quad(lambda t: stats.norm.pdf(t - d) * stats.norm.cdf(t) ** (windows - 1), -10, 20)[0]
    p_any = 1 - (1 - p_fa) ** windows
    places = windows * n - n + 1
    error = binomial_error(p, draws)
    return (
        mean_equals(y.argmax(axis=1) == place, p, standard_error=error, label="P(correct)"),
        mean_equals(
            quiet.max(axis=1) > threshold, p_any, standard_error=binomial_error(p_any, draws), label="false alarm"
        ),
        at_most(overlapping.mean(), places * p_fa, sharpness=0.25, label="overlapping windows"),
    )


def cosine_squared_mean(norm, n, m):
    r"""E cos^2 of s + N(0, 2/m) with s: the mean of a noncentral beta law, by its Poisson mixture."""
    k = np.arange(2000)
    return np.sum(stats.poisson.pmf(k, norm**2 * m / 4) * (0.5 + k) / (n / 2 + k))


@claim(
    "14.3",
    "the first logistic step from zero is 1/4 of the class means' difference; its cos^2 with s is noncentral beta",
    refuted_by={
        "plug-in ratio": {"expected": lambda norm, n, m: norm**2 / (norm**2 + 2 * n / m)},
        "step of 1/2": {"share": 0.5},
    },
    precision="float64",
)
def learned_filter(rng, *, n=32, m=5, norm=1.0, repeats=2000, share=0.25, expected=cosine_squared_mean):
    s = antisymmetric(n, norm)
    y = np.repeat([0.0, 1.0], m)
    x = rng.standard_normal((repeats, 2 * m, n, 1)) + (y[:, None] * s)[..., None]
    model = LearnedFilterDetector(n, kernel_initializer="zeros")
    model.build((None, n, 1))

    def loss(x):
        p = model(x)[:, 0]
        return -ops.sum(ops.log(ops.where(y > 0, p, 1 - p))) / (2 * m)

    _, (dw, _) = value_and_grad(lambda: loss(ops.convert_to_tensor(x[0])), model.trainable_variables)
    step, means = -dw[:, 0, 0], x[0, m:, :, 0].mean(axis=0) - x[0, :m, :, 0].mean(axis=0)
    dW, _ = per_example_gradients(loss, model.trainable_variables, x)
    W = ops.convert_to_numpy(dW)[:, :, 0, 0]
    cos2 = (W @ s) ** 2 / np.sum(W**2, axis=1) / norm**2
    return (
        equals(step, share * means, roundings=10 * m, label="first step"),  # sums of 2m terms of order one
        mean_equals(cos2, expected(norm, n, m), label="E cos^2"),
    )
