"""Claims of §2.3: the minimizer, and the way of gradient descent to it, on the diabetes table."""

from functools import partial

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch01.solvers import ridge_regression
from mathdl_keras.chapters.ch02.callbacks import ErrorEnvelope
from mathdl_keras.chapters.ch02.descent import gradient_descent, mse_gradient, mse_hessian, stable_learning_rate
from mathdl_keras.chapters.ch02.losses import MeanSquaredError
from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.chapters.ch02.solvers import least_squares
from mathdl_keras.core.claims import at_most, claim, close_to, equals
from mathdl_keras.core.datasets import diabetes
from mathdl_keras.core.linalg import gram, matmul, transpose
from mathdl_keras.core.precision import allow_float64


def table():
    """The diabetes features of mean 0 and variance 1, their deviations, and the targets, (442, 1)."""
    data = diabetes()
    deviation = data.x.std(axis=0)
    return (data.x - data.x.mean(axis=0)) / deviation, deviation, data.y[:, None]


def with_ones(X):
    return np.hstack([X, np.ones((len(X), 1))])


def numpy(x):
    return ops.convert_to_numpy(x)


def by_solver(X, y, intercept):
    """Kernel and bias of the normal equations, by this package."""
    fit = least_squares(X, y, "normal", fit_intercept=intercept)
    return numpy(fit.kernel)[:, 0], numpy(fit.bias)


def textbook(X, y, intercept):
    """The same by the formula as it stands: neither centred nor scaled."""
    A = ops.convert_to_tensor(with_ones(X).astype(X.dtype))
    theta = numpy(ops.solve(gram(A), gram(A, y)))
    return theta[:-1, 0], theta[-1]


@claim(
    "2.3",
    "the solution of X'X theta = X'y minimises the squared error, to cond^2 roundings, if features are scaled",
    refuted_by={"no intercept": {"intercept": False}, "raw units, not scaled": {"solve": textbook}},
)
def normal_equations(rng, *, intercept=True, solve=by_solver):
    # The error of normal equations is of the order cond^2 u: 5e-14 in float64 and 3e-5 in float32, of the
    # standardised coefficients. In raw units cond is 7236 instead of 21.7, and the same order says 3 in float32.
    X, deviation, y = table()
    expected = np.linalg.lstsq(with_ones(X), y, rcond=None)[0][:, 0]
    settings = {"roundings": 2 * np.linalg.cond(X) ** 2, "scale": np.linalg.norm(expected[:-1])}
    verdicts = []
    for dtype in ("float64", "float32"):
        with allow_float64():
            kernel, bias = solve(X.astype(dtype), y.astype(dtype), intercept)
            raw, _ = solve((X * deviation + diabetes().x.mean(axis=0)).astype(dtype), y.astype(dtype), intercept)
        verdicts += [
            equals(kernel, expected[:-1], **settings, label=f"kernel, {dtype}"),
            equals(bias, expected[-1:], **settings, label=f"bias, {dtype}"),
            equals(raw * deviation.astype(dtype), expected[:-1], **settings, label=f"from raw units, {dtype}"),
        ]
    return verdicts


@claim(
    "2.3",
    "residuals are orthogonal to every feature and have mean 0; leverages lie in [0, 1] and sum to P",
    refuted_by={"no intercept": {"intercept": False}},
    precision="float64",
)
def residual_orthogonality(rng, *, intercept=True):
    X, _, y = table()
    model = LinearRegression(fit_intercept=intercept)
    model.fit_closed_form(X, y)
    A, fitted = with_ones(X), model.predict(X, verbose=0)
    products = numpy(gram(A, y - fitted))[:, 0]
    # a sum of M products has an error of at most M roundings of the sum of their absolute values
    scale = (np.abs(A) * (np.abs(y) + np.abs(fitted))).sum(axis=0).max()
    h = model.leverage_scores(X)
    return (
        equals(products[:-1], 0, roundings=2 * len(X), scale=scale, label="X'r"),
        equals(products[-1:], 0, roundings=2 * len(X), scale=scale, label="sum of r"),
        equals(h.sum(), A.shape[1], roundings=2 * len(X), scale=A.shape[1], label="sum of leverages"),
        at_most(h.max(), 1.0, sharpness=0.01, label="largest leverage"),
        equals(np.diagonal(model.hat_matrix(X)), h, roundings=2 * A.shape[1], label="leverages, hat matrix"),
    )


def by_least_squares(X, y):
    """Predictions of the least-squares fit."""
    fit = least_squares(X, y)
    return matmul(X, fit.kernel) + fit.bias


def by_ridge(X, y):
    """Predictions of ridge regression with penalty 0.1."""
    return matmul(X, ridge_regression(X, y, 0.1))


