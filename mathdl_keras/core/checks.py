"""Checks of what a user hands over, at the boundary where it is still a NumPy array."""

import numpy as np
from keras import ops

__all__ = ["ChecksData", "as_table", "check_data", "check_positive", "check_rate", "without_defaults"]


def check_data(x, name: str = "x") -> None:
    """Refuses a NumPy array that is empty or not finite; tensors pass, for a compiled step cannot look at them.

    Raises:
        ValueError: If the array is empty, or holds NaN or an infinity.

    Example:
        >>> check_data(np.array([1.0, np.nan]))
        Traceback (most recent call last):
        ...
        ValueError: x must be finite; received 1 of 2 values that are not (NaN or infinite)
    """
    if not isinstance(x, np.ndarray):
        return
    if x.size == 0:
        raise ValueError(f"{name} must not be empty; received shape {x.shape}")
    if x.dtype.kind == "f" and not _has_finite_sum(x) and (bad := int(np.sum(~np.isfinite(x)))):
        raise ValueError(f"{name} must be finite; received {bad} of {x.size} values that are not (NaN or infinite)")


def check_positive(name: str, value) -> int:
    """The value, if it is an integer >= 1.

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_positive("units", 3)
        3
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be an integer >= 1; received {name}={value!r}")
    return int(value)


def check_rate(name: str, value) -> float:
    """The value, if it is a number in [0, 1).

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_rate("dropout", 0)
        0.0
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1); received {name}={value!r}")
    return float(value)


def without_defaults(kwargs, **defaults):
    """The arguments, without those of Keras' class that its twin here does not take but at their defaults.

    Args:
        kwargs: Dictionary of further arguments.
        **defaults: From each argument that is not taken to its default in Keras.

    Raises:
        ValueError: If one has another value.

    Example:
        >>> without_defaults({"name": "mine", "lora_rank": None}, lora_rank=None)
        {'name': 'mine'}
    """
    for name, default in defaults.items():
        if (value := kwargs.get(name, default)) is not default and value != default:
            raise ValueError(
                f"{name} must be {default!r}, the only value that is taken here; received {name}={value!r}"
            )
    return {name: value for name, value in kwargs.items() if name not in defaults}


def _has_finite_sum(x):
    """Then every value is finite (if its sum of squares is); and it needs no array of flags as large as x."""
    with np.errstate(over="ignore", invalid="ignore"):
        if x.flags.c_contiguous and x.dtype in (np.float32, np.float64):
            return np.isfinite(np.dot(x.reshape(-1), x.reshape(-1)))  # by BLAS, a third of the time of a sum
        return np.isfinite(np.sum(x))


def as_table(x, y=None):
    """`x` as rows and features and `y` as rows and targets, in float64, for a direct solver.

    Args:
        x: `(rows, features)`, numbers.
        y: `(rows,)` or `(rows, targets)`, numbers; or `None`.

    Returns:
        `x`, or `(x, y)` with `y` of rank 2: float64 arrays.

    Raises:
        ValueError: If a shape is wrong, the numbers of rows differ, or a value is missing or infinite.

    Example:
        >>> x, y = as_table([[1, 2], [3, 4]], [0, 1])
        >>> x.shape, y.shape, y.dtype.name
        ((2, 2), (2, 1), 'float64')
    """
    x = _numbers(x, "x")
    if x.ndim != 2:
        raise ValueError(f"x must have shape (rows, features); received shape {x.shape}")
    if y is None:
        return x
    y = _numbers(y, "y")
    if y.ndim not in (1, 2) or len(y) != len(x):
        raise ValueError(f"y must have one row for each of the {len(x)} rows of x; received shape {y.shape}")
    return x, y.reshape(len(y), -1)


def _numbers(values, name):
    try:
        array = np.asarray(ops.convert_to_numpy(values) if ops.is_tensor(values) else values, "float64")
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of numbers; received {type(values).__name__}") from None
    check_data(array, name)
    return array


class ChecksData:
    """A mixin before a Keras layer or model: each NumPy array that it is called on is checked, also in a nest."""

    def __call__(self, inputs, *args, **kwargs):
        _check_arrays((inputs, *args))
        return super().__call__(inputs, *args, **kwargs)  # type: ignore[misc]


def _check_arrays(nest):
    for part in nest:
        if isinstance(part, list | tuple):
            _check_arrays(part)
        else:
            check_data(part)
