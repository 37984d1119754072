r"""Threshold functions (§5.2): what a single step unit can compute.

A Boolean function is a *threshold function* if some weights w and bias b have :math:`f(x) = 1` exactly where
:math:`w \cdot x + b > 0`: a hyperplane separates its true rows from its false ones. There are 14, 104, 1882, 94572 of
2, 3, 4, 5 bits, out of 16, 256, 65536 and 4.3 billion: nearly all functions need a hidden layer.
"""

import numpy as np
from keras import ops
from scipy import optimize

from mathdl_keras.chapters.ch05.boolean import boolean_inputs, check_table
from mathdl_keras.core.linalg import matvec, transpose
from mathdl_keras.core.loops import compiled

__all__ = ["is_threshold_function", "threshold_functions", "threshold_weights"]


def threshold_weights(table):
    r"""Integer weights of a step unit with a given truth table, or `None` if there are none (§5.2).

    A linear programme looks for :math:`s_v (w \cdot v + b) \ge 1` in all rows v, :math:`s_v = \pm 1`. Its solution
    times k, rounded, moves no row by more than (D + 1)/2, so it has the right signs once k > (D + 1)/2; they are
    checked in integers, from k = 1 on.

    Args:
        table: Array of 0 and 1, `(2^D,)`, a value for each row of D bits.

    Returns:
        `(w, b)`, an integer array `(D,)` and an integer; or `None`.

    Raises:
        ValueError: If `table` is not the truth table of one function.
        RuntimeError: If the programme is neither solved nor found infeasible.

    Example:
        >>> w, b = threshold_weights([0, 0, 0, 1])  # AND
        >>> [int(w @ v + b > 0) for v in ([0, 0], [0, 1], [1, 0], [1, 1])]
        [0, 0, 0, 1]
        >>> threshold_weights([0, 1, 1, 0]) is None  # XOR
        True
    """
    table, D = check_table(table)
    if table.shape[1] != 1:
        raise ValueError(f"table must be of one function; received {table.shape[1]}")
    signs, rows = 2 * table.astype(int) - 1, np.column_stack([boolean_inputs(D), np.ones(2**D)]).astype(int)
    A = signs * rows  # (2^D, D + 1)
    # w = p - n with p, n >= 0, and as little of both as will do, so that the weights are small
    found = optimize.linprog(np.ones(2 * D + 2), np.hstack([-A, A]), -np.ones(2**D), method="highs")
    if found.status not in (0, 2):
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    if found.status == 2:
        return None
    solution = found.x[: D + 1] - found.x[D + 1 :]
    scaled = (np.rint(k * solution).astype(int) for k in range(1, D + 3))
    *w, b = next(integers for integers in scaled if np.all(A @ integers > 0))
    return np.array(w), int(b)


def is_threshold_function(table):
    """Whether a single step unit has this truth table (§5.2): `threshold_weights` finds weights.

    Args:
        table: Array of 0 and 1, `(2^D,)`, a value for each row of D bits.

    Returns:
        `True` or `False`.

    Raises:
        ValueError: If `table` is not the truth table of one function.

    Example:
        >>> is_threshold_function([0, 0, 0, 1]), is_threshold_function([0, 1, 1, 0])  # AND, XOR
        (True, False)
    """
    return threshold_weights(table) is not None


def threshold_functions(D, largest):
    r"""All truth tables of step units whose weights are integers of size at most `largest` (§5.2).

    The bias is any number: all thresholds between two sums count. For D = 2, 3, 4 weights up to D are enough for all
    threshold functions.

    Args:
        D: Integer from 1 to 4, the number of bits.
        largest: Integer >= 1, the largest absolute value of a weight.

    Returns:
        A NumPy array of bits `(functions, 2^D)`, one truth table a row, in lexical order.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> len(threshold_functions(2, 2)), len(threshold_functions(3, 3))
        (14, 104)
    """
    if D not in (1, 2, 3, 4) or not isinstance(largest, int) or largest < 1:
        raise ValueError(f"D must be from 1 to 4 and largest an integer >= 1; received D={D}, largest={largest}")
    levels = np.arange(-largest, largest + 1, dtype="float32")
    W = np.stack(np.meshgrid(*[levels] * D), axis=-1).reshape(-1, D)
    thresholds = np.arange(-D * largest, D * largest + 2, dtype="float32") - 0.5
    places = (2.0 ** np.arange(2**D)[::-1]).astype("float32")
    codes = _codes(*map(ops.convert_to_tensor, (boolean_inputs(D), W, thresholds[:, None], places)))
    codes = np.unique(ops.convert_to_numpy(codes))
    return (codes.astype(int)[:, None] >> np.arange(2**D)[::-1] & 1).astype("int8")


@compiled
def _codes(x, W, thresholds, places):
    """The truth tables as numbers in binary, `(weights, thresholds)`; below 2^16, so float32 is exact."""
    sums = W @ transpose(x)
    fires = ops.cast(sums[:, None, :] > thresholds, "float32")  # (weights, thresholds, rows)
    return matvec(fires, places)
