"""Importances side by side (§12.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["ImportanceReport"]


@dataclass(frozen=True)
class ImportanceReport:
    """One or several kinds of importance of the same features; printed, a table, the most important feature first.

    Attributes:
        values: Mapping from the name of each kind to its values `(d,)`.
        names: Strings, the names of the features.
        standard_errors: Mapping from the name of a kind to its standard errors, where there are any.

    Raises:
        ValueError: If a kind has not one value for each feature.

    Example:
        >>> print(ImportanceReport({"LMG": [0.1, 0.3]}, ("age", "bmi"), {"LMG": [0.02, 0.01]}))
        feature          LMG   std. error
        bmi              0.3         0.01
        age              0.1         0.02
    """

    values: Mapping[str, np.ndarray]
    names: tuple[str, ...]
    standard_errors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        for kind, numbers in [*self.values.items(), *self.standard_errors.items()]:
            if np.shape(numbers) != (len(self.names),):
                raise ValueError(
                    f"values must be one for each of {len(self.names)} features; "
                    f"received shape {np.shape(numbers)} for {kind!r}"
                )
        if not self.values or not set(self.standard_errors) <= set(self.values):
            raise ValueError(f"values must hold every kind that has standard errors; received {list(self.values)}")

    def order(self, kind=None):
        """The features from the most important to the least, by a kind, by default the first."""
        kind = next(iter(self.values)) if kind is None else kind
        return np.argsort(-np.asarray(self.values[kind]), kind="stable")

    def rank(self, kind):
        """The rank of each feature, 1 for the most important."""
        return np.argsort(self.order(kind)) + 1

    def __str__(self):
        columns = [("feature", list(self.names))]
        for kind, numbers in self.values.items():
            columns.append((kind, [f"{v:.4g}" for v in numbers]))
            if kind in self.standard_errors:
                columns.append(("std. error", [f"{v:.2g}" for v in self.standard_errors[kind]]))
        width = max(map(len, ("feature", *self.names)))
        lines = [[title for title, _ in columns]] + [[column[j] for _, column in columns] for j in self.order()]
        rest = [max(10, *(len(line[k]) for line in lines)) for k in range(1, len(columns))]
        return "\n".join(
            f"{first:{width}}" + "".join(f"   {text:>{w}}" for text, w in zip(others, rest, strict=True))
            for first, *others in lines
        )
