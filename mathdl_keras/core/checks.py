"""Checks of what a user hands over, at the boundary where it is still a NumPy array."""

import numpy as np

__all__ = ["ChecksData", "check_data"]


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
    if x.dtype.kind == "f" and (bad := int(np.sum(~np.isfinite(x)))):
        raise ValueError(f"{name} must be finite; received {bad} of {x.size} values that are not (NaN or infinite)")


class ChecksData:
    """A mixin before a Keras layer or model: what it is called on is checked if it is a NumPy array."""

    def __call__(self, inputs, *args, **kwargs):
        check_data(inputs)
        return super().__call__(inputs, *args, **kwargs)  # type: ignore[misc]