@claim(
    "2.3",
    "an invertible map of the features leaves predictions alone, and changes the speed of descent to 1 - l_min/l_max",
    refuted_by={"ridge": {"fitted": by_ridge}},
    precision="float64",
)
def affine_equivariance(rng, *, fitted=by_least_squares):
    X, _, y = table()
    spectrum, V = np.linalg.eigh(X.T @ X / len(X))
    rotation = np.linalg.qr(rng.standard_normal(V.shape))[0]
    XB = X @ (V * spectrum**-0.25) @ V.T @ rotation  # half way to uncorrelated features: the root of cond
    roundings = 2 * (np.linalg.cond(XB) ** 2 + np.linalg.cond(X) ** 2)
    same = equals(fitted(XB, y), numpy(fitted(X, y)), roundings=roundings, scale=np.linalg.norm(y), label="predictions")
    return same, _speed(X, y, "factor, X"), _speed(XB, y, "factor, XB")


def _speed(X, y, label, steps=50):
    """The factor by which descent at 1/l_max shrinks the slowest error."""
    A = with_ones(X)
    spectrum, V = np.linalg.eigh(2 / len(A) * A.T @ A)
    best = np.linalg.lstsq(A, y, rcond=None)[0][:, 0]
    start = best + np.linalg.norm(best) * V[:, 0]
    end = gradient_descent(partial(mse_gradient, A, y[:, 0]), start, 1 / spectrum[-1], steps)
    predicted = 1 - spectrum[0] / spectrum[-1]
    factor = (np.linalg.norm(numpy(end) - best) / np.linalg.norm(start - best)) ** (1 / steps)
    # M + D roundings of the optimum's size are lost in each step, before an error that ends at factor^steps of it
    return close_to(factor, predicted, relative=sum(A.shape) * 2.0**-53 / predicted**steps, label=label)


@claim(
    "2.3",
    "gradient descent follows theta* + (I - eta H)^k (theta_0 - theta*)",
    refuted_by={"loss with 1/2": {"scale": 0.5}},
)
def gd_trajectory(rng, *, steps=200, scale=1.0):
    X, _, y = table()
    A = with_ones(X)
    spectrum, V = np.linalg.eigh(2 / len(A) * A.T @ A)
    best, rate = np.linalg.lstsq(A, y, rcond=None)[0], 1 / spectrum[-1]
    start = 20 * rng.standard_normal(best.shape).astype("float32")
    factors = (1 - rate * spectrum) ** np.arange(steps + 1)[:, None]
    predicted = np.einsum("ij,kj,jt->kit", V, factors, V.T @ (start - best))
    with allow_float64():
        gradient = partial(mse_gradient, A, y)
        path = gradient_descent(lambda t: scale * gradient(t), start.astype("float64"), rate, steps, trajectory=True)
        path = numpy(path)
    # a step sums M and D products, whose roundings of random sign add up like a root; descent amplifies no errors
    settings = {"roundings": steps * sum(A.shape) ** 0.5, "scale": np.linalg.norm(best)}
    return (
        equals(path - best, predicted, **settings, label="functional, float64"),
        equals(_trained(X, y, start, rate, steps, scale), predicted, **settings, label="Keras fit, float32"),
    )


def _trained(X, y, start, rate, steps, scale):
    """The errors of a Keras model in full-batch training."""
    X, y = X.astype("float32"), y.astype("float32")
    model = LinearRegression()
    model.build((None, X.shape[1]))
    model.set_weights([start[:-1], start[-1]])
    model.compile(keras.optimizers.SGD(rate), MeanSquaredError(scale=scale))
    envelope = ErrorEnvelope(X, y)
    model.fit(X, y, batch_size=len(X), epochs=steps, verbose=0, callbacks=[envelope])
    return envelope.measured.astype("float32")


@claim(
    "2.3",
    "along the top eigenvector the excess risk changes by (eta l_max - 1)^2 a step: 2/l_max is the threshold",
    refuted_by={"Hessian without 2": {"hessian": lambda X: mse_hessian(X) / 2}},
    precision="float64",
)
def stability_threshold(rng, *, steps=20, hessian=mse_hessian):
    X, _, y = table()
    A, y = with_ones(X), y[:, 0]
    top = np.linalg.eigh(A.T @ A)[1][:, -1]
    best = np.linalg.lstsq(A, y, rcond=None)[0]
    risk = np.mean((A @ best - y) ** 2)
    start = best + top * np.sqrt(risk / np.mean((A @ top) ** 2))  # excess risk = least risk
    threshold = stable_learning_rate(hessian(A))
    verdicts = []
    for part in (0.99, 1.01):
        path = gradient_descent(partial(mse_gradient, A, y), start, part * threshold, steps, trajectory=True)
        residuals = matmul(path, transpose(A)) - ops.convert_to_tensor(y)
        excess = numpy(ops.sum(ops.square(residuals), axis=1)) / len(y) - risk
        factor = (excess[-1] / excess[0]) ** (1 / steps)
        # of each risk M roundings are lost, M u = 5e-14 of a value that exceeds its excess at most 4 times
        verdicts.append(close_to(factor, (2 * part - 1) ** 2, relative=1e-12, label=f"eta = {2 * part:.2f}/l_max"))
    return verdicts
