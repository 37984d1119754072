"""Claims of chapter 6: gradients written by hand against arithmetic, differences, and automatic differentiation."""

import math
from decimal import Decimal, localcontext

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch02.losses import MeanSquaredError
from mathdl_keras.chapters.ch06.gradients import autodiff_gradients, check_gradient
from mathdl_keras.chapters.ch06.layers import Dense
from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.core.claims import at_most, claim, close_to, equals, rate
from mathdl_keras.core.loops import compiled

__all__ = ["worked_example", "backprop_is_exact", "gradient_linearity", "taylor_coefficient",
           "finite_difference_order", "delta_bound"]  # fmt: skip


class WithoutSlope(Dense):
    """The factor of the activation's derivative is missing."""

    def delta(self, dH, Z):
        return dH


class Transposed(Dense):
    """The gradient goes back through W instead of its transpose."""

    def backward_pass(self, dH, cache):
        _, gradients = super().backward_pass(dH, cache)
        return ops.einsum("bj,ji->bi", self.delta(dH, cache[1]), self.kernel), gradients


class WithoutSlopes(BackpropMLP):
    layer_class = WithoutSlope


class Swapped(BackpropMLP):
    layer_class = Transposed


class Summed(BackpropMLP):
    """The mean over the batch is forgotten in the gradient."""

    def loss_and_slope(self, y, U, sample_weight=None):
        loss, dU = super().loss_and_slope(y, U, sample_weight)
        return loss, dU * U.shape[0]


class AnotherSample(BackpropMLP):
    """The backward pass of each sample uses the cache of the one before."""

    def forward_pass(self, x, training=False):
        U, caches = super().forward_pass(x, training)
        return U, [(ops.roll(H, 1, axis=0), Z) for H, Z in caches]


class PlusResidual(MeanSquaredError):
    """The derivative of the loss as it was printed first: y - m."""

    def gradient(self, y_true, y_pred):
        return -super().gradient(y_true, y_pred)


HALF = MeanSquaredError(scale=0.5)
W1, B1 = ((".1", ".2"), ("-.3", ".4")), (".05", "-.1")
W2, B2 = (".6", "-.7"), ".2"


def by_decimals(x, y):
    """The example of §6.2, unit by unit, in 30 digits: m, the loss, and the gradients."""
    with localcontext(prec=30):
        w, b, v = [[Decimal(s) for s in row] for row in W1], [Decimal(s) for s in B1], [Decimal(s) for s in W2]
        H = [1 / (1 + (-(x[0] * w[0][j] + x[1] * w[1][j] + b[j])).exp()) for j in (0, 1)]
        m = H[0] * v[0] + H[1] * v[1] + Decimal(B2)
        delta2 = m - y
        delta1 = [delta2 * v[j] * H[j] * (1 - H[j]) for j in (0, 1)]
        dW1 = [[delta1[j] * x[i] for j in (0, 1)] for i in (0, 1)]
        return [np.array(a, "float64") for a in (m, delta2**2 / 2, dW1, delta1, [[delta2 * h] for h in H], [delta2])]


@claim(
    "6.2",
    "the gradients of the introductory example are those of arithmetic in 30 digits",
    refuted_by={
        "sign of the loss's derivative": {"loss": PlusResidual(scale=0.5)},
        "transposed W1": {"kernel": tuple(zip(*W1, strict=True))},
    },
    precision="float64",
)
def worked_example(rng, *, x=(1, 2), y=1, loss=HALF, kernel=W1):
    model = BackpropMLP((2, 2, 1), "sigmoid", loss=loss)
    weights = [np.array(w, "float64") for w in (kernel, B1, W2, B2)]
    model.set_weights([w.reshape(v.shape) for w, v in zip(weights, model.weights, strict=True)])
    value, m, pairs = model.loss_and_gradients(np.array([x], "float64"), np.array([[y]], "float64"))
    measured = [ops.reshape(m, ()), value, *(gradient for gradient, _ in pairs)]
    names = ("m", "loss", "dW1", "db1", "dW2", "db2")
    return [
        equals(found, known, roundings=20, label=name)
        for name, found, known in zip(names, measured, by_decimals(x, y), strict=True)
    ]


