"""Claims of §3.2 and §3.3: the loss, the estimate of maximum likelihood, its law, and the ranking metric."""

from decimal import Decimal, localcontext

import numpy as np
from keras import ops
from scipy import stats
from sklearn.linear_model import LogisticRegression as Sklearn

from mathdl_keras.chapters.ch03.losses import BinaryCrossentropy
from mathdl_keras.chapters.ch03.metrics import exact_auc
from mathdl_keras.chapters.ch03.solvers import fisher_information, irls
from mathdl_keras.core import datasets
from mathdl_keras.core.claims import claim, close_to, distributed_as, equals, exactly, mean_equals
from mathdl_keras.core.linalg import gram, matvec, transpose

# mean radius, mean texture and mean smoothness: three features that do not separate the classes
FEATURES = [0, 1, 4]


def tumours():
    """Three raw features and the labels of the breast cancer data."""
    data = datasets.breast_cancer()
    return data.x[:, FEATURES], data.y.astype("float64")


def with_ones(x):
    """A column of ones at the end, for the intercept."""
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)


def sklearn_weights(x, y, C=np.inf, tol=1e-8):
    """The weights and intercept of scikit-learn, whose C is 1/(M lambda)."""
    fitted = Sklearn(C=C, solver="newton-cholesky", tol=tol).fit(x, y)
    return np.append(fitted.coef_[0], fitted.intercept_)


def hessian_at(w, X):
    """The Hessian of the mean cross entropy, in NumPy."""
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (X * (p * (1 - p))[:, None]) / len(X)


def from_logits(y, z):
    """The loss of the package."""
    return BinaryCrossentropy(from_logits=True, reduction=None)(y[:, None], z[:, None])


def clipped(y, z):
    """From probabilities, clipped as Keras clips them."""
    p = ops.clip(ops.sigmoid(z), 1e-7, 1 - 1e-7)
    return -y * ops.log(p) - (1 - y) * ops.log(1 - p)


def softplus_minus(y, z):
    """The loss for y = 1 as a difference, which cancels in the tail."""
    return ops.softplus(z) - y * z


@claim(
    "3.2",
    "-log S(z) grows without bound as S(z) falls to 0 and vanishes as S(z) rises to 1, right to the last digits",
    refuted_by={"clipped probability": {"loss": clipped}, "softplus(z) - z": {"loss": softplus_minus}},
    precision="float64",
)
def bce_tails(rng, *, logits=(-1000.0, -30.0, 0.0, 30.0, 700.0), loss=from_logits):
    z, ones = ops.convert_to_tensor(np.array(logits)), ops.ones(len(logits))
    with localcontext(prec=400):
        exact = ops.convert_to_tensor(np.array([float((1 + (-Decimal(v)).exp()).ln()) for v in logits]))

    def off(value):
        """Half the relative error, at most one however wrong the value is."""
        return (value - exact) / (value + exact)

    # exp and log1p are right to a unit in the last place each, and two roundings more: a relative error of 1e-15
    return (
        equals(off(loss(ones, z)), np.zeros(len(logits)), roundings=4.5, label="loss of y = 1, half relative error"),
        equals(off(loss(0 * ones, -z)), np.zeros(len(logits)), roundings=4.5, label="loss of y = 0"),
    )


@claim(
    "3.2",
    "the minimiser of the cross entropy is scikit-learn's, and there mean p = mean y and X^T (p - y) = 0",
    refuted_by={"regularised by default": {"C": 1.0}},
    precision="float64",
)
def mle(rng, *, C=np.inf, stopping=1e-8):
    x, y = tumours()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    X, expected = with_ones(x), sklearn_weights(x, y, C, stopping)
    w = irls(X, y).weights
    p = ops.sigmoid(matvec(X, w))
    score = matvec(transpose(X), p - ops.convert_to_tensor(y)) / len(y)
    # where their gradient is below `stopping`, their weights are right up to it over the least curvature
    allowed = stopping / np.linalg.eigvalsh(hessian_at(expected, X))[0] / np.abs(expected).min()
    # each of the mean's terms carries the rounding of a logit of at most 20, and features have size one
    return (
        close_to(w, expected, relative=allowed, label="weights and intercept"),
        equals(score, np.zeros(4), roundings=100, label="X^T (p - y) / M"),
    )


def without_one_minus_p(X, w):
    """The information with p in the place of p (1 - p)."""
    X = ops.convert_to_tensor(X)
    p = ops.sigmoid(matvec(X, w))
    return gram(X * p[..., None], X)


@claim(
    "3.2",
    "(w^ - w)^T I(w) (w^ - w) is nearly chi-square with D degrees of freedom, and Wald intervals cover 95 %",
    refuted_by={"information without 1 - p": {"information": without_one_minus_p}},
    precision="float64",
)
def asymptotic_normality(rng, *, M=1000, R=2000, chunk=500, information=fisher_information):
    w = np.array([1.0, -1.0, 0.5])
    law, squares, covered = stats.chi2(3), [], []
    for _ in range(R // chunk):
        X = with_ones(rng.standard_normal((chunk, M, 2)))
        y = (rng.random((chunk, M)) < 1 / (1 + np.exp(-X @ w))).astype("float64")
        found = ops.convert_to_numpy(irls(X, y).weights)
        at_truth = ops.convert_to_numpy(information(X, w))
        squares.append(np.einsum("ri,rij,rj->r", found - w, at_truth, found - w))
        variance = np.linalg.inv(ops.convert_to_numpy(fisher_information(X, found)))[:, 0, 0]
        covered.append(np.abs(found[:, 0] - w[0]) <= stats.norm.ppf(0.975) * np.sqrt(variance))
    squares, covered = np.concatenate(squares), np.concatenate(covered)
    # beside four standard errors, what the limit theorem neglects at finite M: 30/M of the mean, 4/M of the coverage
    return (
        mean_equals(squares, 3.0, standard_error=law.std() / np.sqrt(R) + 7.5 / M, label="mean of the squares"),
        distributed_as(squares, law.cdf, label="chi-square"),
        mean_equals(covered, 0.95, standard_error=np.sqrt(0.95 * 0.05 / R) + 1 / M, label="coverage of 95 %"),
    )


def ties_won(y, score):
    """The area with ties counted as one."""
    return ops.convert_to_tensor(np.mean(score[y == 1][:, None] >= score[y == 0]))


@claim(
    "3.3",
    "the AUC of two unit normals at distance d is Phi(d / sqrt 2), and always the Mann-Whitney statistic",
    refuted_by={"ties counted as one": {"auc": ties_won}},
    precision="float64",
)
def auc_binormal(rng, *, d=1.5, n=2000, repeats=8, auc=exact_auc):
    y = np.repeat([0, 1], n)
    scores = rng.standard_normal((repeats, 2 * n)) + d * y
    areas = [float(ops.convert_to_numpy(auc(y, s))) for s in scores]
    tied = np.round(scores[0], 1)
    expected = stats.mannwhitneyu(tied[y == 1], tied[y == 0]).statistic / n**2
    p = stats.norm.cdf(d / np.sqrt(2))
    # two positives above one negative: a bivariate normal with correlation 1/2 (Hanley and McNeil 1982)
    both = stats.multivariate_normal.cdf(np.full(2, d / np.sqrt(2)), cov=[[1, 0.5], [0.5, 1]])
    variance = (p * (1 - p) + 2 * (n - 1) * (both - p**2)) / n**2
    return (
        mean_equals(areas, p, standard_error=np.sqrt(variance / repeats), label="AUC"),
        exactly(ops.convert_to_numpy(auc(y, tied)), expected, label="AUC with ties"),
    )
