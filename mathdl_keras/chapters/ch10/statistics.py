r"""Moments that move along with training, and those of the whole population (§10.3)."""

import numpy as np
from keras import layers, ops

from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.chapters.ch10.normalization import batch_moments
from mathdl_keras.core.checks import check_data
from mathdl_keras.core.graph import layers_of, replaced

__all__ = ["MovingMoments", "recalibrate_batch_norm"]


class MovingMoments:
    r"""Exponential averages of the moments of batches (§10.3).

    After k batches with means :math:`\mu_j` and variances :math:`v_j`,

    .. math:: \bar\mu_k = m\,\bar\mu_{k-1} + (1 - m)\,\mu_k, \qquad \bar v_k = m\,\bar v_{k-1} + (1 - m)\,v_k .

    As in batch normalization they start at :math:`\bar\mu_0 = 0` and :math:`\bar v_0 = 1`, of which a part
    :math:`m^k` is still there after k batches. With a bias correction both start at 0, and are divided by
    :math:`1 - m^k`: from the first batch on they are averages of what has been seen. Batches of B rows have
    :math:`E\,v_j = \sigma^2 (B-1)/B` in both cases.

    Args:
        momentum: Float m in [0, 1); 0.99 by default.
        bias_correction: Boolean, whether to correct for the start; False by default.

    Raises:
        ValueError: If momentum is out of range; if a moment is asked for before the first batch.

    Example:
        >>> plain, corrected = MovingMoments(0.9), MovingMoments(0.9, bias_correction=True)
        >>> for moments in (plain, corrected):
        ...     moments.update(ops.array([[4.0], [6.0]]))
        >>> [round(float(moments.mean[0]), 4) for moments in (plain, corrected)]
        [0.5, 5.0]
        >>> [round(float(moments.variance[0]), 4) for moments in (plain, corrected)]
        [1.0, 1.0]
    """

    def __init__(self, momentum=0.99, bias_correction=False):
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1); received momentum={momentum}")
        self.momentum, self.bias_correction = momentum, bias_correction
        self.batches, self._averages = 0, (0.0, 0.0 if bias_correction else 1.0)

    def update(self, x):
        """Takes in a batch (B, ..., C)."""
        check_data(x)
        m, pairs = self.momentum, zip(self._averages, batch_moments(x), strict=True)
        self._averages = tuple(m * old + (1 - m) * new for old, new in pairs)
        self.batches += 1

    @property
    def mean(self):
        r""":math:`\bar\mu_k`, (C,)."""
        return self._average(0)

    @property
    def variance(self):
        r""":math:`\bar v_k`, (C,)."""
        return self._average(1)

    def _average(self, which):
        if not self.batches:
            raise ValueError("update must be called before moments are read; received 0 batches")
        weight = 1 - self.momentum**self.batches if self.bias_correction else 1
        return self._averages[which] / weight


def recalibrate_batch_norm(model, x, batch_size=256):
    r"""Puts the moments of the whole population in the place of the moving ones (§10.3).

    From the first batch normalization to the last, :math:`\bar\mu` and :math:`\bar v` become the mean and the variance
    of what reaches the layer from all of x, with those before it recalibrated already. Then inference on x is what
    training would make of all of x as one batch. Moving moments lag behind the weights, start wrong, and average the
    variances *within* batches; these do neither.

    Args:
        model: A Keras model, its batch normalizations Keras' or ours.
        x: Array (samples, ...), the data that it was trained on, or a good part of them.
        batch_size: Integer >= 1, the number of samples to hold at once; 256 by default.

    Returns:
        An integer, the number of layers that were recalibrated.

    Raises:
        ValueError: If x is empty or not finite, `batch_size` is not positive, or the model normalizes nothing.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), BatchNormalization()])
        >>> recalibrate_batch_norm(model, np.array([[1.0], [2.0], [6.0]], "float32"))
        1
        >>> [round(float(v[0]), 4) for v in model.non_trainable_variables]
        [3.0, 4.6667]
    """
    x = np.asarray(x)
    check_data(x)
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be an integer >= 1; received batch_size={batch_size!r}")
    found = inputs_of_norms(model, x[:1])
    for layer in found:
        _, mean, variance = population_moments(layer, model, x, batch_size)
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
    return len(found)


def population_moments(layer, model, x, batch_size):
    """`(count, mean, variance)` of what reaches a layer, in float64, merged from batch to batch."""
    total = (0, 0.0, 0.0)
    for start in range(0, len(x), batch_size):
        total = merge(total, moments_of(inputs_of_norms(model, x[start : start + batch_size])[layer]))
    return total


def moments_of(rows):
    return len(rows), rows.mean(axis=0), rows.var(axis=0)


def merge(a, b):
    """Moments of two samples together, from those of each (Chan, Golub and LeVeque)."""
    (n, mean, variance), (k, other, spread) = a, b
    part = k / (n + k)
    shift = other - mean
    return n + k, mean + part * shift, (1 - part) * variance + part * spread + part * (1 - part) * shift**2


def inputs_of_norms(model, x):
    """From each batch normalization, in the order of the computation, to its inputs as rows (rows, C), in inference."""
    norms = [v for v in layers_of(model) if isinstance(v, BatchNormalization | layers.BatchNormalization)]
    seen = {}

    def watched(layer, function):
        def run(inputs, *args, **kwargs):
            seen.setdefault(layer, []).append((inputs, kwargs.get("mask")))
            return function(inputs, *args, **kwargs)

        return run

    # ours may be used without being called; its call goes the same way
    with replaced(norms, lambda v: "forward_pass" if isinstance(v, BatchNormalization) else "call", watched):
        model(x, training=False)
    if not seen:
        raise ValueError(f"model must have a BatchNormalization layer that it uses; received none in {model.name}")
    return {layer: np.concatenate([rows_there(layer, *use) for use in uses]) for layer, uses in seen.items()}


def rows_there(layer, inputs, mask):
    """What reaches a batch normalization as rows (rows, C) in float64, without those that a mask hides."""
    values = np.moveaxis(np.asarray(ops.convert_to_numpy(inputs), "float64"), layer.axis, -1)
    rows = values.reshape(-1, values.shape[-1])
    if mask is None:
        return rows
    if layer.axis not in (-1, values.ndim - 1):
        raise ValueError(f"axis must be the last one where x has a mask; received axis={layer.axis} in {layer.name}")
    return rows[np.asarray(ops.convert_to_numpy(mask), bool).reshape(-1)]
