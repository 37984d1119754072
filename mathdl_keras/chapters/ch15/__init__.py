"""Chapter 15. Variational Inference and Generative Models.

Section  Title                         Objects                                       Claims
-------  ----------------------------  --------------------------------------------  ------------------------------
15.1     Introduction
15.2     Estimating Densities and the  kl_diagonal_gaussians, gaussian_log_density,  elbo_gap, linear_vae_is_ppca,
         Evidence Lower Bound          bernoulli_log_density, DiagonalGaussian,      reparameterization,
                                       FullGaussian, elbo, elbo_samples,               mode_seeking,
                                       GaussianSampling,                      variational_posteriors
                                       reparameterized_gradient,
                                       score_function_gradient,
                                       VariationalAutoencoder, LinearVAE, PPCA,
                                       ppca, GaussianPosterior,
                                       BayesianLogisticRegression
15.3     Generative Adversarial        GAN, gan_value_function
         Networks
15.4     Optimization in GANs          optimal_discriminator, jensen_shannon,        optimal_discriminators,
                                       ModeCoverage, mode_coverage, SampleGrid       equilibrium_value,
                                                                                     generator_gradients, dirac_gan
15.5     Wasserstein GANs              WassersteinGAN, ClipValue, wasserstein_1d,   collapse_under_fixed_critic,
                                       MarginalWasserstein, wasserstein_discrete                  wasserstein
15.6     Brief Concluding Remarks      the demo
15.7     Exercises                     kl_gaussians_full, pearson_critic,
                                       importance_weighted_bound

Rooms: `gaussians`, `bounds` and `sampling` (densities, the lower bound, its gradients), `ppca`, `vae` and `linear_vae`,
`posteriors` and `bayesian` (Gaussians in place of a posterior); `games` (what two players earn), `adversarial`, `gan`
and `wgan` (the networks), `constraints`, `transport`, `metrics`, `callbacks`; then `claims`, `demo`, `figures` and
`exercises`.
"""
