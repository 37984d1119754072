"""Claims of §15.2 on a real posterior, against the No-U-Turn sampler of TensorFlow Probability."""

import functools

import keras
import numpy as np

from mathdl_keras.chapters.ch15.bayesian import BayesianLogisticRegression
from mathdl_keras.core import datasets
from mathdl_keras.core.claims import ClaimSkipped, claim, mean_equals

__all__ = ["variational_posteriors"]

FEATURES = ("mean radius", "mean compactness", "mean fractal dimension")
CHAINS, DRAWS, BURN_IN, STEP = 64, 60, 30, 0.8


def tumours():
    """Three standardised features, two of them correlated by 0.57, and labels."""
    data = datasets.breast_cancer()
    x = data.x[:, [data.feature_names.index(name) for name in FEATURES]].astype("float64")
    return (x - x.mean(axis=0)) / x.std(axis=0), data.y


def samplers():
    """TensorFlow or JAX as TFP wants it, and `tfp.mcmc`, where they work together."""
    backend = keras.backend.backend()
    try:
        if backend == "tensorflow":
            import tensorflow as tf
            import tensorflow_probability as tfp
        elif backend == "jax":
            from tensorflow_probability.substrates import jax as tfp

            tf = tfp.tf2jax
        else:
            raise ClaimSkipped(f"TensorFlow Probability has no sampler for {backend}")
    except (ImportError, AttributeError) as error:
        raise ClaimSkipped(f"TensorFlow Probability does not import on {backend}: {error}".splitlines()[0]) from None
    return tf, tfp.mcmc


@functools.lru_cache(maxsize=1)
def chains(seed, prior_variance):
    """Draws of the weights, `(draws, chains, 4)`: NUTS in coordinates in which the posterior's mode is round."""
    tf, mcmc = samplers()
    x, y = tumours()
    X = np.hstack([x, np.ones((len(x), 1))])
    mode, scale = laplace(X, y, prior_variance)

    def log_posterior(u):  # (chains, 4)
        w = mode + tf.einsum("cj,ij->ci", u, scale)
        logits = tf.einsum("cj,rj->cr", w, X)
        likelihood = tf.reduce_sum(logits * y - tf.math.softplus(logits), axis=1)
        return likelihood - tf.reduce_sum(w**2, axis=1) / (2 * prior_variance)

    def run(start):
        kernel = mcmc.NoUTurnSampler(log_posterior, np.float64(STEP), max_tree_depth=4)
        settings = {"num_burnin_steps": BURN_IN, "trace_fn": None, "seed": tf.constant([seed, 15], tf.int32)}
        return mcmc.sample_chain(DRAWS, start, kernel=kernel, **settings)

    start = np.random.default_rng(seed).standard_normal((CHAINS, X.shape[1]))
    compiled = tf.function(run, autograph=False)
    return mode + np.asarray(compiled(tf.constant(start))) @ scale.T


def laplace(X, y, prior_variance):
    """The mode of the posterior and a factor of its covariance there, by Newton's method in NumPy."""
    w, eye = np.zeros(X.shape[1]), np.eye(X.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-X @ w))
        precision = (X.T * (p * (1 - p))) @ X + eye / prior_variance
        w = w + np.linalg.solve(precision, X.T @ (y - p) - w / prior_variance)
    return w, np.linalg.cholesky(np.linalg.inv(precision))


@claim(
    "15.2",
    "both Gaussian posteriors have NUTS' means; the full one its variances, mean field the inverse of its precisions",
    refuted_by={
        "another prior": {"prior_variance": 10.0},
        "mean field for full": {"full": "mean_field"},
        "full for mean field": {"mean_field": "full"},
    },
    precision="float64",
)
def variational_posteriors(rng, *, prior_variance=1.0, full="full", mean_field="mean_field"):
    """Chains are independent: their means, of weights and of squares, are the replicates of a standard error.

    1/Lambda_jj is the variance of w_j when the others are known: of the residual that Lambda gives.
    """
    draws = chains(int(rng.integers(2**31)), 1.0)
    x, y = tumours()
    off = draws - draws.mean(axis=(0, 1))  # (draws, chains, 4)
    precision = np.linalg.inv(np.cov(off.reshape(-1, 4).T))
    parts = {"full": off, "mean field": np.einsum("tci,ij->tcj", off, precision) / np.diag(precision)}
    verdicts = []
    for (name, residual), family in zip(parts.items(), (full, mean_field), strict=True):
        q = BayesianLogisticRegression(prior_variance, family).fit(x, y)
        means = (draws.mean(axis=0) - q.mean) / draws.std(axis=(0, 1))  # (chains, 4), in deviations of the posterior
        squares = np.mean(residual**2, axis=0) / np.diag(q.covariance)
        verdicts += [
            mean_equals(means, np.zeros(4), label=f"{name}: means, in deviations"),
            mean_equals(squares, np.ones(4), label=f"{name}: chains' variances over its own"),
        ]
    return verdicts
