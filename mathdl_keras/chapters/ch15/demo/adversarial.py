"""Adversarial networks where the modes are known, and mode collapse seen by a metric.

(a) Eight narrow Gaussians on a circle. A generator that learns faster than its discriminator sees it as fixed, goes to
its highest point with all z, and is chased from mode to mode: mode collapse. Coverage, the part of the modes that get a
tenth of their fair share of samples, detects it. The cure: a critic of bounded slope, ahead of its generator by three
steps to one.

(b) Digits, as points in the plane of their first two principal components. Here distributions overlap, and what counts
is the Wasserstein distance of generated and real coordinates, against that of two halves of the real ones.

(c) `--dataset mnist5k`: images, with a grid of samples saved after each epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch15.callbacks import SampleGrid
from mathdl_keras.chapters.ch15.gan import GAN
from mathdl_keras.chapters.ch15.metrics import mode_coverage
from mathdl_keras.chapters.ch15.transport import wasserstein_1d
from mathdl_keras.chapters.ch15.wgan import WassersteinGAN
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

__all__ = ["AdversarialResults", "ImageResults", "TrainedPair", "run", "run_images"]

MODES, RADIUS, SPREAD, LATENT = 8, 1.0, 0.05, 2
NEAR = 4 * SPREAD  # all but exp(-8) = 0.03 % of a mode
SLICE, N_CRITIC, SHOWN = 64, 3, 500
KINDS = ("GAN, hasty", "WGAN, clipped", "WGAN, penalty")


@dataclass(frozen=True)
class TrainedPair:
    """A generator and its opponent, trained on points of the plane.

    Attributes:
        curves: Mapping from each quantity to its values, one for each epoch: those of training, and `coverage`,
            `precision` and `distance` of samples.
        shots: Mapping from some epochs to samples after them, an array `(500, 2)`.
        samples: Array `(1000, 2)`, samples after the last epoch.
        steps: Integer, the number of steps of the generator in an epoch.
    """

    curves: Mapping[str, Sequence[float]]
    shots: Mapping[int, np.ndarray]
    samples: np.ndarray
    steps: int


@dataclass(frozen=True, kw_only=True)
class AdversarialResults(Results):
    """What was found on the ring and in the digits' plane.

    Attributes:
        ring: Mapping from each kind of networks to the `TrainedPair` on the ring.
        centres: Array `(modes, 2)`, the modes of the ring.
        digits: Mapping from some kinds of networks to the `TrainedPair` in the digits' plane.
        test: Array `(digits, 2)`, test digits in the plane.
        means: Array `(10, 2)`, the mean of each digit in the plane.
        chance: Float, the distance between two halves of the test digits.
    """

    ring: Mapping[str, TrainedPair]
    centres: np.ndarray
    digits: Mapping[str, TrainedPair]
    test: np.ndarray
    means: np.ndarray
    chance: float


@dataclass(frozen=True, kw_only=True)
class ImageResults(Results):
    """What was found about images.

    Attributes:
        images: Array `(64, height, width)`, samples after the last epoch.
        curves: Mapping from each quantity of training to its values, one for each epoch.
    """

    images: np.ndarray
    curves: Mapping[str, Sequence[float]]


def run(session: Session) -> AdversarialResults:
    """The ring with three kinds of networks, and the digits' plane with two."""
    data = datasets.digits()
    x, test, means = plane(session, data)
    ring = {name: on_ring(session, name) for name in KINDS}
    digits = {name: on_plane(session, name, x, test, means) for name in ("GAN", "WGAN, penalty")}
    chance = distance(test[::2], test[1::2])
    return AdversarialResults(
        list(_metrics(ring, digits, chance)),
        [data],
        ring=ring,
        centres=centres(),
        digits=digits,
        test=test,
        means=means,
        chance=chance,
    )


def sizes(session, name):
    """Epochs, and steps of the generator in each: those of a Wasserstein GAN have three of the critic."""
    steps = session.choose(20, 60) if name.startswith("GAN") else session.choose(10, 35)
    return session.choose(4, 12), steps


def network(inputs, outputs, units=64, activation=None):
    """Two hidden layers of rectified units."""
    layers = [keras.layers.Dense(units, "relu") for _ in range(2)]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs, activation)])


def adversaries(kind, seed, features=2, latent=LATENT, units=64, rate=2e-3, activation=None):
    """A model of that kind, compiled, and the rows of its batch."""
    generator, opponent = network(latent, features, units, activation), network(features, 1, units)
    if kind.startswith("GAN"):
        model = GAN(generator, opponent, latent, seed=seed)
        rates = {"generator": rate, "discriminator": rate / 20 if kind == "GAN, hasty" else rate}
        adam = {part: keras.optimizers.Adam(r, beta_1=0.5) for part, r in rates.items()}
        model.compile(adam)
        return model, SLICE
    penalty = 1.0 if kind == "WGAN, penalty" else None
    model = WassersteinGAN(
        generator, opponent, latent, clip=0.1, critic_steps=N_CRITIC, gradient_penalty=penalty, seed=seed
    )
    if penalty is None:
        optimizers = {part: keras.optimizers.RMSprop(rate) for part in ("critic", "generator")}
    else:
        optimizers = {part: keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.9) for part in ("critic", "generator")}
    model.compile(optimizers)
    return model, SLICE * N_CRITIC


