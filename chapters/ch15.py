# ---
# jupyter:
#   accelerator: GPU
#   colab:
#     gpuType: T4
#     provenance: []
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---


# %% [markdown]
# # Chapter 15. Variational inference and generative models
#
# You will watch a lower bound fall short of a likelihood by exactly what the theory says; compare two ways to
# differentiate an expectation; train an autoencoder and hold it against the best linear model; play the adversarial
# game until it goes in circles; see a generator collapse, a metric notice, and a critic of bounded slope cure it; and
# solve three exercises that check themselves. Change a number and run its cell again.

# %%
# %pip install -q mathdl_keras

# %% [markdown]
# The same code runs on TensorFlow, JAX and PyTorch; Keras reads the choice when it is first imported.

# %%
# %matplotlib inline
import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # or "tensorflow", or "torch"

import keras
import numpy as np
from keras import ops

from mathdl_keras import datasets
from mathdl_keras.chapters.ch15.exercises import importance_weighted_bound, kl_gaussians_full, pearson_critic
from mathdl_keras.claims import discover, verify
from mathdl_keras.distributions import (
    DiagonalGaussian,
    elbo,
    gaussian_log_density,
    mode_coverage,
    ppca,
    reparameterized_gradient,
    score_function_gradient,
)
from mathdl_keras.models import GAN, BayesianLogisticRegression, LinearVAE, VariationalAutoencoder, WassersteinGAN
from mathdl_keras.plots import new, show_images

keras.utils.set_random_seed(15)
rng = np.random.default_rng(15)
print("Keras", keras.__version__, "on", keras.backend.backend())


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x))


# %% [markdown]
# ## 15.2 The evidence lower bound
#
# For any density $q$ of the latent $z$,
#
# $$\log p(x) = E_q[\log p(x, z) - \log q(z)] + KL(q \,\|\, p(\cdot \mid x)).$$
#
# The first term is a lower bound that can be estimated from draws of $q$. Here $z \sim N(0, 1)$ and
# $x \mid z \sim N(z, 1)$, so that $p(x) = N(0, 2)$ and the posterior is $N(x/2, 1/2)$.

# %%
x = 1.5


def log_joint(z):
    return gaussian_log_density(z) + gaussian_log_density(x, z)


evidence = -(x**2) / 4 - np.log(4 * np.pi) / 2
for name, mean, variance in (("prior", 0.0, 1.0), ("posterior", x / 2, 0.5), ("too narrow", x / 2, 0.05)):
    q = DiagonalGaussian(np.array([mean], "float32"), np.array([np.log(variance)], "float32"))
    gap = (np.log(0.5 / variance) + (variance + (mean - x / 2) ** 2) / 0.5 - 1) / 2
    bound = float(elbo(log_joint, q, samples=20_000, form="full_mc", seed=1))
    print(f"q = {name:10}: bound {bound:.3f}, log p(x) - KL = {evidence - gap:.3f}")

# %% [markdown]
# To climb the bound we differentiate an expectation in the parameters of $q$. A draw $z = \mu + \sigma\varepsilon$ can
# be differentiated; or one multiplies values of $f$ by the score $\nabla\log q(z)$. Both are right on average. For
# $f(z) = z^2$ the variances are $4\sigma^2$ and $(\mu^4 + 18\mu^2\sigma^2 + 15\sigma^4)/\sigma^2 - 4\mu^2$.

# %%
noise = rng.standard_normal((20_000, 1)).astype("float32")
moments = np.array([1.0], "float32"), np.array([2 * np.log(0.8)], "float32")
for estimator in (reparameterized_gradient, score_function_gradient):
    slope = numpy(estimator(lambda z: ops.sum(z**2, axis=-1), *moments, noise)[0])
    print(f"{estimator.__name__:25} mean {slope.mean():.3f} (theory 2), variance {slope.var():.2f}")

# %% [markdown]
# Mean field gives each weight the variance it has when the others are *known*: too little, where they are correlated.
# Two nearly equal features, and Gaussian posteriors of a logistic regression:

# %%
common = rng.standard_normal((200, 1))
features = common + 0.3 * rng.standard_normal((200, 2))
labels = (rng.uniform(size=200) < 1 / (1 + np.exp(-common[:, 0]))).astype(int)
for family in ("full", "mean_field"):
    posterior = BayesianLogisticRegression(family=family).fit(features, labels)
    print(f"{family:10} means {posterior.mean.round(2)}, deviations {np.sqrt(np.diag(posterior.covariance)).round(3)}")
print("1 / precision:", (1 / np.sqrt(np.diag(posterior.precision))).round(3))

# %% [markdown]
# ## The variational autoencoder
#
# An encoder gives $q(z \mid x)$, a decoder $p(x \mid z)$, and both are trained by the bound. If both are linear, the
# best bound is the likelihood of probabilistic principal components, which has a closed form.

# %%
data = datasets.digits()
split = data.split(seed=0)
x_train, x_test = (a.reshape(len(a), -1) for a in (split.x_train, split.x_test))
kept = x_train.std(axis=0) > 0.05
x_train, x_test = x_train[:, kept], x_test[:, kept]
linear = LinearVAE(x_train.shape[1], 2).fit_closed_form(x_train)
print(f"linear VAE, exact bound on training digits {numpy(linear.exact_elbo(x_train)).mean():.4f}")
print(f"PPCA, log likelihood of training digits    {ppca(x_train, 2).log_likelihood(x_train).mean():.4f}")


