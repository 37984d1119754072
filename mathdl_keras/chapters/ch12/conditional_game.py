r"""The value of a coalition when features go together (§12.4): conditional expectations under a normal law.

For :math:`X \sim N(\mu, \Sigma)` and any draw z of it, the vector

.. math:: z + \Sigma_{\cdot S}\,\Sigma_{SS}^{-1}\,(x_S - z_S)

has the law of X given :math:`X_S = x_S` (Matheron's rule). So one set of draws serves all coalitions, and all of them
are one batch of linear systems of one size.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch12.prediction import ENTRIES, as_prediction
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import matmul, transpose
from mathdl_keras.core.precision import allow_float64

__all__ = ["ConditionalGaussianGame"]


class ConditionalGaussianGame:
    r"""The mean prediction given the known features, for normal features (§12.4).

    .. math:: v_x(S) = E[f(X) \mid X_S = x_S], \qquad X \sim N(\mu, \Sigma),

    by the mean over draws in pairs that are symmetric about the mean: exact for a linear f, whatever their number.

    Args:
        model: A Keras model, or a function of rows.
        mean: Array `(d,)`, the mean of the features.
        covariance: Array `(d, d)`, positive definite.
        samples: Integer, the number of draws, even; 256 by default.
        seed: Integer, seed of the draws; 0 by default.

    Raises:
        ValueError: If covariance is not symmetric and positive definite, shapes differ, or samples are not even.

    Example:
        >>> value = ConditionalGaussianGame(lambda rows: rows[:, 0], np.zeros(2), np.array([[1.0, 0.6], [0.6, 1.0]]))
        >>> value.at(np.array([5.0, 1.0]))(np.array([[False, True]])).round(6)  # x_1 is known through x_2 only
        array([0.6])
    """

    def __init__(self, model, mean, covariance, samples=256, seed=0):
        self.predict = as_prediction(model)
        self.covariance = as_table(covariance)
        self.mean = np.asarray(mean, "float64")
        d = len(self.covariance)
        if self.covariance.shape != (d, d) or self.mean.shape != (d,):
            raise ValueError(
                f"covariance must be (d, d) and mean (d,); received {self.covariance.shape} and {self.mean.shape}"
            )
        if samples < 2 or samples % 2:
            raise ValueError(f"samples must be even and positive; received samples={samples}")
        if not np.allclose(self.covariance, self.covariance.T) or np.linalg.eigvalsh(self.covariance)[0] <= 0:
            raise ValueError("covariance must be symmetric and positive definite; received one that is not")
        half = np.random.default_rng(seed).standard_normal((samples // 2, d)) @ np.linalg.cholesky(self.covariance).T
        self.draws = self.mean + np.concatenate([half, -half])  # (samples, d)

    def at(self, x):
        """The game of the row x `(d,)`: a function of coalitions."""
        x = as_table(np.atleast_2d(x))[0]
        if x.shape != self.mean.shape:
            raise ValueError(f"x must have shape {self.mean.shape}; received shape {x.shape}")
        step = max(1, ENTRIES // self.draws.size)

        def value(masks):
            masks = np.asarray(masks, bool)
            return np.concatenate([self._means(masks[k : k + step], x) for k in range(0, len(masks), step)])

        return value

    def _means(self, masks, x):
        B = regression_matrices(self.covariance, masks)
        with allow_float64():
            moved = ops.convert_to_numpy(matmul(x - self.draws, transpose(B)))
        rows = np.where(masks[:, None], x, self.draws + moved)  # (coalitions, draws, d)
        found = self.predict(rows.reshape(-1, len(x)))
        return found.reshape(len(masks), len(self.draws), *found.shape[1:]).mean(axis=1)


def regression_matrices(Sigma, masks):
    r""":math:`\Sigma_{\cdot S}\Sigma_{SS}^{-1}` for each coalition, `(n, d, d)`; columns outside S are zero."""
    D = masks.astype("float64")
    inside = D[:, :, None] * Sigma * D[:, None, :] + np.eye(len(Sigma)) * (1 - D)[:, None, :]
    with allow_float64():
        B = ops.swapaxes(ops.solve(inside, D[:, :, None] * Sigma), -1, -2)
        return ops.convert_to_numpy(B) * D[:, None, :]
