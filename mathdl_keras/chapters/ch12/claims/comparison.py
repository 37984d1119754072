"""Claims of §12.4: permutation and Shapley, side by side."""

import numpy as np

from mathdl_keras.chapters.ch12.games import LossReductionGame
from mathdl_keras.chapters.ch12.interactions import shapley_variance, total_sobol_index, variance_components
from mathdl_keras.chapters.ch12.permutation_importance import permutation_importance
from mathdl_keras.chapters.ch12.refit_game import RefitR2Game
from mathdl_keras.chapters.ch12.shapley import all_coalitions, shapley_exact
from mathdl_keras.core.claims import claim, equals

COEFFICIENTS = {0b0001: 1.0, 0b0010: 2.0, 0b0011: 3.0, 0b0111: 1.0}  # x1 + 2 x2 + 3 x1 x2 + x1 x2 x3; x4 is idle


def squared(y, prediction):
    return (y - prediction) ** 2


def polynomial(x):
    return sum(c * np.prod(x[:, [j for j in range(4) if u >> j & 1]], axis=1) for u, c in COEFFICIENTS.items())


def first_order(components, normalized=False):
    """The variance that a feature explains by itself."""
    return np.array([components[1 << j] for j in range(4)])


@claim(
    "12.4",
    "of independent features permutation importance is twice the total Sobol index; Shapley divides interactions",
    refuted_by={"first-order Sobol index": {"index": first_order}},
    precision="float64",
)
def permutation_vs_shapley(rng, *, index=total_sobol_index):
    x = np.where(all_coalitions(4), 1.0, -1.0)  # all 16 rows: independent features
    y = polynomial(x)
    explained = LossReductionGame(polynomial, x, x, y, squared, False)
    permuted = permutation_importance(polynomial, x, y, squared, None, greater_is_better=False).mean
    shapley = shapley_exact(explained, 4)
    components = variance_components(np.maximum(explained(all_coalitions(4)), 0.0))
    return [
        equals(permuted, [22.0, 28.0, 2.0, 0.0], roundings=500, scale=28.0, label="permutation importance"),
        equals(2 * index(components, normalized=False), permuted, roundings=500, scale=28.0, label="twice the index"),
        equals(shapley, [1 + 9 / 2 + 1 / 3, 4 + 9 / 2 + 1 / 3, 1 / 3, 0.0], roundings=500, scale=15.0, label="Shapley"),
        equals(shapley_variance(components), shapley, roundings=500, scale=15.0, label="the same from components"),
        equals(
            (permuted / np.maximum(shapley, 1e-9))[:3],
            [66 / 17.5, 84 / 26.5, 6.0],
            roundings=5e3,
            scale=6.0,
            label="ratio of the two",
        ),
    ]


def lmg_of_two(w, rho):
    """phi_1 = (R1^2 + R12^2 - R2^2) / 2 and its mirror image, for features of variance 1 and correlation rho."""
    one, two = (w[0] + rho * w[1]) ** 2, (w[1] + rho * w[0]) ** 2
    both = w[0] ** 2 + w[1] ** 2 + 2 * rho * w[0] * w[1]
    return np.array([one + both - two, two + both - one]) / 2


def as_if_independent(w, rho):
    return np.square(w)


def correlated_pair(rng, rows, rho):
    """Columns of mean 0, variance 1 and correlation rho, and noise orthogonal to them: exactly, not on average."""
    Q = np.linalg.qr(np.column_stack([np.ones(rows), rng.standard_normal((rows, 3))]))[0][:, 1:] * np.sqrt(rows)
    return np.column_stack([Q[:, 0], rho * Q[:, 0] + np.sqrt(1 - rho**2) * Q[:, 1]]), Q[:, 2]


@claim(
    "12.4",
    "a feature that the model ignores has no permutation importance, but correlated with another one it has LMG > 0",
    refuted_by={"as if independent": {"theory": as_if_independent}},
    precision="float64",
)
def correlation(rng, *, rho=0.6, rows=40, theory=lmg_of_two):
    x, noise = correlated_pair(rng, rows, rho)
    verdicts = []
    for w, s in (((1.0, 0.0), 1.0), ((1.0, 0.5), 0.7)):
        y = x @ np.array(w) + s * noise
        lmg = shapley_exact(RefitR2Game(x, y), 2)
        share = theory(np.array(w), rho) / np.var(y)
        verdicts.append(equals(lmg, share, roundings=1e3, label=f"LMG, w = {w}"))
        if w[1] == 0:
            permuted = permutation_importance(
                lambda z, w=w: z @ np.array(w), x, y, squared, None, greater_is_better=False
            ).mean
            verdicts += [
                equals(permuted, [2.0, 0.0], roundings=1e3, scale=4.0, label="permutation importance, w = (1, 0)"),
                equals(lmg, [0.41, 0.09], roundings=1e3, label="LMG, as numbers"),
            ]
    return verdicts
