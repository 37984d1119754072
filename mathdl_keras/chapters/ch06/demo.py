"""Chapter 6 on handwritten digits: a network of eight layers, differentiated by hand and automatically.

(a) §6.4. Two copies of one network see the same batches, one trained by the formulas, one by automatic
differentiation. Their gradients agree to rounding at each of the first steps, and so do their losses.

(b) §6.5. Differences approach the gradient as the step h falls, until rounding takes over: the error of central
differences is a V with slopes 2 and -1, least near the cube root of the unit roundoff.

(c) §6.6. How large the deltas are from layer to layer at the start, for three activation functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from mathdl_keras.chapters.ch06.gradients import autodiff_gradients, check_gradient, layer_gradients
from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.precision import float64
from mathdl_keras.core.report import Metric

DATASETS = ("digits",)

CLASSES, HIDDEN = 4, (20,) * 7
ACTIVATIONS = ("sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class Differences:
    """Relative errors of finite differences of the loss of one network, along four directions.

    Attributes:
        steps: Array `(steps,)`, the steps h, from 1 down.
        central: Array `(steps,)`, errors of central differences.
        forward: Array `(steps,)`, errors of forward differences.
    """

    steps: np.ndarray
    central: np.ndarray
    forward: np.ndarray


@dataclass(frozen=True, kw_only=True)
class GradientResults(Results):
    """What was found about the gradients of one deep network.

    Attributes:
        curves: Mapping from `"by hand"` and `"automatic"` to the training loss after each epoch.
        differences: `Differences`, finite ones against the gradient by hand.
        deltas: Mapping from each activation function to the root mean square of each layer's delta at the start.
    """

    curves: Mapping[str, Sequence[float]]
    differences: Differences
    deltas: Mapping[str, Sequence[float]]


def run(session: Session) -> GradientResults:
    """All three parts, on the digits 0 to 3."""
    data = datasets.load(session.dataset)
    split = data.split(seed=session.seed)
    x, y = four_classes(split.x_train, split.y_train)
    test = four_classes(split.x_test, split.y_test)
    difference = largest_difference(session, x, y, steps=session.choose(20, 100))
    accuracy = train(session, x, y, test, epochs=session.choose(5, 30))
    differences = finite_differences(x[:32], y[:32], session.rng(1))
    return GradientResults(
        list(_metrics(difference, accuracy, differences)),
        [data],
        curves={name: session.curves(name)["loss"] for name in ("by hand", "automatic")},
        differences=differences,
        deltas={sigma: sizes_of_deltas(x, y, sigma) for sigma in ACTIVATIONS},
    )


def four_classes(x, y):
    """The images of the first four classes, as rows."""
    return x[y < CLASSES].reshape(np.sum(y < CLASSES), -1), y[y < CLASSES]


def by_hand(features, activation="tanh"):
    return BackpropMLP((features, *HIDDEN, CLASSES), activation)


def automatic(model):
    """The same network, with the same weights, made of Keras' layers."""
    dense = [layers.Dense(n, "tanh") for n in HIDDEN] + [layers.Dense(CLASSES)]
    twin = keras.Sequential([keras.Input((model.widths[0],)), *dense])
    twin.set_weights(model.get_weights())
    return twin


def largest_difference(session, x, y, steps, batch_size=32):
    """The largest difference of gradients, of all entries, relative to the largest of each step."""
    model = by_hand(x.shape[1])
    twin, worst = automatic(model), 0.0
    model.compile(keras.optimizers.SGD(0.1))
    twin.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = session.rng()
    for _ in session.track(range(steps), "comparing gradients"):
        rows = rng.choice(len(x), batch_size, replace=False)
        _, _, pairs = model.loss_and_gradients(x[rows], ops.convert_to_tensor(y[rows]))
        twin.set_weights(model.get_weights())
        hand, auto = flat([g for g, _ in pairs]), flat(autodiff_gradients(twin, x[rows], y[rows]))
        worst = max(worst, float(np.max(np.abs(hand - auto)) / np.max(np.abs(auto))))
        model.train_on_batch(x[rows], y[rows])
    return worst


def flat(tensors):
    return np.concatenate([np.ravel(ops.convert_to_numpy(t)) for t in tensors])


def train(session, x, y, test, epochs):
    """The test accuracies of both, from the same start over the same batches."""
    model = by_hand(x.shape[1])
    twin = automatic(model)
    accuracy = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    model.compile(keras.optimizers.SGD(0.1), metrics=accuracy)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    twin.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    last = {}
    for name, network in (("by hand", model), ("automatic", twin)):
        curves = session.fit(network, name, x, y, epochs=epochs, batch_size=32, validation_data=test)
        last[name] = curves["val_accuracy"][-1]
    return last


def finite_differences(x, y, rng) -> Differences:
    """Errors of central and forward differences along four directions, for steps from 1 to 10^-12, in float64."""
    steps = np.geomspace(1, 1e-12, 25)
    with float64():
        net = by_hand(x.shape[1])
        net.set_weights([rng.standard_normal(v.shape) / np.sqrt(v.shape[0]) for v in net.weights])
        sizes = np.cumsum([w.size for w in net.get_weights()])[:-1]
        loss, _, pairs = net.loss_and_gradients(x.astype("float64"), ops.convert_to_tensor(y))
        theta, gradient = flat(net.weights), flat([g for g, _ in pairs])

        def f(theta):
            net.set_weights([p.reshape(v.shape) for p, v in zip(np.split(theta, sizes), net.weights, strict=True)])
            U, _ = net.forward_pass(ops.convert_to_tensor(x, "float64"))
            return float(ops.convert_to_numpy(net.loss_and_slope(y, U)[0]))

        errors = (check_gradient(f, theta, gradient, m, steps, directions=4).errors for m in ("central", "forward"))
        return Differences(steps, *errors)


def sizes_of_deltas(x, y, activation):
    """The root mean square of each layer's delta at the start."""
    found = layer_gradients(by_hand(x.shape[1], activation), x, y)
    return [float(np.sqrt(len(x)) * np.linalg.norm(layer.delta)) for layer in found]


def _metrics(difference, accuracy, differences):
    best = np.argmin(differences.central)
    yield Metric("largest relative difference of gradients", difference, target="< 1e-05", reached=difference < 1e-5)
    yield Metric("test accuracy, by hand", accuracy["by hand"])
    yield Metric("test accuracy, automatic", accuracy["automatic"])
    yield Metric("best step of a central difference", float(differences.steps[best]))
    yield Metric("its relative error", float(differences.central[best]))
