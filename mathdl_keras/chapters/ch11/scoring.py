"""What is measured on a fold: Keras metrics by name or object, losses, plain functions (section 11.4).

A number alone does not say whether more of it is good. `select_candidate` has to know: Keras' metrics say it themselves,
losses are better if they are smaller, and a function of yours says it through `MetricFunction`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

__all__ = ["MetricFunction"]


@dataclass(frozen=True)
class MetricFunction:
    """A function of targets and predictions, and which way it is better.

    Args:
        function: `function(y, y_pred)` of NumPy arrays, such as one of `sklearn.metrics`; it returns a number, or one
            for each sample, whose mean is meant.
        greater_is_better: Whether a greater value is better; `None` if nobody is going to choose by it.
        name: By default the function's.

    Example:
        >>> bias = MetricFunction(lambda y, y_pred: y_pred - y, greater_is_better=None, name="bias")
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

    def __call__(self, y, y_pred):
        """The metric of these samples."""
        if getattr(y_pred, "ndim", 0) == 2 and y_pred.shape[1] == 1 and np.ndim(y) == 1:
            y_pred = y_pred[:, 0]  # otherwise y - y_pred would be a square
        values = np.asarray(ops.convert_to_numpy(self.function(y, y_pred)))
        if values.size != 1 and values.shape[:1] != np.shape(y)[:1]:
            raise ValueError(f"metric {self.name} must give one number; received shape {values.shape}")
        return float(np.mean(values))


def as_metrics(metrics):
    """A list of `MetricFunction`, from one metric or several.

    Raises:
        ValueError: If there is none, a name is not known to Keras, or two metrics have one name.
    """
    found = [_as_metric(m) for m in (metrics if isinstance(metrics, list | tuple) else [metrics])]
    names = [m.name for m in found]
    if not found or len(set(names)) < len(names):
        raise ValueError(f"metrics must be one or more, with names of their own; received {names}")
    return found


def _as_metric(metric):
    if isinstance(metric, MetricFunction):
        return metric
    if metric in ("accuracy", "acc"):
        return MetricFunction(_accuracy, True, metric)
    if isinstance(metric, str):
        try:
            return _from_keras(keras.metrics.get(metric), metric)
        except ValueError:
            raise ValueError(f"metrics must be known to Keras by name; received {metric!r}") from None
    if isinstance(metric, keras.metrics.Metric):
        return _from_keras(metric, metric.name)
    if isinstance(metric, keras.losses.Loss):
        return MetricFunction(lambda y, y_pred: metric(_as_predicted(y, y_pred), y_pred), False, metric.name)
    return MetricFunction(metric, getattr(metric, "greater_is_better", None))


def _from_keras(metric, name):
    if not isinstance(metric, keras.metrics.Metric):
        return MetricFunction(metric, None, name)

    def measure(y, y_pred):
        metric.reset_state()
        metric.update_state(_as_predicted(y, y_pred), y_pred)
        return metric.result()

    direction = {"up": True, "down": False}.get(getattr(metric, "_direction", None))
    return MetricFunction(measure, getattr(metric, "greater_is_better", direction), name)


def _accuracy(y, y_pred):
    """As `compile(metrics=["accuracy"])`: by the shapes, the classes are two, one-hot rows, or numbers."""
    if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
        return (np.reshape(y_pred, len(y)) > 0.5) == np.reshape(y, len(y))
    labels = np.argmax(y, axis=-1) if np.shape(y) == np.shape(y_pred) else np.reshape(y, y_pred.shape[:-1])
    return np.argmax(y_pred, axis=-1) == labels


def _as_predicted(y, y_pred):
    """Targets (n,) as a column, if predictions are one."""
    y = np.asarray(y)
    return y[:, None] if y.ndim == 1 and getattr(y_pred, "shape", ())[1:] == (1,) else y
