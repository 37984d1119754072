r"""Cross-validation of any Keras model (§11.5)."""

import contextlib
import random
import sys
from functools import partial

import keras
import numpy as np
from keras import tree

from mathdl_keras.chapters.ch11.folds import IllConditionedError, fold_predictions
from mathdl_keras.chapters.ch11.samples import Samples, take_rows
from mathdl_keras.chapters.ch11.selection import FoldScores
from mathdl_keras.chapters.ch11.splits import KFold
from mathdl_keras.core.checks import as_table, check_data
from mathdl_keras.core.measures import as_measures
from mathdl_keras.core.progress import shown
from mathdl_keras.core.rows import in_blocks

__all__ = ["cross_validate"]


def cross_validate(build_model, x, y, cv=5, metrics="mse", epochs=None, *, groups=None, seed=0, progress=None, **fit):
    r"""Trains a fresh model for each fold on all other samples, and scores it on both (§11.5).

    .. math:: \mathrm{CV}_k = \frac1k \sum_{j=1}^k \frac1{|F_j|} \sum_{m \in F_j} \ell(y_m, m(x_m; \hat\theta^{(-j)}))

    A model with `fit_closed_form` is fitted by it, unless `epochs` is given. If it is a `RidgeRegression` or a
    `PolynomialRegression`, and the folds hold every sample once, all folds come from one pass over the table
    (`fold_weights`): the same predictions, in float64, at a fraction of the time.

    The samples of a fold are hidden from training, callbacks included: to stop early, hand `validation_split` to `fit`,
    which takes its share of the others.

    With a seed, `keras.utils.set_random_seed(seed + fold)` precedes each model that is trained, so that a fold's result
    depends on nothing that ran before. Afterwards the generators of Python and NumPy are as they were; the backend's
    own, and Keras' global one, are not: they stand where the last training left them. With `seed=None`, and in closed
    form, no generator is set.

    Args:
        build_model: A function without arguments that returns a new model, compiled if it is to be trained.
        x: Inputs: an array, or a nest of arrays, with n rows.
        y: Targets with n rows.
        cv: Integer, the number of folds, shuffled by `seed` (5 by default); a splitter, of this chapter or of
            scikit-learn; or pairs of training and validation indices.
        metrics: One or several: a name or object of `keras.metrics`, a loss, a `Measure`, or a function
            `f(y, y_pred)` of NumPy arrays.
        epochs: Integer, the epochs of `fit`; `None`, the default, for `fit_closed_form`.
        groups: Array (n,), the group of each sample, for `GroupKFold`; none by default.
        seed: Integer, seed of shuffling, initial weights and training, or `None`; 0 by default.
        progress: Boolean, whether to show a bar; `None`, the default, for one on a terminal while models train.
        **fit: Further arguments of `model.fit`, such as `batch_size` or `callbacks`.

    Returns:
        A `FoldScores`.

    Raises:
        ValueError: If data are empty or not finite, there are more folds than samples, a class or a group is missing
            from a fold, training and validation overlap, a metric is unknown, or `epochs` is needed.

    Example:
        >>> from mathdl_keras.chapters.ch11.models import PolynomialRegression
        >>> x = np.linspace(-1, 1, 20)
        >>> scores = cross_validate(lambda: PolynomialRegression(2), x[:, None], 1 + x**2, cv=5)
        >>> scores.validation["mse"].shape, round(scores.mean["mse"], 6)
        ((5,), 0.0)
    """
    samples = Samples.of(x, y)
    pairs = folds_of(cv, samples, groups, seed)
    return cross_validate_folds(build_model, samples, pairs, metrics, epochs, seed, progress, fit)


