r"""Probabilistic principal components: the latent variable model whose likelihood has a maximum in closed form (§15.2).

.. math:: z \sim N(0, I_k), \qquad x \mid z \sim N(\mu + W z, \sigma^2 I_D), \qquad x \sim N(\mu, W W^\top + \sigma^2 I)

It is the variational autoencoder with linear maps, and the yardstick of the others. Tipping and Bishop (1999).
"""

from typing import NamedTuple

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch15.gaussians import LOG_2PI
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import gram, transpose
from mathdl_keras.core.precision import allow_float64

__all__ = ["PPCA", "ppca"]


class PPCA(NamedTuple):
    r"""A Gaussian :math:`N(\mu, W W^\top + \sigma^2 I)`; `ppca` finds the one of largest likelihood (§15.2).

    Attributes:
        mean: Array `(D,)`, :math:`\mu`.
        components: Array `(D, k)`, W.
        variance: Float, the variance :math:`\sigma^2` of the noise.

    Example:
        >>> model = PPCA(np.zeros(2), np.array([[1.0], [0.0]]), 1.0)
        >>> model.precision_factor(), round(float(model.log_likelihood(np.zeros((1, 2)))[0]), 4)
        (array([[2.]]), -2.1845)
    """

    mean: np.ndarray
    components: np.ndarray
    variance: float

    def precision_factor(self):
        r""":math:`M = W^\top W + \sigma^2 I`, `(k, k)`: the posterior of z has covariance :math:`\sigma^2 M^{-1}`."""
        with allow_float64():
            M = ops.convert_to_numpy(gram(self.components))
        return M + self.variance * np.eye(len(M))

    def posterior_mean(self, x):
        r""":math:`E[z \mid x] = M^{-1} W^\top (x - \mu)`, of rows: `(rows, D) -> (rows, k)`."""
        with allow_float64():
            projected = transpose(self._centred(x) @ self.components)
            return ops.convert_to_numpy(ops.transpose(ops.linalg.solve(self.precision_factor(), projected)))

    def log_likelihood(self, x):
        r"""The log density of each row, `(rows, D) -> (rows,)`, through k by k matrices only.

        .. math:: C^{-1} = (I - W M^{-1} W^\top)/\sigma^2, \qquad \log\det C = (D - k) \log\sigma^2 + \log\det M

        Raises:
            ValueError: If `x` is not a table with D columns, or not finite.
        """
        centred, z, M = self._centred(x), self.posterior_mean(x), self.precision_factor()
        D, k = self.components.shape
        with allow_float64():
            projected = centred @ self.components
            squares = (ops.sum(centred * centred, axis=1) - ops.sum(projected * z, axis=1)) / self.variance
            half = ops.convert_to_numpy(ops.sum(ops.log(ops.diagonal(ops.linalg.cholesky(M)))))
            squares = ops.convert_to_numpy(squares)
        return -(squares + 2 * half + (D - k) * np.log(self.variance) + D * LOG_2PI) / 2

    def _centred(self, x):
        x = as_table(x)
        if x.shape[1] != len(self.mean):
            raise ValueError(f"x must have {len(self.mean)} columns; received shape {x.shape}")
        return x - self.mean


def ppca(x, k):
    r"""The maximum of the likelihood, in closed form (§15.2).

    .. math:: \sigma^2 = \frac1{D-k} \sum_{j>k} \lambda_j, \qquad W = U_k (\Lambda_k - \sigma^2 I)^{1/2}

    with the eigenvalues :math:`\lambda_1 \ge \lambda_2 \ge \dots` and vectors U of the covariance (divided by N).

    Args:
        x: Array `(rows, D)`.
        k: Integer in 1, ..., D - 1, the number of components.

    Returns:
        A `PPCA`, in float64.

    Raises:
        ValueError: If `x` is not a finite table, k is out of range, or nothing is left for the noise.

    Example:
        >>> x = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> model = ppca(x, 1)  # the covariance is diag(2, 1/2)
        >>> model.variance, np.abs(model.components[:, 0]).round(4)
        (0.5, array([1.2247, 0.    ]))
    """
    x = as_table(x)
    D = x.shape[1]
    if not isinstance(k, int) or not 1 <= k < D:
        raise ValueError(f"k must be an integer in 1 to {D - 1}; received k={k!r}")
    mean = x.mean(axis=0)
    with allow_float64():
        covariance = gram(x - mean) / len(x)
        values, vectors = map(ops.convert_to_numpy, ops.linalg.eigh(covariance))  # ascending
    variance = float(values[: D - k].mean())
    if variance <= D * np.finfo("float64").eps * values[-1]:
        raise ValueError(f"x must have more than k={k} directions that vary; received noise variance {variance:.1e}")
    scale = np.sqrt(np.maximum(values[: D - k - 1 : -1] - variance, 0))
    return PPCA(mean, vectors[:, : D - k - 1 : -1] * scale, variance)
