"""Shapley values of games against the definition by orders, and of models against closed forms."""

from itertools import permutations

import numpy as np
import pytest

from mathdl_keras.chapters.ch12.conditional_game import ConditionalGaussianGame, regression_matrices
from mathdl_keras.chapters.ch12.games import InterventionalGame, LossReductionGame
from mathdl_keras.chapters.ch12.kernel_shap import kernel_shap, shapley_kernel
from mathdl_keras.chapters.ch12.refit_game import RefitR2Game
from mathdl_keras.chapters.ch12.shapley import all_coalitions, shapley_exact, shapley_sampling

rng = np.random.default_rng(12)
D = 5
TABLE = rng.standard_normal((2**D, 2))  # two games at once


def game(masks):
    return TABLE[masks @ (1 << np.arange(D))]


def by_orders():
    total = np.zeros((D, 2))
    orders = list(permutations(range(D)))
    for order in orders:
        before = 0
        for j in order:
            total[j] += TABLE[before | 1 << j] - TABLE[before]
            before |= 1 << j
    return total / len(orders)


PHI = by_orders()


def test_exact_values_are_the_mean_over_all_orders():
    np.testing.assert_allclose(shapley_exact(game, D), PHI, atol=1e-13)
    np.testing.assert_allclose(kernel_shap(game, D).values, PHI, atol=1e-12)


@pytest.mark.parametrize("antithetic", [False, True])
def test_sampling_is_right_within_its_standard_errors(antithetic):
    found = shapley_sampling(game, D, 4000, antithetic, seed=1)
    assert found.values.shape == found.standard_errors.shape == (D, 2) and found.coalitions == 2**D
    assert np.all(np.abs(found.values - PHI) < 4 * found.standard_errors)
    assert 0 < found.standard_errors.max() < 0.05
    np.testing.assert_allclose(found.values.sum(axis=0), TABLE[-1] - TABLE[0], atol=1e-12)


def test_sampled_kernel_values_are_right_within_their_standard_errors_and_these_are_honest():
    d, weights, pairs = 8, rng.standard_normal(8), rng.standard_normal((8, 8))
    cubic = rng.standard_normal(8)

    def value(S):
        z = S * 1.0
        return z @ weights + np.einsum("si,ij,sj->s", z, pairs, z) + (z @ cubic) ** 3 / 10

    exact = shapley_exact(value, d)
    found = [kernel_shap(value, d, 120, seed=k) for k in range(200)]
    z = np.array([(f.values - exact) / f.standard_errors for f in found])
    assert all(abs(f.values.sum() - (value(np.ones((1, d)))[0])) < 1e-9 for f in found)
    # a variance of 200 replicates has a standard error of 0.1; scores of a run are correlated
    assert 0.6 < np.mean(z**2) < 1.6


def test_one_pair_of_opposite_orders_says_nothing_of_its_error():
    assert np.all(np.isinf(shapley_sampling(game, D, 2).standard_errors))


def test_each_coalition_is_valued_once():
    seen = []

    def value(masks):
        seen.append(masks)
        return masks.sum(axis=1)

    shapley_sampling(value, 3, 100)
    assert len(seen) == 1 and len(seen[0]) == len(np.unique(seen[0], axis=0)) == 8


def test_many_players_are_sampled():
    found = shapley_sampling(lambda S: S @ np.arange(100.0), 100, 2)
    np.testing.assert_allclose(found.values, np.arange(100.0), atol=1e-9)
    found = kernel_shap(lambda S: S @ np.arange(70.0), 70, 400)
    np.testing.assert_allclose(found.values, np.arange(70.0), atol=1e-9)


def test_one_player_gets_all():
    for solve in (shapley_exact, lambda v, d: kernel_shap(v, d).values):
        np.testing.assert_allclose(solve(lambda S: 3.0 * S[:, 0] + 1, 1), [3.0])


