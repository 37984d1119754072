"""Any model as a function of rows: what the rest of the chapter asks for predictions.

Importance is measured by predictions on many changed rows. A Keras model gets them in batches of few different sizes,
so that each backend compiles few programs; a plain function gets them as they come.
"""

import keras
import numpy as np
from keras import ops

__all__ = ["PredictionFunction"]

BATCH = 8192  # rows of a Keras model's largest batch
ENTRIES = 2**17  # of the changed rows at a time: they, and what a small network makes of them, fit into the cache


class PredictionFunction:
    """A model as a function from rows to predictions in float64.

    Args:
        model: A Keras model with one input of shape `(features,)`, or a function of NumPy rows `(rows, features)` that
            returns `(rows,)` or `(rows, outputs)`. A single output loses its axis.

    Raises:
        ValueError: If it is neither; when called, if a prediction is not finite, or not one for each row.

    Example:
        >>> predict = PredictionFunction(lambda rows: rows.sum(axis=1))
        >>> predict(np.ones((2, 3)))
        array([3., 3.])
    """

    def __init__(self, model):
        if not callable(model):
            name = type(model).__name__
            raise ValueError(f"model must be a Keras model or a function of rows; received {name}: pass its predict")
        self.model = model
        self.dtype = "float32" if isinstance(model, keras.Model) and model.compute_dtype != "float64" else "float64"

    def __call__(self, rows):
        """The predictions `(rows,)` or `(rows, outputs)`."""
        rows = np.asarray(rows, self.dtype)
        found = self._in_batches(rows) if isinstance(self.model, keras.Model) else self.model(rows)
        found = np.asarray(ops.convert_to_numpy(found) if ops.is_tensor(found) else found, "float64")
        if found.ndim not in (1, 2) or len(found) != len(rows):
            raise ValueError(f"model must return one prediction for each of {len(rows)} rows; received {found.shape}")
        if not np.isfinite(found.sum()) and (bad := int(np.sum(~np.isfinite(found)))):
            raise ValueError(f"model must give finite predictions; received {bad} of {found.size} that are not")
        return found[:, 0] if found.shape[1:] == (1,) else found

    def _in_batches(self, rows):
        """Batches of a power of two rows; the last one is filled up with zeros."""
        size = min(BATCH, 1 << (len(rows) - 1).bit_length())
        found = []
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            padded = np.pad(batch, ((0, size - len(batch)), (0, 0))) if len(batch) < size else batch
            found.append(ops.convert_to_numpy(self.model.predict_on_batch(padded))[: len(batch)])
        return np.concatenate(found)


def as_prediction(model):
    """The model as a `PredictionFunction`, unless it is one."""
    return model if isinstance(model, PredictionFunction) else PredictionFunction(model)
