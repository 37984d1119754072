"""Ridge and lasso paths against scikit-learn."""

import numpy as np
import pytest
from sklearn import linear_model

from mathdl_keras.linear_model import lasso_path, ridge_path

rng = np.random.default_rng(0)
X = rng.standard_normal((30, 5)) * [1, 2, 3, 1, 1] + [5, 0, 0, -3, 1]
Y = X @ [3.0, 0.0, -1.0, 0.0, 0.5] + rng.standard_normal(30)


@pytest.mark.parametrize("intercept", [True, False])
def test_a_ridge_path_is_a_ridge_regression_for_each_penalty(intercept):
    ridges = np.array([1e-3, 0.1, 10.0])
    kernel, bias, dof = ridge_path(X, Y, ridges, fit_intercept=intercept)
    for k, ridge in enumerate(ridges):
        peer = linear_model.Ridge(alpha=len(X) * ridge, fit_intercept=intercept).fit(X, Y)
        np.testing.assert_allclose(kernel[k], peer.coef_, atol=1e-11)
        assert bias[k] == pytest.approx(peer.intercept_, abs=1e-10)
    centred = X - X.mean(axis=0) * intercept
    smoothers = [
        np.trace(np.linalg.solve(centred.T @ centred / 30 + r * np.eye(5), centred.T @ centred / 30)) for r in ridges
    ]
    np.testing.assert_allclose(dof, smoothers, rtol=1e-10)


@pytest.mark.parametrize("solver", ["fista", "ista"])
def test_a_lasso_path_is_a_lasso_for_each_penalty(solver):
    penalties = np.array([0.01, 0.3, 2.0])
    path = lasso_path(X, Y, penalties, solver=solver)
    for k, penalty in enumerate(penalties):
        peer = linear_model.Lasso(alpha=penalty, tol=1e-14, max_iter=100_000).fit(X, Y)
        np.testing.assert_allclose(path.kernel[k], peer.coef_, atol=1e-8)
        np.testing.assert_array_equal(path.kernel[k] == 0, peer.coef_ == 0)
        assert path.bias[k] == pytest.approx(peer.intercept_, abs=1e-7)
    assert path.residual.max() <= 1e-12


def test_the_lasso_says_so_when_steps_run_out():
    with pytest.warns(UserWarning, match="the lasso is optimal within .* after 100 steps"):
        path = lasso_path(X * [1, 1, 1, 1, 100], Y, [1e-6], solver="ista", max_steps=100)
    assert path.steps == 100 and path.residual.max() > 1e-12


def test_constant_data_has_weights_zero():
    path = lasso_path(np.ones((4, 2)), np.ones(4), [0.1])
    np.testing.assert_array_equal(path.kernel, 0)
    assert path.bias[0] == 1


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: ridge_path(X, Y, [0.0]), "l2 must be positive; received 0.0"),
        (lambda: ridge_path(X, Y, 1.0), "l2 must be one or more finite numbers"),
        (lambda: lasso_path(X, Y, []), "l1 must be one or more"),
        (lambda: lasso_path(X, Y, [-1.0]), "l1 must be one or more finite numbers >= 0"),
        (lambda: lasso_path(X, Y, [1.0], solver="lars"), "solver must be one of fista, ista"),
        (lambda: lasso_path(X, Y[:-1], [1.0]), "y must have 30 rows"),
        (lambda: lasso_path(np.where(X > 6, np.nan, X), Y, [1.0]), "x must be finite"),
    ],
)
def test_bad_arguments(call, match):
    with pytest.raises(ValueError, match=match):
        call()