def cross_validate_folds(build_model, samples, pairs, metrics, epochs, seed, progress, fit):
    """The `FoldScores` of `Samples` on pairs of training and validation indices; see `cross_validate`."""
    if isinstance(build_model, keras.Model):
        raise ValueError(f"build_model must be a function that returns a new model; received one, {build_model.name}")
    measures = as_measures(metrics)
    with _generators_kept():
        predictions = _at_once(build_model, samples, pairs, epochs)
        if predictions is None:
            predictions = _one_by_one(build_model, samples, pairs, epochs, seed, fit)
        scores = [
            [
                [measure(take_rows(samples.y, part), p) for measure in measures]
                for part, p in zip(pair, next(predictions), strict=True)
            ]
            for pair in shown(pairs, "folds", progress, long=epochs is not None and sys.stdout.isatty())
        ]
    names, values = [measure.name for measure in measures], np.array(scores)  # (folds, 2, measures)
    train, validation = (dict(zip(names, values[:, i].T, strict=True)) for i in (0, 1))
    return FoldScores(train, validation, {measure.name: measure.greater_is_better for measure in measures})


def folds_of(cv, samples, groups, seed):
    """Training and validation indices of each fold, checked."""
    n, y = samples.count, samples.y
    if isinstance(cv, int | np.integer):
        cv = KFold(cv, shuffle=True, seed=seed)
    pairs = [
        tuple(map(np.asarray, pair)) for pair in (cv.split(np.zeros(n), y, groups) if hasattr(cv, "split") else cv)
    ]
    if not pairs:
        raise ValueError("cv must have at least one fold; received none")
    for fold, (train, validation) in enumerate(pairs):
        trains = np.zeros(n, bool)
        trains[train] = True
        if not (len(train) and len(validation)) or np.any(trains[validation]):
            raise ValueError(f"cv must keep training and validation apart, neither empty; received another fold {fold}")
    return pairs


@contextlib.contextmanager
def _generators_kept():
    """The global generators of Python and NumPy are restored on leaving."""
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _at_once(build_model, samples, pairs, epochs):
    """Predictions for both parts of each fold, if all folds can be fitted at once; else `None`."""
    if epochs is not None or not _is_partition(pairs, samples.count) or not isinstance(samples.x, np.ndarray):
        return None
    try:
        x, y = as_table(samples.x, samples.y)
        found = fold_predictions(build_model(), x, y, [validation for _, validation in pairs])
    except IllConditionedError:
        return None
    return None if found is None else ([p[part] for part in pair] for p, pair in zip(found, pairs, strict=True))


def _is_partition(pairs, n):
    """Whether each sample is validated once, and trains in all other folds; pairs are disjoint already."""
    times = np.bincount(np.concatenate([validation for _, validation in pairs]), minlength=n)
    return np.all(times == 1) and all(_distinct(train, n) == len(train) == n - len(v) for train, v in pairs)


def _distinct(rows, n):
    seen = np.zeros(n, bool)
    seen[rows] = True
    return np.count_nonzero(seen)


def _one_by_one(build_model, samples, pairs, epochs, seed, fit):
    """The same, each by a model of its own."""
    for name, data in (("x", samples.x), ("y", samples.y)):
        tree.map_structure(lambda part, name=name: check_data(part, name), data)
    for fold, (train, validation) in enumerate(pairs):
        if seed is not None and epochs is not None:
            keras.utils.set_random_seed(seed + fold)
        predict = _trained(build_model(), samples.take(train), epochs, fit)
        yield [predict(take_rows(samples.x, part)) for part in (train, validation)]


def _trained(model, samples, epochs, fit):
    """The predictions of a model that was trained on all these samples, as a function."""
    if epochs is not None:
        model.fit(samples.x, samples.y, epochs=epochs, **{"verbose": 0} | fit)
        return partial(model.predict, verbose=0)
    if not hasattr(model, "fit_closed_form"):
        raise ValueError(f"epochs must be given to train {type(model).__name__}, which has no fit_closed_form")
    model.fit_closed_form(samples.x, samples.y)
    return partial(_call, model)


def _call(model, x):
    """Predictions without compiling a program for each fold, as `predict` would."""
    return np.concatenate([keras.ops.convert_to_numpy(model(x[block])) for block in in_blocks(len(x))])
