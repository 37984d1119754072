"""Chapter 1 on real images: double descent, predicted and measured.

300 images are read by least squares on p random features, p from 10 to 3000. The test error falls, explodes where the
model has just enough parameters to learn its training images by heart, and then falls below all it was before. For each
p random matrix theory predicts training and test error from the covariance of the features and the share of the targets
that they explain.

Fourier features are bounded, and the prediction holds for every training set. ReLU features that answer to one image in
a hundred have heavy tails: the prediction holds far from p = n, and between, some training sets do far worse; shown is
the median of five.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch01.double_descent import ridge_risk_asymptotic
from mathdl_keras.chapters.ch01.layers import RandomFeatures
from mathdl_keras.chapters.ch01.models import MinimumNormRegressor
from mathdl_keras.chapters.ch01.risk import empirical_risk
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.precision import float64
from mathdl_keras.core.report import Metric

DATASETS = ("digits", "mnist5k")

SAMPLES = 300
WIDTHS = (10, 20, 50, 100, 150, 200, 250, 280, 300, 320, 350, 400, 500, 1000, 3000)
QUICK_WIDTHS = (10, 100, 250, 300, 350, 1000, 3000)
SCALE = {"fourier": 4.0, "relu": 1.0}  # of the weights, over the root of the number of inputs


@dataclass(frozen=True)
class Sweep:
    """Models of one kind of features, from the narrowest to the widest: all of shape `(widths,)`.

    Attributes:
        width: The number of features.
        test: The mean squared error on images that the model has not seen, the median over the training sets.
        train: The same on the training images.
        accuracy: The share of unseen images that are read correctly, the median over the training sets.
        predicted_test: The test error that random matrix theory predicts.
        predicted_train: The training error that it predicts.
    """

    width: np.ndarray
    test: np.ndarray
    train: np.ndarray
    accuracy: np.ndarray
    predicted_test: np.ndarray
    predicted_train: np.ndarray


@dataclass(frozen=True, kw_only=True)
class DoubleDescentResults(Results):
    """What was found about the two kinds of features.

    Attributes:
        samples: The number of training images.
        sweeps: From each kind of features, `"fourier"` and `"relu"`, to its models.
    """

    samples: int
    sweeps: Mapping[str, Sweep]


def run(session: Session) -> DoubleDescentResults:
    """Fits a model for each kind of features, width and training set."""
    data = datasets.load(session.dataset)
    x, labels = data.x.reshape(len(data.x), -1).astype("float64"), data.y
    orders = [session.rng(draw).permutation(len(x)) for draw in range(session.choose(1, 5))]
    widths = session.choose(QUICK_WIDTHS, WIDTHS)
    jobs = [(activation, p) for activation in SCALE for p in widths]
    rows = {activation: [] for activation in SCALE}
    with float64():
        for activation, p in session.track(jobs, "fitting models"):
            rows[activation].append(_at(activation, p, x, labels, orders, session.seed))
    sweeps = {activation: Sweep(*map(np.array, zip(*found, strict=True))) for activation, found in rows.items()}
    fourier, relu = sweeps["fourier"], sweeps["relu"]
    metrics = [*_descent(fourier), *_agreement(fourier), *_descent(relu, "relu: ")]
    return DoubleDescentResults(metrics, [data], samples=SAMPLES, sweeps=sweeps)


def _at(activation, p, x, labels, orders, seed):
    """With p features what a `Sweep` has of each width, in its order."""
    features = RandomFeatures(p, activation, SCALE[activation] / np.sqrt(x.shape[1]), seed=seed)
    y = np.eye(labels.max() + 1)[labels]
    model = MinimumNormRegressor(y.shape[1], features)
    test, train, accuracy = np.median([_fit(model, x, y, labels, order) for order in orders], axis=0)
    predicted = ridge_risk_asymptotic(ops.convert_to_numpy(features(x)), y, SAMPLES)
    return p, test, train, accuracy, *predicted


def _fit(model, x, y, labels, order):
    seen, unseen = order[:SAMPLES], order[SAMPLES:]
    model.fit_closed_form(x[seen], y[seen])
    loss = keras.losses.MeanSquaredError()
    test, train = (empirical_risk(model, loss, x[rows], y[rows]) for rows in (unseen, seen))
    guesses = model.predict_on_batch(x[unseen]).argmax(axis=1)
    return test, train, np.mean(guesses == labels[unseen])


def _descent(sweep, prefix=""):
    """Where the peak is, and that the widest model is the best."""
    width, test = sweep.width, sweep.test
    peak, few, widest = int(width[test.argmax()]), test[width < SAMPLES].min(), test[-1]
    low, high = 0.8 * SAMPLES, 1.1 * SAMPLES
    return [
        Metric(f"{prefix}width at the peak", peak, "features", f"in [{low:g}, {high:g}]", low <= peak <= high),
        Metric(f"{prefix}smallest test error before it", few),
        Metric(f"{prefix}test error at p = {width[-1]}", widest, target=f"< {few:.3g}", reached=bool(widest < few)),
        Metric(f"{prefix}test accuracy at p = {width[-1]}", sweep.accuracy[-1]),
    ]


def _agreement(sweep):
    away = np.abs(sweep.width - SAMPLES) >= SAMPLES / 6
    ratio = (sweep.test / sweep.predicted_test)[away]
    worst = ratio[np.abs(np.log(ratio)).argmax()]
    return [
        Metric("measured / predicted test error: median", float(np.median(ratio))),
        Metric("the same, the farthest from 1 with |p - n| >= n/6", worst, "", "in [0.8, 1.25]", 0.8 <= worst <= 1.25),
    ]
