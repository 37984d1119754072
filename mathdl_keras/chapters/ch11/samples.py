"""Samples of whatever a Keras model takes: an array, or a list, tuple or dictionary of arrays with one first axis."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops, tree


@dataclass(frozen=True)
class Samples:
    """Inputs and targets as arrays, with one number of rows.

    Attributes:
        x: Inputs: an array, or a nest of arrays.
        y: Targets, likewise.

    Example:
        >>> Samples.of([[1.0], [2.0]], [3.0, 4.0]).take([1]).y.tolist()
        [4.0]
    """

    x: Any
    y: Any

    @classmethod
    def of(cls, x, y):
        """Whatever a user has as samples.

        Raises:
            ValueError: If there is none, or inputs and targets differ in number.
        """
        samples = cls(as_arrays(x), as_arrays(y))
        count_rows((samples.x, samples.y))
        return samples

    @property
    def count(self):
        """The number of samples."""
        return len(tree.flatten(self.y)[0])

    def take(self, rows):
        """These samples alone."""
        return Samples(take_rows(self.x, rows), take_rows(self.y, rows))


def as_arrays(x):
    """`x` with NumPy arrays for tensors and tables; a list of numbers, or of lists of them, is one array."""
    if isinstance(x, dict) or (isinstance(x, list | tuple) and any(hasattr(part, "shape") for part in x)):
        return tree.map_structure(_array, x)
    return _array(x)


def _array(x):
    return np.asarray(ops.convert_to_numpy(x) if ops.is_tensor(x) else x)


def count_rows(x) -> int:
    """The number of samples.

    Raises:
        ValueError: If there is none, or the arrays differ in it.
    """
    counts = {part.shape[0] if part.ndim else 0 for part in tree.flatten(as_arrays(x))}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(f"x and y must have one number of rows, at least 1; received {sorted(counts)}")
    return counts.pop()


def take_rows(x, rows):
    """These samples alone."""
    return tree.map_structure(lambda part: part[rows], x)
