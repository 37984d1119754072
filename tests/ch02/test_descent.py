"""Gradient, Hessian and descent against automatic differentiation, finite differences and matrix powers."""

from functools import partial

import numpy as np
import pytest
from keras import ops

from mathdl_keras.autodiff import grad
from mathdl_keras.core.precision import allow_float64, dtype_of
from mathdl_keras.descent import (
    gd_error_theory,
    gradient_descent,
    mse_gradient,
    mse_hessian,
    stable_learning_rate,
)

rng = np.random.default_rng(0)
X, Y, THETA = rng.standard_normal((20, 3)), rng.standard_normal((20, 2)), rng.standard_normal((3, 2))


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize("column", [slice(None), 0])
def test_gradient_is_that_of_automatic_differentiation(column):
    x, y, theta = (ops.convert_to_tensor(v.astype("float32")) for v in (X, Y[:, column], THETA[:, column]))
    risk = lambda t: ops.sum(ops.square(ops.einsum("md,d...->m...", x, t) - y)) / len(X)  # noqa: E731
    expected = numpy(grad(risk)(theta))
    np.testing.assert_allclose(numpy(mse_gradient(x, y, theta)), expected, atol=60 * 2.0**-24)


def test_hessian_is_the_slope_of_the_gradient():
    """The gradient is affine: differences are exact but for rounding."""
    with allow_float64():
        slope = numpy(mse_gradient(X, Y[:, 0], THETA[:, 0] + [1, 0, 0]) - mse_gradient(X, Y[:, 0], THETA[:, 0]))
        H = numpy(mse_hessian(X))
    np.testing.assert_allclose(H[:, 0], slope, atol=100 * 2.0**-53)


def test_stable_learning_rate_is_two_over_the_largest_curvature():
    with allow_float64():
        rate = float(stable_learning_rate(mse_hessian(X)))
    assert rate == pytest.approx(2 / (2 / 20 * np.linalg.norm(X, 2) ** 2), rel=1e-14)


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_descent_is_the_recursion_and_its_closed_form(steps):
    H = 2 / 20 * X.T @ X
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    errors = [np.linalg.matrix_power(np.eye(3) - 0.1 * H, k) @ (THETA - best) for k in range(steps + 1)]
    seen = []
    with allow_float64():
        run = partial(gradient_descent, partial(mse_gradient, X, Y), THETA, 0.1, steps)
        last, path = run(), run(trajectory=True)
        assert dtype_of(last) == "float64"
        called = run(callback=lambda k, theta: seen.append((k, numpy(theta))))
        both = run(callback=lambda k, theta: None, trajectory=True)
        predicted = numpy(gd_error_theory(H, 0.1, THETA - best, steps))
        last, path, called, both = map(numpy, (last, path, called, both))
    np.testing.assert_allclose(path - best, errors, atol=1e-14)
    np.testing.assert_allclose(predicted, errors, atol=1e-14)
    np.testing.assert_allclose(both, path, atol=1e-15)
    for end in (last, called, seen[-1][1]):
        np.testing.assert_allclose(end, path[-1], atol=1e-15)
    assert [k for k, _ in seen] == list(range(steps + 1))


def test_errors_of_negative_factors_alternate():
    errors = gd_error_theory(np.array([[1.5]], "float32"), 1.0, np.array([2.0], "float32"), 3)
    np.testing.assert_allclose(numpy(errors)[:, 0], [2, -1, 0.5, -0.25], rtol=1e-6)


def test_dtype_is_that_of_the_start_and_the_rate_may_be_a_tensor():
    x, y, theta = (v.astype("float32") for v in (X, Y, THETA))
    rate = stable_learning_rate(mse_hessian(x)) / 2
    assert dtype_of(gradient_descent(partial(mse_gradient, x, y), theta, rate, 3)) == "float32"


def test_bad_arguments_are_one_clear_line():
    with pytest.raises(ValueError, match=r"learning_rate must be positive; received learning_rate=-1\.0"):
        gradient_descent(lambda t: t, THETA, -1.0, 1)
    with pytest.raises(ValueError, match="steps must be >= 0; received steps=-1"):
        gradient_descent(lambda t: t, THETA, 1.0, -1)
    with pytest.raises(ValueError, match=r"same axes after the first; received \(20, 2\), \(3,\)"):
        mse_gradient(X, Y, THETA[:, 0])