# %%
def network(n_in, n_out, activation="tanh", units=64):
    hidden = [keras.layers.Dense(units, activation) for _ in range(2)]
    return keras.Sequential([keras.Input((n_in,)), *hidden, keras.layers.Dense(n_out)])


vae = VariationalAutoencoder(network(x_train.shape[1], 4), network(2, x_train.shape[1]), latent_dim=2, seed=0)
vae.noise_log_variance.assign(linear.noise_log_variance)
vae.compile(keras.optimizers.Adam(3e-3))
history = vae.fit(x_train, epochs=40, validation_data=(x_test,), verbose=0).history
known = ppca(x_train, 2).log_likelihood(x_test).mean()
print(f"test digits: VAE {numpy(vae.elbo(x_test, samples=50)).mean():.2f} nats, PPCA {known:.2f}")

figure, ax = new(width=7, title="The bound in training")
ax.plot(history["elbo"], label="training digits")
ax.plot(history["val_elbo"], label="test digits")
ax.axhline(known, color="gray", label="PPCA, test digits")
ax.set(xlabel="epoch", ylabel="nats a digit", ylim=(-14, 3))
ax.legend()
figure

# %%
pictures = np.tile(split.x_train.reshape(-1, 64).mean(axis=0), (16, 1))
pictures[:, kept] = numpy(vae.sample(16, seed=1))
figure, axes = new(2, 8, width=8, height=2.2, title="New digits: z from the prior, decoded")
show_images(axes, pictures.reshape(-1, 8, 8), limits=(0, 1))
figure

# %% [markdown]
# ## 15.3-15.4 Adversarial networks
#
# A discriminator $D$ earns $V = E_p\log D + E_q\log(1 - D)$, the generator wants that to be small. The best answer to
# $q$ is $D = p/(p+q)$, and it earns $-\log 4 + 2\,\mathrm{JSD}(p, q)$. In this package such statements are *claims*: a
# prediction, a measurement, a tolerance, and mutants, with a mistake built in, that the tolerance must reject. In
# Dirac's game (one real point, one generated, a discriminator with one weight) simultaneous steps spiral outwards.

# %%
chosen = [claim for claim in discover("ch15") if claim.name in ("optimal_discriminators", "dirac_gan")]
for claim in chosen:
    print(claim.statement)
    for record in verify([claim], refute=True):
        print(f"  {record.mutant or 'the claim itself'}: {record.status.upper()}")

# %% [markdown]
# Eight narrow modes on a circle. A generator that learns faster than its discriminator runs to the discriminator's
# highest point, with all of its samples: mode collapse. `mode_coverage` counts the modes that get samples.

# %%
angles = 2 * np.pi * np.arange(8) / 8
centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ring(n):
    return (centres[rng.integers(8, size=n)] + 0.05 * rng.standard_normal((n, 2))).astype("float32")


def adam(rate, beta_2=0.999):
    return keras.optimizers.Adam(rate, beta_1=0.5, beta_2=beta_2)


hasty = GAN(network(2, 2, "relu"), network(2, 1, "relu"), latent_dim=2, seed=0)
hasty.compile({"generator": adam(2e-3), "discriminator": adam(1e-4)})
hasty.fit(ring(64 * 400), batch_size=64, verbose=0)
print("modes covered, samples at a mode:", mode_coverage(hasty.sample(1000), centres, radius=0.2))

# %% [markdown]
# ## 15.5 Wasserstein networks
#
# The cure: a critic whose slope is bounded, ahead of its generator. It says not only *whether* samples are real but how
# far they are, and so gives every sample a direction.

# %%
cured = WassersteinGAN(
    network(2, 2, "relu"), network(2, 1, "relu"), latent_dim=2, critic_steps=3, gradient_penalty=1.0, seed=0
)
cured.compile({"critic": adam(2e-3, 0.9), "generator": adam(2e-3, 0.9)})
cured.fit(ring(192 * 400), batch_size=192, verbose=0)
print("modes covered, samples at a mode:", mode_coverage(cured.sample(1000), centres, radius=0.2))

figure, axes = new(1, 2, width=8, height=4, title="Samples: a hasty GAN, and a critic of bounded slope")
for ax, model in zip(axes, (hasty, cured), strict=True):
    ax.plot(*centres.T, "o", color="lightgray", markersize=14)
    ax.plot(*model.sample(500).T, ".", markersize=3)
    ax.set(aspect="equal")
figure

# %% [markdown]
# ## Exercises
#
# Replace `None` by your code, and run the cell until it says *correct*. Until then it gives a hint.

# %%
kl_gaussians_full


# %%
def my_divergence(m1, S1, m2, S2):
    return None  # your code


print(kl_gaussians_full.check(my_divergence))

# %%
pearson_critic


# %%
def my_critic(p, q):
    return None  # your code


print(pearson_critic.check(my_critic))

# %%
importance_weighted_bound


# %%
def my_bound(log_weights, K):
    return None  # your code


print(importance_weighted_bound.check(my_bound))
