"""Keep the weights that validation found best (§11.4)."""

import keras
import numpy as np

from mathdl_keras.core.measures import greater_is_better

__all__ = ["RestoreBestWeights"]


class RestoreBestWeights(keras.callbacks.Callback):
    r"""Stops training when validation does not improve, and goes back to the best weights (§11.4).

    Training is a path :math:`\theta_1, \theta_2, \dots` of candidates, and :math:`t^* = \arg\min_t` of the validation
    risk is chosen among them. The risk at t* is the least of many, and too small: report that of test data. The same
    as `keras.callbacks.EarlyStopping(restore_best_weights=True)`, except that a missing quantity is an error.

    Args:
        patience: Integer >= 0, number of epochs without improvement after which training stops; `None` to train to
            the end.
        monitor: String, the quantity to watch, a key of the history.
        mode: `"min"`, `"max"` or `"auto"`: with the last the loss is to fall, and a Keras metric is to go the way in
            which it is better.
        min_delta: Float >= 0, the least change that counts as an improvement.

    Attributes:
        best: The best value, and `best_epoch`, its epoch, counted from 1.

    Raises:
        ValueError: If an argument is out of range; in training, if the quantity is not there, or its direction is not
            known.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, keep = np.ones((4, 1), "float32"), RestoreBestWeights(patience=2)
        >>> _ = model.fit(x, x, epochs=3, verbose=0, validation_data=(x, x), callbacks=[keep])
        >>> keep.best_epoch
        3
    """

    def __init__(self, patience=0, monitor="val_loss", mode="auto", min_delta=0.0):
        super().__init__()
        if patience is not None and (not isinstance(patience, int) or patience < 0):
            raise ValueError(f"patience must be an integer >= 0, or None; received patience={patience!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be one of auto, min, max; received mode={mode!r}")
        self.patience, self.monitor, self.mode, self.min_delta = patience, monitor, mode, abs(min_delta)
        self._forget()

    def _forget(self):
        self.best = self.best_epoch = self._weights = None
        self._wait = 0

    def on_train_begin(self, logs=None):
        self._forget()

    def on_epoch_end(self, epoch, logs=None):
        if self.monitor not in (logs or {}):
            raise ValueError(f"monitor must be one of {', '.join(logs or {})}; received monitor={self.monitor!r}")
        value = logs[self.monitor]
        self._wait += 1
        if self.best is None or self._gain(value) > 0:
            self.best, self.best_epoch, self._wait = value, epoch + 1, 0
            self._weights = self.model.get_weights()
        elif self.patience is not None and self._wait >= self.patience:
            self.model.stop_training = True

    def _gain(self, value):
        """By how much it is better than the best, beyond `min_delta`; NaN never is, and anything is better than NaN."""
        if np.isnan(self.best):
            return 0 if np.isnan(value) else 1
        return (value - self.best if self._greater_is_better() else self.best - value) - self.min_delta

    def on_train_end(self, logs=None):
        if self._weights is not None:
            self.model.set_weights(self._weights)

    def _greater_is_better(self):
        name = self.monitor.removeprefix("val_")
        if self.mode != "auto" or name == "loss":
            return self.mode == "max"
        for metric in _all_metrics(self.model):
            if metric.name == name and (known := greater_is_better(metric)) is not None:
                return known
        raise ValueError(f"mode must be 'min' or 'max', for nothing says which way {name} is better; received 'auto'")


def _all_metrics(model):
    """The metrics, those inside Keras' own collections included."""
    for metric in model.metrics:
        yield from getattr(metric, "metrics", [metric])
