"""The model against scikit-learn and statsmodels' formulas; closed form against training; files."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats
from sklearn.linear_model import LinearRegression as Reference

import mathdl_keras
from mathdl_keras.callbacks import ErrorEnvelope
from mathdl_keras.core.datasets import diabetes
from mathdl_keras.linear_model import coefficient_covariance, leverage_scores, residual_variance
from mathdl_keras.losses import MeanSquaredError
from mathdl_keras.models import LinearRegression

U32 = 2.0**-24
rng = np.random.default_rng(0)
X = rng.standard_normal((50, 3))
Y = X @ [1.0, -2.0, 0.5] + 3 + 0.5 * rng.standard_normal(50)
TWO = np.c_[Y, X @ [0.0, 1.0, 1.0] + rng.standard_normal(50)]


def closed(x=X, y=Y, **settings):
    model = LinearRegression(**settings)
    return model, model.fit_closed_form(x, y)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("solver", ["auto", "normal", "qr", "svd", "gd"])
def test_closed_form_is_scikit_learn_rounded_once(solver, intercept):
    reference = Reference(fit_intercept=intercept).fit(X, TWO)
    model, report = closed(y=TWO, units=2, solver=solver, fit_intercept=intercept)
    assert report.kernel.dtype == np.float64 and report.solver == ("normal" if solver == "auto" else solver)
    np.testing.assert_allclose(report.kernel, reference.coef_.T, atol=1e-13)
    kernel, *bias = model.get_weights()
    np.testing.assert_array_equal(kernel, report.kernel.astype("float32"))
    assert len(bias) == intercept == model.fit_intercept
    np.testing.assert_allclose(model.predict(X, verbose=0), reference.predict(X), rtol=1e-5, atol=1e-5)
    assert model.score(X, TWO) == pytest.approx(reference.score(X, TWO), abs=1e-10)


def test_diabetes_as_measured():
    data = diabetes()
    model, report = closed(data.x, data.y)
    assert report.solver == "normal" and report.condition == pytest.approx(21.7, abs=0.05)
    assert model.score(data.x, data.y) == pytest.approx(0.5177, abs=1e-4)


@pytest.mark.parametrize(
    "loss", [MeanSquaredError(), MeanSquaredError(scale=0.5), "mse"], ids=["squared", "half", "mse"]
)
def test_gradient_training_reaches_the_same_weights_and_a_file_keeps_them(loss, tmp_path):
    x, y = X.astype("float32"), Y.astype("float32")
    expected, _ = closed(x, y)
    model = LinearRegression()
    model.compile(keras.optimizers.SGD(0.3), loss)
    model.fit(x, y, batch_size=50, epochs=120, verbose=0)
    for trained, exact in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(trained, exact, atol=50 * U32)
    model.save(tmp_path / "line.keras")
    again = mathdl_keras.load_model(tmp_path / "line.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    np.testing.assert_array_equal(again.confint(x, y), model.confint(x, y))


def test_statistics_are_those_of_the_textbook():
    model, report = closed()
    A = np.c_[X, np.ones(50)]
    inverse = np.linalg.inv(A.T @ A)
    theta = inverse @ A.T @ Y
    variance = np.sum((Y - A @ theta) ** 2) / (50 - 4)
    # the weights are rounded to float32, and the residual sum is flat there
    np.testing.assert_allclose(model.covariance(X, Y), variance * inverse, rtol=1e-9)
    half = stats.t.ppf(0.95, 46) * np.sqrt(variance * np.diag(inverse))
    np.testing.assert_allclose(model.confint(X, Y, level=0.9), np.c_[theta - half, theta + half], rtol=1e-6)
    H = A @ inverse @ A.T
    np.testing.assert_allclose(model.hat_matrix(X), H, atol=1e-13)
    np.testing.assert_allclose(model.leverage_scores(X), np.diag(H), atol=1e-13)


def test_several_targets_have_statistics_each():
    model, _ = closed(y=TWO, units=2)
    covariance, intervals = model.covariance(X, TWO), model.confint(X, TWO)
    assert covariance.shape == (2, 4, 4) and intervals.shape == (2, 4, 2)
    for k in range(2):
        single, _ = closed(y=TWO[:, k])
        np.testing.assert_allclose(covariance[k], single.covariance(X, TWO[:, k]), rtol=1e-9)
        np.testing.assert_allclose(intervals[k], single.confint(X, TWO[:, k]), rtol=1e-6)
        assert single.confint(X, TWO[:, [k]]).shape == (1, 4, 2)


def test_without_an_intercept_there_is_no_parameter_for_it():
    model, _ = closed(fit_intercept=False)
    assert model.covariance(X, Y).shape == (3, 3) and model.confint(X, Y).shape == (3, 2)
    assert model.leverage_scores(X).sum() == pytest.approx(3)


def test_inference_takes_replicates():
    A, r = rng.standard_normal((4, 20, 3)).astype("float32"), rng.standard_normal((4, 20, 1)).astype("float32")
    variance = residual_variance(r, 3)[:, 0]
    np.testing.assert_allclose(ops.convert_to_numpy(variance), np.sum(r**2, axis=(1, 2)) / 17, rtol=1e-5)
    covariance, h = map(ops.convert_to_numpy, (coefficient_covariance(A, variance), leverage_scores(A)))
    for i in range(4):
        inverse = np.linalg.inv(A[i].T @ A[i])
        np.testing.assert_allclose(covariance[i], np.sum(r[i] ** 2) / 17 * inverse, atol=1e-5)
        np.testing.assert_allclose(h[i], np.einsum("mi,ij,mj->m", A[i], inverse, A[i]), atol=1e-5)
    with pytest.raises(ValueError, match="residuals must have more rows than parameters=20; received 20"):
        residual_variance(r, 20)


def test_bad_data_are_one_clear_line():
    model, _ = closed()
    collinear = np.c_[X, X[:, 0]]
    checks = [
        (lambda: model.score(X, np.ones(50)), "y must vary, or R2 has no meaning; received 1 constant of 1 targets"),
        (lambda: model.fit_closed_form(X, TWO), "y must have units=1 columns; received 2"),
        (lambda: model.fit_closed_form(X[:, :2], Y), "x must have 3 features; received 2"),
        (lambda: model.fit_closed_form(np.where(X > 2, np.nan, X), Y), "x must be finite; received"),
        (lambda: model.covariance(X[:4], Y[:4]), "x must have more rows than the 4 parameters; received 4"),
        (lambda: model.confint(X, Y, 95), r"level must be in \(0, 1\); received level=95"),
        (
            lambda: LinearRegression().leverage_scores(collinear),
            "no constant or collinear features; received rank 4 for 5",
        ),
        (lambda: LinearRegression().leverage_scores(np.c_[X, np.full(50, 0.1)]), "received rank 4 for 5 parameters"),
        (lambda: LinearRegression().score(X, Y), "the model must have weights; received one that is neither"),
        (lambda: LinearRegression(solver="lu"), "solver must be one of auto, normal, qr, svd, gd"),
        (lambda: LinearRegression(units=0), "units must be an integer >= 1; received units=0"),
        (lambda: model(X[:, 0]), "shape"),
    ]
    for check, match in checks:
        with pytest.raises(ValueError, match=match) as error:
            check()
        assert "\n" not in str(error.value) or match == "shape"


def test_collinear_features_warn_and_predict_well():
    with pytest.warns(UserWarning, match="4 features of rank 3: 0 constant columns, 1 collinear column; the kernel of"):
        model, report = closed(np.c_[X, X[:, 0]], Y)
    assert report.rank == 3 and report.kernel[0] == pytest.approx(report.kernel[3])
    expected = Reference().fit(X, Y).predict(X)
    np.testing.assert_allclose(model.predict(np.c_[X, X[:, 0]], verbose=0)[:, 0], expected, atol=1e-5)


def test_more_features_than_rows_warn_and_interpolate():
    with pytest.warns(UserWarning, match="3 features of rank 2: only 3 rows"):
        model, _ = closed(X[:3], Y[:3])
    np.testing.assert_allclose(model.predict(X[:3], verbose=0)[:, 0], Y[:3], atol=1e-5)


def envelope(x, y, model, rate=0.1, steps=30, scale=1.0, **settings):
    recorder = ErrorEnvelope(x, y, scale)
    model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0, callbacks=[recorder], **settings)
    return recorder


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("kind", ["model", "dense", "no bias"])
def test_error_envelope_predicts_training(kind, units):
    x, y = X.astype("float32"), TWO[:, :units].astype("float32")
    if kind == "model":
        model = LinearRegression(units=units)
    else:
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, use_bias=kind == "dense")])
    model.compile(keras.optimizers.SGD(0.1), MeanSquaredError(scale=0.5))
    found = envelope(x, y, model, scale=0.5)
    assert found.measured.shape == found.predicted.shape == (31, 3 + (kind != "no bias"), units)
    assert found.learning_rate == pytest.approx(0.1)
    A = np.c_[X, np.ones(50)] if kind != "no bias" else X
    np.testing.assert_allclose(found.hessian, A.T @ A / 50 / units, rtol=1e-5)
    np.testing.assert_allclose(found.optimum, np.linalg.lstsq(A, y, rcond=None)[0], rtol=1e-4)
    np.testing.assert_allclose(found.measured, found.predicted, atol=30 * 20 * U32)
    assert np.linalg.norm(found.measured[-1]) < np.linalg.norm(found.measured[0])


def test_error_envelope_refuses_what_it_cannot_predict():
    x, y = X.astype("float32"), Y.astype("float32")
    linear, deep = LinearRegression(), keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
    deep(x)
    for model, optimizer, batch, match in (
        (linear, keras.optimizers.Adam(), 50, "optimizer must be SGD without momentum; received Adam"),
        (linear, keras.optimizers.SGD(0.1, momentum=0.9), 50, "optimizer must be SGD without momentum; received SGD"),
        (linear, keras.optimizers.SGD(0.1), 25, "batch_size must be the number of samples, 50; received 2 batches"),
        (deep, keras.optimizers.SGD(0.1), 50, "model must have one layer with weights, a linear one; received 2"),
    ):
        model.compile(optimizer, "mse")
        with pytest.raises(ValueError, match=match):
            model.fit(x, y, batch_size=batch, verbose=0, callbacks=[ErrorEnvelope(x, y)])
    with pytest.raises(ValueError, match="scale must be positive; received scale=0"):
        ErrorEnvelope(x, y, scale=0)
