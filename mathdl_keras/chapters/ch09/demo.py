r"""Chapter 9 on real patients and digits: what penalties and dropout are worth when data are few.

(a) §9.2, §9.3. Ten measurements of diabetes patients, their squares and products: 65 features, of which 150 patients
cannot determine the weights. A linear model with inverted dropout of its features leads to a ridge regression; its
closed form predicts the share of the variance explained in the other patients, for each keep probability p. Beside it
the same model trained by Keras with random masks.

(b) §9.2. Weights along the penalties of ridge regression and of the lasso.

(c) §9.5. A network for 150 images of digits, with and without dropout of its hidden layer. Here dropout gains little:
what is reported is the difference between networks trained alike, with its standard error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.preprocessing import PolynomialFeatures

from mathdl_keras.chapters.ch09.averaged_dropout import solve_dropout_least_squares
from mathdl_keras.chapters.ch09.layers import Dropout
from mathdl_keras.chapters.ch09.networks import DropoutMLP
from mathdl_keras.chapters.ch09.solvers import lasso_path, ridge_path
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

DATASETS = ("diabetes",)

TRAINING = 150
KEEP = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


@dataclass(frozen=True)
class Paths:
    """Weights along penalties: each pair has the penalties, shape `(penalties,)`, and the weights of each.

    Attributes:
        names: The names of the features.
        ridge: Penalties, and weights of ridge regression, shape `(penalties, features)`.
        lasso: Penalties, and weights of the lasso, of the same shape.
    """

    names: Sequence[str]
    ridge: tuple[np.ndarray, np.ndarray]
    lasso: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class DropoutResults(Results):
    """What was found about patients and digits.

    Attributes:
        keep: Keep probabilities.
        curve: Shape `(splits, keep probabilities)`, R2 of unseen patients by the closed form.
        trained: From some keep probabilities to R2 of unseen patients in the first split: of the model trained with
            random masks, and of the closed form.
        paths: Weights along the penalties.
        difference: Shape `(runs, 2)`, test accuracies on digits of networks without and with dropout.
    """

    keep: Sequence[float]
    curve: np.ndarray
    trained: Mapping[float, tuple[float, float]]
    paths: Paths
    difference: np.ndarray


def run(session: Session) -> DropoutResults:
    """All three parts."""
    data, digits = datasets.load(session.dataset), datasets.digits()
    curve = sweep(data, splits=20, seed=session.seed)
    trained = train_with_masks(session, data)
    difference = compare_networks(session, digits)
    return DropoutResults(
        [*_sweep_metrics(curve), *_network_metrics(difference)],
        [data, digits],
        keep=KEEP,
        curve=curve,
        trained=trained,
        paths=paths(data),
        difference=difference,
    )


def quadratic(x):
    """Measurements, their squares and their products."""
    return PolynomialFeatures(2, include_bias=False).fit_transform(x)


def divide(data, seed):
    """150 patients to train on, the others to test; features standardised and targets centred by the former."""
    order = np.random.default_rng([seed, 9]).permutation(len(data.x))
    z = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    x = quadratic(z)
    train, test = order[:TRAINING], order[TRAINING:]
    mean, scale = x[train].mean(axis=0), x[train].std(axis=0)
    x, y = (x - mean) / scale, data.y - data.y[train].mean()
    return x[train], y[train], x[test], y[test]


def explained(x, y, w):
    """The share of the variance of y that x w explains."""
    return 1 - np.mean((y - x @ w) ** 2) / np.var(y)


def sweep(data, splits, seed):
    """R2 of the test patients by the closed form, (splits, keep probabilities)."""
    scores = []
    for k in range(splits):
        x, y, x_test, y_test = divide(data, seed + k)
        scores.append([explained(x_test, y_test, solve_dropout_least_squares(x, y, 1 - keep)) for keep in KEEP])
    return np.array(scores)


def train_with_masks(session, data):
    """R2 of the test patients in the first split, of models that Keras trained with random masks."""
    x, y, x_test, y_test = divide(data, session.seed)
    x, scale, scores = x.astype("float32"), y.std(), {}
    for keep in session.choose((0.7, 0.3), (0.9, 0.7, 0.5, 0.3)):
        dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input(x.shape[1:]), Dropout(1 - keep, seed=session.seed), dense])
        epochs, batches = session.choose(20, 40), 10
        schedule = keras.optimizers.schedules.CosineDecay(0.03, epochs * batches)  # to 0, and the masks' noise with it
        model.compile(keras.optimizers.Adam(schedule), "mse")
        settings = {"epochs": epochs, "batch_size": TRAINING // batches}
        session.fit(model, f"dropout, keep {keep:g}", x, (y / scale)[:, None], **settings)
        w = np.asarray(model.get_weights()[0][:, 0], "float64") * scale
        limit = solve_dropout_least_squares(x, y, 1 - keep)
        scores[keep] = (explained(x_test, y_test, w), explained(x_test, y_test, limit))
    return scores


def paths(data) -> Paths:
    """Weights of the ten standardised measurements along both penalties."""
    x, y = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0), data.y
    top = np.abs(x.T @ (y - y.mean())).max() / len(x)
    l1, ridges = top * np.geomspace(1e-3, 1, 80), np.geomspace(1e-4, 1e2, 80)
    kernel, *_ = ridge_path(x, y, ridges)
    lasso = lasso_path(x, y, l1).kernel
    return Paths(data.feature_names, (ridges, kernel), (l1, lasso))


def compare_networks(session, digits, hidden=64):
    """Test accuracies, (runs, 2), of networks on 150 digits without and with dropout; a run has one split and start."""
    accuracies = []
    for run in range(session.choose(2, 6)):
        split = digits.split(test_size=1 - TRAINING / len(digits.x), seed=session.seed + run)
        x, x_test = (v.reshape(len(v), -1) for v in (split.x_train, split.x_test))
        row = []
        for rate in (0.0, 0.5):
            start = keras.initializers.GlorotUniform(seed=session.seed + run)
            model = DropoutMLP((64, hidden, 10), rate, seed=session.seed + run, kernel_initializer=start)
            model.compile(keras.optimizers.Adam(0.003), metrics=["accuracy"])
            name = f"digits, dropout {rate:g}, run {run + 1}"
            session.fit(model, name, x, split.y_train, epochs=session.choose(10, 30), batch_size=32)
            row.append(model.evaluate(x_test, split.y_test, batch_size=512, verbose=0, return_dict=True)["accuracy"])
        accuracies.append(row)
    return np.array(accuracies)


def _sweep_metrics(curve):
    mean, error = curve.mean(axis=0), curve.std(axis=0, ddof=1) / np.sqrt(len(curve))
    best = int(np.argmax(mean))
    gain = float(mean[best] - mean[0])
    return [
        Metric("R2 of unseen patients without dropout, mean of 20 splits", float(mean[0])),
        Metric("its standard error", float(error[0])),
        Metric(
            f"R2 with the best keep probability, {KEEP[best]:g}", float(mean[best]), "", ">= 0.38", mean[best] >= 0.38
        ),
        Metric("its standard error", float(error[best])),
        Metric("gain", gain, target=">= 0.3", reached=gain >= 0.3),
    ]


def _network_metrics(accuracies):
    gain = accuracies[:, 1] - accuracies[:, 0]
    return [
        Metric("digits: test accuracy of 150 images without dropout", float(accuracies[:, 0].mean())),
        Metric("digits: the same with dropout 0.5", float(accuracies[:, 1].mean())),
        Metric("digits: gain", float(gain.mean())),
        Metric("digits: standard error of the gain", float(gain.std(ddof=1) / np.sqrt(len(gain)))),
    ]
