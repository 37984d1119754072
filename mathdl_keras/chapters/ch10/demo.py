"""Chapter 10 on handwritten digits: six logistic layers, which without normalization learn nothing.

(a) Two networks of six hidden layers with 64 logistic units, and one recipe: stochastic gradient descent with learning
rate 0.5. Without batch normalization the gradients vanish on the way and the network stays at chance (chapter 8);
with it each layer is given values of variance one, and learns.

(b) What the units of each layer are given, before and after training, with and without.

(c) Training and inference are two functions. The trained network is asked about test images in batches of 4 to 256,
normalized by the moments of the batch or by the moving ones: how far apart are the two answers? In small batches the
normalized values also lose their tails: of normal values the fourth moment is 3(B-1)/(B+1). Values from digits have
lighter tails from the start, and training makes units decide: from layer to layer more values leave the middle.

On 360 test digits an accuracy has a standard error of 0.01 or so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch10.callbacks import BatchStatisticsMonitor
from mathdl_keras.chapters.ch10.models import BatchNormMLP
from mathdl_keras.chapters.ch10.statistics import recalibrate_batch_norm
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

DATASETS = ("digits",)

LAYERS, UNITS, RATE, BATCH, MOMENTUM = 6, 64, 0.5, 32, 0.9
SIZES = (4, 8, 16, 32, 64, 128, 256)
PLAIN, NORMALIZED = "without", "with batch normalization"
# Chance is 0.1; a softmax regression, without any hidden layer, reads 0.95 to 0.97.
TARGETS = {PLAIN: ("<= 0.2", lambda a: a <= 0.2), NORMALIZED: (">= 0.88", lambda a: a >= 0.88)}


@dataclass(frozen=True)
class Given:
    """What the units of one network are given: for each hidden layer an array of shape `(images, units)`.

    Attributes:
        start: Sequence of arrays, those before training.
        trained: Sequence of arrays, those after training.
    """

    start: Sequence[np.ndarray]
    trained: Sequence[np.ndarray]


@dataclass(frozen=True)
class Gaps:
    """How training mode differs from inference, by the size of the batch.

    Attributes:
        distance: Array `(sizes,)`, the mean total variation between the probabilities of both modes.
        training: Array `(sizes,)`, the accuracies in training mode.
        inference: Float, the accuracy in inference.
    """

    distance: np.ndarray
    training: np.ndarray
    inference: float


@dataclass(frozen=True)
class Kurtosis:
    """Fourth moments of values normalized in batches.

    Attributes:
        start: Array `(layers, sizes)`, the moments in the normalized network before training.
        trained: Array `(layers, sizes)`, the moments in the same network after training.
    """

    start: np.ndarray
    trained: np.ndarray


@dataclass(frozen=True)
class Lag:
    """How far the moving moments are from those of one batch, before training and after each epoch.

    Attributes:
        means: Array `(epochs + 1, layers)`, the gaps of the means, in standard deviations.
        variances: Array `(epochs + 1, layers)`, the gaps of the logarithms of the variances.
    """

    means: np.ndarray
    variances: np.ndarray


@dataclass(frozen=True, kw_only=True)
class NormalizationResults(Results):
    """What was found about the two networks.

    Attributes:
        curves: Mapping from each network's name to its history, a mapping from each quantity to its values, one for
            each epoch.
        given: Mapping from each network's name to what its units are `Given`.
        sizes: Sequence of integers, the sizes of the batches in which training mode and inference are compared.
        gaps: `Gaps` between training mode and inference.
        kurtosis: `Kurtosis` of values that are normalized in batches of these sizes.
        lag: `Lag` of the moving moments.
    """

    curves: Mapping[str, Mapping[str, Sequence[float]]]
    given: Mapping[str, Given]
    sizes: Sequence[int]
    gaps: Gaps
    kurtosis: Kurtosis
    lag: Lag


def run(session: Session) -> NormalizationResults:
    """Both networks, what their units are given, and training against inference."""
    data = datasets.load(session.dataset)
    split = data.split(seed=session.seed)
    x, x_test = rows(split.x_train), rows(split.x_test)
    settings = {"epochs": session.choose(4, 15), "batch_size": BATCH, "validation_data": (x_test, split.y_test)}
    curves, given, accuracy = {}, {}, {}
    monitor = BatchStatisticsMonitor(x[:256])
    for name, model in networks(x, len(data.target_names)).items():
        callbacks = [monitor] if name == NORMALIZED else []
        start = pre_activations(model, x)
        curves[name] = session.fit(model, name, x, split.y_train, callbacks=callbacks, **settings)
        given[name] = Given(start, pre_activations(model, x))
        accuracy[name] = curves[name]["val_accuracy"][-1]
    repeats, sizes = session.choose((5, SIZES[::3]), (40, SIZES))
    gaps = train_inference_gap(session, model, x_test, split.y_test, repeats, sizes)
    tails = (batch_kurtosis(session, Y, repeats, sizes) for Y in (given[NORMALIZED].start, given[NORMALIZED].trained))
    recalibrate_batch_norm(model, x)
    recalibrated = model.evaluate(x_test, split.y_test, verbose=0, return_dict=True)["accuracy"]
    metrics = [*_accuracies(session, accuracy), *_gaps(gaps, sizes)]
    return NormalizationResults(
        [*metrics, Metric("test accuracy, recalibrated", float(recalibrated))],
        [data],
        curves=curves,
        given=given,
        sizes=sizes,
        gaps=gaps,
        kurtosis=Kurtosis(*tails),
        lag=Lag(monitor.means, monitor.variances),
    )


def rows(images):
    """Images as rows of a table."""
    return images.reshape(len(images), -1)


def networks(x, classes):
    """The two networks; the normalized one is the last."""
    widths = (x.shape[1], *[UNITS] * LAYERS, classes)
    models = {PLAIN: BackpropMLP(widths, "sigmoid"), NORMALIZED: BatchNormMLP(widths, "sigmoid", momentum=MOMENTUM)}
    for model in models.values():
        model.compile(keras.optimizers.SGD(RATE), metrics=["accuracy"])
    return models


def pre_activations(model, x):
    """(rows, units) that the activations of each hidden layer are given, in training mode where there are two modes."""
    if isinstance(model, BatchNormMLP):
        with keras.StatelessScope():  # a look: the moving moments stay as they are
            given = model.pre_activations(x, training=True)
    else:
        given = model.pre_activations(x)
    return [ops.convert_to_numpy(ops.stop_gradient(Z)) for Z in given[:-1]]


def train_inference_gap(session, model, x, y, repeats, sizes=SIZES) -> Gaps:
    """For each batch size, how training mode differs from inference."""
    rng, found = session.rng(1), []
    inference = probabilities(model, x, False)
    for B in session.track(sizes, "training against inference"):
        gap, hits = [], []
        for _ in range(repeats):
            some = rng.permutation(len(x))[:B]
            training = probabilities(model, x[some], True)
            gap.append(np.abs(training - inference[some]).sum(axis=1).mean() / 2)
            hits.append(np.mean(training.argmax(axis=1) == y[some]))
        found.append((np.mean(gap), np.mean(hits)))
    gap, hits = np.array(found).T
    return Gaps(gap, hits, float(np.mean(inference.argmax(axis=1) == y)))


def probabilities(model, x, training):
    with keras.StatelessScope():
        U = model(x, training=training)
    return ops.convert_to_numpy(ops.stop_gradient(ops.softmax(U)))


def batch_kurtosis(session, layers, repeats, sizes=SIZES):
    """(layers, sizes): mean fourth moments of values normalized in batches."""
    rng, found = session.rng(2), np.zeros((len(layers), len(sizes)))
    for j, B in enumerate(sizes):
        picks = [rng.permutation(len(layers[0]))[:B] for _ in range(repeats)]
        for i, Y in enumerate(layers):
            batches = Y[picks] - Y[picks].mean(axis=1, keepdims=True)  # (repeats, B, units)
            found[i, j] = np.mean(np.mean(batches**4, axis=1) / np.mean(batches**2, axis=1) ** 2)
    return found


def _accuracies(session, accuracy):
    for name, value in accuracy.items():
        target, reached = ("", None) if session.quick else TARGETS[name]
        yield Metric(f"test accuracy, {name}", value, target=target, reached=reached and bool(reached(value)))


def _gaps(gaps, sizes):
    for B, distance, hits in zip(sizes, gaps.distance, gaps.training, strict=True):
        if B in (4, 32, 256):
            yield Metric(f"accuracy with the moments of {B} images", float(hits))
            yield Metric(f"total variation to inference, batches of {B}", float(distance))
