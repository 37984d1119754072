"""Claims of §5.1 and §5.4: pieces of piecewise linear networks; derivatives and integrals of activations."""

import keras
import numpy as np
from keras import ops
from scipy import integrate, stats

from mathdl_keras.chapters.ch05.activations import Clip, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch05.moments import gaussian_moment
from mathdl_keras.chapters.ch05.regions import linear_regions_1d, sawtooth_network
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.claims import claim, equals, exactly, mean_equals
from mathdl_keras.core.loops import compiled


def zigzags(model, points=10_007):
    """The number of monotone pieces on [0, 1], from values at points that avoid all fractions of powers of 2."""
    t = (np.arange(points) + 0.37)[:, None] / points
    rising = np.diff(ops.convert_to_numpy(model(t.astype("float32")))[:, 0]) > 0
    return 1 + np.sum(rising[1:] != rising[:-1])


@claim(
    "5.1",
    "N ReLUs in one layer make N + 1 linear pieces; a sawtooth of L layers with two ReLUs each makes 2^L",
    refuted_by={"a shared kink": {"shared": True}},
)
def linear_regions(rng, *, units=20, depths=(1, 4, 8), shared=False):
    w, c = rng.choice([-1, 1], (2, units)) * rng.uniform(0.5, 2, (2, units))
    b = -w * (rng.permutation(units) + rng.uniform(0.1, 0.9, units)) / units  # a kink in each of as many intervals
    if shared:
        w[1], b[1] = 2 * w[0], 2 * b[0]
    model = MLP((1, units, 1), "relu")
    model.set_weights([w[None], b, c[:, None], np.zeros(1)])
    saws = [sawtooth_network(depth) for depth in depths]
    expected = [2**depth for depth in depths]
    return (
        exactly(linear_regions_1d(model, -1.0, 2.0).count, units + 1, label=f"pieces of {units} units"),
        exactly([linear_regions_1d(saw, 0.0, 1.0).count for saw in saws], expected, label="pieces of sawtooths"),
        exactly([zigzags(saw) for saw in saws], expected, label="ups and downs of their values"),
    )


class CarelessTanh(Tanh):
    """Tanh whose derivative lacks a square."""

    def derivative(self, z):
        return 1 - self(z)


def on_a_circle(f, z, order, radius=0.25, points=64):
    """A derivative of an analytic function by Cauchy's integral: the complex step, in all directions."""
    steps = np.exp(2j * np.pi * np.arange(points) / points)
    values = f(z[:, None] + radius * steps) * steps**-order
    return [1, 1, 2][order] * values.mean(axis=1).real / radius**order


def derivatives(sigmas, z):
    """For each activation both derivatives, by hand and then by automatic differentiation: `(4, points)`."""

    @compiled
    def rows(z):
        rules = [(s.derivative, s.second_derivative, grad(s), grad(grad(s))) for s in sigmas]
        return [ops.stack([rule(z) for rule in four]) for four in rules]

    return map(ops.convert_to_numpy, rows(ops.convert_to_tensor(z)))


@claim(
    "5.4",
    "activations have the derivatives of the table, at kinks too; S' = S(1 - S), softplus' = S, tanh z = 2S(2z) - 1",
    refuted_by={"tanh' = 1 - tanh": {"tanh": CarelessTanh}},
    precision="float64",
)
def activation_derivatives(rng, *, points=200, tanh=Tanh):
    z = rng.uniform(-4, 4, points)
    smooth = {
        Sigmoid(): lambda z: 1 / (1 + np.exp(-z)),
        tanh(): np.tanh,
        Softplus(1.0): lambda z: np.log(1 + np.exp(z)),
        Softplus(5.0): lambda z: np.log(1 + np.exp(5 * z)) / 5,
    }
    kinked = ReLU(), LeakyReLU(0.1), Clip(-1.0, 1.0)
    expected = [np.stack([on_a_circle(f, z, order) for order in (1, 2, 1, 2)]) for f in smooth.values()]
    pairs = [(four[:2], four[2:]) for four in derivatives(kinked, np.round(4 * z) / 4)]  # many of them at kinks
    s, softplus = Sigmoid()(ops.convert_to_tensor(z)), Softplus()
    return (
        # the circle divides roundings of f by radius^2 / 2 = 1/32, and f is at most 4.1
        *(
            equals(four, wanted, roundings=150, label=f"derivatives of {sigma}, Cauchy's integral")
            for sigma, four, wanted in zip(smooth, derivatives(smooth, z), expected, strict=True)
        ),
        *(exactly(*pair, label=f"derivatives of {s}, automatic") for s, pair in zip(kinked, pairs, strict=True)),
        equals(Sigmoid().derivative(z), s * (1 - s), roundings=4, label="S' = S(1 - S)"),
        equals(softplus.derivative(z), s, roundings=4, label="softplus' = S"),
        equals(softplus(z) - softplus(-z), z, roundings=10, label="softplus(z) - softplus(-z) = z"),
        equals(tanh()(z), np.tanh(z), roundings=6, label="tanh"),
    )


