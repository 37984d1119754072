"""Claims of sections 15.3 to 15.5: what the two players of an adversarial game do, against closed forms and SciPy."""

import keras
import numpy as np
from keras import ops
from scipy import integrate, optimize, stats
from scipy.spatial.distance import jensenshannon
from scipy.special import expit

from mathdl_keras.chapters.ch15.games import gan_value, optimal_discriminator
from mathdl_keras.chapters.ch15.gan import GAN, LOSSES
from mathdl_keras.chapters.ch15.wgan import WassersteinGAN
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.claims import claim, close_to, equals, mean_equals
from mathdl_keras.core.loops import compiled

__all__ = [
    "optimal_discriminators",
    "equilibrium_value",
    "generator_gradients",
    "dirac_gan",
    "collapse_under_fixed_critic",
]


class Points(keras.Layer):
    """A generator that gives the same rows whatever the noise."""

    def __init__(self, points):
        super().__init__()
        self.points = self.add_weight(shape=points.shape)
        self.points.assign(points)

    def call(self, z):
        return ops.broadcast_to(self.points, (ops.shape(z)[0], self.points.shape[1]))

    def compute_output_spec(self, z, **kwargs):
        return keras.KerasTensor((z.shape[0], self.points.shape[1]), dtype=self.compute_dtype)


class Line(keras.Layer):
    """(n, 1): a + b x, of rows with one number."""

    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = (self.add_weight(shape=(), initializer=keras.initializers.Constant(v)) for v in (a, b))

    def call(self, x):
        return self.a + self.b * x


class Slope(keras.Layer):
    """(n, 1): psi x, a discriminator with one weight."""

    def __init__(self, psi):
        super().__init__()
        self.psi = self.add_weight(shape=(), initializer=keras.initializers.Constant(psi))

    def call(self, x):
        return self.psi * x


class Hill(keras.Layer):
    """(n, 1): -(x - x*)^2/2, a critic that likes one point best."""

    def __init__(self, best, sign):
        super().__init__()
        self.best, self.sign = self.add_weight(shape=(), initializer=keras.initializers.Constant(best)), sign

    def call(self, x):
        return self.sign * ops.square(x - self.best) / 2


def number(x):
    return float(ops.convert_to_numpy(x))


def train(model, x, steps, **rates):
    """Steps of gradient descent on the same rows, with a rate for each part."""
    model.compile({part: keras.optimizers.SGD(rate) for part, rate in rates.items()})
    model.fit(np.tile(x, (steps, 1)), batch_size=len(x), shuffle=False, verbose=0)


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
        equals(gan_value(D, p, q), value, roundings=100, label="V on six atoms"),
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
        return gan_value(D, ops.convert_to_tensor(p), q)

    at = ops.convert_to_tensor(logits + shift * np.eye(6)[0])
    value, slopes = compiled(lambda a: (game(a), grad(game)(a)))(at)
    found, _ = trained_discriminator(rng.normal(0, 1, (n, 1)), rng.normal(shift, 1, (n, 1)))
    errors = logistic_theory(0.0, n)[1]
    return (
        equals(value, -np.log(4), roundings=50, label="V on six atoms"),
        equals(slopes, 0.0, roundings=50, label="gradient of the generator"),
        mean_equals(np.array([[found[1]], [found[1]]]), 0.0, standard_error=errors[1:], label="slope of the logit"),
    )


@claim(
    "15.4",
    "per sample, the minimax gradient of the generator is D/(1-D) of the nonsaturating one",
    refuted_by={
        "inverse": {"ratio": lambda D: (1 - D) / D},
        "losses exchanged": {"losses": ("nonsaturating", "minimax")},
    },
    precision="float64",
)
def generator_gradients(rng, *, ratio=lambda D: D / (1 - D), losses=("minimax", "nonsaturating")):
    D = np.array([0.01, 0.3, 0.9])
    logits = ops.convert_to_tensor(np.log(D / (1 - D)))
    first, second = compiled(lambda a: tuple(grad(LOSSES[name])(a) for name in losses))(logits)
    return equals(first / second, ratio(D), roundings=9000, label="ratio of the gradients at D = 0.01, 0.3, 0.9")


def play(update, eta, steps, start=1e-3):
    """(theta, psi) of the Dirac game after some steps, as the GAN class plays it."""
    # the only real point is 0; the generator is the point theta
    gan = GAN(Points(np.array([[start]])), Slope(0.0), 1, loss="minimax", update=update)
    gan.compile({part: keras.optimizers.SGD(eta) for part in ("generator", "discriminator")})
    gan.fit(np.zeros((steps, 1)), batch_size=1, verbose=0)
    return np.array([number(gan.generator.points[0, 0]), number(gan.discriminator.psi)])


@claim(
    "15.4",
    "Dirac's game: simultaneous steps spiral out by sqrt(1 + eta^2/4) each, alternating ones keep a quadratic form",
    refuted_by={
        "eta doubled": {"growth": lambda eta: np.sqrt(1 + eta**2)},
        "sign of the form": {"sign": 1.0},
        "alternating for simultaneous": {"updates": ("alternating", "alternating")},
    },
    precision="float64",
)
def dirac_gan(rng, *, eta=0.1, sign=-1.0, growth=lambda eta: np.sqrt(1 + eta**2 / 4),
              updates=("simultaneous", "alternating")):  # fmt: skip
    start, half = 1e-3, eta / 2

    def form(state):  # the discriminator moves first; were it the generator, the sign would be +
        theta, psi = state
        return theta**2 + psi**2 + sign * half * theta * psi

    spiral, ring = play(updates[0], eta, 100), play(updates[1], eta, 400)
    return (
        # sigmoid(u) = 1/2 + u/4 with |u| <= 1.3e-6: the speed of a step is off by at most half of that
        close_to(np.linalg.norm(spiral) / start, growth(eta) ** 100, relative=1e-5, label="radius after 100 steps"),
        # that error changes sign twice a turn, and both players share it
        close_to(form(ring) / start**2, 1.0, relative=1e-6, label="form after 400 steps"),
    )


class FixedNoise(WassersteinGAN):
    """With z = -1 and 1, which have the mean and the variance of a standard normal."""

    def noise(self, count):
        return ops.convert_to_tensor(np.array([[-1.0], [1.0]]))


@claim(
    "15.5",
    "mode collapse: against a fixed concave critic the generator gives one point for all z",
    refuted_by={"ascent for descent": {"sign": 1.0}, "rate without the square's 1/2": {"rate": 2.0}},
    precision="float64",
)
def collapse_under_fixed_critic(rng, *, eta=0.1, steps=50, best=2.0, sign=-1.0, rate=1.0):
    model = FixedNoise(Hill(best, sign), Line(0.0, 1.0), 1, n_critic=1, gradient_penalty=0.0)
    train(model, np.zeros((2, 1)), steps, critic=0.0, generator=eta)
    left = (1 - rate * eta) ** steps
    mu, s = (ops.convert_to_tensor(v) for v in (model.generator.a, model.generator.b))
    return (
        equals(s, left, roundings=9000, label="deviation of the samples"),
        equals(mu, best * (1 - left), roundings=9000, label="mean of the samples"),
    )
