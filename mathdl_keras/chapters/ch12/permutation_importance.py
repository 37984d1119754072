r"""Importance by permutation (§12.2): how much worse is a model when a feature is shuffled?

.. math:: I_j = \frac1R \sum_{r=1}^R \Lambda\big(y, f(X^{\pi_r, j})\big) - \Lambda\big(y, f(X)\big),

where in :math:`X^{\pi, j}` column j is permuted by :math:`\pi`. For a loss that is a mean over M rows one can do
without chance: each row meets each value of the column equally often, and

.. math:: E\,I_j = \frac1{M^2} \sum_{m,k} \ell\big(y_m, f(x_m \text{ with feature } j \text{ of } x_k)\big) - \Lambda

over all M! permutations costs M² predictions. Their variance is known as well: with :math:`D` the matrix of these
losses, centred by rows and by columns, :math:`\sigma_j^2 = \|D\|^2 / (M^2 (M - 1))` (Hoeffding 1951).
"""

from dataclasses import dataclass

import numpy as np

from mathdl_keras.chapters.ch12.feature_checks import check_features, feature_names
from mathdl_keras.chapters.ch12.importance_report import ImportanceReport
from mathdl_keras.chapters.ch12.prediction import ENTRIES, as_prediction
from mathdl_keras.core.checks import as_table, check_data
from mathdl_keras.core.measures import as_loss

__all__ = ["PermutationImportance", "permutation_importance"]

MOST_PAIRS = 3000  # rows for which all pairs are formed: 9 million predictions a feature


@dataclass(frozen=True)
class PermutationImportance:
    """The importance of features or groups; printed, a table.

    Attributes:
        mean: `(D,)`, the increase of a loss or the decrease of a score.
        std: `(D,)`, the standard deviation over single permutations.
        standard_error: `(D,)`, the standard error of the mean; 0 where it is exact.
        raw: `(D, repeats)`; `None` where the mean is over all permutations.
        baseline: Float, the loss or score before.
        names: Strings, the names of the features or groups.

    Example:
        >>> print(PermutationImportance(np.ones(1), np.ones(1), np.zeros(1), None, 0.5, ("age",)))
        feature   importance   std. error
        age                1            0
    """

    mean: np.ndarray
    std: np.ndarray
    standard_error: np.ndarray
    raw: np.ndarray | None
    baseline: float
    names: tuple[str, ...]

    def __str__(self):
        return str(ImportanceReport({"importance": self.mean}, self.names, {"importance": self.standard_error}))


