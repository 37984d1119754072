r"""Networks for truth tables (§5.2).

A Boolean function of D bits is its *truth table*: a value 0 or 1 for each of the :math:`2^D` rows of bits v, counted
as binary numbers, the first bit the most significant. For a row v with :math:`|v| = \sum_i v_i` ones, the unit

.. math:: m_v(x) = \sigma\Big(\sum_i (2v_i - 1)\,x_i - (|v| - 1)\Big), \qquad \sigma = \mathrm{ReLU}\ \text{or clip},

is 1 at x = v and 0 at all other bits: an AND of bits and negated bits, a *minterm*. The sum of those of the true rows
is the function itself, so that a network with one hidden layer realises every truth table; but the layer may need half
of all rows, :math:`2^{D-1}` units, even if the smaller one of a function and its negation is built. Functions with
structure need less: the parity of D bits, with true rows in exactly one half of the table, needs D units.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.models import MLP

__all__ = ["boolean_inputs", "parity_network", "truth_table", "truth_table_network"]


def boolean_inputs(D):
    """All rows of D bits, counted as binary numbers, the first bit the most significant (§5.2).

    Args:
        D: Integer from 1 to 20, the number of bits.

    Returns:
        A float32 array `(2^D, D)`.

    Raises:
        ValueError: If D is not an integer from 1 to 20.

    Example:
        >>> boolean_inputs(2).tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    if not isinstance(D, int | np.integer) or not 1 <= D <= 20:
        raise ValueError(f"D must be an integer from 1 to 20; received D={D!r}")
    rows = np.arange(2**D)[:, None]
    return (rows >> np.arange(D)[::-1] & 1).astype("float32")


def truth_table(model, D):
    """The outputs of a model for all rows of D bits (§5.2).

    Args:
        model: A Keras model or layer, or a function of a float32 tensor `(2^D, D)`.
        D: Integer from 1 to 20, the number of bits.

    Returns:
        A NumPy array, `(2^D,)`, or `(2^D, K)` for K > 1 outputs.

    Raises:
        ValueError: If D is out of range, or the model does not give a row of outputs for each row.

    Example:
        >>> truth_table(lambda x: x[:, :1] * x[:, 1:], 2).tolist()  # AND
        [0.0, 0.0, 0.0, 1.0]
    """
    values = ops.convert_to_numpy(model(ops.convert_to_tensor(boolean_inputs(D))))
    if values.ndim not in (1, 2) or len(values) != 2**D:
        raise ValueError(f"model must return shape ({2**D},) or ({2**D}, K); received shape {values.shape}")
    return values[:, 0] if values.shape[1:] == (1,) else values


def truth_table_network(table, activation="relu"):
    r"""A network with a given truth table, by one minterm for each true row (§5.2).

    .. math:: f(x) = \sum_{v:\,f(v) = 1} \sigma\Big(\sum_i (2v_i - 1)\,x_i - (|v| - 1)\Big)

    The weights are integers, so it is exact on bits. With clipping the sum is clipped, too: it is an OR of ANDs, and
    has values in [0, 1] everywhere. Several functions share their minterms.

    Args:
        table: Array of 0 and 1, `(2^D,)`, a value for each row of bits; for K functions `(2^D, K)`.
        activation: String, `relu`, the default, or `clip`.

    Returns:
        A `MLP` from D inputs to K outputs.

    Raises:
        ValueError: If `table` is not a truth table, or `activation` is neither `relu` nor `clip`.

    Example:
        >>> xor = truth_table_network([0, 1, 1, 0])
        >>> xor.widths, truth_table(xor, 2).tolist()
        ((2, 2, 1), [0.0, 1.0, 1.0, 0.0])
    """
    if activation not in ("relu", "clip"):
        raise ValueError(f"activation must be relu or clip; received activation={activation!r}")
    table, D = check_table(table)
    used = table.any(axis=1)
    used[0] |= not used.any()  # a layer has at least one unit
    v = boolean_inputs(D)[used]  # (units, D)
    minterms = [2 * v.T - 1, 1 - v.sum(axis=1)]
    output = None if activation == "relu" else activation
    return _network([minterms, [table[used], np.zeros(table.shape[1])]], activation, output)


def check_table(table):
    """A truth table as an array of 0 and 1, `(2^D, K)`, and D.

    Raises:
        ValueError: If `table` does not hold 0 or 1 for each of 2^D rows.
    """
    values = np.asarray(table)
    D = int(np.log2(max(len(values), 1))) if values.ndim in (1, 2) and values.size else 0
    if D < 1 or len(values) != 2**D or not np.all((values == 0) | (values == 1)):
        raise ValueError(f"table must hold 0 or 1 for each of 2^D rows, D >= 1; received shape {values.shape}")
    return values.reshape(len(values), -1).astype("float32"), D


def parity_network(D):
    r"""The parity of D bits, 1 if their sum is odd, by D hidden units (§5.2).

    .. math:: f(x) = \mathrm{ReLU}(s) + 2 \sum_{k=1}^{D-1} (-1)^k\,\mathrm{ReLU}(s - k), \qquad s = x_1 + \dots + x_D

    A zigzag of s with a corner at each integer, where `truth_table_network` would take :math:`2^{D-1}` units.

    Args:
        D: Integer from 1 to 20, the number of bits.

    Returns:
        A `MLP` from D inputs to one output.

    Raises:
        ValueError: If D is not an integer from 1 to 20.

    Example:
        >>> truth_table(parity_network(3), 3).tolist()
        [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """
    boolean_inputs(D)
    corners = np.arange(D)
    slopes = np.where(corners == 0, 1, 2 * (-1.0) ** corners)
    return _network([[np.ones((D, D)), -corners], [slopes[:, None], np.zeros(1)]])


def _network(weights, activation="relu", output_activation=None):
    """The network with these pairs of a kernel and a bias."""
    widths = len(weights[0][0]), *(len(bias) for _, bias in weights)
    model = MLP(widths, activation, output_activation, kernel_initializer="zeros")
    model.set_weights([array for pair in weights for array in pair])
    return model