def network(weights, x):
    """The logits of a tanh network, in NumPy: real or complex."""
    *hidden, (W, b) = list(zip(weights[::2], weights[1::2], strict=True))
    for V, c in hidden:
        x = np.tanh(x @ V + c)
    return x @ W + b


def cross_entropy(theta, shapes, x, y):
    """The mean cross entropy of that network as a function of all its weights in one vector."""
    sizes = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    weights = [part.reshape(shape) for part, shape in zip(np.split(theta, sizes), shapes, strict=True)]
    U = network(weights, x)
    return np.mean(np.log(np.sum(np.exp(U), axis=1)) - U[np.arange(len(y)), y])


def flat(arrays):
    return np.concatenate([np.ravel(ops.convert_to_numpy(a)) for a in arrays])


def problem(rng, widths, batch, model=BackpropMLP):
    """A tanh network with Gaussian weights, a batch, and the cross entropy in NumPy."""
    net = model(widths, "tanh")
    net.set_weights([rng.standard_normal(v.shape) / np.sqrt(v.shape[0]) for v in net.weights])
    x, y = rng.standard_normal((batch, widths[0])), rng.integers(widths[-1], size=batch)
    shapes = [tuple(v.shape) for v in net.weights]
    return net, x, y, lambda theta: cross_entropy(theta, shapes, x, y)


def by_hand(net, x, y):
    """The gradient in one vector, compiled as one function."""
    gradients = compiled(lambda x, y: [g for g, _ in net.loss_and_gradients(x, y)[2]])
    return flat(gradients(x, y))


@claim(
    "6.4",
    "backpropagation by hand, a complex step and automatic differentiation give one gradient",
    refuted_by={
        "activation's derivative missing": {"model": WithoutSlopes, "networks": [(5, 7, 6, 3)]},
        "W in the place of its transpose": {"model": Swapped, "networks": [(5, 6, 6, 6)]},
        "mean over the batch forgotten": {"model": Summed, "networks": [(5, 3)]},
    },
    precision="float64",
)
def backprop_is_exact(rng, *, networks=((5, 3), (5, 7, 6, 3), (4, 4, 4, 4, 4, 4, 3)), batch=8, model=BackpropMLP):
    verdicts = []
    for widths in networks:
        net, x, y, f = problem(rng, widths, batch, model)
        hand, theta = by_hand(net, x, y), flat(net.weights)
        step = np.array([f(theta + 1e-30j * e).imag / 1e-30 for e in np.eye(theta.size)])
        scale, label = np.max(np.abs(step)), f"depth {len(widths) - 1}"
        auto = compiled(lambda x, y, net=net: autodiff_gradients(net, x, y))
        verdicts += [
            equals(hand, step, roundings=1000, scale=scale, label=f"{label}, complex step"),
            equals(flat(auto(x, y)), step, roundings=1000, scale=scale, label=f"{label}, autodiff"),
        ]
    return verdicts


@claim(
    "6.3",
    "the gradient of a mean is the mean of gradients, and a factor of the loss is one of every delta",
    refuted_by={"cache of another sample": {"model": AnotherSample}},
    precision="float64",
)
def gradient_linearity(rng, *, widths=(4, 6, 3), batch=5, factor=3.0, model=BackpropMLP):
    net, x, y, _ = problem(rng, widths, batch, model)
    step = compiled(lambda x, y, w: [g for g, _ in net.loss_and_gradients(x, y, w)[2]])
    one = np.ones(1)
    each = np.mean([flat(step(x[m : m + 1], y[m : m + 1], one)) for m in range(batch)], axis=0)
    whole = flat(step(x, y, np.ones(batch)))
    scaled = flat(step(x, y, np.full(batch, factor)))
    scale = np.max(np.abs(each))
    return (
        equals(whole, each, roundings=100, scale=scale, label="mean of gradients"),
        equals(scaled, factor * whole, roundings=100, scale=factor * scale, label="factor of the loss"),
    )


