"""Claims of §2.3 and §2.4 on random tables: laws of the estimates, and of R squared."""

import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch02.inference import coefficient_covariance, residual_variance
from mathdl_keras.chapters.ch02.metrics import R2Score
from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.chapters.ch02.solvers import solve_normal
from mathdl_keras.core.claims import claim, distributed_as, equals, mean_equals
from mathdl_keras.core.datasets import diabetes
from mathdl_keras.core.linalg import gram
from mathdl_keras.core.loops import compiled


def fitted(A, y):
    """Coefficients (R, P, 1) of R replicates."""
    return solve_normal(gram(A), gram(A, y))


@claim(
    "2.3",
    "with Gaussian noise: theta^ is normal around theta, RSS/(n-p) unbiased, F and t exact, intervals cover 95 %",
    refuted_by={
        "RSS/n": {"freedom": lambda n, p: n},
        "intervals of 1.5 standard errors": {"half_width": 1.5},
    },
    precision="float64",
)
def sampling_distribution(rng, *, n=60, p=6, sigma=1.7, replicates=4000, freedom=lambda n, p: n - p, half_width=None):
    X, theta = rng.standard_normal((replicates, n, p)), rng.standard_normal((p, 1))
    y = np.einsum("rmi,ik->rmk", X, theta) + sigma * rng.standard_normal((replicates, n, 1))
    error, power, variance, deviations = _estimates(X, y, theta, n - freedom(n, p))
    half_width = stats.t.ppf(0.975, n - p) if half_width is None else half_width
    covered = np.abs(error) <= half_width * deviations
    coverage_error = np.sqrt(0.95 * 0.05 / replicates)
    return (
        distributed_as(power / sigma**2, stats.chi2(p).cdf, label="(theta^ - theta)'X'X(theta^ - theta)/sigma^2"),
        distributed_as(power / p / variance, stats.f(p, n - p).cdf, label="F"),
        mean_equals(
            variance, sigma**2, standard_error=sigma**2 * np.sqrt(2 / (n - p) / replicates), label="variance of noise"
        ),
        mean_equals(covered[:, 0].astype(float), 0.95, standard_error=coverage_error, label="coverage of intervals"),
    )


def _estimates(X, y, theta, parameters):
    """Per replicate: errors (R, p), their power (R,), the noise's variance (R,) and standard errors (R, p)."""

    def estimates(X, y, theta):
        estimate = fitted(X, y)
        error = estimate - theta
        power = ops.sum(ops.square(X @ error), axis=(1, 2))
        residuals = y - X @ estimate
        return error[..., 0], power, residual_variance(residuals, parameters)[:, 0]

    def deviations(X, variance):
        return ops.sqrt(ops.diagonal(coefficient_covariance(X, variance), axis1=1, axis2=2))

    # one after the other: two batched factorisations in one program can block each other on JAX with two cores
    error, power, variance = map(ops.convert_to_numpy, compiled(estimates)(*map(ops.convert_to_tensor, (X, y, theta))))
    return (
        error,
        power,
        variance,
        ops.convert_to_numpy(compiled(deviations)(*map(ops.convert_to_tensor, (X, variance)))),
    )


@claim(
    "2.4",
    "of an unrelated target, p features explain R^2 ~ Beta(p/2, (n-p-1)/2): p/(n-1) on average; adjusted R^2, 0",
    refuted_by={"adjusted reported as plain": {"plain": {"num_regressors": 4}}},
)
def r2_null_distribution(rng, *, n=30, p=4, replicates=4000, plain=None):
    A = np.concatenate([rng.standard_normal((replicates, n, p)), np.ones((replicates, n, 1))], axis=2)
    y = 3 + rng.standard_normal((replicates, n, 1))

    def run(A, y):
        return A @ fitted(A, y)

    A, y = A.astype("float32"), y.astype("float32")
    predictions = ops.convert_to_numpy(compiled(run)(ops.convert_to_tensor(A), ops.convert_to_tensor(y)))
    pair = y[..., 0].T, predictions[..., 0].T  # a replicate is a target
    r2 = scored(*pair, R2Score(class_aggregation=None, **(plain or {})))
    adjusted = scored(*pair, R2Score(None, num_regressors=p))
    law = stats.beta(p / 2, (n - p - 1) / 2)
    error = law.std() / np.sqrt(replicates)
    return (
        distributed_as(r2, law.cdf, label="R^2"),
        mean_equals(r2, p / (n - 1), standard_error=error, label="mean of R^2"),
        mean_equals(adjusted, 0.0, standard_error=error * (n - 1) / (n - p - 1), label="mean of adjusted R^2"),
    )


def scored(y, predictions, metric, batch=100):
    """The metric's result, streamed in batches."""
    for start in range(0, len(y), batch):
        metric.update_state(y[start : start + batch], predictions[start : start + batch])
    return ops.convert_to_numpy(metric.result())


def about_zero(y, predictions):
    """R^2 with a total sum of squares about 0."""
    return 1 - np.sum((y - predictions) ** 2) / np.sum(y**2)


@claim(
    "2.4",
    "with one feature and an intercept R^2 is the squared correlation",
    refuted_by={"total about 0": {"score": about_zero}},
    precision="float64",
)
def r2_is_corr2(rng, *, score=lambda y, predictions: scored(y, predictions, R2Score())):
    data = diabetes()
    x, y = data.x[:, [data.feature_names.index("bmi")]], data.y[:, None]
    model = LinearRegression()
    model.fit_closed_form(x, y)
    expected = np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2
    # sums of M squares: M roundings each
    return (
        equals(score(y, model.predict(x, verbose=0)), expected, roundings=4 * len(y), label="streamed R^2"),
        equals(np.float64(model.score(x, y)), expected, roundings=4 * len(y), label="model.score"),
    )
