"""Claims of chapter 15, in the order of the book."""

from mathdl_keras.chapters.ch15.claims.adversarial import collapse_under_fixed_critic, dirac_gan, generator_gradients
from mathdl_keras.chapters.ch15.claims.discriminators import equilibrium_value, optimal_discriminators
from mathdl_keras.chapters.ch15.claims.posteriors import variational_posteriors
from mathdl_keras.chapters.ch15.claims.transport import wasserstein
from mathdl_keras.chapters.ch15.claims.variational import elbo_gap, linear_vae_is_ppca, mode_seeking, reparameterization

__all__ = [
    "elbo_gap",
    "linear_vae_is_ppca",
    "reparameterization",
    "mode_seeking",
    "variational_posteriors",
    "optimal_discriminators",
    "equilibrium_value",
    "generator_gradients",
    "dirac_gan",
    "collapse_under_fixed_critic",
    "wasserstein",
]
