"""Claims of §5.2: what networks with one hidden layer, and with none, say to rows of bits. All are integers."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.boolean import parity_network, truth_table, truth_table_network
from mathdl_keras.chapters.ch05.layers import AndUnit, Clip01, OrUnit, XorNetwork
from mathdl_keras.chapters.ch05.thresholds import is_threshold_function, threshold_functions
from mathdl_keras.core.claims import claim, equals, exactly


def all_tables(D):
    """Every truth table of D bits, one a column: the columns are the numbers from 0 to 2^(2^D) - 1 in binary."""
    rows = 2**D
    return np.array([[int(bit) for bit in f"{k:0{rows}b}"] for k in range(2**rows)]).T


def weak(table, activation):
    """A network of units that lack 1: ReLU(... - |v|), which is never positive on bits."""
    model = truth_table_network(table, activation)
    model.dense[0].bias.assign(model.dense[0].bias - 1)
    return model


@claim(
    "5.2",
    "one hidden layer of ReLUs, or of clipped units, realises every truth table of 2, 3 and 4 bits, to the last digit",
    refuted_by={"bias -|v|": {"build": weak}},
)
def truth_tables_exact(rng, *, build=truth_table_network):
    networks = [(sigma, truth_table(build(all_tables(D), sigma), D), D) for D in (2, 3) for sigma in ("relu", "clip")]
    # the 16 minterms of 4 bits; each of the 65,536 functions is the sum of those of its true rows
    minterms = [truth_table(build(np.eye(16), sigma), 4) for sigma in ("relu", "clip")]
    units = [truth_table(unit, 2) for unit in (AndUnit(), OrUnit(), XorNetwork())]
    return (
        *(exactly(t, all_tables(D), label=f"all functions of {D} bits, {sigma}") for sigma, t, D in networks),
        exactly(np.array(minterms), np.array([np.eye(16)] * 2), label="minterms of 4 bits"),
        exactly(np.array(units), [[0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0]], label="the units AND, OR, XOR"),
    )


@claim(
    "5.2",
    "a single step unit realises 14, 104, 1882 functions of 2, 3, 4 bits; XOR and its negation are the missing two",
    refuted_by={"weights -1, 0, 1": {"largest": lambda D: 1}},
)
def threshold_count(rng, *, largest=lambda D: D):
    found = {D: {tuple(t) for t in threshold_functions(D, largest(D)).tolist()} for D in (2, 3, 4)}
    tables = {D: [tuple(t) for t in all_tables(D).T.tolist()] for D in (2, 3)}
    missing = [t for t in tables[2] if t not in found[2]]
    by_programme = [is_threshold_function(t) for t in tables[3]]
    return (
        exactly([len(found[D]) for D in (2, 3, 4)], [14, 104, 1882], label="threshold functions"),
        exactly(missing, [(0, 1, 1, 0), (1, 0, 0, 1)], label="the missing functions of 2 bits"),
        exactly([t in found[3] for t in tables[3]], by_programme, label="3 bits, by linear programmes"),
    )


def one_corner_less(D):
    """The parity network without its last corner."""
    model = parity_network(D)
    kernel = ops.convert_to_numpy(model.dense[1].kernel).copy()
    kernel[-1] = 0
    model.dense[1].kernel.assign(kernel)
    return model


@claim(
    "5.2",
    "D hidden units compute the parity of D bits, to the last digit, where a truth table has 2^(D-1) true rows",
    refuted_by={"last corner missing": {"build": one_corner_less}},
)
def parity(rng, *, D=10, build=parity_network):
    expected = [k.bit_count() % 2 for k in range(2**D)]
    return exactly(truth_table(build(D), D), expected, label=f"parity of all rows of {D} bits")


@claim(
    "5.2",
    "the clipping function approaches a step: the integral of |1(x > 0) - clip(x/d)| is d/2",
    refuted_by={"clipped at 2": {"clip": lambda: keras.layers.ReLU(max_value=2.0)}},
    precision="float64",
)
def clip_indicator(rng, *, cells=2000, clip=Clip01):
    t = (np.arange(cells) + 0.5) * (4 / cells) - 2  # cells with ends at 0 and 1: on each the midpoint rule is exact
    widths, layer = np.array([[1.0], [0.1], [0.01]]), clip()
    values = layer(ops.convert_to_tensor(widths * t / widths))
    distance = ops.abs(values - ops.convert_to_tensor(np.where(t > 0, 1.0, 0.0)))
    # of as many terms in [0, 1] as there are cells; what is left of a rounding each is at most this
    return equals(ops.sum(distance, axis=1) * (4 / cells), 0.5, roundings=cells, label="integral / d")
