"""Who trains and who validates: one split, and the folds of cross-validation (§11.4 and §11.5).

A *fold* is a set of samples that are validated together, by a model that was trained on all others. Every splitter here
gives each sample one fold, and `split` turns them into pairs of indices:

    for train, validation in KFold(10, shuffle=True, seed=0).split(x):
        model.fit(x[train], y[train]); model.evaluate(x[validation], y[validation])

| splitter | its folds |
| --- | --- |
| `KFold` | sizes differ by at most one; in the order of the rows, or shuffled |
| `StratifiedKFold` | the same, for every class |
| `GroupKFold` | rows of one group (a patient, a week) stay together |
| `LeaveOneOut` | each sample is a fold |

They are NumPy on the host, and equal to those of scikit-learn, whose splitters `cross_validate` takes as well.
"""

import numpy as np

from mathdl_keras.chapters.ch11.samples import as_arrays, count_rows, take_rows

__all__ = ["GroupKFold", "KFold", "LeaveOneOut", "StratifiedKFold", "train_validation_test_split"]


class Folds:
    """A splitter: `folds(x, y, groups)` says in which fold each sample is, `split` makes pairs of indices of it."""

    def folds(self, x, y=None, groups=None):
        raise NotImplementedError

    def split(self, x, y=None, groups=None):
        """Pairs of training and validation indices, in ascending order, a pair for each fold."""
        folds = self.folds(x, y, groups)
        for fold in range(folds.max() + 1):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


class KFold(Folds):
    r"""k folds whose sizes differ by at most one (§11.5).

    Args:
        k: Integer, the number of folds, at least 2; 5 by default.
        shuffle: Boolean, whether the samples go to folds by chance; by default they go in the order of their rows.
        seed: Integer, seed of the shuffling; `None`, the default, for another one each time. The folds are those of
            scikit-learn's `KFold(k, random_state=seed)`: NumPy promises that the numbers of the generator that it uses,
            `RandomState`, never change.

    Raises:
        ValueError: If k is no integer >= 2; in `split`, if there are more folds than samples.

    Example:
        >>> [validation.tolist() for _, validation in KFold(3).split(np.zeros(7))]
        [[0, 1, 2], [3, 4], [5, 6]]
    """

    def __init__(self, k=5, shuffle=False, seed=None):
        if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 2:
            raise ValueError(f"k must be an integer >= 2; received k={k!r}")
        if seed is not None and not shuffle:
            raise ValueError(f"seed must be None without shuffle=True; received seed={seed}")
        self.k, self.shuffle, self.seed = int(k), shuffle, seed

    def folds(self, x, y=None, groups=None):
        """The fold of each sample, (n,)."""
        n = count_rows(x)
        if self.k > n:
            raise ValueError(f"k must be at most the number of samples, {n}; received k={self.k}")
        order, folds = np.arange(n), np.empty(n, int)
        if self.shuffle:
            np.random.RandomState(self.seed).shuffle(order)
        folds[order] = _in_turn(n, self.k)
        return folds

    def __repr__(self):
        return f"{type(self).__name__}(k={self.k}, shuffle={self.shuffle}, seed={self.seed})"


def _in_turn(n, k):
    """0, ..., 0, 1, ..., 1, ..., k-1: n numbers, the first ones once more if k does not divide n."""
    return np.sort(np.arange(n) % k)


class StratifiedKFold(KFold):
    """k folds that have every class in the same proportions, as near as whole samples allow (§11.5).

    Args:
        k: Integer, the number of folds; 5 by default.
        shuffle: Boolean, whether the samples of a class go to folds by chance; `False` by default.
        seed: Integer, seed of the shuffling, as in `KFold`; `None` by default.

    Raises:
        ValueError: In `split`, if a class has fewer than k samples, so that it would be missing from a fold; or `y` is
            not there, or no labels.

    Example:
        >>> [v.tolist() for _, v in StratifiedKFold(2).split(np.zeros(6), [0, 0, 0, 0, 1, 1])]
        [[0, 1, 4], [2, 3, 5]]
    """

    def folds(self, x, y=None, groups=None):
        classes, names = _classes(y, count_rows(x))
        sizes = np.bincount(classes)
        if sizes.min() < self.k:
            raise ValueError(
                f"y must have at least k={self.k} samples of each class, or a fold misses one; "
                f"received {sizes.min()} of class {names[sizes.argmin()]}"
            )
        # deal all samples, sorted by class, to the folds in turn: then no fold is larger by more than one either
        dealt, folds = np.sort(classes), np.empty(len(classes), int)
        rng = np.random.RandomState(self.seed)
        for c in range(len(sizes)):
            own = np.sort(np.flatnonzero(dealt == c) % self.k)
            if self.shuffle:
                rng.shuffle(own)
            folds[classes == c] = own
        return folds


