"""Losses and metrics seen alike: a number or one for each row, and whether more of it is good.

| what a user has | what it becomes |
| --- | --- |
| a Keras loss or its name | losses by rows; less is better |
| a Keras metric or its name | one number for all rows; Keras' metrics say themselves which way they are better |
| a function of targets and predictions | as it returns; `greater_is_better` must be said to choose by it |

One word tells the direction everywhere, scikit-learn's `greater_is_better`: `True`, `False`, or `None` where nobody
knows. Keras keeps it in a private attribute of a metric, which only this module reads and writes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

__all__ = ["Measure", "as_loss", "as_measure", "as_measures", "direct", "greater_is_better"]

DIRECTIONS: dict[object, bool] = {"up": True, "down": False}


def greater_is_better(metric):
    """Whether more of a Keras metric is better: `True`, `False`, or `None` where it does not say.

    Args:
        metric: A Keras metric; any object will do.

    Example:
        >>> greater_is_better(keras.metrics.BinaryAccuracy()), greater_is_better(keras.metrics.MeanSquaredError())
        (True, False)
    """
    return getattr(metric, "greater_is_better", DIRECTIONS.get(getattr(metric, "_direction", None)))


def direct(metric, greater_is_better):
    """Tells Keras, whose callbacks ask for it, which way a metric of this package is better.

    Args:
        metric: A Keras metric.
        greater_is_better: Boolean, whether more of it is better.
    """
    metric._direction = "up" if greater_is_better else "down"


@dataclass(frozen=True)
class Measure:
    """A function of targets and predictions, and which way it is better.

    Args:
        function: `function(y, y_pred)` of NumPy arrays, such as one of `sklearn.metrics`; it returns a number, or one
            for each row, whose mean is meant.
        greater_is_better: Boolean, whether a greater value is better; `None` if nobody is going to choose by it.
        name: String, by default the name of the function.

    Raises:
        ValueError: If the function cannot be called; when measuring, if it returns neither one number nor one for
            each row.

    Example:
        >>> bias = Measure(lambda y, y_pred: y_pred - y, greater_is_better=None, name="bias")
        >>> bias(np.array([1.0, 2.0]), np.array([[2.0], [2.0]]))
        0.5
    """

    function: Callable
    greater_is_better: bool | None
    name: str = ""

    def __post_init__(self):
        if not callable(self.function):
            raise ValueError(f"function must be callable; received {self.function!r}")
        object.__setattr__(self, "name", self.name or getattr(self.function, "__name__", type(self.function).__name__))

    @property
    def sign(self):
        """What makes a loss of it: 1 where less is better, -1 where more is."""
        return -1.0 if self.greater_is_better else 1.0

    def __call__(self, y, y_pred):
        """The measure of these rows, one number."""
        return float(np.mean(self._values(y, y_pred)))

    def rows(self, y, y_pred):
        """The measures `(rows,)` of all rows; `None` if it is no mean over rows."""
        values = self._values(y, y_pred)
        return None if values.shape == () else values

    def means(self, y, y_pred, replicates):
        """The measures `(replicates,)` of predictions `(replicates * rows, ...)` of the same targets."""
        values = None if self._whole else self.rows(np.tile(y, (replicates,) + (1,) * (y.ndim - 1)), y_pred)
        if values is None:
            return np.array([self(y, part) for part in np.split(y_pred, replicates)])
        return values.reshape(replicates, -1).mean(axis=1)

    @property
    def _whole(self):
        return isinstance(self.function, _OfMetric)

    def _values(self, y, y_pred):
        if np.ndim(y_pred) == 2 and np.shape(y_pred)[1] == 1 and np.ndim(y) == 1 and not self._whole:
            y_pred = y_pred[:, 0]  # otherwise y - y_pred would be a square
        values = self.function(y, y_pred)
        values = ops.convert_to_numpy(values) if ops.is_tensor(values) else np.asarray(values)
        if values.shape not in ((), np.shape(y_pred)[:1]) and values.size > 1:
            raise ValueError(
                f"{self.name} must give one number, or one for each of {len(y_pred)} rows; received {values.shape}"
            )
        values = values if values.shape == np.shape(y_pred)[:1] else values.reshape(())
        return values.astype("float64")


class _OfMetric:
    """A Keras metric as a function of all rows."""

    def __init__(self, metric):
        self.metric = metric

    def __call__(self, y, y_pred):
        self.metric.reset_state()
        self.metric.update_state(*_as_columns(y, y_pred))
        return self.metric.result()


def as_measure(measure, greater_is_better=None):
    """A `Measure`, from a loss, a metric, the name of one of them, or a function.

    A name is looked up among Keras' losses, then among its metrics; `accuracy` goes by shapes, as in `compile`.

    Args:
        measure: A Keras loss or metric or its name, a `Measure`, or a function of targets and predictions.
        greater_is_better: Boolean, the direction where it is not known, or where another is meant.

    Raises:
        ValueError: If a name is not known to Keras, or the object is none of these.

    Example:
        >>> squares = as_measure("mse")
        >>> squares(np.array([0.0, 0.0]), np.array([1.0, 3.0])), squares.greater_is_better
        (5.0, False)
    """
    found = _as_measure(measure)
    return found if greater_is_better is None else Measure(found.function, greater_is_better, found.name)


def as_loss(loss, greater_is_better=None):
    """A `Measure` whose direction is known; arguments as for `as_measure`.

    Raises:
        ValueError: If the direction is neither given nor known; and as `as_measure`.
    """
    found = as_measure(loss, greater_is_better)
    if not isinstance(found.greater_is_better, bool):
        raise ValueError(
            f"greater_is_better must be False (a loss: less is better) or True (a score) for {found.name}; "
            f"received {found.greater_is_better!r}"
        )
    return found


def as_measures(measures):
    """A list of `Measure`, from one or several.

    Raises:
        ValueError: If there is none, a name is not known to Keras, or two have one name.
    """
    found = [as_measure(m) for m in (measures if isinstance(measures, list | tuple) else [measures])]
    names = [m.name for m in found]
    if not found or len(set(names)) < len(names):
        raise ValueError(f"metrics must be one or more, with names of their own; received {names}")
    return found


def _as_measure(measure):
    if isinstance(measure, Measure):
        return measure
    if isinstance(measure, str):
        return _by_name(measure)
    if isinstance(measure, keras.Metric):
        return Measure(_OfMetric(measure), greater_is_better(measure), measure.name)
    if isinstance(measure, keras.losses.Loss):
        return Measure(_losses(measure.call), False, measure.name)
    if not callable(measure):
        raise ValueError(f"loss must be a Keras loss or metric, or a function; received {type(measure).__name__}")
    return Measure(measure, greater_is_better(measure))


def _by_name(name):
    if name in ("accuracy", "acc"):
        return Measure(_accuracy, True, name)
    for known in (keras.losses, keras.metrics):
        try:
            found = known.get(name)
        except ValueError:
            continue
        if isinstance(found, keras.Metric):
            return Measure(_OfMetric(found), greater_is_better(found), name)
        return Measure(_losses(getattr(found, "call", found)), False, name)
    raise ValueError(f"loss and metrics must be known to Keras by name, such as 'mse'; received {name!r}")


def _losses(rows):
    """A Keras loss of each row, as a function of arrays."""
    return lambda y, y_pred: rows(*(ops.convert_to_tensor(v) for v in _as_columns(y, y_pred)))


def _as_columns(y, y_pred):
    """Keras takes the mean over the last axis for the loss of a row; targets `(n,)` meet predictions of any rank."""
    y, y_pred = np.asarray(y), np.asarray(y_pred)
    return tuple(v[:, None] if v.ndim == 1 and y_pred.shape[1:] in ((), (1,)) else v for v in (y, y_pred))


def _accuracy(y, y_pred):
    """As `compile(metrics=["accuracy"])`: by the shapes, the classes are two, one-hot rows, or numbers."""
    if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
        return (np.reshape(y_pred, len(y)) > 0.5) == np.reshape(y, len(y))
    labels = np.argmax(y, axis=-1) if np.shape(y) == np.shape(y_pred) else np.reshape(y, y_pred.shape[:-1])
    return np.argmax(y_pred, axis=-1) == labels
