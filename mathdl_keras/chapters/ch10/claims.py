"""Claims of chapter 10: what normalizing a batch does to values, to gradients and to descent, against NumPy."""

import keras
import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch10.folding import fuse_batch_norm
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.chapters.ch10.normalization import batch_norm_forward
from mathdl_keras.core.claims import at_most, claim, distributed_as, equals, mean_equals
from mathdl_keras.core.loops import compiled, compiled_loop

__all__ = ["forward_moments", "backward", "gradient_orthogonality", "batch_kurtosis", "moving_moments",
           "scale_invariance", "effective_learning_rate", "fold"]  # fmt: skip


def unbiased_forward(x, gamma, beta, epsilon):
    """Divides by the unbiased variance."""
    correction = x.shape[0] / (x.shape[0] - 1)
    (y, mean, variance), cache = batch_norm_forward(x, gamma, beta * 0, epsilon)
    factor = ops.sqrt((variance + epsilon) / (correction * variance + epsilon))
    return (y * factor + beta, mean, correction * variance), cache


class Unbiased(BatchNormalization):
    _normalize = staticmethod(unbiased_forward)


class ConstantMoments(BatchNormalization):
    """Differentiates as if the moments of the batch were constants."""

    def backward_pass(self, dy, cache):
        return super().backward_pass(dy, (cache[0], False))


def passes(layer, x, g):
    """y, and the gradients of x, gamma and beta, in training; the moving moments stay as they are."""

    def run(x, g):
        with keras.StatelessScope():
            y, cache = layer.forward_pass(x, training=True)
            dx, gradients = layer.backward_pass(g, cache)
            return y, dx, *gradients

    if not layer.built:
        layer.build(x.shape)
    return [ops.convert_to_numpy(v) for v in compiled(run)(x, g)]


def with_weights(layer, gamma, beta):
    layer.build((None, len(gamma)))
    layer.gamma.assign(gamma), layer.beta.assign(beta)
    return layer


def normalized(x, epsilon):
    """x-hat in NumPy, real or complex."""
    centred = x - x.mean(axis=0)
    return centred / np.sqrt((centred * centred).mean(axis=0) + epsilon)


@claim(
    "10.2",
    "a normalized batch has mean 0 and variance v/(v + epsilon)",
    refuted_by={"unbiased variance": {"layer": Unbiased}},
    precision="float64",
)
def forward_moments(rng, *, rows=16, channels=5, epsilon=1e-3, layer=BatchNormalization):
    x = rng.normal(3.0, rng.uniform(0.5, 3.0, channels), (rows, channels))
    y = passes(layer(epsilon=epsilon), x, x)[0]
    v = x.var(axis=0)
    return (
        equals(y.mean(axis=0), 0.0, roundings=90, label="mean of x-hat"),
        equals(y.var(axis=0), v / (v + epsilon), roundings=90, label="variance of x-hat"),
    )


@claim(
    "10.2",
    "the backward pass by hand is the complex step of the forward formula",
    refuted_by={"moments treated as constants": {"layer": ConstantMoments}},
    precision="float64",
)
def backward(rng, *, rows=16, channels=3, epsilon=1e-3, layer=BatchNormalization):
    x, g = rng.standard_normal((2, rows, channels))
    gamma, beta = rng.uniform(0.5, 1.5, (2, channels))

    def loss(x, gamma, beta):
        return np.sum(g * (gamma * normalized(x, epsilon) + beta))

    def step(place, values):
        """The derivative in each entry of one argument."""
        arguments, found = [x, gamma, beta], np.empty(values.size)
        for k, e in enumerate(np.eye(values.size)):
            arguments[place] = values + 1e-30j * e.reshape(values.shape)
            found[k] = loss(*arguments).imag / 1e-30
        return found.reshape(values.shape)

    hand = passes(with_weights(layer(epsilon=epsilon), gamma, beta), x, g)[1:]
    known = [step(place, values) for place, values in enumerate((x, gamma, beta))]
    return [
        equals(h, k, roundings=900, scale=max(1.0, np.abs(k).max()), label=f"gradient of {name}")
        for h, k, name in zip(hand, known, ("x", "gamma", "beta"), strict=True)
    ]


