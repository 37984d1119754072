"""Claims of §12.3 about games: what the Shapley value is, and three ways to compute it."""

from itertools import permutations
from math import comb

import numpy as np

from mathdl_keras.chapters.ch12.kernel_shap import kernel_shap as weighted_regression
from mathdl_keras.chapters.ch12.kernel_shap import shapley_kernel
from mathdl_keras.chapters.ch12.shapley import all_coalitions, contract, shapley_exact, shapley_sampling
from mathdl_keras.core.claims import claim, equals, mean_equals


def game(table):
    """The game with these values, by the coalitions' numbers."""
    return lambda masks: table[masks @ (1 << np.arange(masks.shape[1]))]


def banzhaf(value, d):
    """Equal weights 1/2^(d-1) for all coalitions without the player."""
    masks = all_coalitions(d)
    return contract(np.where(masks.T, 1.0, -1.0) / 2 ** (d - 1), value(masks).astype("float64"))


def orders_of(table, d):
    """What each player adds along each of the d! orders, `(orders, d)`, by a loop: the definition."""
    gains = []
    for order in permutations(range(d)):
        before, row = 0, np.zeros(d)
        for j in order:
            row[j] = table[before | 1 << j] - table[before]
            before |= 1 << j
        gains.append(row)
    return np.array(gains)


@claim(
    "12.3",
    "the Shapley value is efficient, symmetric, linear, and gives nothing to a player who adds nothing",
    refuted_by={"Banzhaf's weights": {"solve": banzhaf}},
    precision="float64",
)
def shapley_axioms(rng, *, d=6, solve=shapley_exact):
    masks = all_coalitions(d)
    v, w = rng.standard_normal((2, 2**d))
    v[0] = w[0] = 0.0
    phi, psi = solve(game(v), d), solve(game(w), d)
    swapped = masks[:, [1, 0, *range(2, d)]]
    alike = (v + game(v)(swapped)) / 2  # players 0 and 1 are interchangeable
    without = masks.copy()
    without[:, 2] = False
    idle = game(v)(without)  # player 2 adds nothing
    pair = solve(game(alike), d)[:2]
    return [
        equals(phi.sum(), v[-1], roundings=200, label="efficiency"),
        equals(pair[0], pair[1], roundings=200, label="symmetry"),
        equals(solve(game(idle), d)[2], 0.0, roundings=200, label="dummy player"),
        equals(solve(game(2 * v - w), d), 2 * phi - psi, roundings=400, label="linearity"),
        equals(phi, orders_of(v, d).mean(axis=0), roundings=200, label="mean over all 720 orders"),
    ]


@claim(
    "12.3",
    "the glove game is worth (1/6, 1/6, 2/3); in the airport game each step of the runway is paid by those who need it",
    refuted_by={"Banzhaf's weights": {"solve": banzhaf}},
    precision="float64",
)
def known_games(rng, *, costs=(1.0, 3.0, 4.0, 8.0, 9.0), solve=shapley_exact):
    n, c = len(costs), np.array(costs)
    shares = np.cumsum(np.diff(c, prepend=0.0) / np.arange(n, 0, -1))
    gloves = solve(lambda S: (S[:, 0] | S[:, 1]) & S[:, 2], 3)
    return [
        equals(gloves, np.array([1, 1, 4]) / 6, roundings=20, label="glove game"),
        equals(solve(lambda S: np.max(S * c, axis=1), n), shares, roundings=50, scale=9.0, label="airport game"),
    ]


def random_orders(value, d, n, seed):
    return shapley_sampling(value, d, n, antithetic=False, seed=seed)


def one_first_player(value, d, n, seed):
    """Player 0 is always the first to join."""
    rest = shapley_sampling(lambda S: value(np.column_stack([np.ones(len(S), bool), S])), d - 1, n, False, seed)
    alone = np.arange(d)[None] == 0
    first = value(alone)[0] - value(alone & False)[0]
    return type(rest)(np.append(first, rest.values), np.append(0.0, rest.standard_errors), rest.coalitions)


@claim(
    "12.3",
    "n random orders give the Shapley value without bias, with variance s^2/n; opposite orders are exact for pairs",
    refuted_by={"one player is always first": {"sample": one_first_player}},
)
def sampling(rng, *, d=4, n=100, repeats=2000, sample=random_orders):
    table = rng.standard_normal(2**d)
    orders = orders_of(table, d)
    phi, variance = orders.mean(axis=0), orders.var(axis=0) / n
    found = [sample(game(table), d, n, rng) for _ in range(repeats)]
    values = np.array([f.values for f in found])
    errors = np.array([f.standard_errors for f in found])
    covered = np.abs(values - phi) <= 1.98422 * errors  # Student's t with 99 degrees
    pairs = rng.standard_normal((d, d))
    opposite = shapley_sampling(lambda S: np.einsum("si,ij,sj->s", S * 1.0, pairs, S * 1.0), d, 2, seed=rng).values
    halves = (pairs.sum(axis=0) + pairs.sum(axis=1)) / 2  # each pair is shared equally
    return [
        mean_equals(values, phi, standard_error=np.sqrt(variance / repeats), label="mean of estimates"),
        mean_equals((values - phi) ** 2, variance, label="variance of estimates"),
        mean_equals(errors**2, variance, label="squared standard errors"),
        mean_equals(covered, 0.95, standard_error=np.sqrt(0.95 * 0.05 / repeats), label="coverage of 95 % intervals"),
        equals(opposite, halves, roundings=200, scale=np.abs(pairs).sum(), label="one pair of opposite orders"),
    ]


def plain(d):
    return np.ones(d - 1)


def inverse_sizes(d):
    """The weight of all coalitions of a size, not of one of them."""
    return shapley_kernel(d) * [comb(d, s) for s in range(1, d)]


@claim(
    "12.3",
    "weighted least squares over all coalitions gives the Shapley values",
    refuted_by={"equal weights": {"weights": plain}, "weights of sizes": {"weights": inverse_sizes}},
    precision="float64",
)
def kernel_shap(rng, *, d=5, weights=shapley_kernel):
    table = rng.standard_normal(2**d)
    found = weighted_regression(game(table), d, kernel=weights).values
    # the condition number of the system is below 100 for d = 5
    return equals(found, orders_of(table, d).mean(axis=0), roundings=5e3, label="weighted least squares")
