r"""Double descent (§1.6): the risk of minimum-norm least squares in theory, and its measurement.

For Gaussian features, :math:`y = \langle\beta, x\rangle + \sigma\varepsilon` with :math:`x \sim N(0, I_D)`, let the
model see the first p of D. With :math:`b_T = \sum_{j\le p}\beta_j^2` and :math:`b_C = \sum_{j>p}\beta_j^2` the features
that it does not see act as noise, and the mean of an inverse Wishart matrix gives, for n training samples,

.. math:: R(p) = \begin{cases}
      (b_C + \sigma^2)\left(1 + \frac{p}{n-p-1}\right) & p \le n-2 \\
      b_T\left(1 - \frac np\right) + (b_C + \sigma^2)\left(1 + \frac{n}{p-n-1}\right) & p \ge n+2
    \end{cases}

and no finite value between: the risk has no mean there (Breiman and Freedman 1983; Belkin, Hsu and Xu 2020).

For features of any law there is no exact formula, but random matrix theory has an asymptotic one in terms of their
covariance (Hastie, Montanari, Rosset and Tibshirani 2022), which `ridge_risk_asymptotic` evaluates for real data.
"""

import numpy as np
from keras import ops
from scipy.optimize import brentq

from mathdl_keras.chapters.ch01.solvers import minimum_norm, ridge_regression
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

__all__ = ["double_descent_curve", "double_descent_theory", "ridge_risk_asymptotic"]


def double_descent_theory(p, n, beta, sigma):
    r"""The mean test risk :math:`R(p)` of minimum-norm least squares on the first p features.

    Args:
        p: The number of features used, or an array of numbers.
        n: Integer, the number of training samples.
        beta: :math:`\beta`, `(D,)`.
        sigma: Float, the standard deviation of the noise.

    Returns:
        A float64 array of the shape of p; infinite where n - 1 <= p <= n + 1.

    Raises:
        ValueError: If p is outside 0, ..., D, n is not positive or sigma is negative.

    Example:
        >>> beta = np.ones(4) / 2
        >>> [round(float(r), 4) for r in double_descent_theory([0, 1, 2, 4], 2, beta, 0.0)]
        [1.0, inf, inf, 0.5]
    """
    p, beta = np.asarray(p), np.asarray(beta, "float64")
    _check(p, n, beta, sigma)
    seen = np.concatenate([[0.0], np.cumsum(beta**2)])[p]
    noise = np.sum(beta**2) - seen + sigma**2
    with np.errstate(divide="ignore", invalid="ignore"):
        few = noise * (1 + p / (n - p - 1.0))
        many = seen * (1 - n / p) + noise * (1 + n / (p - n - 1.0))
    return np.where(p <= n - 2, few, np.where(p >= n + 2, many, np.inf))


def ridge_risk_asymptotic(x, y, n, l2=0.0):
    r"""The risk of least squares on n samples of a finite population, as random matrix theory predicts it.

    Let :math:`\lambda_k` be the eigenvalues of :math:`\Sigma = E\varphi\varphi^\top`, :math:`c_k` the coefficients of
    y in the normalised eigenfunctions, :math:`\sigma^2 = E y^2 - \sum c_k^2` what no linear function explains, and
    :math:`\kappa` the solution of :math:`n = \sum_k \lambda_k/(\lambda_k + \kappa) + n\lambda/\kappa`. Then

    .. math:: R = \frac{\sigma^2 + \sum_k c_k^2 \left(\frac{\kappa}{\lambda_k + \kappa}\right)^2}
                  {1 - \frac1n \sum_k \left(\frac{\lambda_k}{\lambda_k + \kappa}\right)^2}, \qquad
        R_{train} = \left(1 - \frac1n \sum_k \frac{\lambda_k}{\lambda_k + \kappa}\right)^2 R ,

    and since the n samples leave the population, its other N - n members have risk :math:`(NR - nR_{train})/(N - n)`.

    Args:
        x: The features of the whole population, `(N, features)`.
        y: Array `(N, targets)`, its targets.
        n: The number of training samples, fewer than N.
        l2: Float, the penalty :math:`\lambda` of `ridge_regression`; 0 by default.

    Returns:
        `(test, train)`: mean squared errors, averaged over the targets; `(inf, 0)` where n features meet no penalty.

    Raises:
        ValueError: If shapes do not fit or n is not between 1 and N - 1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.standard_normal((4000, 10)), rng.standard_normal((4000, 1))
        >>> test, train = ridge_risk_asymptotic(x, y, 20)
        >>> round(float(test)), round(float(train), 1)  # noise of variance one: 1/(1 - 10/20) and 1 - 10/20
        (2, 0.5)
    """
    x, y = as_table(x, y)
    if not 1 <= n < len(x):
        raise ValueError(f"n must be between 1 and {len(x) - 1}; received n={n}")
    lam, c2 = _spectrum(x, y)
    if lam.size == n and not l2:
        return np.inf, 0.0
    kappa = _kappa(lam, n, l2)
    share = lam / (lam + kappa)
    unexplained = max(np.mean(np.sum(y**2, axis=1)) - c2.sum(), 0.0)
    risk = (unexplained + np.sum(c2 * (1 - share) ** 2)) / (1 - np.sum(share**2) / n) / y.shape[1]
    train = (1 - np.sum(share) / n) ** 2 * risk
    return (len(x) * risk - n * train) / (len(x) - n), train


