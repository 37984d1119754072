"""Chapter 15. Variational Inference and Generative Models.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
15.1     Introduction
15.2     Estimating Densities and the Evidence Lower Bound
         bayesian: BayesianLogisticRegression
         bounds: elbo, elbo_samples
         gaussians: DiagonalGaussian, FullGaussian, bernoulli_log_density, gaussian_log_density,
             kl_diagonal_gaussians
         linear_vae: LinearVAE
         posteriors: GaussianPosterior
         ppca: PPCA, ppca
         sampling: GaussianSampling, reparameterized_gradient, score_function_gradient
         vae: VariationalAutoencoder
         claims: variational_posteriors, elbo_gap, linear_vae_is_ppca, reparameterization, mode_seeking
         exercises: kl_gaussians_full, importance_weighted_bound
15.3     Generative Adversarial Networks
         games: gan_value_function
         gan: GAN
15.4     Optimization in GANs
         callbacks: SampleGrid
         games: jensen_shannon, optimal_discriminator
         metrics: ModeCoverage, mode_coverage
         claims: generator_gradients, dirac_gan, optimal_discriminators, equilibrium_value
         exercises: pearson_critic
15.5     Wasserstein GANs
         constraints: ClipValue
         metrics: MarginalWasserstein
         transport: wasserstein_discrete, wasserstein_1d
         wgan: WassersteinGAN
         claims: collapse_under_fixed_critic, wasserstein
15.6     Brief Concluding Remarks
         the demo
15.7     Exercises

Rooms: `gaussians`, `bounds` and `sampling` (densities, the lower bound, its gradients), `ppca`, `vae` and `linear_vae`,
`posteriors` and `bayesian` (Gaussians in place of a posterior); `games` (what two players earn), `adversarial`, `gan`
and `wgan` (the networks), `constraints`, `transport`, `metrics`, `callbacks`; then `claims`, `demo`, `figures` and
`exercises`.
"""
