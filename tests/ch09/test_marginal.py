"""Dropout averaged over masks: against scikit-learn's ridge regression of scaled features, and at its minimum."""

import numpy as np
import pytest
from keras import ops
from sklearn.linear_model import Ridge

from mathdl_keras.core.autodiff import grad
from mathdl_keras.linear_model import marginalized_dropout_loss, solve_dropout_least_squares

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((20, 4)) * [1, 2, 0.5, 3], rng.standard_normal((20, 3))


def test_the_weights_are_a_ridge_regression_of_features_scaled_to_size_one():
    size = np.sqrt(np.mean(X**2, axis=0))
    peer = Ridge(alpha=20 * 0.3 / 0.7, fit_intercept=False).fit(X / size, Y)
    np.testing.assert_allclose(solve_dropout_least_squares(X, Y, 0.3), peer.coef_.T / size[:, None], atol=1e-12)
    np.testing.assert_allclose(solve_dropout_least_squares(X, Y[:, 0], 0.3), peer.coef_[0] / size, atol=1e-12)


def test_without_dropout_it_is_least_squares():
    np.testing.assert_allclose(solve_dropout_least_squares(X, Y, 0.0), np.linalg.lstsq(X, Y)[0], atol=1e-12)


def test_there_the_marginalized_loss_is_flat():
    w = solve_dropout_least_squares(X, Y[:, 0], 0.3).astype("float32")
    x, y = X.astype("float32"), Y[:, 0].astype("float32")
    slope = grad(lambda w: marginalized_dropout_loss(x, y, w, 0.3))(ops.array(w))
    np.testing.assert_allclose(ops.convert_to_numpy(slope), 0, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: solve_dropout_least_squares(X, Y, 1.0), r"rate must be in \[0, 1\); received rate=1.0"),
        (lambda: marginalized_dropout_loss(X, Y[:, 0], X[0], -0.1), r"rate must be in \[0, 1\)"),
        (
            lambda: solve_dropout_least_squares(X * [1, 1, 1, 0], Y, 0.3),
            "x must have independent features, none of them zero",
        ),
        (lambda: solve_dropout_least_squares(X, Y[1:], 0.3), "y must have one row for each of the 20 rows"),
    ],
)
def test_bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()
