"""Labels: what they may be, and how they become vectors (§3.2 and §3.7)."""

import numpy as np
from keras import ops

__all__ = ["one_hot"]


def one_hot(y, num_classes):
    r"""Labels as unit vectors (§3.7): row m is :math:`e_{y_m} \in \mathbb R^K`.

    Args:
        y: Labels 0, ..., K-1, `(...)`.
        num_classes: Integer, the number K of classes.

    Returns:
        Tensor `(..., K)` of the default float type.

    Raises:
        ValueError: If K < 2, or a label (of an array or list) is not one of 0, ..., K-1.

    Example:
        >>> ops.convert_to_numpy(one_hot([2, 0], 3)).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if not isinstance(num_classes, int) or num_classes < 2:
        raise ValueError(f"num_classes must be an integer >= 2; received num_classes={num_classes!r}")
    if not ops.is_tensor(y):
        y = check_labels(y, num_classes)
    return ops.one_hot(ops.cast(y, "int32"), num_classes)


def check_labels(y, num_classes=2):
    """The labels as integers, if each is one of 0, ..., num_classes - 1.

    Raises:
        ValueError: If one is not.

    Example:
        >>> check_labels([0.0, 2.0])
        Traceback (most recent call last):
        ...
        ValueError: y must hold labels 0 or 1; received 2.0
    """
    y = np.asarray(y)
    known = np.isin(y, np.arange(num_classes))
    if y.size == 0 or not known.all():
        expected = "0 or 1" if num_classes == 2 else f"0, ..., {num_classes - 1}"
        raise ValueError(f"y must hold labels {expected}; received {y[~known].flat[0] if y.size else 'none'}")
    return y.astype("int64")


def check_every_class(y, num_classes=2):
    """Raises unless each class occurs.

    Raises:
        ValueError: If a class is missing.
    """
    missing = sorted(set(range(num_classes)) - set(np.unique(y).tolist()))
    if missing:
        raise ValueError(f"y must hold each of the {num_classes} classes; received no row of class {missing[0]}")
