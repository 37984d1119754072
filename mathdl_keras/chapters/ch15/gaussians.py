r"""Gaussian densities and what can be said of them without sampling (§15.2).

An approximate posterior q is a Gaussian: with a diagonal covariance (mean field), or with a full one. Each draws by
*reparameterisation*, as a function of standard normal noise,

.. math:: z = \mu + L \varepsilon, \qquad \varepsilon \sim N(0, I), \qquad L L^\top = \Sigma,

so that a mean over draws can be differentiated in :math:`\mu` and L. Means and log-variances may have any leading axes;
the last axis is the space. Everything keeps the dtype of the mean.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.linalg import same_dtype, transpose

__all__ = [
    "DiagonalGaussian",
    "FullGaussian",
    "bernoulli_log_density",
    "gaussian_log_density",
    "kl_diagonal_gaussians",
]

LOG_2PI = float(np.log(2 * np.pi))


def gaussian_log_density(x, mean=0.0, log_variance=0.0):
    r"""The logarithm of the density of independent normal entries (§15.2).

    .. math:: \log N(x; \mu, \sigma^2) =
        -\frac12 \sum_j \Bigl(\frac{(x_j - \mu_j)^2}{\sigma_j^2} + \log \sigma_j^2 + \log 2\pi\Bigr)

    Args:
        x: Array `(..., D)`.
        mean: Number or array that broadcasts against `x`; 0 by default.
        log_variance: Number or array that broadcasts against `x`; 0 by default.

    Returns:
        `(...)`: the sum over the last axis.

    Example:
        >>> round(float(gaussian_log_density(np.zeros((1, 2), "float32"))[0]), 4)  # -log(2 pi)
        -1.8379
    """
    x, mean, log_variance = same_dtype(x, mean, log_variance)
    return -ops.sum((x - mean) ** 2 * ops.exp(-log_variance) + log_variance + LOG_2PI, axis=-1) / 2


def bernoulli_log_density(x, logits):
    r"""The logarithm of the probability of independent bits with probabilities S(l) (§15.2).

    .. math:: \sum_j x_j l_j - \log(1 + e^{l_j})

    A gray value in [0, 1] is read as the share of ones among many bits.

    Args:
        x: Array `(..., D)` in [0, 1].
        logits: Array `(..., D)`, l.

    Returns:
        `(...)`: the sum over the last axis.

    Example:
        >>> round(float(bernoulli_log_density(np.array([1.0, 0.0], "float32"), [0.0, 0.0])), 4)  # 2 log(1/2)
        -1.3863
    """
    x, logits = same_dtype(x, logits)
    return ops.sum(x * logits + ops.log_sigmoid(-logits), axis=-1)


def kl_diagonal_gaussians(mean1, log_variance1, mean2=0.0, log_variance2=0.0):
    r"""The divergence of one diagonal Gaussian from another, by default from the standard one (§15.2).

    .. math:: KL(N_1 \| N_2) = \frac12 \sum_j \Bigl(\log\frac{\sigma_{2j}^2}{\sigma_{1j}^2} +
        \frac{\sigma_{1j}^2 + (\mu_{1j} - \mu_{2j})^2}{\sigma_{2j}^2} - 1\Bigr)

    Args:
        mean1: Array `(..., k)`, the mean of the first.
        log_variance1: Array `(..., k)`, the log-variances of the first.
        mean2: Number or array that broadcasts, the mean of the second; 0 by default.
        log_variance2: Number or array that broadcasts, the log-variances of the second; 0 by default.

    Returns:
        `(...)`: the sum over the last axis, not negative.

    Example:
        >>> float(kl_diagonal_gaussians(np.array([1.0, -1.0], "float32"), np.zeros(2, "float32")))
        1.0
    """
    m1, lv1, m2, lv2 = same_dtype(mean1, log_variance1, mean2, log_variance2)
    return ops.sum(lv2 - lv1 + (ops.exp(lv1) + (m1 - m2) ** 2) * ops.exp(-lv2) - 1, axis=-1) / 2


class DiagonalGaussian:
    r"""A Gaussian with independent entries, :math:`N(\mu, \mathrm{diag}\,\sigma^2)` (§15.2).

    Args:
        mean: Array `(..., k)`, :math:`\mu`.
        log_variance: Array `(..., k)`, :math:`\log \sigma^2`.

    Example:
        >>> q = DiagonalGaussian(np.ones(2, "float32"), np.zeros(2, "float32"))
        >>> float(q.kl_to_standard()), tuple(q.sample(np.zeros((5, 2), "float32")).shape)
        (1.0, (5, 2))
    """

    def __init__(self, mean, log_variance):
        self.mean, self.log_variance = same_dtype(mean, log_variance)

    def sample(self, noise):
        r""":math:`z = \mu + \sigma \varepsilon` for standard normal noise `(n, ..., k)`."""
        return self.mean + ops.exp(self.log_variance / 2) * same_dtype(self.mean, noise)[1]

    def log_density(self, z):
        """`(n, ...)` of draws `(n, ..., k)`."""
        return gaussian_log_density(z, self.mean, self.log_variance)

    def entropy(self):
        r""":math:`\frac12 \sum_j (\log \sigma_j^2 + \log 2\pi + 1)`, of shape `(...)`."""
        return ops.sum(self.log_variance + (LOG_2PI + 1), axis=-1) / 2

    def kl_to_standard(self):
        """The divergence from N(0, I), of shape `(...)`."""
        return kl_diagonal_gaussians(self.mean, self.log_variance)


class FullGaussian:
    r"""A Gaussian with any covariance, :math:`N(\mu, L L^\top)` (§15.2).

    Args:
        mean: Array `(k,)`, :math:`\mu`.
        scale: Array `(k, k)`, L, lower triangular with a positive diagonal.

    Example:
        >>> q = FullGaussian(np.zeros(2, "float32"), np.array([[1.0, 0.0], [2.0, 1.0]], "float32"))
        >>> ops.convert_to_numpy(q.sample(np.array([[1.0, 0.0]], "float32"))).astype(int)
        array([[1, 2]])
    """

    def __init__(self, mean, scale):
        self.mean, self.scale = same_dtype(mean, scale)

    def sample(self, noise):
        r""":math:`z = \mu + L \varepsilon` for standard normal noise `(n, k)`."""
        return self.mean + same_dtype(self.mean, noise)[1] @ transpose(self.scale)

    def log_density(self, z):
        """`(n,)` of draws `(n, k)`."""
        noise = ops.linalg.solve_triangular(self.scale, ops.transpose(z - self.mean), lower=True)
        return -(ops.sum(noise**2, axis=0) + self.mean.shape[0] * LOG_2PI) / 2 - self._log_determinant()

    def entropy(self):
        r""":math:`\sum_j \log L_{jj} + \frac k2 (\log 2\pi + 1)`."""
        return self._log_determinant() + self.mean.shape[0] * (LOG_2PI + 1) / 2

    def kl_to_standard(self):
        """The divergence from N(0, I)."""
        squares = ops.sum(self.mean**2) + ops.sum(self.scale**2)
        return (squares - self.mean.shape[0]) / 2 - self._log_determinant()

    def _log_determinant(self):
        return ops.sum(ops.log(ops.diagonal(self.scale)))
