"""Claims of §4.2 and §4.3: how often the perceptron is wrong, and that it is descent, in any feature space.

All data are integers, or halves of them, for the perceptron decides by the sign of a number that is often zero. The
other side is the perceptron in a few lines of NumPy, one example after another.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch04.losses import Hinge, PerceptronLoss
from mathdl_keras.chapters.ch04.machines import KernelPerceptron
from mathdl_keras.chapters.ch04.models import Perceptron
from mathdl_keras.core.claims import at_most, claim, exactly
from mathdl_keras.core.linalg import matmul, transpose


def rosenblatt(x, y, epochs, is_mistake=lambda m: m <= 0):
    """The perceptron as in the book: all w, one after each example, and which examples were misclassified."""
    w, trajectory, order = np.zeros(x.shape[1]), [], []
    for _ in range(epochs):
        before = len(order)
        for i, (x_i, y_i) in enumerate(zip(x, y, strict=True)):
            if is_mistake(y_i * (w @ x_i)):
                w = w + y_i * x_i
                order.append(i)
            trajectory.append(w)
        if len(order) == before:
            break
    return np.array(trajectory), np.array(order, int)


def online(x, y, epochs):
    """Our perceptron through the origin: its mistakes."""
    return Perceptron(use_bias=False).fit_online(x, y, epochs).order


def strict(x, y, epochs):
    """The mistakes of a perceptron that learns only where y f < 0."""
    return rosenblatt(x, y, epochs, is_mistake=lambda m: m < 0)[1]


def separated(rng, n, size, margin):
    """Integer points in the plane at least `margin` from the line that separates them; their labels, their margin."""
    normal = np.array([2.0, 1.0]) / np.sqrt(5)
    x = rng.integers(-size, size + 1, (50 * n, 2)).astype("float64")
    x = x[np.abs(x @ normal) >= margin][:n]
    return x, np.sign(x @ normal), np.min(np.abs(x @ normal))


@claim(
    "4.2",
    "the perceptron makes at most (R/gamma)^2 mistakes, and exactly that many on orthonormal inputs",
    refuted_by={"update on y f < 0 only": {"mistakes": strict}},
)
def novikoff_tight(rng, *, n=25, mistakes=online):
    labels = np.where(rng.permutation(n) < n // 2, 1.0, -1.0)
    # w = (y_1, ..., y_n) / sqrt(n) separates e_1, ..., e_n with margin 1 / sqrt(n), and none does better; R = 1
    x, y, margin = separated(rng, 100, 20, 1.0)
    bound = np.max(np.sum(x * x, axis=1)) / margin**2
    return (
        exactly(len(mistakes(np.eye(n), labels, 100)), n, label="mistakes on e_1, ..., e_n"),
        # the first example is always a mistake, for w = 0
        at_most(float(len(mistakes(x, y, 1000))), bound, sharpness=1 / bound, label="mistakes in the plane"),
    )


class CautiousLoss(PerceptronLoss):
    """The perceptron loss with the other subgradient at its kink, 0."""

    def rho(self, m):
        return ops.relu(-m)


@claim(
    "4.2",
    "the perceptron is SGD with learning rate 1 and batches of 1 on max(0, -y f), with subgradient -y x at 0",
    refuted_by={"hinge loss": {"loss": Hinge}, "subgradient 0 at 0": {"loss": CautiousLoss}},
)
def perceptron_is_sgd(rng, *, n=30, epochs=3, loss=PerceptronLoss):
    # halves: between integers the hinge loss, whose kink is at 1, makes the very same steps
    x = rng.integers(-6, 7, (n, 3)).astype("float32") / 2
    y = np.where(x @ [2, -1, 1] + rng.integers(-2, 3, n) > 0, 1.0, -1.0).astype("float32")
    model = Perceptron(use_bias=False)
    model.compile(keras.optimizers.SGD(1.0), loss())
    trajectory = []
    for _ in range(epochs):
        for i in range(n):
            model.train_on_batch(x[i : i + 1], y[i : i + 1])
            trajectory.append(ops.convert_to_numpy(model.kernel.value)[:, 0])
    expected, _ = rosenblatt(x, y, epochs)
    expected = np.concatenate([expected, np.tile(expected[-1], (n * epochs - len(expected), 1))])  # it has converged
    return exactly(np.array(trajectory), expected, label="w after each example")


def monomials(x):
    """All monomials of degree at most two of points in the plane."""
    return np.stack([np.ones(len(x)), x[:, 0], x[:, 1], x[:, 0] ** 2, x[:, 1] ** 2, x[:, 0] * x[:, 1]], axis=1)


def quadratic(X, Z):
    """The inner product of the monomials, without them: integers, where (1 + <x, z>)^2 has features with sqrt(2)."""
    s, q = matmul(X, transpose(Z)), matmul(X * X, transpose(Z * Z))
    return 1 + s + (s * s + q) / 2


def dual(x, y, epochs, kernel=quadratic):
    """Our kernel perceptron: its mistakes and its coefficients."""
    fit = KernelPerceptron(kernel).fit_online(x, y, epochs)
    return fit.order, fit.weights


def unsigned(x, y, epochs):
    """The kernel perceptron without the label in its update."""
    K = ops.convert_to_numpy(quadratic(x, x))
    c, order = np.zeros(len(y)), []
    for _ in range(epochs):
        for i in range(len(y)):
            if y[i] * (K[i] @ c) <= 0:
                c[i] += 1
                order.append(i)
    return np.array(order, int), c


@claim(
    "4.3",
    "the kernel perceptron makes the mistakes of the perceptron on the features, and w = sum_i c_i phi(x_i)",
    refuted_by={"update without the label": {"dual": unsigned}},
)
def primal_dual(rng, *, n=60, epochs=200, dual=dual):
    x = rng.integers(-4, 5, (n, 2)).astype("float64")
    y = np.where(x[:, 0] ** 2 + x[:, 0] * x[:, 1] + 2 * x[:, 1] ** 2 - x[:, 0] > 9.5, 1.0, -1.0)  # a quadratic rule
    trajectory, order = rosenblatt(monomials(x), y, epochs)
    by_kernel, c = dual(x, y, epochs)
    by_features = Perceptron(use_bias=False).fit_online(monomials(x), y, epochs)
    return (
        exactly(by_features.order, order, label="mistakes in the feature space, in order"),
        exactly(by_kernel, order, label="mistakes of the kernel perceptron, in order"),
        exactly(monomials(x).T @ c, trajectory[-1], label="w"),
    )


@claim(
    "4.2",
    "on XOR the perceptron makes 4 mistakes in every epoch and returns to w = 0; with a quadratic kernel it stops",
    refuted_by={"linear kernel": {"kernel": lambda X, Z: 1 + matmul(X, transpose(Z))}},
)
def xor(rng, *, epochs=500, kernel=quadratic):
    x, y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([-1.0, 1.0, 1.0, -1.0])
    model = Perceptron()
    affine = model.fit_online(x, y, epochs)
    machine = KernelPerceptron(kernel)
    fit = machine.fit_online(x, y, epochs)
    _, order = rosenblatt(monomials(x), y, epochs)
    return (
        exactly(np.array(affine.counts), np.full(epochs, 4), label="mistakes in each epoch"),
        exactly(affine.weights, np.zeros(3), label="w after the last epoch"),
        exactly(fit.order, order, label="mistakes with the kernel, in order"),
        exactly(np.sign(ops.convert_to_numpy(machine(x))[:, 0]), y, label="classes with the kernel"),
        exactly(monomials(x).T @ fit.weights, np.array([-1, 1, 1, 1, 1, -6]), label="w with the kernel"),
    )
