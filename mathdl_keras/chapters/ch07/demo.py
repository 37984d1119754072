r"""Chapter 7 on real images: what the batch size and the learning rate do.

A shallow network with 128 hidden units learns handwritten digits by stochastic gradient descent written by hand: a
compiled training loop, the gradients of §7.4, one learning rate, 0.1, and batches of 1, 8, 64 and all images.
Every epoch costs the gradients of all images once; small batches make many steps of them, large ones few.

Then the simplest problem of all, the mean of a number: the mean brightness of an image, by 2,000 runs side by side. At
a constant learning rate they never settle; their variance is :math:`\eta/(2 - \eta)` times that of a batch's mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch07.models import ShallowNetwork
from mathdl_keras.chapters.ch07.optimizers import RobbinsMonro
from mathdl_keras.chapters.ch07.sampling import MinibatchSampler, sample_minibatches
from mathdl_keras.chapters.ch07.shallow_gradients import shallow_gradients
from mathdl_keras.chapters.ch07.steps import sgd_replicas, sgd_step
from mathdl_keras.chapters.ch07.trainer import StepLoop
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.report import Metric

DATASETS = ("digits", "mnist5k")
HIDDEN, LEARNING_RATE, BEST = 128, 0.1, 8
# Of batches of 8, after 25 epochs: over 24 splits of the digits the mean is 0.975, with a standard deviation of 0.009,
# so that the mean of five splits is within 0.015 of it, 4 standard errors.
TARGETS = {"digits": 0.96}
ETAS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5)


@dataclass(frozen=True)
class Training:
    """A network trained with one batch size.

    Attributes:
        losses: Sequence of floats, the loss on all training images before training and after each epoch.
        steps: Integer, the number of steps in an epoch.
        accuracy: Float, the accuracy on the test images after the last epoch.
    """

    losses: Sequence[float]
    steps: int
    accuracy: float


@dataclass(frozen=True)
class NoiseFloor:
    r"""Stationary variances of SGD for a mean, over the variance of a batch's mean.

    Attributes:
        etas: Array `(rates,)`, the learning rates.
        measured: Array `(rates,)`, the ratios measured at the end of the runs.
        predicted: Array `(rates,)`, :math:`\eta/(2 - \eta)`.
        chains: Integer, the number of runs for each rate.
    """

    etas: np.ndarray
    measured: np.ndarray
    predicted: np.ndarray
    chains: int


@dataclass(frozen=True)
class Errors:
    """Mean squared errors of SGD for a mean, over the variance of the numbers.

    Attributes:
        steps: Integer array `(points,)`, the numbers of steps after which the errors are taken.
        curves: Mapping from the name of each schedule of learning rates to its errors, one for each entry of `steps`.
    """

    steps: np.ndarray
    curves: Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class BatchSizeResults(Results):
    """What was found about batch sizes and learning rates.

    Attributes:
        batch_sizes: Mapping from each batch size to the `Training` with it on the first split.
        noise: `NoiseFloor` of the mean brightness of an image, for batches of 8.
        errors: `Errors` of that mean, for batches of 1.
    """

    batch_sizes: Mapping[int, Training]
    noise: NoiseFloor
    errors: Errors


def run(session: Session) -> BatchSizeResults:
    """Batch sizes on the first split, the best of them on all splits; then the noise floor."""
    data = datasets.load(session.dataset)
    splits = [data.split(seed=session.seed + k) for k in range(session.choose(1, 5))]
    sizes = (1, BEST, 64, len(splits[0].y_train))
    runs = {B: train(session, splits[0], B) for B in session.track(sizes, "batch sizes")}
    others = [train(session, split, BEST).accuracy for split in session.track(splits[1:], "other splits")]
    brightness = splits[0].x_train.reshape(len(splits[0].x_train), -1).mean(axis=1)
    noise = noise_floor(session.rng(1), brightness, session.choose(500, 2000))
    for B, result in runs.items():
        for epoch, loss in enumerate(result.losses):
            session.record(f"batches of {B}", epoch, {"loss": loss})
    target = None if session.quick else TARGETS.get(session.dataset)
    return BatchSizeResults(
        [*_accuracies(runs, others, target), _floor_metric(noise)],
        [data],
        batch_sizes=runs,
        noise=noise,
        errors=errors(session.rng(2), brightness),
    )


def sgd(theta, x, y):
    """The step that is traced: gradients by hand, and one step along them."""
    loss, gradients = shallow_gradients(theta, x, y)
    return sgd_step(theta, gradients, LEARNING_RATE), loss


def train(session, split, batch_size) -> Training:
    """A network trained by the steps of `sgd`; all begin with the same weights."""
    x, x_test = (images.reshape(len(images), -1) for images in (split.x_train, split.x_test))
    keras.utils.set_random_seed(session.seed)  # the same weights whatever ran before
    model = ShallowNetwork(HIDDEN, int(split.y_train.max()) + 1)
    model.build((None, x.shape[1]))
    theta = [ops.convert_to_tensor(w) for w in model.get_weights()]
    images, labels = ops.convert_to_tensor(x), ops.convert_to_tensor(split.y_train)
    risk = compiled(lambda theta: shallow_gradients(theta, images, labels)[0])
    losses = [float(risk(theta))]
    trainer = StepLoop(MinibatchSampler(len(x), batch_size, seed=session.seed), sgd, jit_compile=True)
    epochs = session.choose(2, 10 if batch_size == 1 else 25)
    report = lambda epoch, theta: losses.append(float(risk(theta)))  # noqa: E731
    theta, _ = trainer.fit(theta, x, split.y_train, epochs=epochs, callback=report)
    model.set_weights([ops.convert_to_numpy(t) for t in theta])
    predicted = np.argmax(model.predict(x_test, batch_size=512, verbose=0), axis=1)
    return Training(losses, -(-len(x) // batch_size), float(np.mean(predicted == split.y_test)))


def _accuracies(runs, others, target):
    """Each batch size on the first split, and the best one on all splits."""
    for B, result in runs.items():
        yield Metric(f"test accuracy, batches of {B}", result.accuracy)
    mean = float(np.mean([runs[BEST].accuracy, *others]))
    reached, text = (None, "") if target is None else (mean >= target, f">= {target:g}")
    label = f"test accuracy, batches of {BEST}, mean of {1 + len(others)} splits"
    yield Metric(label if others else f"test accuracy, batches of {BEST}, one split", mean, "", text, reached)


def _normalized(y):
    """Mean 0, variance 1, and a column of ones: the mean of y as a linear regression."""
    return np.ones((len(y), 1)), (y - y.mean()) / y.std()


def noise_floor(rng, y, chains, batch_size=8, steps=250) -> NoiseFloor:
    r"""The stationary variance of SGD for the mean of y, over that of the mean of a batch, for each :math:`\eta`."""
    x, y = _normalized(y)
    batches = sample_minibatches(rng, len(y), batch_size, (steps, chains), replace=True)
    start = np.zeros((chains, 1), "float32")
    ends = [ops.convert_to_numpy(sgd_replicas(x, y, start, batches, eta)) for eta in ETAS]
    etas = np.array(ETAS)
    measured = np.array([batch_size * np.mean(end**2) for end in ends])
    return NoiseFloor(etas, measured, etas / (2 - etas), chains)


def _floor_metric(noise):
    """Four standard errors of a variance from so many chains."""
    deviation = float(np.max(np.abs(noise.measured / noise.predicted - 1)))
    allowed = 4 * np.sqrt(2 / noise.chains)
    name = "noise floor, largest relative deviation"
    return Metric(name, deviation, target=f"<= {allowed:.2g}", reached=bool(deviation <= allowed))


def errors(rng, y, chains=1000, block=10, blocks=60) -> Errors:
    r"""The mean squared error after k steps from one standard deviation away, B = 1, for constant rates and 1/(k+1)."""
    x, y = _normalized(y)
    steps = block * blocks
    batches = sample_minibatches(rng, len(y), 1, (steps, chains), replace=True)
    rates = {f"eta = {eta:g}": np.full(steps, eta) for eta in (0.5, 0.1, 0.02)}
    rates["eta = 1/(k+1)"] = ops.convert_to_numpy(RobbinsMonro(1.0)(np.arange(steps)))
    curves = {}
    for name, rate in rates.items():
        theta, curves[name] = np.ones((chains, 1), "float32"), [1.0]
        for k in range(0, steps, block):
            theta = sgd_replicas(x, y, theta, batches[k : k + block], rate[k : k + block])
            curves[name].append(float(np.mean(ops.convert_to_numpy(theta) ** 2)))
    return Errors(block * np.arange(blocks + 1), curves)
