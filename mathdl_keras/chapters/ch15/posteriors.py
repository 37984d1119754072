r"""Gaussian posteriors of any log density: mean field and full covariance (§15.2).

The evidence lower bound is maximised over a mean and a factor L of the covariance, by reparameterised draws. Of two
modes it takes one: where q is not zero p must not be, for :math:`KL(q \| p)` counts :math:`\log p` under q.
"""

import numpy as np
from keras import ops
from scipy import optimize

from mathdl_keras.chapters.ch15.bounds import elbo_samples
from mathdl_keras.chapters.ch15.gaussians import DiagonalGaussian, FullGaussian
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.checks import as_table, check_positive
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64

__all__ = ["GaussianPosterior"]

FAMILIES = ("full", "mean_field")


def check_family(family):
    if family not in FAMILIES:
        raise ValueError(f"family must be 'full' or 'mean_field'; received family={family!r}")
    return family


class GaussianPosterior:
    r"""The Gaussian of largest evidence lower bound for a log density, by reparameterised draws (§15.2).

    .. math:: \max_{\mu, L}\ \sum_i \omega_i \log p(\mu + L \varepsilon_i) + \sum_j \log L_{jj}

    The draws :math:`\varepsilon_i` are fixed, so that the maximum is that of a smooth function; a quasi-Newton method
    finds it in float64. With the nodes and weights of a quadrature instead of draws, nothing is random.

    Args:
        log_joint: Function w -> log p(w, y), from `(n, d)` to `(n,)`, in `keras.ops` that keep float64.
        dimension: Integer, the dimension d.
        family: String, `full`, the default, or `mean_field`, a diagonal covariance.

    Attributes:
        mean: Array `(d,)`, the posterior mean, after `fit`.
        covariance: Array `(d, d)`, the posterior covariance, after `fit`.
        elbo: Float, the bound reached, after `fit`.

    Raises:
        ValueError: If an argument is out of range, or shapes do not fit.

    Example:
        >>> log_joint = lambda w: -ops.sum((w - 1.0) ** 2, axis=-1) / 8
        >>> noise = np.array([[1.0], [-1.0]])  # with the mean and variance of N(0, 1)
        >>> posterior = GaussianPosterior(log_joint, 1).fit(noise)
        >>> posterior.mean.round(4), posterior.covariance.round(4)
        (array([1.]), array([[4.]]))
    """

    def __init__(self, log_joint, dimension, family="full"):
        self.dimension = check_positive("dimension", dimension)
        self.log_joint, self.family = log_joint, check_family(family)

    def fit(self, noise, weights=None, start=None):
        """Maximises the bound on these draws; returns the posterior itself.

        Args:
            noise: Array `(n, d)`, standard normal draws, or nodes; in the full family more than d.
            weights: Array `(n,)`, weights of the nodes; `None`, the default, for 1/n each.
            start: Array `(d,)`, the mean to start from, with variance 1; `None`, the default, for zeros.

        Raises:
            ValueError: If shapes do not fit, or the bound has no maximum that can be found.
        """
        noise, weights = self._check(noise, weights)
        d, (rows, columns) = self.dimension, self._entries()
        one_hot = np.zeros((len(rows), d, d))
        one_hot[np.arange(len(rows)), rows, columns] = 1
        theta = np.append(np.zeros(d) if start is None else start, np.zeros(len(rows)))
        with allow_float64():
            theta, self.elbo = descend(self._loss(*map(ops.convert_to_tensor, (noise, weights, one_hot))), theta)
        scale = np.einsum("p,pij->ij", np.append(np.exp(theta[d : 2 * d]), theta[2 * d :]), one_hot)
        self.mean, self.covariance = theta[:d], scale @ scale.T
        return self

    def _loss(self, noise, weights, one_hot):
        """Minus the bound, as a function of the mean, the logarithms of the diagonal of L, and what is below it."""
        d = self.dimension

        def q_of(theta):
            mean, log_diagonal = theta[:d], theta[d : 2 * d]
            if self.family == "mean_field":
                return DiagonalGaussian(mean, 2 * log_diagonal)
            values = ops.concatenate([ops.exp(log_diagonal), theta[2 * d :]])
            return FullGaussian(mean, ops.einsum("p,pij->ij", values, one_hot))

        def loss(theta):
            return -self.bound(q_of(theta), noise, weights)

        return loss

    def bound(self, q, noise, weights):
        """The evidence lower bound of q on these draws."""
        return ops.sum(elbo_samples(self.log_joint, q, noise, "analytic_entropy") * weights)

    def _entries(self):
        """Rows and columns of the entries of L: its diagonal and, in the full family, what is below."""
        diagonal = np.arange(self.dimension)
        below = np.tril_indices(self.dimension, -1) if self.family == "full" else ((), ())
        return [np.append(diagonal, k).astype(int) for k in below]

    def _check(self, noise, weights):
        noise = as_table(noise)
        weights = np.full(len(noise), 1 / len(noise)) if weights is None else np.asarray(weights, "float64")
        least = self.dimension + 1 if self.family == "full" else 2
        if noise.shape[1] != self.dimension or len(noise) < least:
            raise ValueError(
                f"noise must have shape (n, {self.dimension}) with n >= {least}; received shape {noise.shape}"
            )
        if weights.shape != noise.shape[:1]:
            raise ValueError(f"weights must have shape ({len(noise)},); received shape {weights.shape}")
        return noise, weights


def descend(loss, theta):
    """The minimiser of a function of `(p,)` and minus its value, by BFGS with exact gradients."""

    def value_and_gradient(theta):
        value, pullback = vjp(loss, theta)
        return value, pullback(ops.ones_like(value))

    run = compiled(value_and_gradient)

    def host(theta):
        value, gradient = (ops.convert_to_numpy(a) for a in run(ops.convert_to_tensor(theta)))
        return float(value), gradient.astype("float64")

    found = optimize.minimize(host, theta, jac=True, method="BFGS", options={"gtol": 1e-7})
    if not (np.isfinite(found.fun) and np.abs(found.jac).max() < 1e-4 * max(1, abs(found.fun))):
        raise ValueError(f"log_joint must have an evidence lower bound with a maximum; received {found.message}")
    return found.x, -found.fun