@claim(
    "6.4",
    "what a gradient leaves over is half the curvature along the step",
    refuted_by={"a gradient 1% off": {"factor": 1.01}},
    precision="float64",
)
def taylor_coefficient(rng, *, widths=(5, 7, 6, 3), batch=8, h=1e-3, factor=1.0):
    net, x, y, f = problem(rng, widths, batch)
    theta, gradient = flat(net.weights), factor * by_hand(net, x, y)
    v = rng.standard_normal(theta.size) / np.sqrt(theta.size)
    left = (f(theta + h * v) - f(theta) - h * gradient @ v) / h**2
    epsilon = 1e-4  # f(theta + i eps v) = f - eps^2/2 v'Hv + ..., to eps^2
    curvature = (f(theta) - f(theta + 1j * epsilon * v).real) / epsilon**2
    return close_to(left, curvature, relative=5 * h, label="(f(theta + hv) - f - h<g, v>) / h^2")


@claim(
    "6.5",
    "central differences err by h^2 and forward differences by h",
    refuted_by={"one entry of the gradient 1% off": {"spoil": 1.01}},
    precision="float64",
)
def finite_difference_order(rng, *, widths=(5, 7, 6, 3), batch=8, spoil=1.0):
    net, x, y, f = problem(rng, widths, batch)
    gradient = by_hand(net, x, y)
    gradient[np.argmax(np.abs(gradient))] *= spoil
    found = {method: check_gradient(f, flat(net.weights), gradient, method) for method in ("central", "forward")}
    slopes = {"central": 2, "forward": 1}
    return [
        rate(report.steps, report.errors, slope=slopes[method], within=0.05, label=method)
        for method, report in found.items()
    ]


def norms_of_deltas(model, x, y):
    deltas = compiled(lambda x, y: model.deltas(x, y))(x, y)
    return [float(np.linalg.norm(ops.convert_to_numpy(delta))) for delta in deltas]


@claim(
    "6.6",
    "with logistic units delta shrinks at least by ||W||/4 at each layer, and by 1/4 where z = 0 and w = 1",
    refuted_by={"activation's derivative missing": {"model": WithoutSlopes}},
    precision="float64",
)
def delta_bound(rng, *, layers=8, width=10, chain=8, model=BackpropMLP):
    net = model((width,) * (layers + 1), "sigmoid", "sigmoid", loss=HALF)
    net.set_weights([rng.standard_normal(v.shape) for v in net.weights])
    x, y = rng.standard_normal((1, width)), rng.standard_normal((1, width))
    first, *_, last = norms_of_deltas(net, x, y)
    spectral = [np.linalg.norm(ops.convert_to_numpy(layer.kernel), 2) / 4 for layer in net.dense[1:]]
    # the bound takes all of ||W|| and all of 1/4 at each of 7 layers: a random signal uses a tenth or so of it each
    loose = at_most(first, last * np.prod(spectral), sharpness=10.0 ** -(layers - 1), label="random weights")

    line = model((1,) * (chain + 1), "sigmoid", "sigmoid", loss=HALF)
    line.set_weights(
        [np.full(v.shape, w) for v, w in zip(line.weights, [1.0, 0.0] + [1.0, -0.5] * chain, strict=False)]
    )
    first, *_, last = norms_of_deltas(line, np.zeros((1, 1)), np.ones((1, 1)))
    return loose, equals(first / last, 4.0 ** -(chain - 1), roundings=8, scale=4.0 ** -(chain - 1), label="z = 0")
