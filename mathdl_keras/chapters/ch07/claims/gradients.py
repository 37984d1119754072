"""Claims of §7.2, §7.4 and §7.5: which way is down, the gradients of a shallow network, and Keras' own steps."""

import keras
import numpy as np
from keras import ops, tree

from mathdl_keras.chapters.ch05.activations import Softplus, Tanh
from mathdl_keras.chapters.ch07.claims import oracle
from mathdl_keras.chapters.ch07.models import ShallowNetwork
from mathdl_keras.chapters.ch07.sampling import MinibatchSampler
from mathdl_keras.chapters.ch07.shallow_gradients import shallow_gradients as gradients_by_hand
from mathdl_keras.chapters.ch07.steps import sgd_step
from mathdl_keras.chapters.ch07.trainer import StepLoop
from mathdl_keras.core.autodiff import grad, hvp
from mathdl_keras.core.claims import at_most, claim, close_to, equals, rate
from mathdl_keras.core.linalg import matmul, transpose
from mathdl_keras.core.loops import compiled

TANH = Tanh()


def cross_entropy(U, y):
    return ops.sum(ops.logsumexp(U, axis=1) - ops.sum(ops.convert_to_tensor(y) * U, axis=1)) / len(y)


def half_squared_error(U, y):
    return ops.sum(ops.square(U - ops.convert_to_tensor(y))) / (2 * y.size)


def plain_loss(theta, x, y, sigma, loss):
    """The loss of the shallow network, for automatic differentiation."""
    W, b1, C, b2 = theta
    H = sigma(matmul(x, transpose(W)) + b1)
    return loss(H @ transpose(C) + b2, y)


def problem(rng, M, features, hidden, outputs):
    """Parameters, inputs and labels."""
    x, y = rng.standard_normal((M, features)), rng.integers(outputs, size=M)
    return oracle.random_theta(rng, features, hidden, outputs), x, y


def along(theta, directions, h):
    """theta + h v for each of R directions, as R replicas."""
    return [t + h * v for t, v in zip(theta, directions, strict=True)]


def unit_directions(rng, theta, count):
    """Uniform on the unit sphere of all parameters."""
    v = [rng.standard_normal((count, *t.shape)) for t in theta]
    norm = np.sqrt(sum(np.sum(a.reshape(count, -1) ** 2, axis=1) for a in v))
    return [a / norm.reshape(-1, *(1,) * (a.ndim - 1)) for a in v]


@claim(
    "7.2",
    "of all unit directions -g/|g| is the steepest; a step loses eta |g|^2 - eta^2/2 g'Hg + O(eta^3)",
    refuted_by={"sign flipped": {"sign": -1.0}},
    precision="float64",
)
def steepest_descent(rng, *, directions=2000, h=1e-4, sign=1.0):
    theta, x, y = problem(rng, 16, 3, 8, 2)
    loss = compiled(lambda t: gradients_by_hand(t, x, y, TANH))
    before, g = loss([t[None] for t in theta])  # one replica
    g = [ops.convert_to_numpy(a)[0] for a in g]
    norm = np.linalg.norm(oracle.flat(g))
    v = unit_directions(rng, theta, directions)
    ahead, behind = (ops.convert_to_numpy(loss(along(theta, v, s * h))[0]) for s in (1, -1))
    slopes = (ahead - behind) / (2 * h)
    etas = 2e-3 * np.array([1.0, 2.0, 4.0])
    replicas = ([np.repeat(t[None], 3, axis=0) for t in nest] for nest in (theta, g))
    after = compiled(lambda t, g: loss(sgd_step(t, g, sign * etas))[0])(*replicas)
    after, before = map(ops.convert_to_numpy, (after, before))
    second = (after - before + etas * norm**2) / etas**2
    return (
        # the largest cosine of 2000 directions with one in 50 dimensions is about sqrt(2 log(2000) / 50) = 0.5
        at_most(np.max(-slopes), norm, sharpness=0.3, label="best of random directions"),
        rate(etas, np.abs(second) * etas**2, slope=2, within=0.1, label="what is left of order eta"),
        # linear in eta, but for O(eta^2): extrapolated from two steps to eta = 0
        close_to(2 * second[0] - second[1], curvature(theta, x, y, g), relative=0.01, label="g'Hg / 2"),
    )


