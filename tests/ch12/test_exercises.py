"""The exercises of chapter 12: right solutions pass, and each mistake that a student could make is seen."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest

from mathdl_keras.chapters.ch12 import exercises
from mathdl_keras.chapters.ch12.exercises import grouped_permutation, owen_values, shapley_value
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def shares(value, d, weight=None, zero=False, sign=1):
    weight = weight or (lambda s: factorial(s) * factorial(d - s - 1) / factorial(d))
    masks = (np.arange(2**d)[:, None] >> np.arange(d) & 1).astype(bool)
    v = value(masks) * 1.0
    if zero:
        v[0] = 0.0
    size = masks.sum(axis=1)
    return np.array(
        [sum(weight(size[S]) * (v[S | 1 << j] - sign * v[S]) for S in range(2**d) if not S >> j & 1) for j in range(d)]
    )


def grouped(
    predict, x, y, columns, order, rest=False, apart=False, absolute=False, in_place=False, minus=True, root=False
):
    moved = x if in_place else x.copy()
    before = np.mean((y - predict(x)) ** 2)
    columns = np.setdiff1d(np.arange(x.shape[1]), columns) if rest else columns
    for k, j in enumerate(columns):
        moved[:, j] = moved[np.roll(order, k) if apart else order, j].copy()
    after = np.mean(np.abs(y - predict(moved))) if absolute else np.mean((y - predict(moved)) ** 2)
    if root:
        after, before = np.sqrt(after), np.sqrt(before)
    return after - before if minus else after


def owen(value, first, second, blocks=((0, 1), (1, 0)), every=False, inner=True):
    d = len(first) + len(second)
    gains, count = np.zeros(d), 0
    groups = (tuple(first), tuple(second))
    if every:
        orders = list(permutations(range(d)))
    else:
        inside = permutations if inner else lambda group: [group]
        orders = [
            a + b for i, k in blocks for a in map(tuple, inside(groups[i])) for b in map(tuple, inside(groups[k]))
        ]
    for order in orders:
        mask = np.zeros((1, d), bool)
        before = value(mask)[0]
        for j in order:
            mask[0, j] = True
            gains[j] += value(mask)[0] - before
            before = value(mask)[0]
        count += 1
    return gains / count


def halves(value, first, second):
    """Each group gets its part of the game of two groups, in equal shares."""
    d = len(first) + len(second)

    def worth(players):
        mask = np.zeros((1, d), bool)
        mask[0, players] = True
        return value(mask)[0]

    a, b, both, none = worth(first), worth(second), worth([*first, *second]), worth([])
    phi = np.zeros(d)
    phi[first] = (a - none + both - b) / 2 / len(first)
    phi[second] = (b - none + both - a) / 2 / len(second)
    return phi


RIGHT = [(shapley_value, shares), (grouped_permutation, grouped), (owen_values, owen)]
WRONG = {
    shapley_value: {
        "Banzhaf": lambda value, d: shares(value, d, lambda s: 0.5 ** (d - 1)),
        "unweighted": lambda value, d: shares(value, d, lambda s: 1.0),
        "alone": lambda value, d: value(np.eye(d, dtype=bool)) - value(np.zeros((1, d), bool))[0],
        "last": lambda value, d: value(np.ones((1, d), bool))[0] - value(~np.eye(d, dtype=bool)),
        "an empty coalition worth nothing": lambda value, d: shares(value, d, zero=True),
        "equal parts": lambda value, d: np.full(d, value(np.ones((1, d), bool))[0] / d),
        "plus": lambda value, d: shares(value, d, sign=-1),
        "nothing": lambda value, d: None,
    },
    grouped_permutation: {
        "the other columns": lambda *a: grouped(*a, rest=True),
        "each column by itself": lambda *a: grouped(*a, apart=True),
        "absolute": lambda *a: grouped(*a, absolute=True),
        "in place": lambda *a: grouped(*a, in_place=True),
        "without the error before": lambda *a: grouped(*a, minus=False),
        "roots": lambda *a: grouped(*a, root=True),
        "the first column only": lambda p, x, y, c, o: grouped(p, x, y, c[:1], o),
        "sum of singles": lambda p, x, y, c, o: sum(grouped(p, x, y, [j], o) for j in c),
        "nothing": lambda *a: None,
    },
    owen_values: {
        "Shapley": lambda *a: owen(*a, every=True),
        "the first group first": lambda *a: owen(*a, blocks=((0, 1),)),
        "one order inside": lambda *a: owen(*a, inner=False),
        "equal parts inside": halves,
        "groups apart": lambda v, a, b: owen(v, a, b) * 2,
        "in the order of the groups": lambda v, a, b: owen(v, a, b)[[*a, *b]],
    },
}


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [shapley_value, grouped_permutation, owen_values]


@pytest.mark.parametrize(
    ("task", "name", "hint"),
    [
        (shapley_value, "Banzhaf", "not to the cost of the runway"),
        (grouped_permutation, "in place", "work on a copy"),
        (owen_values, "Shapley", "those are the Shapley values"),
        (owen_values, "groups apart", "its own weight"),
    ],
)
def test_hints_fit_the_mistake(task, name, hint):
    assert hint in task.check(WRONG[task][name]).hint
