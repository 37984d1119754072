"""All folds from one pass over the table, against refits."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from mathdl_keras.chapters.ch09.models import RidgeRegression
from mathdl_keras.chapters.ch11.folds import IllConditionedError, fold_predictions, fold_weights
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.chapters.ch11.splits import KFold

rng = np.random.default_rng(0)
N, P = 63, 4
X, Y = rng.standard_normal((N, P)), rng.standard_normal((N, 2))
FOLDS = [validation for _, validation in KFold(7, shuffle=True, seed=0).split(X)]
U = 2.0**-53


def refits(x, y, ridge, fit_intercept):
    for fold in FOLDS:
        keep = np.setdiff1d(np.arange(len(x)), fold)
        yield keep, Ridge(ridge * len(keep), fit_intercept=fit_intercept, solver="svd").fit(x[keep], y[keep])


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("ridge", "scales"), [(0.3, 1.0), (1e-6, 1.0), (1e-6, np.array([1e-3, 1.0, 10.0, 100.0]))])
def test_weights_are_those_of_refits(ridge, scales, fit_intercept):
    x = X * scales + 5 * fit_intercept
    kernels, biases = fold_weights(x, Y, FOLDS, ridge, fit_intercept)
    for kernel, bias, (keep, peer) in zip(kernels, biases, refits(x, Y, ridge, fit_intercept), strict=True):
        # normal equations lose n roundings times their condition number; predictions have the size of y. A mean is
        # rounded, too (in the peer): that moves the centred column by as much as the mean exceeds its deviation
        centred = x[keep] - x[keep].mean(axis=0) * fit_intercept
        gram = centred.T @ centred + ridge * len(keep) * np.eye(P)
        d = np.sqrt(np.diag(gram))
        offset = 1 + np.max(np.abs(x.mean(axis=0)) / x.std(axis=0)) * fit_intercept
        tolerance = N * U * np.linalg.cond(gram / d / d[:, None]) * offset * np.abs(Y).max()
        np.testing.assert_allclose(x @ kernel + bias, peer.predict(x), rtol=0, atol=tolerance)


def test_an_outlier_in_one_fold_costs_the_others_no_digits():
    x, y = X.copy(), X @ np.ones((P, 1))
    x[FOLDS[2][0], 0], y[FOLDS[2][0]] = 1e9, -1e9  # subtraction would leave (1e18 + 1) - 1e18
    kernels, _ = fold_weights(x, y, FOLDS, 1e-12)
    np.testing.assert_allclose(kernels[2], 1, atol=1e-10)


def test_a_large_offset_costs_no_digits():
    kernels, biases = fold_weights(X + 1e6, X @ np.ones((P, 1)) + 3, FOLDS, 1e-13)
    np.testing.assert_allclose(kernels, 1, atol=1e-8)  # 1e6 has roundings of 1e-10
    np.testing.assert_allclose(biases, 3 - 1e6 * P, rtol=1e-8)


def test_replicates_have_a_leading_axis():
    x, y = rng.standard_normal((3, N, P)), rng.standard_normal((3, N, 1))
    kernels, biases = fold_weights(x, y, FOLDS, 0.1)
    assert kernels.shape == (3, 7, P, 1) and biases.shape == (3, 7, 1)
    alone = fold_weights(x[1], y[1], FOLDS, 0.1)
    np.testing.assert_allclose(kernels[1], alone[0], atol=1e-12)
    np.testing.assert_allclose(biases[1], alone[1], atol=1e-12)


def test_collinear_features_are_refused_without_a_penalty():
    with pytest.raises(IllConditionedError, match="condition at most"):
        fold_weights(np.column_stack([X, X[:, 0]]), Y, FOLDS)
    with pytest.raises(IllConditionedError, match="no constant feature"):
        fold_weights(np.column_stack([X, np.zeros(N)]), Y, FOLDS)


def test_models_predict_every_sample():
    found = fold_predictions(RidgeRegression(0.2, units=2), X, Y, FOLDS)
    for p, (_, peer) in zip(found, refits(X, Y, 0.2, True), strict=True):
        np.testing.assert_allclose(p, peer.predict(X), atol=1e-11)


@pytest.mark.parametrize(("basis", "ridge", "atol"), [("monomial", 0.0, 1e-9), ("legendre", 0.1, 1e-11)])
def test_polynomials_predict_as_refits(basis, ridge, atol):
    x, y = rng.uniform(-1, 1, (N, 1)), rng.standard_normal((N, 1))
    model = PolynomialRegression(5, basis, ridge)
    phi = model.design(x)[:, 1:]
    for fold, p in zip(FOLDS, fold_predictions(model, x, y, FOLDS), strict=True):
        keep = np.setdiff1d(np.arange(N), fold)
        peer = Ridge(ridge * len(keep), solver="svd") if ridge else LinearRegression()
        np.testing.assert_allclose(p, peer.fit(phi[keep], y[keep]).predict(phi).reshape(N, 1), atol=atol)


class Other(RidgeRegression):
    """A subclass may change anything."""


def test_what_is_not_known_is_left_to_refits():
    assert fold_predictions(Other(0.1, units=2), X, Y, FOLDS) is None
    assert fold_predictions(RidgeRegression(0.1), X, Y, FOLDS) is None  # two targets: `fit_closed_form` will say it
    assert fold_predictions(RidgeRegression(0.1, units=2), X[:3], Y[:3], [[0], [1], [2]]) is None  # a dual is better
    assert fold_predictions(object(), X, Y, FOLDS) is None
