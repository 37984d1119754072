r"""Honest measures of generated samples: the modes they cover, and their distance from real ones (§15.4, §15.5).

Losses of the two players say who is winning, not whether samples are good. These compare generated samples with what is
known. As Keras metrics they take real samples as `y_true` and generated ones as `y_pred`, so that
`compile(metrics=[...])` of an adversarial model and `evaluate(x)` give them.
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.linalg import matvec, transpose
from mathdl_keras.core.measures import direct

__all__ = ["ModeCoverage", "MarginalWasserstein", "mode_coverage"]


def mode_coverage(samples, centres, radius, share=0.1):
    r"""The part of the modes that samples visit, and the part of the samples that are at a mode (§15.4).

    A mode is covered if at least `share` of its fair part, n/K of the n samples, lie within `radius` of it. A generator
    that gives the same output for all inputs covers one mode of K: that is mode collapse.

    Args:
        samples: Array `(n, d)`.
        centres: Array `(K, d)`, the modes, which should be further apart than two radii.
        radius: Positive float, the radius of a mode, such as three standard deviations.
        share: Float in (0, 1], the share of its fair part that a mode must get to be covered; 0.1 by default.

    Returns:
        `(covered, precision)`: two floats in [0, 1].

    Raises:
        ValueError: If shapes do not fit, the samples are not finite, or the radius or the share is out of range.

    Example:
        >>> mode_coverage([[0.1], [0.0], [0.9], [5.0]], [[0.0], [1.0], [2.0], [3.0]], radius=0.2)
        (0.5, 0.75)
    """
    metric = ModeCoverage(centres, radius, share)
    samples = np.asarray(ops.convert_to_numpy(samples))
    if samples.size == 0 or not np.all(np.isfinite(samples)):
        raise ValueError(f"samples must be finite and not empty; received shape {samples.shape}")
    metric.update_state(samples, samples)
    visits, total = ops.convert_to_numpy(metric.visits).astype("float64"), float(metric.total)
    return float(metric.result()), float(min(visits.sum() / total, 1.0))


@keras.saving.register_keras_serializable("mathdl_keras")
class ModeCoverage(keras.metrics.Metric):
    """The part of the modes that generated samples cover, streamed over batches (§15.4); see `mode_coverage`.

    Args:
        centres: Array `(K, d)`, the modes.
        radius: Positive float, the radius of a mode.
        share: Float in (0, 1], the share of its fair part n/K that a mode must get to be covered; 0.1 by default.
        name: String, the name.
        dtype: String, the dtype of the counts; `None`, the default, for `keras.config.floatx()`.

    Raises:
        ValueError: If an argument is out of range, or samples have another number of features than the centres.

    Example:
        >>> metric = ModeCoverage([[0.0, 0.0], [1.0, 0.0]], radius=0.1)
        >>> metric.update_state(None, [[0.05, 0.0], [0.0, 0.05]])
        >>> float(metric.result())
        0.5
    """

    def __init__(self, centres, radius, share=0.1, name="mode_coverage", dtype=None):
        super().__init__(name=name, dtype=dtype)
        centres = np.asarray(centres, "float32")
        if centres.ndim != 2 or centres.size == 0 or not np.all(np.isfinite(centres)):
            raise ValueError(f"centres must be finite, of shape (modes, features); received shape {centres.shape}")
        if not isinstance(radius, int | float) or not 0 < radius < math.inf:
            raise ValueError(f"radius must be positive and finite; received radius={radius!r}")
        if not isinstance(share, int | float) or not 0 < share <= 1:
            raise ValueError(f"share must be in (0, 1]; received share={share!r}")
        self.centres, self.radius, self.share = centres, radius, share
        direct(self, greater_is_better=True)
        self.visits = self.add_variable(shape=(len(centres),), initializer="zeros", name="visits")
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        x = ops.cast(y_pred, self.dtype)
        if len(x.shape) != 2 or x.shape[1] != self.centres.shape[1]:
            raise ValueError(f"samples must have shape (n, {self.centres.shape[1]}); received {tuple(x.shape)}")
        w = _weights(sample_weight, x, self.dtype)
        squares = ops.sum(ops.square(x[:, None] - ops.cast(self.centres, self.dtype)), axis=2)  # (n, modes)
        near = ops.cast(squares <= self.radius**2, self.dtype)
        self.visits.assign_add(matvec(transpose(near), w))
        self.total.assign_add(ops.sum(w))

    def result(self):
        """NaN before the first sample."""
        fair = self.total / len(self.centres)
        covered = ops.cast(self.visits >= self.share * fair, self.dtype)
        share = ops.sum(covered) / len(self.centres)
        return ops.where(self.total > 0, share, ops.full_like(share, math.nan))

    def get_config(self):
        return super().get_config() | {"centres": self.centres.tolist(), "radius": self.radius, "share": self.share}


@keras.saving.register_keras_serializable("mathdl_keras", name="Wasserstein1")
class MarginalWasserstein(keras.metrics.Metric):
    r"""The Wasserstein distance of real and generated samples, coordinate by coordinate, streamed over batches (§15.5).

    .. math:: \frac1d \sum_{j=1}^d \int_{lo}^{hi} |F_j(t) - G_j(t)|\, dt

    with the distribution functions F of `y_true` and G of `y_pred`, at the edges of equal bins; it is within one bin's
    width of the exact distance of the samples clipped to [lo, hi]. It sees marginals only: zero does not mean that the
    samples are the same.

    Args:
        lo: Float, the least value.
        hi: Float, the largest value.
        bins: Integer, the number of bins, 200 by default; the memory is `bins` times d.
        features: Integer, the number d of coordinates; 1 by default.
        name: String, the name.
        dtype: String, the dtype of the sums; `None`, the default, for `keras.config.floatx()`.

    Raises:
        ValueError: If an argument is out of range, or samples have another number of features.

    Example:
        >>> metric = MarginalWasserstein(0.0, 4.0, bins=400)
        >>> metric.update_state([[0.0], [1.0]], [[3.0], [1.0]])
        >>> abs(float(metric.result()) - 1.5) <= 0.01
        True
    """

    def __init__(self, lo, hi, bins=200, features=1, name="wasserstein_1", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not -math.inf < lo < hi < math.inf:
            raise ValueError(f"lo must be below hi, both finite; received lo={lo}, hi={hi}")
        self.lo, self.hi = float(lo), float(hi)
        direct(self, greater_is_better=False)
        self.bins, self.features = check_positive("bins", bins), check_positive("features", features)
        # mass of real and of generated samples at or below the middle of each bin
        self.below = self.add_variable(shape=(2, self.features, self.bins), initializer="zeros", name="below")
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        pair = [ops.cast(a, self.dtype) for a in (y_true, y_pred)]
        for x in pair:
            if len(x.shape) != 2 or x.shape[1] != self.features:
                raise ValueError(f"samples must have shape (n, {self.features}); received {tuple(x.shape)}")
        w = _weights(sample_weight, pair[0], self.dtype)
        width = (self.hi - self.lo) / self.bins
        middles = ops.cast(self.lo + width * (np.arange(self.bins) + 0.5), self.dtype)
        below = [ops.einsum("n,ndb->db", w, ops.cast(x[:, :, None] <= middles, self.dtype)) for x in pair]
        self.below.assign_add(ops.stack(below))
        self.total.assign_add(ops.sum(w))

    def result(self):
        """NaN before the first sample."""
        gaps = ops.abs(self.below[0] - self.below[1]) / self.total
        return ops.sum(gaps) * (self.hi - self.lo) / (self.bins * self.features)

    def get_config(self):
        sizes = {"lo": self.lo, "hi": self.hi, "bins": self.bins, "features": self.features}
        return super().get_config() | sizes


def _weights(sample_weight, x, dtype):
    """(n,), ones by default."""
    ones = ops.ones_like(x[:, 0], dtype=dtype)
    return ones if sample_weight is None else ones * ops.reshape(ops.cast(sample_weight, dtype), (-1,))
