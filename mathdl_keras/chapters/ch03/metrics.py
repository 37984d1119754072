r"""How good a classifier is (§3.3): counts, ranks, and whether its probabilities mean what they say.

| metric | result |
| --- | --- |
| `ConfusionMatrix` | the number :math:`n_{ij}` of examples of class i that are predicted as class j |
| `ROCAUC` | the probability that a positive scores above a negative, ties counted one half |
| `LogLoss` | the mean of minus the logarithm of the probability of the true class |
| `CalibrationCurve` | the mean probability and the frequency of positives in each bin of the probability |

All of them accumulate over batches: the result is that of the whole data set, however it is divided.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.losses import BinaryCrossentropy
from mathdl_keras.core.linalg import gram
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["CalibrationCurve", "ConfusionMatrix", "ROCAUC", "LogLoss", "exact_auc"]


def exact_auc(y, score):
    r"""The area under the ROC curve by counting pairs (§3.3), after Mann and Whitney.

    .. math:: \mathrm{AUC} = \frac{1}{n_1 n_0} \sum_{i: y_i = 1} \sum_{j: y_j = 0}
        \left(1[s_i > s_j] + \tfrac12\, 1[s_i = s_j]\right)

    by sorting the negatives and looking up each positive: :math:`O(n \log n)`. `keras.metrics.AUC` sums over a grid of
    thresholds instead.

    Args:
        y: Array `(n,)`, labels: 1 positive, 0 negative; anything else takes no part.
        score: Array `(n,)`, finite scores.

    Returns:
        A scalar tensor of the dtype of `score`; NaN where a class is missing.

    Example:
        >>> float(exact_auc([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1]))  # (2 + 1.5) / 4
        0.875
    """
    score = ops.convert_to_tensor(score)
    y = ops.cast(y, score.dtype)
    if len(y.shape) != 1 or len(score.shape) != 1:
        raise ValueError(f"y and score must have shape (n,); received {tuple(y.shape)} and {tuple(score.shape)}")
    positive, negative = (ops.cast(ops.equal(y, label), score.dtype) for label in (1, 0))
    negatives = ops.sort(ops.where(negative > 0, score, ops.full_like(score, np.inf)))
    below, not_above = (ops.searchsorted(negatives, score, side=side) for side in ("left", "right"))
    wins = (ops.cast(below, score.dtype) + ops.cast(not_above, score.dtype)) / 2
    return ops.sum(positive * wins) / (ops.sum(positive) * ops.sum(negative))


@keras.saving.register_keras_serializable("mathdl_keras")
class ConfusionMatrix(RenamedArguments, keras.metrics.Metric):
    r"""The confusion matrix :math:`n_{ij}`: how many examples of class i are predicted as class j (§3.3).

    Predictions are scores `(B, classes)`, of which the largest decides, or, for two classes, probabilities `(B, 1)` or
    `(B,)` against a threshold. Labels are integers. With sample weights, each example counts with its weight.

    Args:
        num_classes: Integer, the number K of classes; 2 by default.
        threshold: Float, above which a probability of class 1 counts as class 1; 0.5 by default.
        name: String, the name.
        dtype: String, the dtype of the counts; in float32 they are exact up to 16,777,216.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> metric = ConfusionMatrix()
        >>> metric.update_state([0, 1, 1], [[0.2], [0.4], [0.9]])
        >>> ops.convert_to_numpy(metric.result()).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """

    renamed_arguments = {"classes": "num_classes"}

    def __init__(self, num_classes=2, threshold=0.5, name="confusion_matrix", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(num_classes, int) or num_classes < 2:
            raise ValueError(f"num_classes must be an integer >= 2; received num_classes={num_classes!r}")
        self.num_classes, self.threshold = num_classes, threshold
        self.counts = self.add_variable((num_classes, num_classes), "zeros", name="counts")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred)
        if len(y_pred.shape) == 2 and y_pred.shape[1] > 1:
            guess = ops.argmax(y_pred, axis=-1)
        else:
            guess = ops.reshape(y_pred, (-1,)) > self.threshold
        true, guess = (
            ops.one_hot(ops.cast(ops.reshape(v, (-1,)), "int32"), self.num_classes, dtype=self.dtype)
            for v in (y_true, guess)
        )
        if sample_weight is not None:
            true = true * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        self.counts.assign_add(gram(true, guess))

    def result(self):
        return ops.convert_to_tensor(self.counts)

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes, "threshold": self.threshold}


@keras.saving.register_keras_serializable("mathdl_keras", name="ExactAUC")
class ROCAUC(keras.metrics.Metric):
    r"""The area under the ROC curve without a grid of thresholds (§3.3): see `exact_auc`.

    Which pairs are in order is known only once all scores are: they are kept in a buffer. Its size must be declared,
    for a compiled `evaluate` cannot enlarge it. If more examples come the result is NaN, never a number for a part of
    them. It is also NaN while a class is missing.

    Args:
        capacity: Integer, the most examples between two resets: in an epoch, or in the validation data; 10,000 by
            default.
        name: String, the name.
        dtype: String, the dtype of the scores; `None`, the default, for `keras.config.floatx()`.

    Raises:
        ValueError: If the capacity is not a positive integer, or there are sample weights.

    Example:
        >>> metric = ROCAUC(capacity=4)
        >>> metric.update_state([1, 0], [0.9, 0.5])
        >>> metric.update_state([1, 0], [0.5, 0.1])
        >>> float(metric.result())
        0.875
    """

    def __init__(self, capacity=10_000, name="auc", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(capacity, int) or capacity < 1:
            raise ValueError(f"capacity must be an integer >= 1; received capacity={capacity!r}")
        self.capacity = capacity
        self.scores = self.add_variable((capacity,), "zeros", name="scores")
        self.marks = self.add_variable((capacity,), "zeros", name="marks")  # 1 + label; a reset makes it 0 again
        self.seen = self.add_variable((), "zeros", dtype="int32", name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        if sample_weight is not None:
            raise ValueError("sample_weight must be None: pairs are counted; received weights")
        y, score = (ops.reshape(ops.cast(v, self.dtype), (-1,)) for v in (y_true, y_pred))
        size = ops.shape(score)[0]
        # beyond the capacity places are taken again: the count says so
        places = ops.mod(ops.convert_to_tensor(self.seen) + ops.arange(size, dtype="int32"), self.capacity)
        self.scores.assign(ops.scatter_update(self.scores, places[:, None], score))
        self.marks.assign(ops.scatter_update(self.marks, places[:, None], 1 + y))
        self.seen.assign_add(ops.cast(size, "int32"))

    def result(self):
        area = exact_auc(ops.convert_to_tensor(self.marks) - 1, self.scores)
        return ops.where(ops.convert_to_tensor(self.seen) > self.capacity, ops.full_like(area, np.nan), area)

    def get_config(self):
        return super().get_config() | {"capacity": self.capacity}


@keras.saving.register_keras_serializable("mathdl_keras")
class LogLoss(keras.metrics.Mean):
    r"""The mean of :math:`-\log` of the probability of the true class (§3.3).

    Labels are integers; predictions are `(B, 1)` or `(B,)` for two classes, `(B, K)` for K.

    Args:
        from_logits: Boolean, whether predictions are logits; False by default: they are probabilities, which are not
            clipped.
        name: String, the name.
        dtype: String, the dtype of the computation; `None`, the default, for `keras.config.floatx()`.

    Example:
        >>> metric = LogLoss()
        >>> metric.update_state([1, 0], [[0.5], [0.75]])
        >>> round(float(metric.result()), 4)  # (log 2 + log 4) / 2
        1.0397
    """

    def __init__(self, from_logits=False, name="log_loss", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.from_logits = from_logits

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        y = ops.reshape(y_true, (-1,))
        if len(y_pred.shape) == 2 and y_pred.shape[1] > 1:
            log_p = ops.log_softmax(y_pred) if self.from_logits else ops.log(y_pred)
            values = -ops.take_along_axis(log_p, ops.cast(y, "int32")[:, None], axis=1)[:, 0]
        else:
            loss = BinaryCrossentropy(self.from_logits, reduction=None, dtype=self.dtype)
            values = loss(ops.reshape(y, (-1, 1)), ops.reshape(y_pred, (-1, 1)))
        super().update_state(values, sample_weight)

    def get_config(self):
        return super().get_config() | {"from_logits": self.from_logits}


@keras.saving.register_keras_serializable("mathdl_keras")
class CalibrationCurve(keras.metrics.Metric):
    r"""A reliability diagram: how often label 1 occurs where the model gives it a probability of about p (§3.3).

    The unit interval is divided into equal bins. The result has a row for each: the mean of the probabilities in it,
    the frequency of label 1, and the number of examples; the first two are NaN for an empty bin. For a calibrated model
    they are equal, up to noise.

    Args:
        bins: Integer, the number of bins; 10 by default.
        name: String, the name.
        dtype: String, the dtype of the sums; `None`, the default, for `keras.config.floatx()`.

    Raises:
        ValueError: If `bins` is not a positive integer.

    Example:
        >>> metric = CalibrationCurve(bins=2)
        >>> metric.update_state([0, 1, 1], [[0.25], [0.25], [1.0]])
        >>> ops.convert_to_numpy(metric.result()).tolist()
        [[0.25, 0.5, 2.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, bins=10, name="calibration_curve", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(bins, int) or bins < 1:
            raise ValueError(f"bins must be an integer >= 1; received bins={bins!r}")
        self.bins = bins
        self.sums = self.add_variable((bins, 3), "zeros", name="sums")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y, p = (ops.reshape(ops.cast(v, self.dtype), (-1,)) for v in (y_true, y_pred))
        place = ops.clip(ops.cast(ops.floor(p * self.bins), "int32"), 0, self.bins - 1)
        inside = ops.one_hot(place, self.bins, dtype=self.dtype)
        if sample_weight is not None:
            inside = inside * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        self.sums.assign_add(gram(inside, ops.stack([p, y, ops.ones_like(p)], axis=1)))

    def result(self):
        sums = ops.convert_to_tensor(self.sums)
        return ops.concatenate([sums[:, :2] / sums[:, 2:], sums[:, 2:]], axis=1)

    def get_config(self):
        return super().get_config() | {"bins": self.bins}
