"""Exercises to chapter 1. Each checks a solution and says what is not yet right; none contains one."""

import itertools

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch01.double_descent import double_descent_curve, double_descent_theory
from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("1.6", "knn_risk(x, f, x0, k, sigma) -> float")
def knn_risk(solution):
    r"""Give the risk of k nearest neighbours at one point.

    The design points `x` are fixed, targets are :math:`Y_i = f(x_i) + \sigma\varepsilon_i` with independent
    :math:`\varepsilon_i` of mean 0 and variance 1, and :math:`\hat f(x_0)` is the mean target of the k points nearest
    to :math:`x_0`. Return :math:`E(Y - \hat f(x_0))^2` for a new Y at :math:`x_0`: noise, squared bias and variance.
    """
    x, sigma = np.random.default_rng(16).uniform(size=12), 0.4
    for f, x0 in ((np.sin, 0.3), (np.exp, 0.9)):
        answers, exact = [], []
        for k in range(1, 9):
            answers.append(solution(x.copy(), f, x0, k, sigma))
            exact.append(_by_enumeration(x, f, x0, k, sigma))
            hint = f"x0 = {x0}, k = {k}: all signs of the noise give the risk {exact[-1]:.6f}; received {answers[-1]}"
            expect_close(answers[-1], exact[-1], hint, 1e-12)
        expect(np.argmin(answers) == np.argmin(exact), f"the best k is {np.argmin(exact) + 1}")


def _by_enumeration(x, f, x0, k, sigma):
    """The mean over all signs: noise of +-sigma has the same mean and variance as any other."""
    targets = f(x[np.argsort(np.abs(x - x0))[:k]])
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=k + 1)))
    errors = f(x0) + sigma * signs[:, 0] - (targets + sigma * signs[:, 1:]).mean(axis=1)
    return float(np.mean(errors**2))


@exercise("1.6", "ridgeless_risk(p, n, beta, sigma) -> float")
def ridgeless_risk(solution):
    r"""Give the mean risk of minimum-norm least squares on the first p of D Gaussian features.

    :math:`y = \langle\beta, x\rangle + \sigma\varepsilon` with independent standard normal features and noise; there
    are n training samples. Features that the model does not see act as noise, and the mean of the inverse of a p x p
    Wishart matrix with n degrees of freedom is :math:`I/(n-p-1)`. Return infinity where the mean does not exist.
    """
    beta = np.random.default_rng(161).standard_normal(40)
    for p, n in ((0, 10), (4, 10), (8, 10), (12, 10), (25, 10), (40, 17)):
        exact = double_descent_theory(p, n, beta, 0.5)
        expect_close(
            solution(p, n, beta.copy(), 0.5), exact, f"p = {p}, n = {n}: the risk is {exact:.4f}", 1e-9 * exact
        )
    for p in (9, 10, 11):
        expect(np.isposinf(solution(p, 10, beta.copy(), 0.5)), f"p = {p}, n = 10: the mean does not exist, so inf")


@exercise("1.6", "ridge_risk(p, n, beta, sigma, penalty, replicates, rng) -> (replicates,)")
def ridge_risk(solution):
    r"""Measure the risk of ridge regression on the first p of D Gaussian features.

    Draw training sets of n samples as in `ridgeless_risk`, all D features of them, fit
    :math:`\hat\theta = (X^\top X + n\lambda I)^{-1}X^\top y` on the first p, and return for each the test risk
    :math:`\|\hat\theta - \beta\|^2 + \sigma^2`, where :math:`\hat\theta` is 0 beyond p. With equal coefficients and the
    best penalty :math:`\lambda = p\,(b_C + \sigma^2)/(n\,b_T)` its mean never increases with p: no double descent.
    """
    n, D, sigma, replicates = 10, 24, 0.5, 2000
    beta = np.full(D, D**-0.5)
    means, errors = [], []
    for p in (2, 6, 9, 12, 24):
        b_T = p / D
        penalty = p * (1 - b_T + sigma**2) / (n * b_T)
        rng = np.random.default_rng([16, p])
        risks = np.asarray(
            ops.convert_to_numpy(solution(p, n, beta.copy(), sigma, penalty, replicates, rng)), "float64"
        )
        expect(risks.shape == (replicates,), f"return one risk a training set, ({replicates},); received {risks.shape}")
        reference = double_descent_curve([p], n, beta, sigma, replicates, [161, p], penalty)[0][0]
        means.append(risks.mean())
        errors.append(risks.std() / np.sqrt(replicates))
        off = abs(means[-1] - reference.mean()) / np.hypot(errors[-1], reference.std() / np.sqrt(replicates))
        expect(
            off <= 4,
            f"p = {p}: the mean risk is {reference.mean():.4f}; received {means[-1]:.4f}, {off:.0f} errors off",
        )
    rises = np.diff(means) / np.hypot(errors[1:], errors[:-1])
    expect(np.all(rises <= 4), f"the mean risks {np.round(means, 3)} must not increase with p")
