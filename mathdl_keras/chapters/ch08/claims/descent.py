"""Claims of §8.2: the networks of the book, and stochastic gradient descent as it is written there."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch08.models import MLPClassifier
from mathdl_keras.core.claims import claim, equals, exactly
from mathdl_keras.core.precision import float64


def sample_gradient(weights, x, label):
    """The book's recursions for one sample, tanh and softmax, in NumPy: `[dW^1, db^1, dW^2, ...]`."""
    H = [x]
    for W, b in zip(weights[::2], weights[1::2], strict=True):
        H.append(np.tanh(H[-1] @ W + b))
    logits = H[-2] @ weights[-2] + weights[-1]
    p = np.exp(logits - logits.max())
    delta = p / p.sum() - np.eye(len(p))[label]
    gradient = []
    for k in range(len(weights) // 2 - 1, -1, -1):
        gradient = [np.outer(H[k], delta), delta, *gradient]
        delta = (weights[2 * k] @ delta) * (1 - H[k] ** 2)
    return gradient


def batch_gradient(weights, x, labels):
    """The mean over the samples, one after another."""
    each = [sample_gradient(weights, *pair) for pair in zip(x, labels, strict=True)]
    return [np.mean(parts, axis=0) for parts in zip(*each, strict=True)]


def random_weights(rng, widths):
    """Kernels and biases in the order of a network's variables."""
    shapes = [s for m, n in zip(widths, widths[1:], strict=False) for s in ((m, n), (n,))]
    return [rng.standard_normal(s) / np.sqrt(s[0]) for s in shapes]


def flat(arrays):
    return np.concatenate([np.ravel(ops.convert_to_numpy(a)) for a in arrays])


@claim(
    "8.2",
    "a network of widths n_0, ..., n_L has sum (n_(l-1) + 1) n_l parameters",
    refuted_by={"biases omitted": {"count": lambda model: sum(int(np.prod(d.kernel.shape)) for d in model.dense)}},
)
def parameter_count(rng, *, count=lambda model: model.count_params()):
    networks = [(64, 128, 32, 16, 10), (6, 10, 8, 3), (3, 1)]
    predicted = [sum((m + 1) * n for m, n in zip(w, w[1:], strict=False)) for w in networks]
    models = [BackpropMLP(w, kernel_initializer="zeros") for w in networks]
    return exactly([count(model) for model in models], predicted, label="parameters of three networks")


class SummedSGD(MLPClassifier):
    """The sum over the batch in the place of its mean."""

    def loss_and_slope(self, y, U, sample_weight=None):
        loss, dU = super().loss_and_slope(y, U, sample_weight)
        return loss, dU * ops.cast(ops.shape(U)[0], U.dtype)


def trained(model, start, x, labels, batch):
    """The weights after one epoch in order."""
    model.set_weights(start)
    model.fit(x, labels, batch_size=batch, epochs=1, shuffle=False, verbose=0)
    return flat(model.get_weights())


def keras_twin(widths, rate):
    layers = [keras.layers.Dense(n, "tanh") for n in widths[1:-1]]
    model = keras.Sequential([keras.Input(widths[:1]), *layers, keras.layers.Dense(widths[-1])])
    model.compile(keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@claim(
    "8.2",
    "50 steps of W <- W - eta (H'delta), b <- b - eta sum delta, written out, are a training by fit",
    refuted_by={"sum over the batch": {"network": SummedSGD}},
)
def sgd_trajectory(rng, *, widths=(6, 10, 8, 3), steps=50, batch=8, rate=0.25, network=MLPClassifier):
    x, labels = rng.standard_normal((steps * batch, widths[0])), rng.integers(0, widths[-1], steps * batch)
    weights = start = random_weights(rng, widths)
    for k in range(0, steps * batch, batch):
        gradient = batch_gradient(weights, x[k : k + batch], labels[k : k + batch])
        weights = [w - rate * g for w, g in zip(weights, gradient, strict=True)]
    # a step leaves a few roundings of random sign in each weight, which add up like a root
    settings = {"roundings": 4 * np.sqrt(steps), "scale": max(np.abs(w).max() for w in weights)}
    with float64():
        ours = trained(network(widths, "tanh", rate), start, x, labels, batch)
    peer = trained(keras_twin(widths, rate), start, x.astype("float32"), labels, batch)
    return (
        equals(ours, flat(weights), **settings, label="hand-written, float64"),
        equals(peer, flat(weights), **settings, label="Keras, float32"),
    )


@claim(
    "8.2",
    "the gradient of a batch, as products of matrices, is the mean of the gradients of its samples",
    refuted_by={"sum over the batch": {"network": SummedSGD}},
    precision="float64",
)
def vectorised_equals_loop(rng, *, widths=(6, 10, 8, 3), batch=32, network=MLPClassifier):
    x, labels = rng.standard_normal((batch, widths[0])), rng.integers(0, widths[-1], batch)
    model, weights = network(widths, "tanh"), random_weights(rng, widths)
    model.set_weights(weights)
    found = [gradient for gradient, _ in model.loss_and_gradients(x, labels)[2]]
    predicted = flat(batch_gradient(weights, x, labels))
    # a mean of B terms below 1, whose roundings of random sign add up like a root
    return equals(flat(found), predicted, roundings=2 * np.sqrt(batch), label="gradient of a batch of 32")
