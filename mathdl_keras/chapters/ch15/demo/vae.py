"""Digits from two and from eight numbers: variational autoencoders against probabilistic principal components.

The 52 pixels that vary are modelled, with noise of one learned variance, by the same bound: the linear model reaches
its maximum in closed form, the networks are trained. What counts is the bound on test rows; on training rows it goes on
rising when that on test rows has stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch15.ppca import ppca
from mathdl_keras.chapters.ch15.vae import VariationalAutoencoder
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

__all__ = ["AutoencoderResults", "run"]

UNITS, BATCH, DIMENSIONS = 128, 32, (2, 8)
DRAWS, SHOWN, STEPS = 50, 10, 9
GAIN = 3.0  # nats at k = 2


@dataclass(frozen=True, kw_only=True)
class AutoencoderResults(Results):
    """What was found about autoencoders of digits; k is the dimension of the codes, pictures are 8 x 8.

    Attributes:
        curves: Mapping from each k to the history of its autoencoder, a mapping from each quantity to its values, one
            for each epoch.
        ppca: Mapping from each k to the test log likelihood of the linear model, in nats a digit.
        codes: Array `(digits, 2)`, means of the codes of test digits for k = 2.
        labels: Integer array `(digits,)`, the classes of these digits.
        manifold: Array `(144, 8, 8)`, the codes of a square lattice decoded, from the top left, row by row.
        originals: Array `(10, 8, 8)`, test digits.
        reconstructions: Mapping from each k to what its autoencoder makes of these digits, an array of the same shape.
        interpolations: Sequence of three arrays `(9, 8, 8)`: for a pair of digits the straight line between their codes
            decoded, for k = 8.
        samples: Mapping from each k to samples, an array `(30, 8, 8)`.
    """

    curves: Mapping[int, Mapping[str, Sequence[float]]]
    ppca: Mapping[int, float]
    codes: np.ndarray
    labels: np.ndarray
    manifold: np.ndarray
    originals: np.ndarray
    reconstructions: Mapping[int, np.ndarray]
    interpolations: Sequence[np.ndarray]
    samples: Mapping[int, np.ndarray]


def run(session: Session) -> AutoencoderResults:
    """Trains one autoencoder for each latent dimension and solves the linear model of the same dimension."""
    data = datasets.digits()
    split = data.split(seed=session.seed)
    x_train, x_test = (x.reshape(len(x), -1) for x in (split.x_train, split.x_test))
    kept = x_train.std(axis=0) > 0.05
    background = x_train.mean(axis=0)
    x_train, x_test = x_train[:, kept], x_test[:, kept]
    models, curves, known, found = {}, {}, {}, {}
    for k in DIMENSIONS:
        models[k] = autoencoder(session, x_train.shape[1], k)
        linear = ppca(x_train, k)
        models[k].noise_log_variance.assign(np.log(linear.variance))  # where the linear model ends; it takes long to go
        curves[k] = train(session, models[k], f"vae, k = {k}", x_train, x_test)
        known[k] = float(linear.log_likelihood(x_test).mean())
        found[k] = float(numpy(models[k].elbo(x_test, samples=DRAWS)).mean())

    def pictures(rows):
        """Rows of varying pixels as 8 x 8 pictures, the others at their mean."""
        full = np.tile(background, (len(rows), 1))
        full[:, kept] = rows
        return full.reshape(-1, 8, 8)

    small, large = (models[k] for k in DIMENSIONS)
    return AutoencoderResults(
        metrics(found, known, session.quick),
        [data],
        curves=curves,
        ppca=known,
        codes=numpy(small.encode(ops.convert_to_tensor(x_test))[0]),
        labels=split.y_test,
        manifold=pictures(numpy(small.decode(lattice()))),
        originals=pictures(x_test[:SHOWN]),
        reconstructions={k: pictures(numpy(model.reconstruct(x_test[:SHOWN]))) for k, model in models.items()},
        interpolations=[pictures(numpy(large.decode(z))) for z in paths(large, x_test, split.y_test)],
        samples={k: pictures(numpy(model.sample(30, seed=session.seed))) for k, model in models.items()},
    )


def autoencoder(session, features, k):
    """Three layers each way, with noise of one learned variance."""

    def network(n_in, n_out):
        hidden = [keras.layers.Dense(UNITS, activation="tanh") for _ in range(2)]
        return keras.Sequential([keras.Input((n_in,)), *hidden, keras.layers.Dense(n_out)])

    return VariationalAutoencoder(network(features, 2 * k), network(k, features), k, seed=session.seed)


def train(session, model, name, x, x_test):
    epochs = session.choose(4, 60)
    steps = epochs * -(-len(x) // BATCH)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)))
    return session.fit(model, name, x, None, epochs=epochs, batch_size=BATCH, validation_data=(x_test,))


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x))


def lattice(n=12, reach=2.0):
    """Codes on a square of the latent plane, from the top left, row by row: `(n * n, 2)`."""
    ticks = np.linspace(-reach, reach, n, dtype="float32")
    return ops.convert_to_tensor(np.stack(np.meshgrid(ticks, ticks[::-1]), axis=-1).reshape(-1, 2))


def paths(model, x, y, pairs=((0, 1), (3, 8), (4, 9))):
    """Straight lines between the codes of the first digits of two classes, `(steps, k)` each."""
    t = np.linspace(0, 1, STEPS, dtype="float32")[:, None]
    for a, b in pairs:
        ends = x[[np.flatnonzero(y == a)[0], np.flatnonzero(y == b)[0]]]
        first, last = numpy(model.encode(ops.convert_to_tensor(ends))[0])
        yield ops.convert_to_tensor((1 - t) * first + t * last)


def metrics(found, known, quick):
    """Bounds on test rows, in nats a digit, and what the networks gain over the linear model."""
    rows = []
    for k in DIMENSIONS:
        rows += [
            Metric(f"PPCA, k = {k}: test log likelihood", known[k], "nats"),
            Metric(f"VAE, k = {k}: test ELBO", found[k], "nats"),
        ]
    gain = found[2] - known[2]
    aim = {} if quick else {"target": f">= {GAIN:g}", "reached": gain >= GAIN}
    return [*rows, Metric("gain of the VAE over PPCA, k = 2", gain, "nats", **aim)]
