"""Closed forms, random features and double descent against NumPy, scikit-learn and SciPy."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.linear_model import Ridge

from mathdl_keras.core.precision import allow_float64, dtype_of
from mathdl_keras.layers import RandomFeatures
from mathdl_keras.linear_model import (
    double_descent_curve,
    double_descent_theory,
    minimum_norm,
    ridge_regression,
    ridge_risk_asymptotic,
)
from mathdl_keras.models import MinimumNormRegressor

rng = np.random.default_rng(2)
U = 2.0**-53


@pytest.mark.parametrize("shape", [(12, 5), (5, 12), (3, 7, 4)])
def test_minimum_norm_is_the_pseudo_inverse(shape):
    phi, y = rng.standard_normal(shape), rng.standard_normal((*shape[:-1], 2))
    phi[..., 1] = phi[..., 0]  # rank deficient: the norm decides
    with allow_float64():
        theta = minimum_norm(phi, y)
        assert dtype_of(theta) == "float64"
        theta = ops.convert_to_numpy(theta)
    np.testing.assert_allclose(theta, np.linalg.pinv(phi, rcond=1e-12) @ y, atol=1e4 * U * np.abs(theta).max())


@pytest.mark.parametrize("shape", [(12, 5), (5, 12)])
def test_ridge_regression_is_that_of_scikit_learn(shape):
    phi, y = rng.standard_normal(shape), rng.standard_normal((shape[0], 2))
    expected = Ridge(alpha=0.3 * shape[0], fit_intercept=False, solver="svd").fit(phi, y).coef_.T
    with allow_float64():
        theta = ops.convert_to_numpy(ridge_regression(phi, y, 0.3))
    np.testing.assert_allclose(theta, expected, atol=1e3 * U)
    model = MinimumNormRegressor(2, l2=0.3)
    fit = model.fit_closed_form(phi, y)
    assert fit.solver == ("primal" if shape[0] > shape[1] else "dual")
    np.testing.assert_allclose(fit.kernel, expected, atol=1e3 * U)
    np.testing.assert_allclose(model.predict(phi.astype("float32"), verbose=0), phi @ expected, atol=1e-5)


def test_rows_in_blocks_are_all_rows(monkeypatch):
    from mathdl_keras.core import rows

    x, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    whole = MinimumNormRegressor(features=RandomFeatures(6), l2=0.1).fit_closed_form(x, y)
    monkeypatch.setattr(rows, "BLOCK", 16)
    blocks = MinimumNormRegressor(features=RandomFeatures(6), l2=0.1).fit_closed_form(x, y)
    # features are computed in float32, where a matrix product may depend on the number of rows
    np.testing.assert_allclose(blocks.kernel, whole.kernel, rtol=1e-4)


def test_gradient_training_reaches_the_closed_form():
    """From zero, with few samples: gradient descent finds the solution of smallest norm."""
    x, y = rng.standard_normal((4, 6)).astype("float32"), rng.standard_normal((4, 1)).astype("float32")
    model, closed = MinimumNormRegressor(), MinimumNormRegressor()
    spectrum = np.linalg.svd(x, compute_uv=False) ** 2
    model.compile(keras.optimizers.SGD(float(2 / spectrum[0])), "mse")  # the Hessian is (2/4) x^T x
    steps = int(np.log(1e-6) / np.log(1 - spectrum[-1] / spectrum[0])) + 1
    model.fit(x, y, batch_size=4, epochs=steps, verbose=0)
    expected = closed.fit_closed_form(x, y).kernel
    np.testing.assert_allclose(ops.convert_to_numpy(model.kernel.value), expected, atol=1e-4 * np.abs(expected).max())


def test_a_file_brings_the_fitted_model_back(tmp_path):
    x, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
    model = MinimumNormRegressor(2, RandomFeatures(20, "fourier", seed=5))
    model.fit_closed_form(x, y)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = x.astype("float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("activation", ["relu", "fourier"])
def test_random_features_are_their_formula_and_nested(activation):
    x = rng.standard_normal((5, 3)).astype("float32")
    narrow, wide = (RandomFeatures(n, activation, scale=0.7, bias_scale=0.5, seed=4) for n in (6, 10))
    few, many = (ops.convert_to_numpy(layer(x)) for layer in (narrow, wide))
    np.testing.assert_allclose(few * np.sqrt(6), many[:, :6] * np.sqrt(10), atol=1e-5)
    W, b = (ops.convert_to_numpy(v.value).astype("float64") for v in (wide.W, wide.b))
    z = x @ W + b
    h = np.maximum(z, 0) if activation == "relu" else np.sqrt(2) * np.cos(z)
    np.testing.assert_allclose(many, h / np.sqrt(10), atol=1e-6)
    assert wide.trainable_variables == []


def test_weights_of_random_features_have_their_law():
    """Variances of 30,000 normals and 10,000 uniforms, within 4 standard errors."""
    layer = RandomFeatures(10_000, "fourier", scale=0.5)
    layer.build((None, 3))
    W, b = (ops.convert_to_numpy(v.value) for v in (layer.W, layer.b))
    assert abs(W.var() / 0.25 - 1) < 4 * np.sqrt(2 / W.size)
    assert abs(b.mean() - np.pi) < 4 * np.pi / np.sqrt(3 * b.size) and b.min() >= 0 and b.max() <= 2 * np.pi


def test_theory_is_infinite_only_around_the_threshold():
    risk = double_descent_theory(np.arange(21), 10, np.ones(20), 0.1)
    np.testing.assert_array_equal(np.isinf(risk), np.isin(np.arange(21), [9, 10, 11]))


def test_predicted_risk_is_the_exact_one_for_gaussian_features_up_to_its_next_order():
    """p/(n-p) against p/(n-p-1): a relative difference of order 1/|n-p|; a large population stands for the law."""
    n, D, sigma = 60, 120, 0.3
    beta = np.ones(D) / np.sqrt(D)
    phi = rng.standard_normal((6000, D))
    y = (phi @ beta + sigma * rng.standard_normal(6000))[:, None]
    for p in (20, 40, 90, 120):
        exact = double_descent_theory(p, n, beta, sigma)
        predicted, _ = ridge_risk_asymptotic(phi[:, :p], y, n)
        assert abs(predicted / exact - 1) < 2 / abs(n - p) + 4 * np.sqrt(2 / 6000)


def test_predicted_risk_with_a_penalty_meets_monte_carlo():
    n, p, sigma, penalty = 30, 24, 0.5, 0.05
    beta = np.ones(p) / np.sqrt(p)
    test, train = double_descent_curve([p], n, beta, sigma, 400, 7, penalty)
    phi = rng.standard_normal((8000, p))
    y = (phi @ beta + sigma * rng.standard_normal(8000))[:, None]
    predicted = ridge_risk_asymptotic(phi, y, n, penalty)
    for measured, theory in zip((test[0], train[0]), predicted, strict=True):
        assert abs(measured.mean() / theory - 1) < 2 / n + 4 * measured.std() / measured.mean() / 20


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: MinimumNormRegressor(2).fit_closed_form(np.ones((3, 2)), np.ones(3)), "y must have 2 targets"),
        (lambda: MinimumNormRegressor().fit_closed_form(np.ones((3, 2)), np.ones(4)), "y must have one row for each"),
        (lambda: MinimumNormRegressor().fit_closed_form(np.ones(3), np.ones(3)), r"x must have shape \(rows, features"),
        (lambda: MinimumNormRegressor().fit_closed_form([[np.nan]], [1.0]), "x must be finite"),
        (lambda: ridge_regression(np.ones((2, 2)), np.ones((2, 1)), 0.0), "l2 must be positive; received l2=0.0"),
        (lambda: double_descent_theory(5, 3, np.ones(4), 0.0), "p must be between 0 and the 4 entries of beta"),
        (lambda: double_descent_curve([1], 0, np.ones(4), 0.0, 2), "n must be >= 1 and sigma >= 0; received n=0"),
        (lambda: ridge_risk_asymptotic(np.ones((4, 1)), np.ones(4), 4), "n must be between 1 and 3; received n=4"),
    ],
)
def test_errors_are_one_clear_line(call, match):
    with pytest.raises(ValueError, match=match) as error:
        call()
    assert "\n" not in str(error.value)
