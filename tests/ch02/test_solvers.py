"""Direct solvers against NumPy, SciPy and scikit-learn, on easy, hard and impossible tables."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.linear_model import LinearRegression as Reference

from mathdl_keras.core import rows
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.linear_model import least_squares, solve_normal

U = {"float64": 2.0**-53, "float32": 2.0**-24}
rng = np.random.default_rng(2)


def conditioned(condition, n=80, p=6, dtype="float64", residual=1.0):
    """Features of that condition number, centred and of equal variance as nearly as may be, and two targets.

    Returns X, y and the exact kernel: y is X kernel plus a residual orthogonal to X and to 1.
    """
    Q = np.linalg.qr(np.c_[np.ones(n), rng.standard_normal((n, 2 * p))])[0][:, 1:]
    V = np.linalg.qr(rng.standard_normal((p, p)))[0]
    X = 10 * Q[:, :p] * np.geomspace(1, 1 / condition, p) @ V.T
    kernel = rng.standard_normal((p, 2))
    y = X @ kernel + residual * Q[:, p : p + 2] + [3.0, -1.0]
    return X.astype(dtype), y.astype(dtype), kernel


def solve(X, y, *args, **kwargs):
    """The fit, with arrays, in the dtype of X."""
    with allow_float64():
        fit = least_squares(X, y, *args, **kwargs)
        return fit, ops.convert_to_numpy(fit.kernel), ops.convert_to_numpy(fit.bias)


@pytest.mark.parametrize("dtype", U)
@pytest.mark.parametrize("solver", ["auto", "normal", "qr", "svd", "gd"])
@pytest.mark.parametrize("intercept", [True, False])
def test_every_route_agrees_with_scikit_learn(solver, intercept, dtype):
    X = (rng.standard_normal((60, 4)) * [1, 10, 0.1, 5] + [3, -20, 0, 1]).astype(dtype)
    y = (X @ rng.standard_normal((4, 2)) + 7 + rng.standard_normal((60, 2))).astype(dtype)
    reference = Reference(fit_intercept=intercept).fit(X.astype("float64"), y.astype("float64"))
    fit, kernel, bias = solve(X, y, solver, fit_intercept=intercept)
    assert kernel.dtype == bias.dtype == dtype and fit.rank == 4
    scale = np.linalg.cond(X) ** 2 * U[dtype]
    np.testing.assert_allclose(kernel, reference.coef_.T, atol=20 * scale)
    expected = reference.intercept_ if intercept else [0.0, 0.0]
    np.testing.assert_allclose(bias, expected, atol=200 * scale)


@pytest.mark.parametrize("dtype", U)
@pytest.mark.parametrize("power", [0.05, 0.12, 0.2, 0.24, 0.4, 0.6])
def test_auto_keeps_its_promise_whatever_the_condition(power, dtype):
    """Condition u^-power: the error of normal equations up to u^-1/8, then that of QR, and the route is reported."""
    u = U[dtype]
    condition = u**-power
    X, y, _ = conditioned(condition, dtype=dtype)
    expected = np.linalg.lstsq(X.astype("float64") - X.mean(0, "float64"), y.astype("float64"), rcond=None)[0]
    fit, kernel, _ = solve(X, y)
    assert 0.2 * condition < fit.condition < 2 * condition  # scaling helps, up to the root of p
    assert fit.solver == ("normal" if fit.condition <= u**-0.25 else "qr")
    error = np.linalg.norm(kernel - expected) / np.linalg.norm(expected)
    least = condition * u * (1 + condition / np.linalg.norm(expected))  # of QR; the residual has norm 1
    assert error <= 10 * max(least, min(condition**2 * u, u**0.75))


@pytest.mark.parametrize(("solver", "digits"), [("normal", False), ("qr", True), ("svd", True)])
def test_at_condition_1e7_only_orthogonal_routes_keep_digits(solver, digits):
    X, y, kernel = conditioned(1e7, residual=0.0)
    try:
        _, found, _ = solve(X, y, solver)
    except ValueError as error:  # by rounding the normal equations may even look singular
        assert not digits and "linearly independent" in str(error)
        return
    error = np.linalg.norm(found - kernel) / np.linalg.norm(kernel)
    assert (error < 1e-7) == digits


def test_refinement_repairs_the_normal_equations():
    X, y, kernel = conditioned(5000, residual=0.0)
    with allow_float64():
        centred = X - X.mean(axis=0)
        plain = ops.convert_to_numpy(solve_normal(centred.T @ centred, centred.T @ (y - y.mean(axis=0))))
    _, refined, _ = solve(X, y, "normal")
    before, after = (np.linalg.norm(k - kernel) for k in (plain, refined))
    assert after < before / 30


def test_blocks_change_nothing(monkeypatch):
    X, y, _ = conditioned(10, n=300)
    whole = {s: solve(X + 5, y, s)[1:] for s in ("normal", "qr", "svd")}
    monkeypatch.setattr(rows, "BLOCK", 64)
    for solver, expected in whole.items():
        for part, other in zip(solve(X + 5, y, solver)[1:], expected, strict=True):
            np.testing.assert_allclose(part, other, atol=1e-11)


@pytest.mark.parametrize("solver", ["normal", "qr"])
def test_a_trend_and_a_large_offset_cost_no_digits(solver):
    """Years and pressures: deviations far smaller than means; sorted rows; the shift removes what would cancel."""
    t = np.linspace(0, 1, 500)
    X = np.c_[2000 + 20 * t, 1e6 + 50 * np.sin(9 * t)]
    y = 3 * (X[:, 0] - 2010) - 2 * (X[:, 1] - 1e6) + 1e5
    _, kernel, _ = solve(X, y, solver)
    # the data themselves are rounded to 1e6 u, of deviations of 35
    np.testing.assert_allclose(kernel[:, 0], [3, -2], rtol=100 * 1e6 / 35 * U["float64"])
    _, kernel, _ = solve(X.astype("float32"), y.astype("float32"), solver)
    np.testing.assert_allclose(kernel[:, 0], [3, -2], rtol=100 * 1e6 / 35 * U["float32"])


COLLINEAR = rng.standard_normal((40, 3))
DEFICIENT = {
    "collinear": (np.c_[COLLINEAR, 0.1 * COLLINEAR @ [1, 2, 3]], 3, "0 constant columns, 1 collinear column"),
    "constant": (np.c_[COLLINEAR, np.full(40, 0.1)], 3, "1 constant column, 0 collinear columns"),
    "nearly constant": (np.c_[COLLINEAR, 0.1 + 1e-17 * COLLINEAR[:, 0], 0.1 * COLLINEAR[:, 1]], 3, "1 constant column"),
    "all constant": (np.full((40, 2), 7.0), 0, "2 constant columns"),
    "scales apart": (np.c_[COLLINEAR * [1e-9, 1, 1e9], COLLINEAR[:, 1]], 3, "in units of one deviation"),
    "few rows": (rng.standard_normal((5, 9)), 4, "only 5 rows"),
}


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("name", DEFICIENT)
def test_deficient_rank_warns_and_gives_the_smallest_kernel(name, solver):
    X, rank, cause = DEFICIENT[name]
    y = rng.standard_normal((len(X), 1))
    with pytest.warns(UserWarning, match=cause):
        fit, kernel, bias = solve(X, y, solver)
    assert fit.rank == rank and fit.solver == "svd" and fit.condition == np.inf
    centred = X - X.mean(axis=0)
    if name == "scales apart":  # the smallest norm of standardised coefficients
        deviation = X.std(axis=0)
        expected = np.linalg.pinv(centred / deviation, rcond=1e-12) @ y / deviation[:, None]
    else:
        expected = np.linalg.pinv(centred, rcond=1e-12) @ y
    np.testing.assert_allclose(kernel, expected, rtol=1e-6, atol=0 if name == "scales apart" else 1e-12)
    np.testing.assert_allclose(bias, y.mean(axis=0) - X.mean(axis=0) @ kernel, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("solver", ["normal", "qr", "gd"])
@pytest.mark.parametrize("name", DEFICIENT)
def test_routes_that_cannot_cope_say_so(name, solver):
    X, _, _ = DEFICIENT[name]
    with pytest.raises(ValueError, match="needs linearly independent features; received .*use 'svd'") as error:
        solve(X, X[:, 0], solver)
    assert "\n" not in str(error.value)


def test_descent_refuses_a_hopeless_number_of_steps():
    X, y, _ = conditioned(2000)
    with pytest.raises(ValueError, match="takes at most 100000 steps; received a condition number .* use 'qr'"):
        solve(X, y, "gd")


def test_a_constant_target_is_fitted_by_the_bias():
    _, kernel, bias = solve(COLLINEAR, np.full(40, 0.1))
    np.testing.assert_array_equal(kernel, np.zeros((3, 1)))
    assert abs(bias[0] - 0.1) <= U["float64"]


def test_one_orthonormal_feature_takes_one_step_of_descent():
    fit, kernel, _ = solve(COLLINEAR[:, :1], 2 * COLLINEAR[:, 0], "gd")
    assert fit.condition == 1 and abs(kernel[0, 0] - 2) < 1e-12


BAD = {
    "NaN": ((np.where(COLLINEAR > 2, np.nan, COLLINEAR), COLLINEAR[:, 0]), "x must be finite; received"),
    "infinite target": ((COLLINEAR, np.r_[np.inf, COLLINEAR[1:, 0]]), "y must be finite; received 1 of 40"),
    "overflow": ((1e200 * COLLINEAR, COLLINEAR[:, 0]), "squares that float64 can hold"),
    "rows": ((COLLINEAR, COLLINEAR[:5, 0]), r"y must have 40 rows, as x has; received shape \(5, 1\)"),
    "rank": ((COLLINEAR[:, 0], COLLINEAR[:, 0]), r"x must have shape \(rows, features\)"),
    "no features": ((COLLINEAR[:, :0], COLLINEAR[:, 0]), r"x must have shape \(rows, features\)"),
    "one row": ((COLLINEAR[:1], COLLINEAR[:1, 0]), "x must have at least 2 rows to fit an intercept; received 1"),
    "text": ((np.array([["a"], ["b"]]), [0, 1]), "x must be an array of numbers"),
}


@pytest.mark.parametrize("solver", ["auto", "qr"])
@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_bad_data_are_one_clear_error(name, solver):
    data, match = BAD[name]
    with pytest.raises(ValueError, match=match) as error:
        solve(*data, solver)
    assert "received" in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_solver_is_an_error():
    with pytest.raises(ValueError, match="solver must be one of auto, normal, qr, svd, gd; received solver='lu'"):
        least_squares(COLLINEAR, COLLINEAR[:, 0], "lu")


def test_tensors_lists_and_integers_are_tables_too():
    X, y = [[0, 1], [1, 1], [2, 0], [5, 3]], [1, 3, 4, 15]
    expected = Reference().fit(X, y).coef_
    for data in ((X, y), (np.array(X), np.array(y)), (ops.convert_to_tensor(X), ops.convert_to_tensor(y))):
        fit = least_squares(*data)
        assert keras.backend.standardize_dtype(fit.kernel.dtype) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(fit.kernel)[:, 0], expected, rtol=1e-5)


def test_the_normal_equations_take_replicates():
    A = rng.standard_normal((3, 20, 4)).astype("float32")
    y = rng.standard_normal((3, 20, 1)).astype("float32")
    found = solve_normal(np.einsum("rmi,rmj->rij", A, A), np.einsum("rmi,rmk->rik", A, y))
    expected = [np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(A, y, strict=True)]
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-5)
