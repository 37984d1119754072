"""The coefficient of determination as a streaming metric (§2.4)."""

import math

import keras
from keras import ops

from mathdl_keras.core.measures import direct

__all__ = ["R2Score"]

AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)


@keras.saving.register_keras_serializable("mathdl_keras", name="R2")
class R2Score(keras.metrics.Metric):
    r"""The share of the targets' variance that the predictions explain (§2.4).

    .. math:: R^2 = 1 - \frac{\sum_m (y_m - \hat y_m)^2}{\sum_m (y_m - \bar y)^2}, \qquad
              R^2_{\mathrm{adj}} = 1 - (1 - R^2)\,\frac{n - 1}{n - p - 1}

    Of a target that is unrelated to p features, least squares explains :math:`p/(n-1)` on average; the adjusted form
    takes that away. The variance streams over batches by the update of Chan, Golub and LeVeque (1983): with means
    :math:`\bar y_a, \bar y_b` and centred sums of squares :math:`S_a, S_b` of two parts,

    .. math:: S = S_a + S_b + \frac{n_a n_b}{n_a + n_b}\,(\bar y_b - \bar y_a)^2 ,

    so that no large numbers cancel, as they do in :math:`\sum y^2 - n\bar y^2` (Keras' `R2Score`, in float32: targets
    around 10,000 with deviation 1 are beyond it).

    A constant target has no variance to explain: the result is NaN, not 0 or 1, as it is while
    :math:`n \le p + 1` in the adjusted form, where Keras falls back to the plain one.

    Args:
        class_aggregation: String or None, what several targets give: `uniform_average`, the default,
            `variance_weighted_average`, or `None` for one value each.
        num_regressors: Integer p >= 0, the number of features, for the adjusted form; 0, the default, is the plain one.
        name: String, the name of the metric; `r2_score` by default.
        dtype: String or dtype policy of the state; by default that of Keras' floats.

    Raises:
        ValueError: If an argument is out of range, or targets and predictions have different shapes.

    Example:
        >>> metric = R2Score()
        >>> metric.update_state([[1.0], [2.0]], [[1.0], [2.0]])
        >>> metric.update_state([[3.0]], [[4.0]])
        >>> round(float(metric.result()), 5)
        0.5
    """

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(f"class_aggregation must be one of {AGGREGATIONS}; received {class_aggregation!r}")
        if isinstance(num_regressors, bool) or not isinstance(num_regressors, int) or num_regressors < 0:
            raise ValueError(f"num_regressors must be an integer >= 0; received num_regressors={num_regressors!r}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        direct(self, greater_is_better=True)
        self.rows = self.add_variable(shape=(), initializer="zeros", name="rows")
        self.weight = self.add_variable(shape=(), initializer="zeros", name="weight")
        self.mean = None

    def _build(self, targets):
        self.mean, self.tss, self.rss = (
            self.add_variable(shape=(targets,), initializer="zeros", name=name) for name in ("mean", "tss", "rss")
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Adds a batch: `y_true` and `y_pred` (batch, K) or (batch,), weights (batch,) or (batch, 1)."""
        y, m = self._rows_of(y_true, "y_true"), self._rows_of(y_pred, "y_pred")
        if y.shape[1] != m.shape[1]:
            raise ValueError(f"y_true and y_pred must have one shape; received {y.shape} and {m.shape}")
        if self.mean is None:
            self._build(y.shape[1])
        w = ops.ones_like(y[:, :1]) if sample_weight is None else self._rows_of(sample_weight, "sample_weight")
        weight = ops.sum(w)
        mean, tss = _moments(y, w, weight)
        total = self.weight + weight
        share = _ratio(weight, total)
        shift = mean - self.mean
        self.tss.assign_add(tss + ops.square(shift) * (self.weight * share))
        self.mean.assign_add(shift * share)
        self.rss.assign_add(ops.sum(w * ops.square(y - m), axis=0))
        self.weight.assign(total)
        self.rows.assign_add(ops.cast(ops.shape(y)[0], self.dtype))

    def _rows_of(self, v, name):
        v = ops.convert_to_tensor(v, dtype=self.dtype)
        if len(v.shape) not in (1, 2):
            raise ValueError(f"{name} must have shape (batch,) or (batch, targets); received {tuple(v.shape)}")
        return v[:, None] if len(v.shape) == 1 else v

    def result(self):
        if self.mean is None:
            return ops.convert_to_tensor(math.nan, dtype=self.dtype)
        r2 = 1 - _ratio(self.rss, self.tss, otherwise=math.nan)
        if self.class_aggregation == "uniform_average":
            r2 = ops.sum(r2) / r2.shape[0]
        elif self.class_aggregation == "variance_weighted_average":
            r2 = 1 - _ratio(ops.sum(self.rss), ops.sum(self.tss), otherwise=math.nan)
        return self._adjust(r2) if self.num_regressors else r2

    def _adjust(self, r2):
        freedom = ops.relu(self.rows - (self.num_regressors + 1))
        return 1 - (1 - r2) * _ratio(self.rows - 1, freedom, otherwise=math.nan)

    @classmethod
    def from_config(cls, config):
        """A metric from its configuration, one of earlier files too: `adjusted`, and `n_features` for p."""
        adjusted, features = config.get("adjusted"), config.get("n_features")
        config = {name: value for name, value in config.items() if name not in ("adjusted", "n_features")}
        return cls(**(config | {"num_regressors": features} if adjusted else config))

    def get_config(self):
        names = ("class_aggregation", "num_regressors")
        return super().get_config() | {name: getattr(self, name) for name in names}


def _moments(y, w, weight):
    """Mean and centred sum of squares of a batch, about its first row: a constant target has exactly zero."""
    away = y - y[:1]
    mean = _ratio(ops.sum(w * away, axis=0), weight)
    return y[0] + mean, ops.sum(w * ops.square(away - mean), axis=0)


def _ratio(a, b, otherwise=0.0):
    """a / b, or another value where b is zero."""
    b = ops.convert_to_tensor(b)
    some = b > 0
    return ops.where(some, a / ops.where(some, b, ops.ones_like(b)), ops.full_like(b, otherwise))