@claim(
    "10.2",
    "the gradient has no component along 1, and along x-hat only what epsilon leaves",
    refuted_by={"epsilon's term dropped": {"left": 0.0}, "moments treated as constants": {"layer": ConstantMoments}},
    precision="float64",
)
def gradient_orthogonality(rng, *, rows=16, channels=3, epsilon=1e-3, left=1.0, layer=BatchNormalization):
    x, g = rng.standard_normal((2, rows, channels))
    gamma = rng.uniform(0.5, 1.5, channels)
    dx = passes(with_weights(layer(epsilon=epsilon), gamma, np.zeros(channels)), x, g)[1]
    xhat, v = normalized(x, epsilon), x.var(axis=0)
    along = gamma / np.sqrt(v + epsilon) * (left * epsilon / (v + epsilon)) * np.sum(g * xhat, axis=0)
    return (
        equals(dx.sum(axis=0), 0.0, roundings=900, label="sum of dx: the gradient of a bias before"),
        equals(np.sum(dx * xhat, axis=0), along, roundings=900, label="sum of dx x-hat"),
    )


@claim(
    "10.3",
    "small batches have light tails: x-hat^2/(B-1) is Beta(1/2, (B-2)/2), its fourth moment 3(B-1)/(B+1)",
    refuted_by={"unbiased variance": {"layer": Unbiased}},
    precision="float64",
)
def batch_kurtosis(rng, *, sizes=(4, 8, 32), draws=200_000, layer=BatchNormalization):
    verdicts = []
    for B in sizes:
        x = rng.standard_normal((B, draws // B))  # each channel is a batch
        y = passes(layer(epsilon=0.0), x, x)[0]
        beta, sharpness = stats.beta(0.5, (B - 2) / 2), 0.9 if B == 4 else 0.5
        verdicts += [
            # one entry of each batch: the entries of a batch are not independent
            distributed_as(y[0] ** 2 / (B - 1), beta.cdf, label=f"B = {B}: x-hat^2/(B-1)"),
            mean_equals(np.mean(y**4, axis=0), 3 * (B - 1) / (B + 1), label=f"B = {B}: fourth moment"),
            at_most(np.max(np.abs(y)), np.sqrt(B - 1), sharpness=sharpness, label=f"B = {B}: largest value"),
        ]
    return verdicts


@claim(
    "10.3",
    "after K batches the moving moments are (1 - m^K) of those of batches and m^K of their start",
    refuted_by={"unbiased variance": {"layer": Unbiased}},
)
def moving_moments(rng, *, m=0.9, B=8, K=60, R=4000, mu=1.5, sigma=2.0, layer=BatchNormalization):
    norm = layer(momentum=m)
    norm.build((B, R))  # each channel is a replicate
    for _ in range(K):
        norm.forward_pass(ops.convert_to_tensor(rng.normal(mu, sigma, (B, R)).astype("float32")), training=True)
    mean, variance = (np.asarray(ops.convert_to_numpy(v), "float64") for v in (norm.moving_mean, norm.moving_variance))
    left = 1 - m**K
    spread = (1 - m) / (1 + m) * (1 - m ** (2 * K)) * sigma**2 / B
    return (
        mean_equals(mean, left * mu, label="moving mean"),
        mean_equals((mean - left * mu) ** 2, spread, label="its variance"),
        mean_equals(variance, m**K + left * sigma**2 * (B - 1) / B, label="moving variance"),
    )


def unit(x, target, epsilon):
    """The loss and the gradient of w of one unit, tanh(BN(xw)) against a target, by the passes of the layer."""
    layer = BatchNormalization(epsilon=epsilon)
    layer.build((len(x), 1))
    x, target = map(ops.convert_to_tensor, (x, target))

    def loss_and_gradient(w):
        with keras.StatelessScope():
            y, cache = layer.forward_pass(ops.einsum("bi,ij->bj", x, w), training=True)
            H = 2 * ops.sigmoid(2 * y) - 1  # tanh loses float64 on JAX
            loss = ops.sum(ops.square(H - target)) / (2 * x.shape[0])
            dZ = layer.backward_pass((H - target) * (1 - H * H) / x.shape[0], cache)[0]
            return loss, ops.einsum("bi,bj->ij", x, dZ)

    return loss_and_gradient


def problem(rng, rows, features, epsilon):
    x, w = rng.standard_normal((rows, features)), rng.standard_normal((features, 1))
    return unit(x, np.tanh(x[:, :1] - x[:, 1:2]), epsilon), w


def descent(loss_and_gradient, rate, steps):
    """`run(w)` -> (w after the steps, the sum of squared gradients, the losses)."""

    def body(k, state):
        w, squares, losses = state
        loss, g = loss_and_gradient(w)
        return w - rate * g, squares + ops.sum(g * g), ops.where(ops.arange(steps, dtype="int32") == k, loss, losses)

    def run(w):
        return [ops.convert_to_numpy(v) for v in compiled_loop(body)((w, np.zeros(()), np.zeros(steps)), steps)]

    return run


@claim(
    "10.2",
    "without epsilon the length of w does not matter: the gradient is orthogonal to w, and descent only lengthens w",
    refuted_by={"epsilon = 1e-3": {"epsilon": 1e-3}},
    precision="float64",
)
def scale_invariance(rng, *, rows=32, features=5, factor=3.0, rate=0.5, steps=50, epsilon=0.0):
    f, w = problem(rng, rows, features, epsilon)
    both = compiled(lambda a, b: (*f(a), *f(b)))(w, factor * w)
    loss, g, loss_of_longer, g_of_longer = map(ops.convert_to_numpy, both)
    (end, squares, _), start = descent(f, rate, steps)(w), np.sum(w * w)
    return (
        equals(loss_of_longer, loss, roundings=9000, label="loss at aw"),
        equals(g_of_longer, g / factor, roundings=9000, label="gradient at aw"),
        equals(np.sum(w * g), 0.0, roundings=9000, label="<w, gradient>"),
        equals(np.sum(end**2), start + rate**2 * squares, roundings=9000, scale=start, label="|w_K|^2"),
    )


@claim(
    "10.2",
    "descent from aw with learning rate a^2 eta has the losses of descent from w with eta",
    refuted_by={"the same learning rate": {"power": 0}},
    precision="float64",
)
def effective_learning_rate(rng, *, rows=32, features=5, factor=5.0, rate=0.5, steps=30, power=2):
    f, w = problem(rng, rows, features, 0.0)
    losses, others = descent(f, rate, steps)(w)[2], descent(f, factor**power * rate, steps)(factor * w)[2]
    return equals(others, losses, roundings=9000, label=f"{steps} losses")


@claim(
    "10.3",
    "in inference a batch normalization is part of the layer before it",
    refuted_by={"epsilon forgotten": {"forgotten": True}},
    precision="float64",
)
def fold(rng, *, rows=8, features=4, units=3, epsilon=1e-3, forgotten=False):
    norm = keras.layers.BatchNormalization(epsilon=epsilon)
    model = keras.Sequential([keras.Input((features,)), keras.layers.Dense(units), norm])
    W, b, gamma, beta, mu = (rng.standard_normal(s) for s in ((features, units), units, units, units, units))
    v, x = rng.uniform(0.2, 2.0, units), rng.standard_normal((rows, features))
    model.set_weights([W, b, gamma, beta, mu, v])
    if forgotten:
        norm.epsilon = 0.0
    kernel, bias = (ops.convert_to_tensor(w) for w in fuse_batch_norm(model).get_weights())
    measured = compiled(lambda x: ops.einsum("bi,ij->bj", x, kernel) + bias)(x)
    predicted = gamma * (x @ W + b - mu) / np.sqrt(v + epsilon) + beta
    return equals(measured, predicted, roundings=9000, label="Dense and BatchNormalization in one")
