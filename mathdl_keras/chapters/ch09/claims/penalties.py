"""Claims of §9.2: ridge regression, the lasso, and weight decay."""

import keras
import numpy as np
from keras import ops
from sklearn import linear_model

from mathdl_keras.chapters.ch09.models import RidgeRegression
from mathdl_keras.chapters.ch09.solvers import lasso_path
from mathdl_keras.core.claims import claim, equals, exactly, mean_equals
from mathdl_keras.core.datasets import diabetes
from mathdl_keras.core.linalg import matvec, transpose
from mathdl_keras.core.loops import compiled_loop


def table():
    """The diabetes data, features of mean 0 and variance 1."""
    data = diabetes()
    x, y = np.asarray(data.x, "float64"), np.asarray(data.y, "float64")
    return (x - x.mean(axis=0)) / x.std(axis=0), y


@claim(
    "9.2",
    "ridge regression is scikit-learn's with alpha = M lambda; its degrees of freedom are sum cov(yhat, y)/sigma^2",
    refuted_by={"half the penalty": {"factor": 0.5}},
    precision="float64",
)
def ridge_parity(rng, *, ridge=0.1, replicates=2000, factor=1.0):
    x, y = table()
    model = RidgeRegression(factor * ridge)
    ours, peer = model.fit_closed_form(x, y), linear_model.Ridge(alpha=len(x) * ridge).fit(x, y)
    slope = 2 * x.T @ (x @ ours.kernel[:, 0] + ours.bias - y) / len(x) + 2 * ridge * ours.kernel[:, 0]
    noise = rng.standard_normal((len(x), replicates))  # of variance 1, about any mean: predictions are linear in it
    fitted = RidgeRegression(factor * ridge, units=replicates).fit_closed_form(x, noise)
    covariance = np.sum((x @ fitted.kernel + fitted.bias) * noise, axis=0)
    d = np.linalg.svd(x, compute_uv=False) ** 2
    dof = np.sum(d / (d + len(x) * ridge))
    scale = np.abs(peer.coef_).max()
    # the condition number of G + lambda I is 40: 8 rounding errors of sums of 442 terms
    return [
        equals(ours.kernel[:, 0], peer.coef_, roundings=4e4, scale=scale, label="weights"),
        equals(ours.bias, np.array([peer.intercept_]), roundings=4e3, scale=peer.intercept_, label="intercept"),
        equals(slope, np.zeros_like(slope), roundings=4e4, scale=scale, label="slope of the loss"),
        equals(np.array(model.effective_dof(x)), dof, roundings=1000, scale=dof, label="degrees of freedom"),
        mean_equals(covariance, 1 + dof, label="1 + degrees of freedom, from noise"),  # 1: the intercept
    ]


@claim(
    "9.2",
    "with an orthonormal design the error is (l^2 |beta|^2 + p sigma^2)/(1 + l)^2, least at l = p sigma^2/|beta|^2",
    refuted_by={"a penalty with 1/2": {"factor": 0.5}},
    precision="float64",
)
def ridge_optimal_lambda(rng, *, rows=30, features=10, size=2.0, sigma=0.8, replicates=20_000, factor=1.0):
    X = np.linalg.qr(rng.standard_normal((rows, features)))[0]
    beta = rng.standard_normal(features)
    beta *= size / np.linalg.norm(beta)
    y = (X @ beta)[:, None] + sigma * rng.standard_normal((rows, replicates))
    best = features * sigma**2 / size**2
    verdicts, errors = [], []
    for ridge in (0.1, best, 6.0):
        model = RidgeRegression(factor * ridge / rows, fit_intercept=False, units=replicates)
        error = np.sum((model.fit_closed_form(X, y).kernel - beta[:, None]) ** 2, axis=0)
        expected = (ridge**2 * size**2 + features * sigma**2) / (1 + ridge) ** 2
        verdicts.append(mean_equals(error, expected, label=f"lambda = {ridge:g}"))
        errors.append(error.mean())
    return [*verdicts, exactly(np.argmin(errors), 1, label="the least")]


def proximal(x, y, l1):
    return lasso_path(x, y, [l1]).kernel[0]


def _subgradient_step(k, state):
    w, x, y, rate, penalty = state
    slope = matvec(transpose(x), matvec(x, w) - y) / x.shape[0] + penalty * ops.sign(w)
    return (w - rate * slope, x, y, rate, penalty)


_subgradient = compiled_loop(_subgradient_step)


def subgradient(x, y, l1):
    """Plain descent with the gradient that `L1` adds to the loss."""
    start = np.full(x.shape[1], 1.0)
    return ops.convert_to_numpy(_subgradient((start, x, y - y.mean(), np.array(0.1), np.array(l1)), 3000)[0])


@claim(
    "9.2",
    "the lasso's optimality conditions hold, with exact zeros; all weights are zero just from max |X^T y|/M on",
    refuted_by={"descent along the subgradient": {"solve": subgradient}},
    precision="float64",
)
def lasso(rng, *, l1=5.0, solve=proximal):
    x, y = table()
    order = rng.permutation(x.shape[1])  # the answer must not depend on it
    x, w = x[:, order], solve(x[:, order], y, l1)
    peer = linear_model.Lasso(alpha=l1, tol=1e-13, max_iter=100_000).fit(x, y).coef_
    slope, centred = x.T @ (y - y.mean() - x @ w) / len(x), y - y.mean()
    top, active = np.abs(x.T @ centred).max() / len(x), w != 0
    zeros = [int(np.sum(solve(x, y, factor * top) != 0)) for factor in (1 + 1e-9, 1 - 1e-6)]
    return [
        exactly(w == 0, peer == 0, label="which are zero"),
        equals(w, peer, roundings=1e-6 * 2**53, scale=1.0, label="weights"),
        equals(slope[active], l1 * np.sign(w[active]), roundings=1e4, scale=top, label="slope where w is not 0"),
        exactly(bool(np.all(np.abs(slope[~active]) < l1)), True, label="slope below lambda where w is 0"),
        exactly(np.array(zeros), np.array([0, 1]), label="weights just above and below the largest penalty"),
    ]


def shrink(w, gradient, rate, ridge):
    return (1 - 2 * rate * ridge) * w - rate * gradient


def shrink_half(w, gradient, rate, ridge):
    return (1 - rate * ridge) * w - rate * gradient


@claim(
    "9.2",
    "a step of SGD on a loss with lambda |w|^2 shrinks w by 1 - 2 eta lambda and takes the plain step; Adam's does not",
    refuted_by={
        "1 - eta lambda": {"predict": shrink_half},
        "Adam": {"optimizer": keras.optimizers.Adam},
    },
    precision="float64",
)
def weight_decay(rng, *, rows=16, features=5, rate=0.125, ridge=0.25, optimizer=keras.optimizers.SGD, predict=shrink):
    x, y, w = rng.standard_normal((rows, features)), rng.standard_normal((rows, 1)), rng.standard_normal((features, 1))
    model = RidgeRegression(ridge, fit_intercept=False)
    model.assign(w)
    model.compile(optimizer(rate), "mse")
    model.fit(x, y, batch_size=rows, epochs=1, verbose=0)
    moved = ops.convert_to_numpy(model.kernel)
    expected = predict(w, 2 * x.T @ (x @ w - y) / rows, rate, ridge)
    # the learning rate, a float32 variable, is a power of 2: nothing but sums of 16 and 5 terms are rounded
    return equals(moved, expected, roundings=200, scale=np.abs(expected).max(), label="weights after a step")
