"""Exercises of chapter 12. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

from itertools import permutations

import numpy as np

from mathdl_keras.core.exercises import exercise, expect, expect_close


def numbers(masks):
    return np.asarray(masks, bool) @ (1 << np.arange(np.shape(masks)[1]))


def table_game(table):
    """The game with these values, by the coalitions' numbers; it wants booleans `(n, d)`."""

    def value(masks):
        masks = np.asarray(masks)
        if masks.ndim != 2 or 2 ** masks.shape[1] != len(table):
            raise ValueError(f"value wants coalitions as booleans (n, d); received shape {masks.shape}")
        return table[numbers(masks)]

    return value


def mean_over_orders(value, d, orders):
    """What each player adds, on average over the given orders."""
    gains, orders = np.zeros(d), list(orders)
    for order in orders:
        mask = np.zeros((1, d), bool)
        before = value(mask)[0]
        for j in order:
            mask[0, j] = True
            gains[j] += value(mask)[0] - before
            before = value(mask)[0]
    return gains / len(orders)


def airport(costs):
    return lambda masks: np.max(np.asarray(masks, bool) * np.asarray(costs), axis=1)


@exercise("12.3", "shapley_value(value, d) -> (d,)")
def shapley_value(solution):
    r"""Compute the Shapley values of a game.

    `value(masks)` takes coalitions as booleans `(n, d)` and returns their values `(n,)`; that of the empty coalition
    need not be 0. Return :math:`\varphi_j = \sum_{S \not\ni j} \frac{|S|!\,(d-|S|-1)!}{d!} (v(S \cup j) - v(S))`. It is
    checked on the airport game, where planes share a runway: the first part is used by all, the last one by the largest
    plane only, and each part is paid equally by those who use it. Then on random games.
    """
    found = solution(airport((1.0, 3.0, 4.0, 8.0, 9.0)), 5)
    shares = np.array([0.2, 0.7, 31 / 30, 91 / 30, 121 / 30])
    hint = "airport game with costs 1, 3, 4, 8, 9: the shares are 0.2, 0.7, 1.0333, 3.0333, 4.0333"
    expect(found is not None, "it returned None: return an array of d numbers")
    found = np.asarray(found, "float64")
    if found.shape == (5,) and abs(found.sum() - 9) > 1e-6:
        hint += f". Yours add up to {found.sum():.4g}, not to the cost of the runway, 9: look at the weights"
    expect_close(found, shares, hint, 1e-9)
    rng = np.random.default_rng(121)
    for d in (2, 4, 1):
        table = rng.standard_normal(2**d)
        expected = mean_over_orders(table_game(table), d, permutations(range(d)))
        hint = f"a random game of {d} players: each order of joining counts equally; v(empty) is not 0 here"
        expect_close(solution(table_game(table), d), expected, hint, 1e-9)


def squared_error(y, prediction):
    return np.mean((y - prediction) ** 2)


@exercise("12.2", "grouped_permutation(predict, x, y, columns, order) -> float")
def grouped_permutation(solution):
    r"""Measure the importance of a group of features by permuting them together.

    `predict` maps rows `(M, d)` to predictions `(M,)`; `columns` is a list, `order` a permutation of the M rows. Return
    the mean squared error once the rows of these columns, and of no others, are put in that order, minus the error
    before. Leave x as it is. It is checked that for a feature that stands in the data twice, with the coefficient
    divided between the copies, the importance of the pair does not change while that of each copy shrinks to a part.
    """
    rng = np.random.default_rng(122)
    M = 12
    x, order = rng.standard_normal((M, 3)), rng.permutation(M)
    w = np.array([2.0, 1.0, -1.0])
    y = x @ w + 0.5 * rng.standard_normal(M)
    twice, split = np.column_stack([x, x[:, 0]]), np.array([1.0, 1.0, -1.0, 1.0])
    kept = twice.copy()
    single = solution(lambda rows: rows @ w, x.copy(), y.copy(), [0], order)
    expect(single is not None, "it returned None: return the increase of the error, a number")
    expect_close(single, _increase(x, y, w, [0], order), "one feature: the error after, minus the error before", 1e-9)
    pair = solution(lambda rows: rows @ split, twice, y.copy(), [0, 3], order)
    expect(np.array_equal(twice, kept), "x has changed: work on a copy")
    hint = "a feature and its copy: permute both by the same order, then their sum is as good as one feature"
    expect_close(pair, single, hint, 1e-9)
    copy = solution(lambda rows: rows @ split, twice.copy(), y.copy(), [3], order)
    expect_close(copy, _increase(twice, y, split, [3], order), "one of the copies alone: permute no other column", 1e-9)
    for columns in ([1, 2], [2, 0, 1]):
        expected = _increase(x, y, w, columns, order)
        found = solution(lambda rows: rows @ w, x.copy(), y.copy(), columns, order)
        expect_close(found, expected, f"the group {columns}: its rows move as a whole", 1e-9)


def _increase(x, y, w, columns, order):
    moved = x.copy()
    moved[:, columns] = x[order][:, columns]
    return squared_error(y, moved @ w) - squared_error(y, x @ w)


def orders_in_groups(groups):
    """All orders in which the members of each group join one right after another."""
    for blocks in permutations(groups):
        inner = [()]
        for block in blocks:
            inner = [head + tail for head in inner for tail in permutations(block)]
        yield from inner


@exercise("12.6", "owen_values(value, first, second) -> (d,)")
def owen_values(solution):
    r"""Share among the members of two groups that come as groups (Owen 1977).

    `first` and `second` are lists of players, all of 0, ..., d-1 once; `value` is as in `shapley_value`. Return what
    each player adds on average over those orders in which the members of a group join one right after another: either
    group may come first, and within a group every order counts equally. The values must add up to
    :math:`v(\text{all}) - v(\varnothing)`, and for an additive game they are the Shapley values.
    """
    rng = np.random.default_rng(123)
    for first, second in (([0, 1], [2, 3, 4]), ([2, 0], [1]), ([3], [1, 0, 2])):
        d = len(first) + len(second)
        weights, table = rng.standard_normal(d), rng.standard_normal(2**d)
        masks = (np.arange(2**d)[:, None] >> np.arange(d) & 1).astype(bool)
        additive = solution(table_game(masks @ weights + 1.0), list(first), list(second))
        expect_close(
            additive, weights, f"groups {first} and {second}, an additive game: each gets its own weight", 1e-9
        )
        found = np.asarray(solution(table_game(table), list(first), list(second)), "float64")
        total = table[-1] - table[0]
        hint = f"groups {first} and {second}: not efficient, the values add up to {found.sum():.4g}, not {total:.4g}"
        expect(abs(found.sum() - total) < 1e-9, hint)
        hint = f"groups {first} and {second}: only orders that keep groups together count"
        expected = mean_over_orders(table_game(table), d, orders_in_groups((first, second)))
        if np.allclose(found, mean_over_orders(table_game(table), d, permutations(range(d)))):
            hint += "; those are the Shapley values, of all orders"
        expect_close(found, expected, hint, 1e-9)
