r"""The choice between models by their validation scores (§11.4 and §11.5)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["FoldScores", "select_candidate"]


@dataclass(frozen=True)
class FoldScores:
    r"""What cross-validation measured, fold by fold (§11.5).

    Every fold counts the same. The standard error of a mean over k folds is :math:`s/\sqrt k`, with s the standard
    deviation over the folds; they share training data, so that it is a rough one, and no unbiased one exists (Bengio
    and Grandvalet 2004). Printed, a table.

    Attributes:
        train: From each metric to its values (k,) on the samples that trained.
        validation: The same on those that did not.
        greater_is_better: From each metric to its direction, `None` where it is not known.

    Example:
        >>> scores = FoldScores({"mse": np.array([1.0, 2.0])}, {"mse": np.array([2.0, 4.0])}, {"mse": False})
        >>> scores.mean["mse"], scores.standard_error["mse"], scores.train_mean["mse"]
        (3.0, 1.0, 1.5)
    """

    train: Mapping[str, np.ndarray]
    validation: Mapping[str, np.ndarray]
    greater_is_better: Mapping[str, bool | None]

    @property
    def mean(self):
        """From each metric to its mean over the validation folds."""
        return {name: float(np.mean(values)) for name, values in self.validation.items()}

    @property
    def train_mean(self):
        """From each metric to its mean over the training sets."""
        return {name: float(np.mean(values)) for name, values in self.train.items()}

    @property
    def standard_error(self):
        """From each metric to the standard error of its validation mean; NaN for a single fold."""
        return {name: float(_standard_error(values)) for name, values in self.validation.items()}

    def __str__(self):
        rows = [f"{'':24}{'training':>12}{'validation':>12}{'SE':>12}"]
        for name in self.validation:
            values = (self.train_mean[name], self.mean[name], self.standard_error[name])
            rows.append(f"{name:24}" + "".join(f"{value:12.5g}" for value in values))
        return "\n".join(rows)


def _standard_error(values):
    """Over the last axis."""
    k = values.shape[-1]
    return np.std(values, axis=-1, ddof=1) / np.sqrt(k) if k > 1 else np.full(values.shape[:-1], np.nan)


def select_candidate(scores, rule="min", metric=None, greater_is_better=None):
    r"""The candidate to take: :math:`P^* = \arg\min_P` of the validation risk (§11.4).

    Candidates come from the simplest to the most complex. The rule `min` takes the best mean (the greatest, for a
    metric of which more is better), and of equal ones the first. The rule `one_se` takes the first whose mean is within
    one standard error of the best one's: the data cannot tell them apart, and it is simpler (Breiman et al. 1984).

    Args:
        scores: A `FoldScores` for each candidate; or validation scores (..., candidates, folds), where leading axes are
            replicates.
        rule: `min` or `one_se`.
        metric: String, the name of the metric, where there are several.
        greater_is_better: The direction, where the metric does not say it.

    Returns:
        The index of a candidate, or an array of them for replicates.

    Raises:
        ValueError: If the direction is not known, the rule or metric is not, a score is not finite, or the rule
            `one_se` gets a single fold.

    Example:
        >>> table = [[5.0, 7.0], [3.0, 5.0], [3.0, 4.0]]
        >>> select_candidate(table, greater_is_better=False), select_candidate(table, "one_se", greater_is_better=False)
        (2, 1)
    """
    if rule not in ("min", "one_se"):
        raise ValueError(f"rule must be 'min' or 'one_se'; received rule={rule!r}")
    table, known, name = _table(scores, metric)
    greater_is_better = known if greater_is_better is None else greater_is_better
    if greater_is_better is None:
        raise ValueError(f"greater_is_better must be True or False to choose by {name}, which does not say it")
    risks = -table if greater_is_better else table
    means = np.mean(risks, axis=-1)
    best = np.argmin(means, axis=-1)
    if rule == "one_se":
        if table.shape[-1] < 2:
            raise ValueError("rule='one_se' needs two folds or more; received 1")
        at_best = np.expand_dims(best, -1)
        errors = _standard_error(risks)
        limit = np.take_along_axis(means, at_best, -1) + np.take_along_axis(errors, at_best, -1)
        best = np.argmax(means <= limit, axis=-1)
    return int(best) if np.ndim(best) == 0 else best


def _table(scores, metric):
    """Validation scores (..., candidates, folds), the direction, and the metric's name."""
    known, name = None, metric or "this metric"
    if isinstance(scores, list | tuple) and scores and all(isinstance(s, FoldScores) for s in scores):
        names = list(scores[0].validation)
        if (metric is None and len(names) > 1) or metric not in (None, *names):
            raise ValueError(f"metric must be one of {', '.join(names)}; received metric={metric!r}")
        name = metric or names[0]
        known = scores[0].greater_is_better[name]
        scores = [s.validation[name] for s in scores]
    table = np.asarray(scores, "float64")
    if table.ndim < 2 or 0 in table.shape or not np.all(np.isfinite(table)):
        raise ValueError(f"scores must be finite, for candidates and folds; received shape {table.shape}")
    return table, known, name
