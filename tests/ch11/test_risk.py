"""Estimates of the risk from one fit, against refits and textbook formulas."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mathdl_keras.chapters.ch11.risk import aic, gcv, hat_matrix, loo_mse, mallows_cp

rng = np.random.default_rng(0)
M, P = 20, 3
X, Y = rng.standard_normal((M, P)) + 2, rng.standard_normal((M, 2)) + 5
SETTINGS = [(0.0, False), (0.0, True), (0.4, False), (0.4, True)]


def matrix(ridge, fit_intercept):
    A, D = (np.hstack([np.ones((M, 1)), X]), np.diag([0, 1, 1, 1])) if fit_intercept else (X, np.eye(P))
    return A @ np.linalg.solve(A.T @ A + M * ridge * D, A.T)


@pytest.mark.parametrize(("ridge", "fit_intercept"), SETTINGS)
def test_leave_one_out_equals_refits(ridge, fit_intercept):
    errors = []
    for i in range(M):
        keep = np.arange(M) != i
        peer = Ridge(ridge * (M - 1), fit_intercept=fit_intercept).fit(X[keep], Y[keep])
        errors.append((Y[i] - peer.predict(X[i : i + 1])[0]) ** 2)
    np.testing.assert_allclose(loo_mse(X, Y, ridge, fit_intercept), np.mean(errors, axis=0), rtol=1e-10)


@pytest.mark.parametrize(("ridge", "fit_intercept"), SETTINGS)
def test_the_others_are_their_formulas(ridge, fit_intercept):
    H = matrix(ridge, fit_intercept)
    rss, df = np.sum((Y - H @ Y) ** 2, axis=0), np.trace(H)
    settings = {"l2": ridge, "fit_intercept": fit_intercept}
    np.testing.assert_allclose(hat_matrix(X, **settings), H, atol=1e-12)
    np.testing.assert_allclose(gcv(X, Y, **settings), rss / M / (1 - df / M) ** 2, rtol=1e-11)
    np.testing.assert_allclose(mallows_cp(X, Y, 2.0, **settings), rss / 2 - M + 2 * df, rtol=1e-11)
    np.testing.assert_allclose(aic(X, Y, **settings), M * np.log(rss / M) + 2 * df, rtol=1e-11)


def test_one_target_gives_a_number():
    for f in (loo_mse, gcv, aic):
        value = f(X, Y[:, 0])
        assert isinstance(value, float) and value == pytest.approx(f(X, Y)[0], rel=1e-12)


def test_gcv_does_not_change_if_the_rows_are_rotated():
    turn = np.linalg.qr(rng.standard_normal((M, M)))[0]
    assert gcv(turn @ X, turn @ Y[:, 0], 0.1) == pytest.approx(gcv(X, Y[:, 0], 0.1), rel=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loo_mse(X[:, [0, 0]], Y), "linearly independent columns; received rank 1 for 2"),
        (lambda: loo_mse(np.eye(4)[:, :2], np.ones(4)), "received 2 of leverage 1"),
        (lambda: gcv(X, Y, l2=-1.0), "l2 must be finite and >= 0"),
        (lambda: mallows_cp(X, Y, 0.0), "noise_variance must be positive"),
        (lambda: aic(X, Y[:3]), "y must have one row"),
        (lambda: gcv(np.full((3, 1), np.nan), np.ones(3)), "X must be finite|x must be finite"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
