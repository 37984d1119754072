r"""How far the moving moments lie from those of a batch, during training (§10.3)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch10.statistics import inputs_of_norms
from mathdl_keras.core.checks import check_data

__all__ = ["BatchStatisticsMonitor"]


class BatchStatisticsMonitor(keras.callbacks.Callback):
    r"""Records the gap between the moments of a batch and the moving ones, of any Keras model (§10.3).

    Before training and after each epoch the batch goes through the model in inference. For what reaches each batch
    normalization, Keras' or ours, with C channels, mean :math:`\mu` and variance v,

    .. math::
        \Big(\frac1C \sum_c \frac{(\mu_c - \bar\mu_c)^2}{\bar v_c + \varepsilon}\Big)^{1/2} \qquad\text{and}\qquad
        \Big(\frac1C \sum_c \log^2 \frac{v_c + \varepsilon}{\bar v_c + \varepsilon}\Big)^{1/2} .

    Both are 0 where training and inference agree. The first is in standard deviations; of the second, 0.7 is a factor
    of 2. Where they stay large the moving moments lag behind: a smaller momentum or `recalibrate_batch_norm` helps.

    Attributes:
        layers: List of strings, names of the batch normalizations, in the order of the computation.
        means: Array (epochs + 1, layers), the gaps of the means.
        variances: Array (epochs + 1, layers), the gaps of the variances.

    Args:
        x: Array (samples, ...), inputs of the batch, two rows at least.

    Raises:
        ValueError: If x is one row or not finite, or the model normalizes nothing.

    Example:
        >>> from mathdl_keras.chapters.ch10.models import BatchNormMLP
        >>> model = BatchNormMLP((2, 4, 4, 1), "tanh", loss="mse", momentum=0.5)
        >>> x = np.random.default_rng(0).normal(3, 1, (32, 2)).astype("float32")
        >>> model.compile("sgd")
        >>> monitor = BatchStatisticsMonitor(x)
        >>> _ = model.fit(x, x[:, :1], batch_size=8, epochs=2, verbose=0, callbacks=[monitor])
        >>> monitor.means.shape, bool(monitor.means[2, 0] < monitor.means[0, 0])
        ((3, 2), True)
    """

    def __init__(self, x):
        super().__init__()
        check_data(x)
        if len(x) < 2:
            raise ValueError(f"x must have two rows or more, to have a variance; received {len(x)}")
        self.x = x

    def on_train_begin(self, logs=None):
        self._rows = []
        self._record()

    def on_epoch_end(self, epoch, logs=None):
        self._record()

    def _record(self):
        found = inputs_of_norms(self.model, self.x)
        self.layers = [layer.name for layer in found]
        self._rows.append([gaps(layer, rows) for layer, rows in found.items()])
        self.means, self.variances = np.moveaxis(np.array(self._rows), -1, 0)


def gaps(layer, rows):
    """The two gaps of one layer, from what reaches it."""
    mean, variance = (
        np.asarray(ops.convert_to_numpy(v), "float64") for v in (layer.moving_mean, layer.moving_variance)
    )
    spread = variance + layer.epsilon
    return _rms((rows.mean(axis=0) - mean) / np.sqrt(spread)), _rms(np.log((rows.var(axis=0) + layer.epsilon) / spread))


def _rms(values):
    return np.sqrt(np.mean(np.square(values)))