def curvature(theta, x, y, g):
    """g'Hg / 2, the Hessian by automatic differentiation."""
    f = lambda t: plain_loss(t, x, np.eye(2)[y], TANH, cross_entropy)  # noqa: E731
    Hg = compiled(lambda t, v: hvp(f, t, v))(*([ops.convert_to_tensor(a) for a in nest] for nest in (theta, g)))
    return oracle.flat(g) @ oracle.flat(map(ops.convert_to_numpy, Hg)) / 2


class FlatTanh(Tanh):
    """tanh, whose derivative was forgotten."""

    def derivative(self, z):
        return ops.ones_like(z)


@claim(
    "7.4",
    "dC = dU H', delta = C' dU, db1 = delta s'(Z), dW = (delta s'(Z)) x' are the gradients, for both losses",
    refuted_by={"delta without s'": {"sigma": FlatTanh()}},
    precision="float64",
)
def shallow_gradients(rng, *, M=16, features=5, hidden=7, outputs=3, sigma=TANH):
    theta, x, labels = problem(rng, M, features, hidden, outputs)
    one_hot, targets = np.eye(outputs)[labels], rng.standard_normal((M, outputs))
    verdicts = []
    for loss, name, y, given, activation in (
        (cross_entropy, "categorical_crossentropy", one_hot, labels, sigma),
        (half_squared_error, "half_squared_error", targets, targets, Softplus(2.0)),
    ):
        model = ShallowNetwork(hidden, outputs, activation, loss=name)
        model.build((None, features))
        model.set_weights(theta)
        step = compiled(lambda x, y, model=model: [g for g, _ in model.loss_and_gradients(x, y)[2]])
        by_hand = step(*map(ops.convert_to_tensor, (x, given)))
        automatic = compiled(grad(lambda t, f=loss, y=y, s=activation: plain_loss(t, x, y, s, f)))
        expected = automatic(tree.map_structure(ops.convert_to_tensor, theta))
        for variable, mine, theirs in zip(("W", "b1", "C", "b2"), by_hand, expected, strict=True):
            # sums of M terms, each a sum over hidden units, of numbers of order one
            verdicts.append(equals(mine, theirs, roundings=8 * M * hidden, label=f"d{variable}, {name}"))
    return verdicts


@claim(
    "7.5",
    "50 steps by hand, 50 of keras.optimizers.SGD, 10 epochs of fit and a traced loop are one trajectory",
    refuted_by={
        "momentum": {"optimizer": lambda rate: keras.optimizers.SGD(rate, momentum=0.1)},
        "shuffled batches": {"shuffle": True},
        "sum over the batch": {"sample_weight": np.full(40, 8.0)},
    },
    precision="float64",
)
def keras_parity(rng, *, eta=0.1, optimizer=keras.optimizers.SGD, shuffle=False, sample_weight=None):
    theta, x, y = problem(rng, 40, 4, 6, 3)
    expected = oracle.flat(oracle.sgd(theta, x, y, eta, batch_size=8, steps=50))
    # 50 steps, each with some 10 roundings of numbers of order one, that a step cannot blow up
    compare = {"roundings": 5000, "scale": np.max(np.abs(expected))}

    def step(theta, x, y):
        loss, gradients = gradients_by_hand(theta, x, y, TANH)
        return sgd_step(theta, gradients, eta), loss

    traced, _ = StepLoop(MinibatchSampler(40, 8, shuffle=False), step, jit_compile=True).fit(theta, x, y, epochs=10)
    model = ShallowNetwork(6, 3, "tanh")
    model.build((None, 4))
    model.set_weights(theta)
    model.compile(optimizer(eta))
    model.fit(x, y, sample_weight=sample_weight, batch_size=8, epochs=10, shuffle=shuffle, verbose=0)
    return (
        equals(oracle.flat(map(ops.convert_to_numpy, traced)), expected, **compare, label="StepLoop, traced"),
        equals(applied(optimizer(eta), theta, x, y), expected, **compare, label="SGD.apply"),
        equals(oracle.flat(model.get_weights()), expected, **compare, label="fit"),
    )


def applied(optimizer, theta, x, y):
    """The parameters after 50 calls of `optimizer.apply`, all in a row."""
    variables = [keras.Variable(t) for t in theta]
    gradients = compiled(lambda theta, x, y: gradients_by_hand(theta, x, y, TANH)[1])
    for k in range(50):
        rows = slice(8 * k % 40, 8 * k % 40 + 8)
        batch = (ops.convert_to_tensor(a[rows]) for a in (x, y))
        optimizer.apply(list(gradients([v.value for v in variables], *batch)), variables)
    return oracle.flat(ops.convert_to_numpy(v.value) for v in variables)
