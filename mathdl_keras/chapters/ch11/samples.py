"""Samples of whatever a Keras model takes: an array, or a list, tuple or dictionary of arrays with one first axis."""

import numpy as np
from keras import ops, tree


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
