"""Polynomials in three bases against NumPy's, and their regression against least squares."""

import keras
import numpy as np
import pytest
from numpy.polynomial import chebyshev, legendre, polynomial

from mathdl_keras.chapters.ch11.layers import PolynomialFeatures1D, polynomial_features
from mathdl_keras.chapters.ch11.models import PolynomialRegression

VANDERS = {"monomial": polynomial.polyvander, "legendre": legendre.legvander, "chebyshev": chebyshev.chebvander}
rng = np.random.default_rng(0)
X = rng.uniform(2, 6, (30, 1))
Z = X[:, 0] / 2 - 2
Y = rng.standard_normal((30, 1))


@pytest.mark.parametrize("basis", VANDERS)
@pytest.mark.parametrize("degree", [0, 1, 7])
def test_features_are_numpys(basis, degree):
    layer = PolynomialFeatures1D(degree, basis, (2, 6))
    phi = layer(X.astype("float32"))
    assert phi.shape == (30, degree + 1) == layer.compute_output_shape((30, 1))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(phi), VANDERS[basis](Z, degree), atol=2e-5)
    np.testing.assert_allclose(
        PolynomialRegression(degree, basis, domain=(2, 6)).design(X), VANDERS[basis](Z, degree), atol=1e-13
    )


def test_features_keep_any_shape():
    assert polynomial_features(np.zeros((2, 3)), 4).shape == (2, 3, 5)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_the_closed_form_minimises_and_the_model_predicts_with_it(ridge):
    model = PolynomialRegression(4, l2=ridge, domain=(2, 6))
    kernel = model.fit_closed_form(X, Y)
    A, D = legendre.legvander(Z, 4), np.diag([0, 1, 1, 1, 1])
    expected = np.linalg.solve(A.T @ A + 30 * ridge * D, A.T @ Y)
    np.testing.assert_allclose(kernel, expected, atol=1e-12)
    predicted = keras.ops.convert_to_numpy(model(X.astype("float32")))
    np.testing.assert_allclose(predicted, A @ expected, atol=1e-5)
    H = A @ np.linalg.solve(A.T @ A + 30 * ridge * D, A.T)
    np.testing.assert_allclose(model.hat_matrix(X), H, atol=1e-12)


def test_gradient_descent_goes_there_too():
    model = PolynomialRegression(2, domain=(2, 6))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(X, Y, epochs=60, batch_size=30, verbose=0)
    expected = np.linalg.lstsq(legendre.legvander(Z, 2), Y, rcond=None)[0]
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PolynomialRegression(2, l2=-1.0), "l2 must be finite and >= 0"),
        (lambda: PolynomialRegression(-1), "degree must be an integer >= 0"),
        (lambda: PolynomialRegression(2, "fourier"), "basis must be one of monomial, legendre, chebyshev"),
        (lambda: PolynomialFeatures1D(2, domain=(1, 1)), "domain must be two finite numbers a < b"),
        (lambda: PolynomialRegression(2, units=0), "units must be an integer >= 1"),
        (lambda: PolynomialRegression(3).fit_closed_form([[0.0], [1.0], [1.0]], [0, 1, 2]), "received 2"),
        (lambda: PolynomialRegression(1).fit_closed_form(np.zeros((3, 2)), np.zeros(3)), r"shape \(batch, 1\)"),
        (lambda: PolynomialRegression(1).fit_closed_form(X, np.zeros((30, 2))), "units=1 columns; received 2"),
        (lambda: PolynomialFeatures1D(1)(np.zeros((3, 2), "float32")), r"shape \(batch, 1\)"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
