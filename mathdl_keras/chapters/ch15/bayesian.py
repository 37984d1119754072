r"""Gaussian posteriors of a logistic regression, without draws (§15.2).

Given a row, the logit is Gaussian under q, and an integral over one Gaussian number is a short sum. At the maximum of
the bound (Bonnet's and Price's theorems)

.. math:: E_q \nabla \log p(w, y) = 0, \qquad \Lambda = -E_q \nabla^2 \log p(w, y), \qquad
    \Sigma = \Lambda^{-1}, \quad \text{or } s_j^2 = 1/\Lambda_{jj} \text{ in mean field},

so that mean field knows the mean but gives a weight the variance it has when the others are *fixed*, which is smaller
the more they are correlated.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch15.gaussians import LOG_2PI, FullGaussian
from mathdl_keras.chapters.ch15.posteriors import check_family
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import diagonal_matrix, gram, matvec, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

__all__ = ["BayesianLogisticRegression"]

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(32)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


class BayesianLogisticRegression:
    r"""Logistic regression with a Gaussian prior and the best Gaussian posterior, without draws (§15.2).

    .. math:: w \sim N(0, \tau I), \qquad P(y = 1 \mid x, w) = S(w^\top x)

    The last weight is the intercept. Newton's method solves the two equations of the maximum.

    Args:
        prior_variance: Positive float, :math:`\tau`, the prior variance of each weight and of the intercept; 1 by
            default.
        family: String, `full`, the default, or `mean_field`, a diagonal covariance.

    Attributes:
        mean: Array `(features + 1,)`, the posterior mean, after `fit`.
        covariance: Array `(features + 1, features + 1)`, the posterior covariance, after `fit`.
        precision: Array `(features + 1, features + 1)`, :math:`\Lambda = -E_q \nabla^2 \log p(w, y)`, after `fit`.
        elbo: Float, the bound reached, after `fit`.

    Raises:
        ValueError: If an argument is out of range, the data are not finite, or labels are not 0 and 1.

    Example:
        >>> x, y = np.array([[-1.0], [0.0], [0.0], [1.0]]), np.array([0, 0, 1, 1])
        >>> model = BayesianLogisticRegression().fit(x, y)
        >>> bool(model.mean[0] > 0), abs(round(float(model.mean[1]), 6)), model.predict_proba(x).shape
        (True, 0.0, (4,))
    """

    def __init__(self, prior_variance=1.0, family="full"):
        if not isinstance(prior_variance, int | float) or not 0 < prior_variance < float("inf"):
            raise ValueError(f"prior_variance must be positive and finite; received prior_variance={prior_variance!r}")
        self.prior_variance, self.family = float(prior_variance), check_family(family)

    def fit(self, x, y, max_steps=200, tolerance=1e-10):
        """Finds the posterior in float64; returns the model.

        Args:
            x: Array `(rows, features)`; a column of ones is appended.
            y: Array `(rows,)`, labels 0 or 1.
            max_steps: Integer, the most steps of Newton's method; 200 by default.
            tolerance: Float, the largest change of a mean or standard deviation in the last step; 1e-10 by default.

        Raises:
            ValueError: If `x` or `y` is not as described, or `max_steps` do not suffice.
        """
        x, y = as_table(x, y)
        if y.shape[1] != 1 or not np.isin(y, (0, 1)).all():
            raise ValueError(f"y must hold labels 0 or 1, one a row; received {np.unique(y)[:5]}")
        X, y = with_ones(x), y[:, 0]
        mean, covariance = np.zeros(X.shape[1]), np.eye(X.shape[1]) * self.prior_variance / X.shape[1]
        with allow_float64():
            newton = compiled(self._newton)
            for _ in range(max_steps):
                before = np.append(mean, np.sqrt(np.diag(covariance)))
                tensors = map(ops.convert_to_tensor, (X, y, mean, covariance))
                mean, covariance, self.precision, self.elbo = map(ops.convert_to_numpy, newton(*tensors))
                if np.abs(np.append(mean, np.sqrt(np.diag(covariance))) - before).max() < tolerance:
                    break
            else:
                raise ValueError(
                    f"max_steps must be enough to come to rest within {tolerance}; received max_steps={max_steps}"
                )
        self.mean, self.covariance, self.elbo = mean, covariance, float(self.elbo)
        return self

    def _newton(self, X, y, mean, covariance):
        """One step for the mean, and from q before it: the covariance to come, its inverse, and the bound."""
        p, slope, softplus = expectations(*logit_moments(X, mean, covariance))
        gradient = matvec(transpose(X), y - p) - mean / self.prior_variance
        precision = self._precision(X, slope)
        inverse = ops.linalg.inv(precision)
        variances = inverse if self.family == "full" else diagonal_matrix(1 / ops.diagonal(precision))
        bound = expected_log_likelihood(X, y, mean, softplus) - self._kl(mean, covariance)
        return mean + matvec(inverse, gradient), variances, precision, bound

    def _precision(self, X, slope):
        r""":math:`\Lambda = -E_q \nabla^2 \log p(w, y) = X^\top \operatorname{diag}(E_q S') X + I/\tau`."""
        prior = ops.full_like(X[0], 1 / self.prior_variance)
        return gram(slope[:, None] * X, X) + diagonal_matrix(prior)

    def _kl(self, mean, covariance):
        """The divergence of q from the prior: that of w over the prior's deviation from N(0, I)."""
        deviation = self.prior_variance**0.5
        return FullGaussian(mean / deviation, ops.cholesky(covariance) / deviation).kl_to_standard()

    def log_joint(self, x, y):
        """The function w -> log p(w, y) of weights `(n, features + 1)`, for other methods.

        Args:
            x: Array `(rows, features)`.
            y: Array `(rows,)`, labels 0 or 1.
        """
        x, y = as_table(x, y)
        X, y = with_ones(x), y[:, 0]

        def log_density(w):
            logits = w @ transpose(ops.convert_to_tensor(X, dtype=w.dtype))
            likelihood = ops.sum(logits * ops.convert_to_tensor(y, dtype=w.dtype) + ops.log_sigmoid(-logits), axis=1)
            constant = X.shape[1] * (np.log(self.prior_variance) + LOG_2PI)
            return likelihood - (ops.sum(w**2, axis=1) / self.prior_variance + constant) / 2

        return log_density

    def predict_proba(self, x):
        """P(y = 1 given x) with the weights integrated out, `(rows, features) -> (rows,)`.

        Raises:
            ValueError: If the model is not fitted, or `x` has other features.
        """
        if not hasattr(self, "mean"):
            raise ValueError("fit must come before predict_proba; received a model without a posterior")
        X = with_ones(as_table(x))
        if X.shape[1] != len(self.mean):
            raise ValueError(f"x must have {len(self.mean) - 1} features; received shape {np.shape(x)}")
        with allow_float64():
            tensors = map(ops.convert_to_tensor, (X, self.mean, self.covariance))
            return ops.convert_to_numpy(expectations(*logit_moments(*tensors))[0])


def with_ones(x):
    return np.hstack([x, np.ones((len(x), 1))])


def logit_moments(X, mean, covariance):
    """Mean and standard deviation under q of the logit of each row."""
    return matvec(X, mean), ops.sqrt(ops.sum((X @ covariance) * X, axis=1))


def expected_log_likelihood(X, y, mean, softplus):
    r""":math:`E_q \log p(y \mid w) = \sum_n y_n x_n^\top \mu - E_q \log(1 + e^{l_n})`."""
    return ops.sum(y * matvec(X, mean) - softplus)


def expectations(mean, deviation):
    """E S(l), E S'(l) and E log(1 + exp l) for Gaussian l, by 32 nodes of Gauss and Hermite."""
    nodes, weights = (ops.convert_to_tensor(a, dtype=mean.dtype) for a in (NODES, NODE_WEIGHTS))
    logits = ops.expand_dims(mean, 1) + ops.expand_dims(deviation, 1) * nodes
    p = ops.sigmoid(logits)
    functions = (p, p * ops.sigmoid(-logits), -ops.log_sigmoid(-logits))
    return tuple(matvec(f, weights) for f in functions)
