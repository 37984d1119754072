r"""Partial dependence (§12.1): the mean prediction as one feature is set to each value of a grid.

.. math:: \bar f_j(t) = \frac1M \sum_m f(x_m \text{ with } x_{mj} = t)

The curves of single rows show what the mean hides: where they are not parallel, the feature interacts with others.
"""

from dataclasses import dataclass

import numpy as np

from mathdl_keras.chapters.ch12.feature_checks import feature_names
from mathdl_keras.chapters.ch12.prediction import ENTRIES, as_prediction
from mathdl_keras.core.checks import as_table

__all__ = ["PartialDependence", "partial_dependence"]


@dataclass(frozen=True)
class PartialDependence:
    """The mean prediction along a grid.

    Attributes:
        grid: `(n,)`.
        mean: `(n, ...)`; the dots are the outputs, if there are several.
        standard_errors: Array shaped like `mean`, its standard errors over the rows.
        rows: `(n, M, ...)`, the curves of single rows.
        name: String, the name of the feature.

    Example:
        >>> PartialDependence(np.zeros(1), np.ones(1), np.zeros(1), np.ones((1, 4)), "age").name
        'age'
    """

    grid: np.ndarray
    mean: np.ndarray
    standard_errors: np.ndarray
    rows: np.ndarray
    name: str


def partial_dependence(model, x, feature, grid=20, names=None):
    r"""The mean prediction as one feature is set to each value of a grid (§12.1).

    Args:
        model: A Keras model, or a function of rows.
        x: `(M, d)`.
        feature: A column's number, or its name.
        grid: Values `(n,)`; or their number, quantiles of the feature from 5 % to 95 % with equal steps between.
        names: Strings, the names of the features; `x0`, `x1`, ... by default.

    Returns:
        A `PartialDependence`.

    Raises:
        ValueError: If there is no such feature, or the grid is empty or not finite.

    Example:
        >>> x = np.array([[0.0, 1.0], [0.0, 3.0]])
        >>> partial_dependence(lambda rows: rows[:, 0] + rows[:, 1], x, 0, grid=[0.0, 1.0]).mean
        array([2., 3.])
    """
    predict, x = as_prediction(model), as_table(x)
    names = feature_names(names, x.shape[1])
    j = names.index(feature) if feature in names else feature
    if not isinstance(j, int | np.integer) or not 0 <= j < x.shape[1]:
        raise ValueError(f"feature must be one of {', '.join(names)}, or its number; received {feature!r}")
    if np.ndim(grid) == 0:
        grid = np.linspace(*np.quantile(x[:, j], [0.05, 0.95]), int(grid))
    grid = as_table(np.reshape(grid, (-1, 1)))[:, 0]
    step, found = max(1, ENTRIES // x.size), []
    for start in range(0, len(grid), step):
        part = grid[start : start + step]
        rows = np.tile(x, (len(part), 1))
        rows[:, j] = np.repeat(part, len(x))
        values = predict(rows)
        found.append(values.reshape(len(part), len(x), *values.shape[1:]))
    rows = np.concatenate(found)
    error = rows.std(axis=1, ddof=1) / np.sqrt(len(x)) if len(x) > 1 else np.full_like(rows[:, 0], np.inf)
    return PartialDependence(grid, rows.mean(axis=1), error, rows, names[j])
