"""How the components of chapter 15 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import PLAIN, REALS, SCORES, Entry, Rows, Scored

from mathdl_keras import layers, models

RANDOM = "random: tests/ch15/test_gaussians.py"
REAL = np.random.default_rng(5).standard_normal((4, 3)).astype("float32")


def autoencoder(dtype=None, **kwargs):
    return models.VariationalAutoencoder(
        layers.Dense(4, dtype=dtype), layers.Dense(6, dtype=dtype), dtype=dtype, **kwargs
    )


def adversaries(cls, dtype=None, **kwargs):
    return cls(layers.Dense(3, dtype=dtype), layers.Dense(1, dtype=dtype), dtype=dtype, **kwargs)


def function_that(what, tests):
    """Why a generative model cannot take two checks: it is trained with noise, and called without."""
    return {"masks": PLAIN, "weights": f"as a function it {what}: {tests}", "training": f"fit is random: {tests}"}


COMPONENTS = {
    "GaussianSampling": Entry(
        {},
        [[Rows((3,)), Rows((3,))]],
        skips={"masks": PLAIN, "weights": "it has none", "values": RANDOM, "rank": "takes any rank"},
    ),
    "VariationalAutoencoder": Entry(
        {"latent_dim": 2, "beta": 0.5, "seed": 3},
        (6,),
        (({"latent_dim": 0}, "latent_dim must be"), ({"beta": -1.0}, "beta must be")),
        function_that("reads means only", "tests/ch15/test_vae.py"),
        make=autoencoder,
        loss=None,
        fit=lambda x: (x,),
    ),
    "LinearVAE": Entry(
        {"features": 6, "latent_dim": 2, "seed": 3},
        (6,),
        (({"features": 0}, "features must be"), ({"latent_dim": 0}, "latent_dim must be")),
        function_that("reads means only", "tests/ch15/test_ppca.py"),
        loss=None,
        fit=lambda x: (x,),
    ),
    "GAN": Entry(
        {"latent_dim": 2, "loss": "minimax", "seed": 3},
        (2,),
        (
            ({"loss": "hinge"}, "loss must be one of"),
            ({"discriminator_steps": 0}, "discriminator_steps must be"),
        ),
        function_that("is its generator only", "tests/ch15/test_gan.py"),
        make=lambda **kwargs: adversaries(models.GAN, **kwargs),
        loss=None,
        fit=lambda noise: (REAL,),
    ),
    "WassersteinGAN": Entry(
        {"latent_dim": 2, "critic_steps": 2, "seed": 3},
        (2,),
        (
            ({"clip": -1.0}, "clip must be"),
            ({"critic_steps": 0}, "critic_steps must be"),
        ),
        function_that("is its generator only", "tests/ch15/test_wgan.py"),
        make=lambda **kwargs: adversaries(models.WassersteinGAN, **kwargs),
        loss=None,
        fit=lambda noise: (REAL,),
    ),
}

SCORED = {
    "ModeCoverage": Scored(
        {"centres": [[0.0, 0.0], [1.0, 1.0]], "radius": 0.5},
        np.hstack([REALS, SCORES]),
        np.hstack([REALS, SCORES])[::-1].copy(),
        (({"radius": 0.0}, "radius must be positive"), ({"share": 2.0}, "share must be in")),
    ),
    "MarginalWasserstein": Scored(
        {"lo": -3.0, "hi": 3.0, "bins": 50},
        REALS,
        SCORES,
        (({"hi": -4.0}, "lo must be below hi"), ({"bins": 0}, "bins must be an integer >= 1")),
    ),
}

ELSEWHERE = {
    "BayesianLogisticRegression": "no layer: tests/ch15/test_posteriors.py",
    "GaussianPosterior": "no layer: tests/ch15/test_posteriors.py",
    "SampleGrid": "needs a model: tests/ch15/test_callbacks.py",
}