def _spectrum(phi, y):
    """Eigenvalues of the covariance that are not zero, and the squared coefficients of y, summed over targets."""
    N = len(phi)
    if phi.shape[1] <= N:
        lam, V = np.linalg.eigh(phi.T @ phi / N)
        psi = phi @ V
    else:
        lam, psi = np.linalg.eigh(phi @ phi.T / N)
    kept = lam > N * np.finfo(float).eps * lam[-1]
    psi = psi[:, kept] / np.linalg.norm(psi[:, kept], axis=0)
    return lam[kept], np.sum((psi.T @ y) ** 2, axis=1) / N


def _kappa(lam, n, l2):
    """The root of a decreasing function of log kappa; zero where fewer than n features meet no penalty."""
    if not l2 and lam.size <= n:
        return 0.0

    def samples_left(log_kappa):
        kappa = np.exp(log_kappa)
        return np.sum(lam / (lam + kappa)) + n * l2 / kappa - n

    return np.exp(brentq(samples_left, np.log(lam[0]) - 40, np.log(lam.sum() + n * l2) + 1))


def double_descent_curve(p_grid, n, beta, sigma, replicates, seed=0, l2=0.0):
    r"""The test risk of fitted models, given the training set: :math:`\|\hat\theta - \beta\|^2 + \sigma^2`.

    Args:
        p_grid: Integers, the numbers of features used.
        n: Integer, the number of training samples.
        beta: :math:`\beta`, `(D,)`.
        sigma: Float, the standard deviation of the noise.
        replicates: Integer, the number of training sets.
        seed: Integer or NumPy generator, seed of the training sets, which are the same for every p; 0 by default.
        l2: Float, the penalty :math:`\lambda` of `ridge_regression`; 0 by default.

    Returns:
        `(test, train)`: risks, float64 arrays `(len(p_grid), replicates)`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> test, train = double_descent_curve([5, 40], 20, np.ones(40) / 6.3, 0.1, replicates=3)
        >>> test.shape, bool(train[1].max() < 1e-20)
        ((2, 3), True)
    """
    p_grid, beta = np.asarray(p_grid), np.asarray(beta, "float64")
    _check(p_grid, n, beta, sigma)
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((replicates, n, beta.size))
    y = X @ beta + sigma * rng.standard_normal((replicates, n))
    with allow_float64():
        theta = [_fit(X[..., :p], y, l2) for p in p_grid]
    test = [np.sum((np.pad(t, ((0, 0), (0, beta.size - t.shape[1]))) - beta) ** 2, axis=1) + sigma**2 for t in theta]
    train = [np.mean((np.einsum("rmj,rj->rm", X[..., : t.shape[1]], t) - y) ** 2, axis=1) for t in theta]
    return np.array(test), np.array(train)


def _fit(X, y, l2):
    if X.shape[-1] == 0:
        return np.zeros((len(X), 0))
    X, y = ops.convert_to_tensor(X), ops.convert_to_tensor(y[..., None])
    theta = ridge_regression(X, y, l2) if l2 else compiled(minimum_norm)(X, y)
    return ops.convert_to_numpy(theta)[..., 0]


def _check(p, n, beta, sigma):
    if beta.ndim != 1 or np.any(p < 0) or np.any(p > beta.size):
        raise ValueError(f"p must be between 0 and the {beta.size} entries of beta; received p={p}")
    if not (n >= 1 and sigma >= 0):
        raise ValueError(f"n must be >= 1 and sigma >= 0; received n={n} and sigma={sigma}")
