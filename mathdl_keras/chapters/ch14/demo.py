"""Chapter 14 on real images: find a patch in a photograph, then learn to read digits.

(a) §14.2. A patch of 24 x 24 pixels is cut from a photograph; the photograph then loses contrast, is brightened and
gets noise. Pearson's correlation still finds the patch; the raw inner product prefers bright places. The photograph
has a near twin of the patch, 27 rows above it and correlated with it by 0.90: one noise in eight hides the
difference.

(b) §14.3. One filter as large as the image for each class, learned from zero, against the mean images: the first step
*is* the centred mean image, and training moves away from it.

(c) §14.4-14.6. A convolution network with two layers, and the single-channel network of §14.5 trained by hand-written
gradients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from mathdl_keras.chapters.ch14.filters import MatchedFilter2D, PearsonCorrelation2D
from mathdl_keras.chapters.ch14.layers import Conv2D
from mathdl_keras.chapters.ch14.models import SingleChannelCNN
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric
from mathdl_keras.core.training import FunctionalStepModel

DATASETS = ("digits", "mnist5k", "mnist", "fashion_mnist")

PLACE, PATCH = (70, 150), 24
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
# What a network of this size must reach on test images; a linear model has 0.95 and 0.90.
TARGETS = {"digits": 0.965, "mnist5k": 0.95}


@dataclass(frozen=True)
class Detection:
    """A patch sought in a photograph that has changed; places are rows and columns.

    Attributes:
        seen: Array `(height, width)`, the photograph that the detectors see.
        patch: Array `(rows, columns)`, the patch.
        pearson: Matrix of Pearson's correlation at each place of the patch in the photograph.
        raw: Matrix of the inner product at each place.
        found: Pair of integers, where the correlation is largest.
        by_raw: Pair of integers, where the inner product is largest.
    """

    seen: np.ndarray
    patch: np.ndarray
    pearson: np.ndarray
    raw: np.ndarray
    found: tuple[int, int]
    by_raw: tuple[int, int]


@dataclass(frozen=True)
class Filters:
    """One filter for each class, beside the mean image of the class.

    Attributes:
        learned: Array `(classes, height, width)`, the filters, from which their common mean is taken away.
        means: Array `(classes, height, width)`, the mean training images.
        names: Sequence of strings, the classes.
    """

    learned: np.ndarray
    means: np.ndarray
    names: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ConvolutionResults(Results):
    """What was found in the photograph, and about the images.

    Attributes:
        detection: `Detection` of the patch.
        filters: `Filters` that were learned from zero.
        curves: Mapping from each network's name to its history, a mapping from each quantity to its values, one for
            each epoch.
    """

    detection: Detection
    filters: Filters
    curves: Mapping[str, Mapping[str, Sequence[float]]]


def run(session: Session) -> ConvolutionResults:
    """All three parts; the photograph is the same for every data set of digits."""
    photo, data = datasets.china(half=False), datasets.load(session.dataset)
    split = data.split(seed=session.seed)
    detection, found = find_patch(photo.pixels[::2, ::2], session.rng(), draws=session.choose(4, 24))
    filters = learn_filters(session, split, data.target_names)
    network, single = _network(session, split), _single_channel(session, split)
    target = TARGETS.get(session.dataset) if not session.quick else None
    metrics = [
        *found,
        Metric("correlation of learned filters and mean images", _alignment(filters)),
        _accuracy("test accuracy, two-layer network", network, target),
        _accuracy("test accuracy, one channel by hand-written gradients", single, None),
    ]
    curves = {name: session.curves(name) for name in ("network", "single channel")}
    return ConvolutionResults(metrics, [photo, data], detection=detection, filters=filters, curves=curves)


def _accuracy(name, value, target):
    if target is None:
        return Metric(name, value)
    return Metric(name, value, target=f">= {target:g}", reached=value >= target)


def find_patch(pixels, rng, draws, place=PLACE, size=PATCH, contrast=0.6, offset=0.15, noise=0.1):
    """Where a patch is found after the photograph changed, in the first draw of the noise; and metrics of all draws."""
    row, column = place
    patch = pixels[row : row + size, column : column + size]
    seen = contrast * pixels + offset + noise * rng.standard_normal((draws, *pixels.shape))
    image = keras.Input((*pixels.shape, 1))
    detect = keras.Model(image, [PearsonCorrelation2D(patch)(image), MatchedFilter2D(patch)(image)])
    r, raw = (y[..., 0] for y in detect.predict(seen.astype("float32")[..., None], batch_size=4, verbose=0))
    found, *others = (peak(r_i) for r_i in r)
    r, raw = r[0], raw[0]
    by_raw = peak(raw)
    hits = (found == place) + sum(at == place for at in others)
    metrics = [
        Metric("Pearson: distance from the true place", _distance(found, place), "px", "exactly 0", found == place),
        Metric("Pearson: correlation there", float(r[found])),
        Metric(f"Pearson: right in {draws} draws of the noise", hits / draws),
        Metric("inner product: distance from the true place", _distance(by_raw, place), "px"),
    ]
    return Detection(seen[0], patch, r, raw, found, by_raw), metrics


def peak(response):
    """The row and column of the largest value."""
    return tuple(map(int, np.unravel_index(response.argmax(), response.shape)))


def _distance(a, b):
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def learn_filters(session: Session, split, names) -> Filters:
    """One filter of the size of the image for each class, from zero."""
    x = keras.Input(split.x_train.shape[1:])
    filters = Conv2D(_classes(split), x.shape[1], kernel_initializer="zeros")
    model = FunctionalStepModel(x, layers.Flatten()(filters(x)))
    model.compile(keras.optimizers.Adam(0.01), CROSS_ENTROPY, metrics=["accuracy"])
    _fit(session, model, "filters", split, epochs=session.choose(3, 10))
    learned = np.moveaxis(ops.convert_to_numpy(filters.kernel.value)[:, :, 0], -1, 0)
    means = np.stack([split.x_train[split.y_train == k].mean(axis=0)[..., 0] for k in range(_classes(split))])
    return Filters(learned - learned.mean(axis=0), means, names)  # softmax ignores what is common


def _alignment(filters):
    """How far the filters stay like the mean images: the mean of the cosines."""
    learned, centred = filters.learned, filters.means - filters.means.mean(axis=0)
    norms = np.linalg.norm(learned, axis=(1, 2)) * np.linalg.norm(centred, axis=(1, 2))
    return float(np.mean(np.sum(learned * centred, axis=(1, 2)) / norms))


def _network(session: Session, split):
    """Convolutions with 32 filters, then 64 at stride 2, and a linear readout."""
    x = keras.Input(split.x_train.shape[1:])
    h = Conv2D(32, 3, padding="same", activation="relu")(x)
    h = Conv2D(64, 3, strides=2, padding="same", activation="relu")(h)
    h = layers.Dropout(0.5, seed=session.seed)(layers.Flatten()(h))
    model = FunctionalStepModel(x, layers.Dense(_classes(split))(h))
    model.compile(keras.optimizers.Adam(2e-3), CROSS_ENTROPY, metrics=["accuracy"])
    return _fit(session, model, "network", split, epochs=session.choose(4, 15))["val_accuracy"][-1]


def _single_channel(session: Session, split):
    """The network of §14.5, whose gradients are formulas."""
    model = SingleChannelCNN(_classes(split), kernel_size=3)
    model.compile(keras.optimizers.Adam(5e-3), metrics=["sparse_categorical_accuracy"])
    curves = _fit(session, model, "single channel", split, epochs=session.choose(4, 15))
    return curves["val_sparse_categorical_accuracy"][-1]


def _classes(split):
    return int(split.y_train.max()) + 1


def _fit(session, model, name, split, epochs):
    validation = (split.x_test, split.y_test)
    return session.fit(
        model, name, split.x_train, split.y_train, epochs=epochs, batch_size=32, validation_data=validation
    )
