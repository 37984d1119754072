"""What one should know about the features before their importance is measured (§12.4).

A feature that never changes can have no importance. Two that go together share theirs, each method in its own way: a
permuted copy of one of them leaves the data behind on which the model was trained.
"""

import warnings

import numpy as np

__all__ = ["ConstantFeaturesWarning", "CorrelatedFeaturesWarning"]

SHOWN = 5  # pairs


class ConstantFeaturesWarning(UserWarning):
    """A feature takes one value only: its importance is 0 (§12.1).

    Example:
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     check_features(np.array([[1.0, 2.0], [1.0, 3.0]]), ("a", "b"), 0.8)
        >>> str(caught[0].message)
        'a: constant, so importance is 0 for want of variation in these data'
    """


class CorrelatedFeaturesWarning(UserWarning):
    """Features go together: how their importance is shared is the method's choice, not the data's (§12.4).

    Example:
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     check_features(np.array([[1.0, 2.0], [2.0, 4.0]]), ("a", "b"), 0.8)
        >>> caught[0].category.__name__
        'CorrelatedFeaturesWarning'
    """


def check_features(x, names, threshold, groups=None):
    """Warns of constant features, and of pairs in different groups with a correlation above the threshold.

    Args:
        x: `(rows, features)`.
        names: Strings, the names of the features.
        threshold: Float in (0, 1], correlations above it are warned of; `None` for no warning.
        groups: Lists of columns; by default each feature is a group of its own.
    """
    if threshold is not None and not 0 < threshold <= 1:
        raise ValueError(f"correlation_threshold must be in (0, 1] or None; received {threshold}")
    constant = np.ptp(x, axis=0) == 0
    if constant.any():
        names_ = ", ".join(np.asarray(names)[constant])
        message = f"{names_}: constant, so importance is 0 for want of variation in these data"
        warnings.warn(message, ConstantFeaturesWarning, stacklevel=3)
    pairs = [] if threshold is None else _correlated(x, threshold, groups)
    if pairs:
        shown = ", ".join(f"{names[i]} and {names[j]} ({r:.2f})" for i, j, r in pairs[:SHOWN])
        more = f" and {len(pairs) - SHOWN} pairs more" if len(pairs) > SHOWN else ""
        advice = "they share their importance, and changing one alone leaves the data behind; consider groups"
        message = f"correlated features: {shown}{more}: {advice}"
        warnings.warn(message, CorrelatedFeaturesWarning, stacklevel=3)


def _correlated(x, threshold, groups):
    """Pairs with their correlations, strongest first."""
    centred = x - x.mean(axis=0)
    norm = np.sqrt(np.sum(centred**2, axis=0))
    scaled = centred / np.where(norm > 0, norm, 1)
    r = scaled.T @ scaled
    group = np.arange(x.shape[1])
    for k, columns in enumerate(groups or []):
        group[list(columns)] = -1 - k
    i, j = np.nonzero(np.triu(np.abs(r) >= threshold, 1) & (group[:, None] != group))
    order = np.argsort(-np.abs(r[i, j]), kind="stable")
    return [(i[k], j[k], r[i[k], j[k]]) for k in order]


def feature_names(names, d):
    """The names as a tuple, `x0, x1, ...` if there are none.

    Raises:
        ValueError: If there is not one for each of d features.
    """
    names = tuple(f"x{j}" for j in range(d)) if names is None else tuple(map(str, names))
    if len(names) != d:
        raise ValueError(f"names must be one for each of {d} features; received {len(names)}")
    return names
