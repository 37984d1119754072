"""Ridge regression and the lasso as Keras models: closed forms against scikit-learn, and `fit` against them."""

import keras
import numpy as np
import pytest
from sklearn import linear_model

from mathdl_keras.losses import MeanSquaredError
from mathdl_keras.models import Lasso, RidgeRegression
from mathdl_keras.optimizers import ProximalSGD
from mathdl_keras.regularizers import L1

rng = np.random.default_rng(0)
X = rng.standard_normal((24, 3))
Y = X @ rng.standard_normal((3, 2)) + 0.3 * rng.standard_normal((24, 2)) + [4, -2]


def repeated(*arrays):
    """A hundred full batches in one epoch."""
    return [np.tile(v.astype("float32"), (100, 1)) for v in arrays]


@pytest.mark.parametrize("rows", [24, 2])
def test_ridge_is_that_of_scikit_learn_with_more_rows_than_features_and_with_fewer(rows):
    x, y = X[:rows], Y[:rows]
    model = RidgeRegression(0.2, units=2)
    fit = model.fit_closed_form(x, y)
    peer = linear_model.Ridge(alpha=rows * 0.2).fit(x, y)
    np.testing.assert_allclose(fit.kernel.T, peer.coef_, atol=1e-12)
    np.testing.assert_allclose(fit.bias, peer.intercept_, atol=1e-12)
    np.testing.assert_allclose(model.predict(x, verbose=0), peer.predict(x), atol=1e-5)
    assert model.score(x, y) == pytest.approx(peer.score(x, y), abs=1e-6)


def test_fit_descends_to_the_closed_form_of_ridge():
    exact, model = RidgeRegression(0.2, units=2), RidgeRegression(0.2, units=2, kernel_initializer="zeros")
    fit = exact.fit_closed_form(X, Y)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(*repeated(X, Y), batch_size=24, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], fit.kernel, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], fit.bias, atol=1e-5)


def test_fit_with_the_proximal_map_descends_to_the_lasso_zeros_included():
    exact, model = Lasso(0.5), Lasso(0.5, kernel_initializer="zeros")
    fit = exact.fit_closed_form(X, Y[:, 0])
    assert 0 < np.sum(fit.kernel == 0) < 3
    model.compile(ProximalSGD(0.5, L1(0.5)), MeanSquaredError(scale=0.5))
    model.fit(*repeated(X, Y[:, :1]), batch_size=24, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], fit.kernel, atol=1e-5)
    np.testing.assert_array_equal(model.get_weights()[0] == 0, fit.kernel == 0)


def test_effective_degrees_of_freedom_run_from_all_features_to_none():
    assert RidgeRegression(1e-9).effective_dof(X) == pytest.approx(3, abs=1e-6)
    assert RidgeRegression(1e9).effective_dof(X) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: RidgeRegression(1.0).fit_closed_form(X, Y), "y must have units=1 columns; received 2"),
        (lambda: Lasso(1.0).fit_closed_form(X, Y), "y must have units=1 columns; received 2"),
        (lambda: RidgeRegression(1.0).fit_closed_form(X * np.nan, Y), "x must be finite"),
        (lambda: RidgeRegression(True), "l2 must be positive"),
        (lambda: Lasso(float("inf")), "l1 must be a finite number"),
    ],
)
def test_bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()
