"""Claims of §15.4 on the best discriminator, against closed forms and SciPy."""

import numpy as np
from keras import ops
from scipy import integrate, optimize, stats
from scipy.spatial.distance import jensenshannon
from scipy.special import expit

from mathdl_keras.chapters.ch15.claims.players import Line, Points, number, train
from mathdl_keras.chapters.ch15.games import gan_value_function, optimal_discriminator
from mathdl_keras.chapters.ch15.gan import GAN
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.claims import claim, close_to, equals, mean_equals
from mathdl_keras.core.loops import compiled

__all__ = ["equilibrium_value", "optimal_discriminators"]


def trained_discriminator(x, y):
    """The logistic discriminator (a, b) of two samples, and its value V, as the GAN class finds them."""
    gan = GAN(Points(y.astype("float32")), Line(0.0, 0.0), 1)
    # the curvature of the loss is between 0.2 and 0.7: 40 steps of size 2 leave 0.6^40 = 1e-9
    train(gan, x.astype("float32"), 40, discriminator=2.0, generator=0.0)
    found = [number(v) for v in (gan.discriminator.a, gan.discriminator.b)]
    return found, number(gan.value(x.astype("float32"), y.astype("float32")))


def logistic_theory(shift, n):
    """The best discriminator of N(0, 1) and N(shift, 1), its value, and the standard errors from n rows of each."""
    w = np.array([shift**2 / 2, -shift])
    p, q = stats.norm(0, 1).pdf, stats.norm(shift, 1).pdf

    def mean(f, density):
        return integrate.quad(lambda t: f(t) * density(t), -12, 12 + shift)[0]

    def moment(f, density, power):
        return mean(lambda t: f(expit(w[0] + w[1] * t)) * t**power, density)

    def moments(f, density):
        return np.array([[moment(f, density, i + j) for j in (0, 1)] for i in (0, 1)])

    def covariance(f, density):
        m = np.array([moment(f, density, i) for i in (0, 1)])
        return moments(lambda D: f(D) ** 2, density) - np.outer(m, m)

    curvature = moments(lambda D: D * (1 - D), p) + moments(lambda D: D * (1 - D), q)
    inverse = np.linalg.inv(curvature)
    spread = (covariance(lambda D: 1 - D, p) + covariance(lambda D: D, q)) / n
    logs = [(lambda t: np.log(expit(w[0] + w[1] * t)), p), (lambda t: np.log(expit(-w[0] - w[1] * t)), q)]
    value = sum(mean(f, density) for f, density in logs)
    variance = sum(mean(lambda t, f=f: f(t) ** 2, density) - mean(f, density) ** 2 for f, density in logs)
    return w, np.sqrt(np.maximum(np.diag(inverse @ spread @ inverse), 0)), value, np.sqrt(max(variance, 0) / n)


def best_by_search(p, q):
    """The D that earns most, atom by atom, by SciPy."""

    def best(p, q):
        loss = lambda a: p * np.logaddexp(0, -a) + q * np.logaddexp(0, a)  # noqa: E731, a is the logit
        return expit(optimize.minimize_scalar(loss, bracket=(-5, 5), tol=1e-12).x)

    return np.array([best(*pair) for pair in zip(p, q, strict=True)])


@claim(
    "15.4",
    "the best discriminator is p/(p+q); it earns -log 4 + 2 JSD(p, q)",
    refuted_by={
        "JSD without 2": {"factor": 1.0},
        "q/(p+q)": {"discriminator": lambda p, q: 1 - optimal_discriminator(p, q)},
    },
    precision="float64",
)
def optimal_discriminators(rng, *, n=20_000, factor=2.0, discriminator=optimal_discriminator):
    p, q = rng.dirichlet(np.ones(6), size=2)
    D = discriminator(p, q)
    value = -np.log(4) + factor * jensenshannon(p, q) ** 2
    w, errors, limit, error = logistic_theory(1.0, n)
    found, earned = trained_discriminator(rng.normal(0, 1, (n, 1)), rng.normal(1, 1, (n, 1)))
    # with its own rows V is larger by 1/n for two fitted weights, which is 1/80 of the tolerance
    rows, limit = np.array([[*found, earned]]).repeat(2, 0), (limit + np.log(4)) / 2
    return (
        # a minimum is found to the root of the roundoff, times the curvature's root
        close_to(D, best_by_search(p, q), relative=1e-6, label="D on six atoms"),
        equals(gan_value_function(D, p, q), value, roundings=100, label="V on six atoms"),
        mean_equals(rows, [*w, -np.log(4) + factor * limit], standard_error=np.array([*errors, error]),
                    label="logistic weights and V of N(0,1) and N(1,1)"),
    )  # fmt: skip


@claim(
    "15.4",
    "at p = q the best discriminator is 1/2, V = -log 4, and the generator's gradient is zero",
    refuted_by={"generator off by 0.3": {"shift": 0.3}},
    precision="float64",
)
def equilibrium_value(rng, *, n=20_000, shift=0.0):
    logits = rng.standard_normal(6)
    p = np.exp(logits) / np.exp(logits).sum()

    def game(a):
        q = ops.softmax(a)
        D = ops.stop_gradient(optimal_discriminator(ops.convert_to_tensor(p), q))
        return gan_value_function(D, ops.convert_to_tensor(p), q)

    at = ops.convert_to_tensor(logits + shift * np.eye(6)[0])
    value, slopes = compiled(lambda a: (game(a), grad(game)(a)))(at)
    found, _ = trained_discriminator(rng.normal(0, 1, (n, 1)), rng.normal(shift, 1, (n, 1)))
    errors = logistic_theory(0.0, n)[1]
    return (
        equals(value, -np.log(4), roundings=50, label="V on six atoms"),
        equals(slopes, 0.0, roundings=50, label="gradient of the generator"),
        mean_equals(np.array([[found[1]], [found[1]]]), 0.0, standard_error=errors[1:], label="slope of the logit"),
    )