def _classes(y, n):
    """Numbers of classes, in the order of their first samples, and their names; one-hot rows are classes, too."""
    if y is None or len(y) != n:
        raise ValueError(f"y must hold the class of each of {n} samples; received {None if y is None else len(y)}")
    y = np.asarray(as_arrays(y))
    if y.dtype.kind == "f" and np.any(y != np.round(y)):
        raise ValueError("y must hold classes; received fractions")
    names, first, inverse = np.unique(y, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[inverse.ravel()], [np.squeeze(names[i]).tolist() for i in order]


class GroupKFold(Folds):
    """k folds that keep groups together: rows of one patient never train a model that is validated on others (§11.5).

    The largest group that is left goes to the smallest fold, until none is left. Equal to scikit-learn's where no two
    groups have one size; it leaves the order of such groups open, here the last of them comes first.

    Args:
        k: Integer, the number of folds; 5 by default.

    Raises:
        ValueError: In `split`, if there are fewer groups than folds, or none are given.

    Example:
        >>> [v.tolist() for _, v in GroupKFold(2).split(np.zeros(5), groups=["a", "b", "b", "a", "a"])]
        [[0, 3, 4], [1, 2]]
    """

    def __init__(self, k=5):
        self.k = KFold(k).k

    def folds(self, x, y=None, groups=None):
        n = count_rows(x)
        if groups is None or len(groups) != n:
            received = None if groups is None else len(groups)
            raise ValueError(f"groups must name the group of each of {n} samples; received {received}")
        names, group, sizes = np.unique(np.asarray(as_arrays(groups)), return_inverse=True, return_counts=True)
        if self.k > len(names):
            raise ValueError(f"k must be at most the number of groups, {len(names)}; received k={self.k}")
        fold_of, loads = np.empty(len(names), int), np.zeros(self.k, int)
        for g in np.argsort(sizes, kind="stable")[::-1]:
            fold_of[g] = np.argmin(loads)
            loads[fold_of[g]] += sizes[g]
        return fold_of[group]

    def __repr__(self):
        return f"GroupKFold(k={self.k})"


class LeaveOneOut(Folds):
    """Each sample is a fold (§11.5).

    Raises:
        ValueError: In `split`, if there are not two samples.

    Example:
        >>> [validation.tolist() for _, validation in LeaveOneOut().split(np.zeros(3))]
        [[0], [1], [2]]
    """

    def folds(self, x, y=None, groups=None):
        return KFold(max(count_rows(x), 2)).folds(x)

    def __repr__(self):
        return "LeaveOneOut()"


def train_validation_test_split(x, y, fractions=(0.6, 0.2, 0.2), seed=0, stratify=None):
    """Splits data by chance into parts: one trains, one chooses, one is looked at once, at the end (§11.4).

    Args:
        x: Inputs: an array, or a nest of arrays, with n rows.
        y: Targets with n rows.
        fractions: Floats, the share of the rows in each part, positive, with sum 1; `(0.6, 0.2, 0.2)` by default, and
            `(0.8, 0.2)` makes two parts. Sizes are rounded so that their sum is n.
        seed: Integer, seed of NumPy's generator, so that the parts are the same on every backend; 0 by default.
        stratify: Array (n,) of classes, often `y` itself: every part gets its fraction of each; none by default.

    Returns:
        `(x_train, y_train), (x_validation, y_validation), (x_test, y_test)`: a pair for each fraction.

    Raises:
        ValueError: If fractions are not positive with sum 1, a part would be empty, or a part would miss a class.

    Example:
        >>> train, validation, test = train_validation_test_split(np.arange(10), np.arange(10), (0.5, 0.3, 0.2))
        >>> [len(part[0]) for part in (train, validation, test)]
        [5, 3, 2]
    """
    x, y = as_arrays(x), as_arrays(y)
    n, shares = count_rows((x, y)), np.asarray(fractions, "float64")
    if shares.ndim != 1 or len(shares) < 2 or not np.all(shares > 0) or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"fractions must be two or more positive numbers with sum 1; received {fractions}")
    classes, names = (np.zeros(n, int), ["any"]) if stratify is None else _classes(stratify, n)
    rng, parts = np.random.default_rng(seed), [[] for _ in shares]
    for c, name in enumerate(names):
        rows = rng.permutation(np.flatnonzero(classes == c))
        ends = np.round(np.cumsum(shares) * len(rows)).astype(int)
        if np.any(np.diff(ends, prepend=0) == 0):
            raise ValueError(f"fractions={fractions} leave a part without samples of class {name}, of {len(rows)}")
        for part, chosen in zip(parts, np.split(rows, ends[:-1]), strict=True):
            part.append(chosen)
    parts = [rng.permutation(np.concatenate(part)) for part in parts]
    return tuple((take_rows(x, rows), take_rows(y, rows)) for rows in parts)