class Samples(keras.callbacks.Callback):
    """Samples after each epoch, from the same noise."""

    def on_train_begin(self, logs=None):
        self.samples = []

    def on_epoch_end(self, epoch, logs=None):
        self.samples.append(self.model.sample(1000, seed=0))


def trained(session, model, name, x, batch, epochs, real, modes, near) -> TrainedPair:
    """Curves of training, coverage and distance to real points; samples at four of the epochs, and the last."""
    kept = Samples()
    curves = session.fit(model, name, x, None, epochs=epochs, batch_size=batch, callbacks=[kept])
    visits = [mode_coverage(samples, modes, near) for samples in kept.samples]
    curves["coverage"], curves["precision"] = map(list, zip(*visits, strict=True))
    curves["distance"] = [distance(samples, real) for samples in kept.samples]
    at = [epochs * k // 4 for k in range(1, 5)]
    shots = {epoch: kept.samples[epoch - 1][:SHOWN] for epoch in at}
    return TrainedPair(curves, shots, kept.samples[-1], len(x) // batch)


def distance(x, y):
    """The mean of both coordinates' Wasserstein distances."""
    return float(np.mean([ops.convert_to_numpy(wasserstein_1d(x[:, j], y[:, j])) for j in (0, 1)]))


def centres():
    """(modes, 2) on the circle."""
    angles = 2 * np.pi * np.arange(MODES) / MODES
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ring_sample(rng, n):
    return (centres()[rng.integers(MODES, size=n)] + SPREAD * rng.standard_normal((n, 2))).astype("float32")


def on_ring(session, name) -> TrainedPair:
    """One kind of networks on the ring."""
    model, batch = adversaries(name, session.seed)
    epochs, steps = sizes(session, name)
    rng = session.rng(KINDS.index(name))
    x, real = ring_sample(rng, batch * steps), ring_sample(rng, 1000)
    return trained(session, model, f"ring, {name}", x, batch, epochs, real, centres(), NEAR)


def plane(session, data):
    """Digits in the plane of their first two principal components, in standard deviations of the first."""
    split = data.split(seed=session.seed)
    x, x_test = (a.reshape(len(a), -1) for a in (split.x_train, split.x_test))
    mean = x.mean(axis=0)
    directions = np.linalg.svd(x - mean, full_matrices=False)[2][:2]
    z, test = ((a - mean) @ directions.T for a in (x, x_test))
    scale = z[:, 0].std()
    means = np.stack([z[split.y_train == k].mean(axis=0) for k in range(10)]) / scale
    return (z / scale).astype("float32"), (test / scale).astype("float32"), means


def on_plane(session, name, x, test, means) -> TrainedPair:
    """One kind of networks on the digits' plane."""
    model, batch = adversaries(name, session.seed)
    epochs, steps = sizes(session, name)
    rows = session.rng(10).integers(len(x), size=batch * steps)
    return trained(session, model, f"digits, {name}", x[rows], batch, epochs, test, means, 0.25)


def run_images(session: Session) -> ImageResults:
    """MNIST digits by a Wasserstein GAN with a penalty; a grid of samples is saved after each epoch."""
    data = datasets.load("mnist5k")
    x = data.x.reshape(len(data.x), -1)
    sizes = {"features": x.shape[1], "latent": 32, "units": 256, "rate": 2e-4, "activation": "sigmoid"}
    model, batch = adversaries("WGAN, penalty", session.seed, **sizes)
    folder = session.out / "samples"
    grids = SampleGrid(folder, data.x.shape[1:3], seed=session.seed)
    epochs = session.choose(2, 40)
    curves = session.fit(model, "mnist5k", x, None, epochs=epochs, batch_size=batch, callbacks=[grids])
    samples = model.sample(64, seed=session.seed).reshape(-1, *data.x.shape[1:3])
    metrics = [
        Metric("mnist5k: value of the critic", curves["critic_value"][-1]),
        Metric("mnist5k: mean brightness, generated", float(samples.mean())),
        Metric("mnist5k: mean brightness, real", float(x.mean())),
    ]
    return ImageResults(metrics, [data], images=samples, curves=curves)


def _metrics(ring, digits, chance):
    for name, pair in ring.items():
        yield Metric(f"ring, {name}: part of the modes covered", pair.curves["coverage"][-1])
        yield Metric(f"ring, {name}: part of the samples at a mode", pair.curves["precision"][-1])
    for name, pair in digits.items():
        yield Metric(f"digits' plane, {name}: W1 to test digits", pair.curves["distance"][-1])
    yield Metric("digits' plane, two halves of the test digits: W1", chance)