def permutation_importance(
    model,
    x,
    y,
    loss="mse",
    replicates=30,
    seed=0,
    groups=None,
    *,
    greater_is_better=None,
    names=None,
    correlation_threshold=0.8,
):
    r"""How much worse predictions are when a feature is permuted (§12.2).

    .. math:: I_j = \frac1R \sum_r \Lambda\big(y, f(X^{\pi_r, j})\big) - \Lambda\big(y, f(X)\big)

    Args:
        model: A Keras model, or a function of rows `(rows, features)`.
        x: `(M, features)`.
        y: `(M,)` or `(M, targets)`.
        loss: A Keras loss or its name, a Keras metric, or a function of `(y, prediction)` that returns the losses
            `(rows,)` of all rows (fast) or one number.
        replicates: Integer R, 30 by default; `None` for the expectation over all M! permutations, of a loss that is a
            mean over rows.
        seed: Integer, seed of the random permutations, which are the same for all features; 0 by default.
        groups: From names to lists of columns that are permuted together; by default each feature by itself.
        greater_is_better: Boolean, whether more of it is better; a function must have it,
            losses and most metrics know it.
        names: Strings, the names of the features; `x0`, `x1`, ... by default.
        correlation_threshold: Float, pairs with a larger correlation are warned of; 0.8 by default, `None` for no
            warning.

    Returns:
        A `PermutationImportance`.

    Raises:
        ValueError: If shapes differ, numbers are not finite, `greater_is_better` is missing, or an argument is out of
            range.

    Warns:
        CorrelatedFeaturesWarning: If features in different groups go together.
        ConstantFeaturesWarning: If a feature is constant.

    Example:
        >>> x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> permutation_importance(lambda rows: 2 * rows[:, 0], x, 2 * x[:, 0], replicates=None).mean  # 2 w^2 s^2
        array([2., 0.])
    """
    predict, score = as_prediction(model), as_loss(loss, greater_is_better)
    y = np.asarray(y)
    check_data(y, "y")
    x = as_table(x).astype(predict.dtype)
    if y.ndim not in (1, 2) or len(y) != len(x):
        raise ValueError(f"y must have one row for each of the {len(x)} rows of x; received shape {y.shape}")
    if replicates is not None and replicates < 2:
        raise ValueError(f"replicates must be at least 2, or None for all permutations; received {replicates}")
    names = feature_names(names, x.shape[1])
    groups = _groups(groups, names)
    check_features(x, names, correlation_threshold, list(groups.values()))
    prediction = predict(x)
    baseline = score(y, prediction)
    if replicates is None:
        mean, std = _over_all(predict, score, x, y, groups.values())
        return PermutationImportance(mean - baseline, std, np.zeros_like(mean), None, baseline, tuple(groups))
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(len(x)), (replicates, 1)), axis=1)  # (R, M)
    raw = score.sign * (_repeated(predict, score, x, y, groups.values(), order) - baseline)
    std = raw.std(axis=1, ddof=1)
    return PermutationImportance(raw.mean(axis=1), std, std / np.sqrt(replicates), raw, baseline, tuple(groups))


def _repeated(predict, score, x, y, groups, order):
    """The losses `(groups, repeats)`; rows are stacked once, and only permuted columns change."""
    M, d = x.shape
    R = max(1, min(len(order), ENTRIES // x.size))
    losses = np.empty((len(groups), len(order)))
    for start in range(0, len(order), R):
        part = order[start : start + R]
        stacked = np.tile(x, (len(part), 1))
        for g, columns in enumerate(groups):
            kept = stacked[:, columns]
            stacked[:, columns] = x[part.ravel()][:, columns]
            losses[g, start : start + R] = score.means(y, predict(stacked), len(part))
            stacked[:, columns] = kept
    return losses


def _over_all(predict, score, x, y, groups):
    """The mean of the loss over all permutations and its standard deviation, for each group."""
    M, d = x.shape
    if M > MOST_PAIRS:
        raise ValueError(f"x must have at most {MOST_PAIRS} rows for all permutations; received {M}: pass replicates")
    means, stds = [], []
    for columns in groups:
        L = np.empty((M, M))  # L[k, m]: row m with the values of row k
        K = max(1, ENTRIES // x.size)
        for start in range(0, M, K):
            rows = np.tile(x, (min(K, M - start), 1))
            rows[:, columns] = np.repeat(x[start : start + K, columns], M, axis=0)
            values = score.rows(np.tile(y, (len(rows) // M,) + (1,) * (y.ndim - 1)), predict(rows))
            if values is None:
                raise ValueError("loss must be a mean over rows for all permutations; pass replicates for this one")
            L[start : start + K] = values.reshape(-1, M)
        D = L - L.mean(axis=0) - L.mean(axis=1, keepdims=True) + L.mean()
        means.append(L.mean())
        stds.append(np.sqrt(np.sum(D**2) / (M**2 * max(M - 1, 1))))
    return np.array(means), np.array(stds)


def _groups(groups, names):
    """From names to lists of columns."""
    if groups is None:
        return {name: [j] for j, name in enumerate(names)}
    named = isinstance(groups, dict)
    d, lists = len(names), [list(columns) for columns in (groups.values() if named else groups)]
    if not all(lists) or not all(0 <= j < d for columns in lists for j in columns):
        raise ValueError(f"groups must be lists of columns from 0 to {d - 1}, none empty; received {groups}")
    labels = list(groups) if named else [" + ".join(names[j] for j in columns) for columns in lists]
    return dict(zip(labels, lists, strict=True))