class UnscaledSoftplus(Softplus):
    """log(1 + e^(beta z)), without 1 / beta."""

    def __call__(self, z):
        return ops.softplus(self.beta * z)


def panels(end, count=80, points=20):
    """Nodes and weights of Gauss-Legendre rules on equal panels of [-end, end]."""
    t, w = np.polynomial.legendre.leggauss(points)
    half = end / count
    centres = np.linspace(-end + half, end - half, count)
    return (centres[:, None] + half * t).ravel(), np.tile(half * w, count)


@claim(
    "5.4",
    "softplus lies above ReLU by log(2)/beta at 0, by less elsewhere; the area between them is pi^2 / (6 beta^2)",
    refuted_by={"without 1/beta": {"softplus": UnscaledSoftplus}},
    precision="float64",
)
def softplus_gap(rng, *, betas=(1.0, 5.0), softplus=Softplus):
    heights, areas = [], []
    for beta in betas:
        z, w = panels(40 / beta)  # beyond, the gap is below e^-40
        layer = keras.layers.Activation(softplus(beta))
        at_zero, values = (ops.convert_to_numpy(layer(v[:, None]))[:, 0] for v in (np.zeros(1), z))
        gap = values - np.maximum(z, 0)
        heights.append(beta * np.append(at_zero, max(gap.max(), at_zero[0])))
        areas.append(beta**2 * np.sum(gap * w))
    return (
        equals(np.stack(heights), np.log(2), roundings=4, label="beta times the gap at 0, and the largest gap"),
        # the gap is a difference of values up to 40 / beta, on an interval of length 80 / beta
        equals(np.stack(areas), np.pi**2 / 6, roundings=3200, label="beta^2 times the area"),
    )


NUMPY = {
    ReLU(): lambda z: np.maximum(z, 0),
    Sigmoid(): lambda z: 1 / (1 + np.exp(-z)),
    Tanh(): np.tanh,
    Softplus(): lambda z: np.logaddexp(0, z),
}


@claim(
    "5.4",
    "E s(Z)^2 for standard normal Z: ReLU 1/2, logistic 0.293379, tanh 0.394294, softplus 0.921246",
    refuted_by={"first moment": {"power": 1}},
)
def gaussian_moments(rng, *, draws=200_000, power=2):
    z = rng.standard_normal(draws).astype("float32")
    verdicts = []
    for sigma, f in NUMPY.items():
        halves = [integrate.quad(lambda t, f=f: f(t) ** 2 * stats.norm.pdf(t), *ends) for ends in ((-40, 0), (0, 40))]
        expected = sum(value for value, _ in halves)
        name, samples = type(sigma).__name__, ops.power(sigma(ops.convert_to_tensor(z)), power)
        quadrature = np.float64(gaussian_moment(lambda t, s=sigma: s(t) ** power))
        verdicts += [
            mean_equals(samples, expected, label=f"E s(Z)^2, {name}"),
            equals(quadrature, expected, roundings=1e-10 * 2**53, label=f"the same by gaussian_moment, {name}"),
        ]
    return verdicts
