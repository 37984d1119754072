r"""The variational autoencoder with linear maps: probabilistic principal components (§15.2)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch15.gaussians import LOG_2PI, kl_diagonal_gaussians
from mathdl_keras.chapters.ch15.ppca import ppca
from mathdl_keras.chapters.ch15.vae import VariationalAutoencoder
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.linalg import matvec

__all__ = ["LinearVAE"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LinearVAE(VariationalAutoencoder):
    r"""A variational autoencoder whose encoder and decoder are linear; its bound needs no draws (§15.2).

    .. math:: q(z \mid x) = N(A x + a, \mathrm{diag}\, e^{\lambda}), \qquad x \mid z \sim N(W z + \mu, \sigma^2 I)

    The maximum of its bound is the maximum of the likelihood of probabilistic principal components: there the columns
    of W are orthogonal, and the posterior of z is the diagonal Gaussian that q can be. `fit_closed_form` goes there,
    `fit` tends to it.

    Args:
        features: Integer, the number D of features.
        latent_dim: Integer, the number k of latent variables.
        beta: Float >= 0, the weight of the divergence; 1 by default.
        seed: Integer, seed of the draws; `None`, the default, for another stream each time.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> x = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]], "float32")
        >>> model = LinearVAE(2, 1).fit_closed_form(x)
        >>> bound = ops.convert_to_numpy(model.exact_elbo(x)).mean()
        >>> round(float(bound), 4) == round(float(ppca(x, 1).log_likelihood(x).mean()), 4)
        True
    """

    def __init__(self, features, latent_dim, beta=1.0, seed=None, **kwargs):
        features, latent_dim = check_positive("features", features), check_positive("latent_dim", latent_dim)
        dtype = kwargs.get("dtype")
        encoder = MLP((features, 2 * latent_dim), dtype=dtype)
        decoder = MLP((latent_dim, features), dtype=dtype)
        super().__init__(encoder, decoder, latent_dim, beta, "gaussian", seed, **kwargs)
        self.features = features
        self.build((None, features))

    def fit_closed_form(self, x):
        """Sets the weights to the maximum of the likelihood, found in float64; returns the model.

        Args:
            x: Array `(rows, D)`.

        Raises:
            ValueError: If `x` is not a finite table of D columns, or has too few directions that vary.
        """
        return self.adopt(ppca(x, self.latent_dim))

    def adopt(self, solution):
        r"""Sets the decoder to a `PPCA`, and q to the best diagonal Gaussian for it; returns the model.

        Its mean is the posterior's, :math:`M^{-1} W^\top (x - \mu)`, its variances :math:`\sigma^2 / M_{jj}`.
        """
        W, M = solution.components, solution.precision_factor()
        if W.shape != (self.features, self.latent_dim):
            raise ValueError(f"components must be {(self.features, self.latent_dim)}; received shape {W.shape}")
        A = np.linalg.solve(M, W.T).T  # (D, k)
        log_variances = np.log(solution.variance / np.diag(M))
        encoder, decoder = self.encoder.dense[0], self.decoder.dense[0]
        encoder.kernel.assign(np.hstack([A, np.zeros_like(A)]))
        encoder.bias.assign(np.hstack([-solution.mean @ A, log_variances]))
        decoder.kernel.assign(W.T)
        decoder.bias.assign(solution.mean)
        self.noise_log_variance.assign(np.log(solution.variance))
        return self

    def exact_elbo(self, x):
        r"""The evidence lower bound of each row without draws, `(batch, D) -> (batch,)`.

        .. math:: E_q |x - W z - \mu|^2 = |x - W m - \mu|^2 + \sum_j s_j^2\, |W_j|^2
        """
        self._check_rows(x)
        x = ops.convert_to_tensor(x, dtype=self.variable_dtype)
        mean, log_variance = self.encode(x)
        residual = x - ops.cast(self.decoder(mean), x.dtype)
        lengths = ops.sum(ops.square(self.decoder.dense[0].kernel), axis=1)
        squares = ops.sum(residual**2, axis=1) + matvec(ops.exp(log_variance), lengths)
        noise = ops.convert_to_tensor(self.noise_log_variance)
        likelihood = -(squares * ops.exp(-noise) + self.features * (noise + LOG_2PI)) / 2
        return likelihood - kl_diagonal_gaussians(mean, log_variance)

    def get_config(self):
        config = super().get_config()
        for name in ("encoder", "decoder", "likelihood"):
            config.pop(name)
        return config | {"features": self.features}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
