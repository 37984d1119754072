r"""How the risk in training and in validation changes with the model, and with the number of samples (§11.4).

| runner | what varies | what one sees |
| --- | --- | --- |
| `ValidationCurve` | a setting of the model: a degree, a penalty | underfitting on one side, overfitting on the other |
| `LearningCurve` | the number of training samples | whether more data would help |
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mathdl_keras.chapters.ch11.cross_validation import cross_validate_folds, folds_of
from mathdl_keras.chapters.ch11.samples import Samples
from mathdl_keras.chapters.ch11.selection import FoldScores, select_candidate
from mathdl_keras.core.progress import shown

__all__ = ["Curve", "LearningCurve", "ValidationCurve"]


@dataclass(frozen=True)
class Curve:
    """Cross-validation at several values of one quantity.

    Attributes:
        values: Sequence, the values of the quantity on the horizontal axis.
        scores: Sequence of `FoldScores`, one for each value.
        metric: String, the name of the metric that is shown.

    Example:
        >>> risks = [{"mse": np.array([5.0, 7.0])}, {"mse": np.array([2.0, 3.0])}]
        >>> curve = Curve(["line", "cubic"], [FoldScores(r, r, {"mse": False}) for r in risks], "mse")
        >>> curve.validation.tolist(), curve.select()
        ([6.0, 2.5], 'cubic')
    """

    values: Sequence[Any]
    scores: Sequence[FoldScores]
    metric: str

    @property
    def train(self):
        """Means over the training sets, (values,)."""
        return np.array([s.train_mean[self.metric] for s in self.scores])

    @property
    def validation(self):
        """Means over the validation folds, (values,)."""
        return np.array([s.mean[self.metric] for s in self.scores])

    @property
    def standard_error(self):
        """Of `validation`, (values,)."""
        return np.array([s.standard_error[self.metric] for s in self.scores])

    def select(self, rule="min", greater_is_better=None):
        """The value to take, see `select_candidate`."""
        return self.values[select_candidate(self.scores, rule, self.metric, greater_is_better)]

    def __str__(self):
        rows = zip(self.values, self.train, self.validation, self.standard_error, strict=True)
        head = f"{self.metric:>14}{'training':>12}{'validation':>12}{'SE':>12}"
        return "\n".join([head, *(f"{v!s:>14}{a:12.5g}{b:12.5g}{c:12.5g}" for v, a, b, c in rows)])


@dataclass(frozen=True)
class ValidationCurve:
    """Cross-validates a model at each value of one of its settings, on the same folds (§11.4).

    Args:
        build_model: `build_model(value)` returns a new model.
        values: From the simplest model to the most complex one.
        cv: Integer, splitter or pairs of indices, as in `cross_validate`; 5 by default.
        metric: One metric, as in `cross_validate`; "mse" by default.

    Example:
        >>> from mathdl_keras.chapters.ch11.models import PolynomialRegression
        >>> x = np.linspace(-1, 1, 30)[:, None]
        >>> curve = ValidationCurve(PolynomialRegression, range(3)).run(x, x**2)
        >>> curve.select(), bool(curve.validation[1] > 0.01)
        (2, True)
    """

    build_model: Any
    values: Sequence[Any]
    cv: Any = 5
    metric: Any = "mse"

    def run(self, x, y, epochs=None, *, groups=None, seed=0, progress=None, **fit):
        """The curve.

        Args:
            x: Inputs: an array, or a nest of arrays, with n rows.
            y: Targets with n rows.
            epochs: Integer, the epochs of `fit`; `None`, the default, for `fit_closed_form`.
            groups: Array (n,), the group of each sample, for `GroupKFold`; none by default.
            seed: Integer, seed of shuffling, initial weights and training, or `None`; 0 by default.
            progress: Boolean, whether to show a bar over the values; `None`, the default, for one on a terminal while
                models train.
            **fit: Further arguments of `model.fit`.

        Returns:
            A `Curve`. Where two degrees fit equally well up to rounding, the rule `one_se` is the one to ask.
        """
        samples, values = Samples.of(x, y), list(self.values)
        pairs = folds_of(self.cv, samples, groups, seed)
        jobs = [(partial(self.build_model, value), pairs) for value in values]
        return _curve(values, samples, jobs, self.metric, epochs, seed, progress, fit)


@dataclass(frozen=True)
class LearningCurve:
    """Cross-validates a model that trains on a few samples, and on more (§11.4).

    The validation folds stay as they are; of each training set the first samples, in an order drawn once, take part, so
    that larger sets contain the smaller ones.

    Args:
        build_model: `build_model()` returns a new model.
        sizes: Numbers of training samples, ascending.
        cv: Integer, splitter or pairs of indices, as in `cross_validate`; 5 by default.
        metric: One metric, as in `cross_validate`; "mse" by default.

    Raises:
        ValueError: In `run`, if a size is no integer from 1 to the size of the smallest training set.

    Example:
        >>> from mathdl_keras.chapters.ch11.models import PolynomialRegression
        >>> x = np.linspace(-1, 1, 30)[:, None]
        >>> curve = LearningCurve(lambda: PolynomialRegression(3), [4, 24]).run(x, np.cos(x))
        >>> curve.values, curve.train.shape
        ([4, 24], (2,))
    """

    build_model: Any
    sizes: Sequence[int]
    cv: Any = 5
    metric: Any = "mse"

    def run(self, x, y, epochs=None, *, groups=None, seed=0, progress=None, **fit):
        """The curve; arguments as in `ValidationCurve.run`. The seed also draws the order of the samples."""
        samples, sizes, rng = Samples.of(x, y), list(self.sizes), np.random.default_rng(seed)
        pairs = [(rng.permutation(train), validation) for train, validation in folds_of(self.cv, samples, groups, seed)]
        most = min(len(train) for train, _ in pairs)
        if not sizes or any(size != int(size) or not 1 <= size <= most for size in sizes):
            raise ValueError(f"sizes must be integers from 1 to {most}, of {samples.count} samples; received {sizes}")
        jobs = [(self.build_model, [(train[:size], validation) for train, validation in pairs]) for size in sizes]
        return _curve(sizes, samples, jobs, self.metric, epochs, seed, progress, fit)


def _curve(values, samples, jobs, metric, epochs, seed, progress, fit):
    """The `Curve` of one cross-validation for each job, a function that builds a model and pairs of indices."""
    scores = [
        cross_validate_folds(build_model, samples, pairs, metric, epochs, seed, False, fit)
        for build_model, pairs in shown(jobs, "values", progress, long=epochs is not None and sys.stdout.isatty())
    ]
    return Curve(values, scores, next(iter(scores[0].mean)))
