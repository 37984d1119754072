"""Closed forms of chapters 1 to 4 (linear, ridge, logistic, kernel ridge) against scikit-learn.

Both sides get the same float64 arrays and return coefficients or predictions in float64.
"""

import numpy as np
from sklearn import linear_model
from sklearn.kernel_approximation import RBFSampler
from sklearn.kernel_ridge import KernelRidge as KernelRidgePeer

from benchmarks.harness import Case, ResultsDiffer, agree_within
from mathdl_keras.chapters.ch04.kernels import RBFKernel
from mathdl_keras.layers import RandomFourierFeatures
from mathdl_keras.models import KernelRidge, LinearRegression, LogisticRegression, MinimumNormRegressor

rng = np.random.default_rng(0)


def table(n, d, condition=1.0):
    """Rows whose covariance has the square root's condition number, and a linear target with noise."""
    X = rng.standard_normal((n, d)) * np.geomspace(1, 1 / condition, d)
    mixed = X @ np.linalg.qr(rng.standard_normal((d, d)))[0]
    return mixed, mixed @ rng.standard_normal(d) + rng.standard_normal(n)


def linear(condition, solver, budget):
    X, y = table(100_000, 100, condition)
    model = LinearRegression()

    def ours():
        fit = model.fit_closed_form(X, y)
        if fit.solver != solver:
            raise ResultsDiffer(f"the solver chose {fit.solver}; expected {solver}")
        return fit.kernel[:, 0]

    return Case(
        name=f"linear, condition {condition:g}: {solver}",
        ours=ours,
        peer=lambda: linear_model.LinearRegression().fit(X, y).coef_,
        same=agree_within(1e3 * condition * np.finfo(float).eps),
        budget=budget,
        rounds=7,
        warmup=1,
    )


def ridge():
    X, y = table(100_000, 100)
    return Case(
        name="ridge",
        ours=lambda: MinimumNormRegressor(l2=1e-3).fit_closed_form(X, y).kernel[:, 0],
        peer=lambda: linear_model.Ridge(alpha=1e-3 * len(X), fit_intercept=False).fit(X, y).coef_,
        same=agree_within(1e-12),
        budget=0.8,
    )


def logistic():
    X, _ = table(50_000, 50)
    y = (rng.random(50_000) < 1 / (1 + np.exp(-X @ rng.standard_normal(50) / 4))).astype(int)
    A = np.column_stack([X, np.ones(len(X))])

    def gradient(w):
        return np.abs(A.T @ (1 / (1 + np.exp(-A @ w)) - y)).max() / len(X)

    def same(ours, peer):
        ours, peer = gradient(ours), gradient(peer)
        if not ours <= max(peer, 1e-12):
            raise ResultsDiffer(f"the largest entry of the gradient is {ours:.1e}; the peer's is {peer:.1e}")

    def fitted():
        peer = linear_model.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8).fit(X, y)
        return np.append(peer.coef_[0], peer.intercept_)

    return Case(
        name="logistic",
        ours=lambda: LogisticRegression().fit_closed_form(X, y).weights,
        peer=fitted,
        same=same,
        budget=1.0,
    )


def kernel_ridge():
    X, y = rng.standard_normal((3000, 20)), rng.standard_normal(3000)
    model = KernelRidge(RBFKernel(3.0), l2=0.1 / len(X))

    def ours():
        model.fit_closed_form(X, y)
        return model.coefficients[:, 0]

    return Case(
        name="kernel ridge, n = 3,000",
        ours=ours,
        peer=lambda: KernelRidgePeer(kernel="rbf", alpha=0.1, gamma=1 / 18).fit(X, y).dual_coef_,
        same=agree_within(1e-5),  # the model keeps its coefficients in float32
        budget=1.0,
        rounds=7,
        warmup=1,
    )


def random_features(n=100_000, d=50, units=1000):
    X = rng.standard_normal((n, d))
    y = np.sin(X[:, 0]) + 0.1 * rng.standard_normal(n)
    layer = RandomFourierFeatures(units, 5.0)
    layer.build((None, d))
    sampler = RBFSampler(gamma=1 / 50, n_components=units).fit(X[:1])
    sampler.random_weights_, sampler.random_offset_ = (np.asarray(v.value, "float64") for v in (layer.W, layer.b))

    def fitted():
        peer = linear_model.Ridge(alpha=1e-3 * n, fit_intercept=False).fit(sampler.transform(X), y)
        return sampler.transform(X[:1000]) @ peer.coef_

    def ours():
        theta = MinimumNormRegressor(features=layer, l2=1e-3).fit_closed_form(X, y).kernel[:, 0]
        return sampler.transform(X[:1000]) @ theta

    return Case(
        name="random features, n = 100,000",
        ours=ours,
        peer=fitted,
        same=agree_within(1e-4),  # our features are float32
        megabytes=2000,
        rounds=3,
        warmup=0,
    )


def cases():
    yield linear(1.0, "normal", 0.3)
    yield linear(1e6, "qr", None)
    yield ridge()
    yield logistic()
    yield kernel_ridge()
    yield random_features()
