"""The exercises of chapter 5: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05 import exercises
from mathdl_keras.chapters.ch05.boolean import boolean_inputs, truth_table_network
from mathdl_keras.chapters.ch05.exercises import count_regions, majority3, network_for
from mathdl_keras.chapters.ch05.regions import linear_regions_1d
from mathdl_keras.core.exercises import discover
from mathdl_keras.models import MLP

ALL = discover(exercises)
ONES = boolean_inputs(4).sum(axis=1).astype(int)


def zigzag(table, corners=4):
    """f as a piecewise linear function of the number of ones, with corners at 0, ..., 3."""
    values = np.array([table[ONES == k][0] for k in range(5)], "float64")
    bends = np.diff(np.diff(values), prepend=0)[:corners]
    return np.ones((4, corners)), -np.arange(float(corners)), bends, values[0]


def minterms(table):
    """A unit for each true row."""
    W, b, c, a = truth_table_network(table).get_weights()
    return W, b, c[:, 0], a


def hats(table):
    """With a unit for the constant: five units, no bias of the output."""
    W, b, c, a = zigzag(table)
    return np.column_stack([W, np.zeros(4)]), np.append(b, 1), np.append(c, a), 0.0


def regions(w, b, c):
    """A kink for each place where the bends c_j |w_j| do not cancel."""
    t = np.array([-b_j / w_j if w_j else np.nan for w_j, b_j in zip(w, b, strict=True)])
    return 1 + sum(np.sum((c * np.abs(w))[t == k]) != 0 for k in np.unique(t[w != 0]))


def places(w, b, used):
    """Pieces if no bends cancelled."""
    return 1 + len(np.unique(-b[used] / w[used]))


def by_the_package(w, b, c):
    model = MLP((1, len(w), 1))
    model.set_weights([w[None], b, c[:, None], np.zeros(1)])
    return linear_regions_1d(model, -1000.0, 1000.0).count


def sampled(w, b, c):
    t = np.linspace(-10, 10, 2001)
    slopes = np.diff(np.maximum(t[:, None] * w + b, 0) @ c)
    return 1 + np.sum(np.abs(np.diff(slopes)) > 1e-9)


RIGHT = [
    (majority3, lambda: (np.ones(3), -1.0)),
    (majority3, lambda: [[1, 1, 1], -1]),
    (majority3, lambda: (ops.ones(3), ops.convert_to_tensor([-1.0]))),
    (network_for, zigzag),
    (network_for, hats),
    (network_for, lambda table: tuple(map(ops.convert_to_tensor, zigzag(table)))),
    (count_regions, regions),
    (count_regions, by_the_package),
    (count_regions, lambda w, b, c: np.int64(regions(w, b, c))),
]
WRONG = {
    majority3: {
        "OR": lambda: (np.ones(3), 0.0),
        "AND": lambda: (np.ones(3), -2.0),
        "a step": lambda: (np.ones(3), -1.5),
        "one weight": lambda: (1.0, -1.0),
        "no bias": lambda: np.ones(3),
        "half of it": lambda: (np.full(3, 0.5), -0.5),
        "nothing": lambda: (None, None),
        "words": lambda: ("one", "two"),
    },
    network_for: {
        "minterms": minterms,
        "last corner missing": lambda table: zigzag(table, 3),
        "without a": lambda table: (*zigzag(table)[:3], 0.0),
        "slopes for bends": lambda t: (*zigzag(t)[:2], np.cumsum(zigzag(t)[2]), zigzag(t)[3]),
        "a column": lambda t: (*zigzag(t)[:2], zigzag(t)[2][:, None], zigzag(t)[3]),
        "W transposed": lambda t: (hats(t)[0].T, *hats(t)[1:]),
        "parity whatever it is": lambda t: zigzag(ONES % 2),
        "no a": lambda t: zigzag(t)[:3],
    },
    count_regions: {
        "n + 1": lambda w, b, c: len(w) + 1,
        "shared kinks counted twice": lambda w, b, c: 1 + np.sum((w != 0) & (c != 0)),
        "cancellation overlooked": lambda w, b, c: places(w, b, (w != 0) & (c != 0)),
        "c = 0 overlooked": lambda w, b, c: places(w, b, w != 0),
        "bends c w": lambda w, b, c: regions(w, b, c * np.sign(w)),
        "sampled": sampled,
        "kinks, not pieces": lambda w, b, c: regions(w, b, c) - 1,
        "true": lambda w, b, c: True,
        "an array": lambda w, b, c: np.array([regions(w, b, c)]),
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [majority3, network_for, count_regions]
