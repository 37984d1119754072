"""Densities, divergences, transport and variational bounds.

`from mathdl_keras.distributions import DiagonalGaussian`
"""

from mathdl_keras.chapters.ch05.moments import (
    gaussian_moment,
)
from mathdl_keras.chapters.ch15.bounds import (
    elbo,
    elbo_samples,
)
from mathdl_keras.chapters.ch15.games import (
    gan_value_function,
    jensen_shannon,
    optimal_discriminator,
)
from mathdl_keras.chapters.ch15.gaussians import (
    DiagonalGaussian,
    FullGaussian,
    bernoulli_log_density,
    gaussian_log_density,
    kl_diagonal_gaussians,
)
from mathdl_keras.chapters.ch15.metrics import (
    mode_coverage,
)
from mathdl_keras.chapters.ch15.ppca import (
    PPCA,
    ppca,
)
from mathdl_keras.chapters.ch15.sampling import (
    reparameterized_gradient,
    score_function_gradient,
)
from mathdl_keras.chapters.ch15.transport import (
    wasserstein_1d,
    wasserstein_discrete,
)
