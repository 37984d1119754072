"""How the components of chapter 15 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import REALS, SCORES, Scored

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
    "GaussianSampling": "random: tests/ch15/test_gaussians.py",
    "VariationalAutoencoder": "random: tests/ch15/test_vae.py",
    "LinearVAE": "random: tests/ch15/test_ppca.py",
    "BayesianLogisticRegression": "no layer: tests/ch15/test_posteriors.py",
    "GaussianPosterior": "no layer: tests/ch15/test_posteriors.py",
    "GAN": "two players: tests/ch15/test_gan.py",
    "WassersteinGAN": "two players: tests/ch15/test_wgan.py",
    "SampleGrid": "needs a model: tests/ch15/test_callbacks.py",
}
