"""Losses and scores as functions of many predictions at a time (section 12.2).

Where a loss is a mean over rows, the losses of all rows of all repeats come from one call. A score that is not (R²,
the area under a curve) is asked once for each repeat.
"""

import keras
import numpy as np
from keras import ops

__all__: list[str] = []

DIRECTIONS = {"down": 1.0, "up": -1.0}


class Score:
    """A loss or metric with its direction; `sign` is +1 where less is better.

    Args:
        loss: A Keras loss or its name, a Keras metric, or a function of `(y, prediction)` that returns one loss for
            each row, `(rows,)`, or one number.
        direction: `"down"` if less is better, `"up"` if more is; known of Keras' losses and of most metrics.

    Raises:
        ValueError: If the direction is neither given nor known, or the loss is none.
    """

    def __init__(self, loss, direction=None):
        self.of_keras = isinstance(loss, str | keras.losses.Loss)
        if isinstance(loss, str):
            loss = _by_name(loss)
        if self.of_keras:
            direction = direction or "down"
        elif isinstance(loss, keras.Metric):
            direction = direction or getattr(loss, "_direction", None)
        elif not callable(loss):
            raise ValueError(f"loss must be a Keras loss or metric, or a function; received {type(loss).__name__}")
        if direction not in DIRECTIONS:
            name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
            raise ValueError(
                f"direction must be 'down' (a loss: less is better) or 'up' (a score) for {name}; received {direction}"
            )
        self.loss, self.sign = loss, DIRECTIONS[direction]
        self._per_row = loss.call if isinstance(loss, keras.losses.Loss) else loss

    def rows(self, y, prediction):
        """The losses `(rows,)` of all rows; `None` if the loss is no mean over rows."""
        if isinstance(self.loss, keras.Metric):
            return None
        if self.of_keras:
            y, prediction = (ops.convert_to_tensor(_as_columns(v)) for v in (y, prediction))
        values = self._per_row(y, prediction)
        values = ops.convert_to_numpy(values) if ops.is_tensor(values) else np.asarray(values)
        if values.shape == ():
            return None
        if values.shape != (len(prediction),):
            raise ValueError(
                f"loss must return one number, or one for each of {len(prediction)} rows; received {values.shape}"
            )
        return values.astype("float64")

    def mean(self, y, prediction):
        """The loss of all rows, one number."""
        values = self.rows(y, prediction)
        if values is not None:
            return float(values.mean())
        if isinstance(self.loss, keras.Metric):
            self.loss.reset_state()
            self.loss.update_state(_as_columns(y), _as_columns(prediction))
            return float(self.loss.result())
        return float(self.loss(y, prediction))

    def means(self, y, prediction, repeats):
        """The losses `(repeats,)` of predictions `(repeats * rows, ...)`."""
        values = self.rows(np.tile(y, (repeats,) + (1,) * (y.ndim - 1)), prediction)
        if values is not None:
            return values.reshape(repeats, -1).mean(axis=1)
        return np.array([self.mean(y, part) for part in np.split(prediction, repeats)])


def _by_name(name):
    try:
        loss = keras.losses.get(name)
    except ValueError:
        loss = None
    if loss is None:
        raise ValueError(f"loss must be the name of a Keras loss, such as 'mse', or an object; received {name!r}")
    return loss


def _as_columns(values):
    """Keras takes the mean over the last axis for the loss of a row."""
    return values[:, None] if np.ndim(values) == 1 else values