def test_kernel_weights_are_those_of_the_paper():
    np.testing.assert_allclose(shapley_kernel(4), [3 / (4 * 1 * 3), 3 / (6 * 2 * 2), 3 / (4 * 3 * 1)])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shapley_exact(game, 16), "d must be in 1 to 15.*use shapley_sampling or kernel_shap"),
        (lambda: kernel_shap(game, 16), "d must be in 1 to 15"),
        (lambda: shapley_exact(lambda S: np.nan * S[:, 0], 2), "finite"),
        (lambda: shapley_exact(lambda S: np.ones(3), 2), "one value for each of 4 coalitions"),
        (lambda: shapley_sampling(game, D, 3), "positive multiple of 2"),
        (lambda: kernel_shap(game, 10, 20), "at least 4 d = 40"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def product(rows):
    return rows[:, 0] * rows[:, 1] + rows[:, 2]


def test_interventional_values_are_means_over_the_background():
    background, x = rng.standard_normal((7, 3)), rng.standard_normal((2, 3))
    value, masks = InterventionalGame(product, background).at(x), all_coalitions(3)
    found = value(masks)
    assert found.shape == (8, 2)
    for S, mask in enumerate(masks):
        for r, row in enumerate(x):
            assert found[S, r] == pytest.approx(product(np.where(mask, row, background)).mean(), abs=1e-14)
    single = InterventionalGame(product, background).at(x[0])
    np.testing.assert_allclose(single(masks), found[:, 0], atol=1e-14)
    two = InterventionalGame(lambda rows: np.column_stack([product(rows), rows[:, 0]]), background).at(x)
    assert two(masks).shape == (8, 2, 2)
    np.testing.assert_allclose(two(masks)[..., 0], found, atol=1e-14)


def test_conditional_values_are_those_of_a_normal_law():
    A, w = rng.standard_normal((4, 4)), rng.standard_normal(4)
    Sigma, mu, x = A @ A.T + np.eye(4), rng.standard_normal(4), rng.standard_normal(4)
    masks = all_coalitions(4)
    found = ConditionalGaussianGame(lambda rows: rows @ w, mu, Sigma, samples=4).at(x)(masks)
    B = regression_matrices(Sigma, masks)
    for S, mask in enumerate(masks):
        mean = mu.copy()
        mean[~mask] += Sigma[np.ix_(~mask, mask)] @ np.linalg.inv(Sigma[np.ix_(mask, mask)]) @ (x - mu)[mask]
        mean[mask] = x[mask]
        assert found[S] == pytest.approx(w @ mean, abs=1e-11)
        assert np.all(B[S][:, ~mask] == 0)
    square = ConditionalGaussianGame(lambda rows: rows[:, 0] ** 2, np.zeros(2), [[1.0, 0.6], [0.6, 1.0]], 40_000)
    # E[X_1^2 | X_2 = 2] = 1.2^2 + 1 - 0.36, with standard deviation below 2.5
    assert square.at([0.0, 2.0])(np.array([[False, True]]))[0] == pytest.approx(1.44 + 0.64, abs=4 * 2.5 / 200)


def test_refitted_regressions_agree_with_least_squares_and_bear_copies():
    X, y = rng.standard_normal((30, 4)), rng.standard_normal(30)
    X[:, 3] = X[:, 0]  # a copy
    X = np.column_stack([X, np.ones(30)])  # and a constant
    masks = all_coalitions(5)
    found = RefitR2Game(1e3 * X, y)(masks)
    for S, mask in enumerate(masks):
        A = np.column_stack([np.ones(30), X[:, mask]])
        residual = y - A @ np.linalg.lstsq(A, y, rcond=1e-10)[0]
        assert found[S] == pytest.approx(1 - residual @ residual / np.sum((y - y.mean()) ** 2), abs=1e-10)


def test_loss_reductions_add_up_to_what_the_model_saves():
    x = rng.standard_normal((20, 3))
    y = product(x) + 0.1 * rng.standard_normal(20)
    value = LossReductionGame(product, x, x, y, "mse")
    phi = shapley_exact(value, 3)
    saved = np.mean((y - product(x).mean()) ** 2) - np.mean((y - product(x)) ** 2)
    assert phi.sum() == pytest.approx(saved, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: InterventionalGame(product, np.ones((2, 4))).at(np.ones(3)), "background must have the 3 features"),
        (lambda: InterventionalGame(product, [[1.0, np.nan, 0.0]]), "finite"),
        (lambda: InterventionalGame(lambda rows: rows[:, 0] / 0, np.ones((2, 3))), "finite predictions"),
        (lambda: InterventionalGame(lambda rows: rows[:1, 0], np.ones((2, 3))), "one prediction for each of 2 rows"),
        (lambda: InterventionalGame(3, np.ones((2, 3))), "model must be a Keras model or a function"),
        (lambda: ConditionalGaussianGame(product, np.ones(2), np.eye(3)), "covariance must be"),
        (lambda: ConditionalGaussianGame(product, np.ones(2), [[1.0, 2.0], [2.0, 1.0]]), "positive definite"),
        (lambda: ConditionalGaussianGame(product, np.ones(2), np.eye(2), samples=3), "even"),
        (lambda: RefitR2Game(np.eye(3), np.ones(3)), "not constant"),
        (lambda: LossReductionGame(product, np.ones((2, 3)), np.ones((2, 3)), np.ones(4)), "y must have one row"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_bad_input_of_value_functions_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
