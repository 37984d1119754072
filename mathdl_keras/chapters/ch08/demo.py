"""Chapter 8 on handwritten digits: how deep may a network be?

Networks with 1, 2, 4 and 8 hidden layers of 64 units, all trained in the same way by stochastic gradient descent. With
the logistic function gradients shrink by a factor of some ten from layer to layer: the first layers of the deep
networks never learn, and the last ones see nothing of the image. With ReLU and He's start gradients keep their size.
Theory says so before training starts.

Each activation has a learning rate that suits it. On 360 test digits an accuracy has a standard error of 0.01.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mathdl_keras.chapters.ch08.callbacks import VanishingGradientReport
from mathdl_keras.chapters.ch08.models import MLPClassifier
from mathdl_keras.chapters.ch08.network_cost import NetworkCost, network_cost
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

DATASETS = ("digits",)

UNITS, BATCH = 64, 32
# Activation, learning rate, initializer.
STARTS = {"logistic": ("sigmoid", 0.3, "glorot_normal"), "ReLU": ("relu", 0.05, "he_normal")}
# Of the deepest networks. Chance is 0.1; a softmax regression, without any hidden layer, reads 0.95 to 0.97.
TARGETS = {"logistic": ("< 0.2", lambda a: a < 0.2), "ReLU": (">= 0.95", lambda a: a >= 0.95)}


@dataclass(frozen=True)
class Gradients:
    """How large the gradients of the pre-activations are at the start: logarithms to base 10.

    Attributes:
        measured: Array `(networks, layers)`, the gradients of random networks.
        predicted: Array `(layers,)`, what theory says, the mean over the networks.
    """

    measured: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True, kw_only=True)
class DepthResults(Results):
    """What was found about deep networks; logistic and ReLU ones stand under `"logistic"` and `"ReLU"`.

    Attributes:
        gradients: Mapping from each activation to the `Gradients` of the deepest networks.
        depths: Sequence of integers, the numbers of hidden layers.
        accuracy: Mapping from each activation to the test accuracies, one for each depth.
        costs: Sequence of `NetworkCost`, the operations of an epoch for each depth.
        losses: Mapping from the names of some networks to their training losses after each epoch.
    """

    gradients: Mapping[str, Gradients]
    depths: Sequence[int]
    accuracy: Mapping[str, Sequence[float]]
    costs: Sequence[NetworkCost]
    losses: Mapping[str, Sequence[float]]


def run(session: Session) -> DepthResults:
    """A sweep over depths and activations; the gradients of the deepest networks at their start."""
    data = datasets.load(session.dataset)
    split = data.split(seed=session.seed)
    depths = session.choose((2, 8), (1, 2, 4, 8))
    x, x_test = rows(split.x_train), rows(split.x_test)
    classes = len(data.target_names)
    deepest = widths(x, depths[-1], classes)
    gradients = {name: at_the_start(session, name, deepest, x, split.y_train) for name in STARTS}
    settings = {"epochs": session.choose(8, 30), "validation_data": (x_test, split.y_test)}
    settings["validation_batch_size"] = len(x_test)
    accuracy, losses = {name: [] for name in STARTS}, {}
    for depth in depths:
        for name in STARTS:
            model = network(name, widths(x, depth, classes))
            curves = session.fit(model, f"{name} {depth}", x, split.y_train, **settings)
            accuracy[name].append(curves["val_accuracy"][-1])
            if depth in (2, 8):
                losses[f"{name}, {depth} layers"] = curves["loss"]
    costs = [network_cost(widths(x, depth, classes), len(x)) for depth in depths]
    return DepthResults(
        [*_accuracies(session, depths, accuracy), *_decay(gradients), _cost(depths, costs)],
        [data],
        gradients=gradients,
        depths=depths,
        accuracy=accuracy,
        costs=costs,
        losses=losses,
    )


def rows(images):
    """Images as rows of a table."""
    return images.reshape(len(images), -1)


def widths(x, depth, classes):
    """The widths of a network with that number of hidden layers."""
    return (x.shape[1], *[UNITS] * depth, classes)


def network(name, widths):
    """A network at its start."""
    activation, rate, initializer = STARTS[name]
    return MLPClassifier(widths, activation, rate, BATCH, initializer)


def at_the_start(session, name, widths, x, y, sample=256) -> Gradients:
    """The gradients in each layer of several random networks, measured and predicted."""
    reports = []
    for _ in session.track(range(session.choose(3, 10)), f"gradients at the start, {name}"):
        report = VanishingGradientReport(x[:sample], y[:sample])
        report.set_model(network(name, widths))
        report.on_train_begin()
        reports.append(report)
    measured = np.array([report.measured[0] for report in reports])
    return Gradients(measured, np.mean([report.predicted for report in reports], axis=0))


def _accuracies(session, depths, accuracy):
    for name, values in accuracy.items():
        for depth, value in zip(depths, values, strict=True):
            target, reached = ("", None) if session.quick or depth < depths[-1] else TARGETS[name]
            label = f"test accuracy, {name}, {depth} hidden layer{'s' * (depth > 1)}"
            yield Metric(label, value, target=target, reached=None if reached is None else bool(reached(value)))


def _decay(gradients):
    for name, found in gradients.items():
        first = np.sqrt(np.mean(10 ** (2 * (found.measured[:, 0] - found.measured[:, -1]))))
        predicted = 10 ** (found.predicted[0] - found.predicted[-1])
        yield Metric(f"gradient of the first layer by that of the last, {name}", float(first))
        yield Metric(f"the same, predicted, {name}", float(predicted))


def _cost(depths, costs):
    return Metric(f"cost of an epoch, {depths[-1]} hidden layers", costs[-1].step / 1e6, "MFLOP")
