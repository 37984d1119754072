"""Probabilistic principal components against scikit-learn and SciPy; the linear autoencoder against both."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats
from sklearn.decomposition import PCA

from mathdl_keras.chapters.ch15.linear_vae import LinearVAE
from mathdl_keras.chapters.ch15.ppca import ppca
from mathdl_keras.core.loops import compiled

RNG = np.random.default_rng(152)
X = RNG.standard_normal((60, 5)) @ RNG.standard_normal((5, 5)) + RNG.standard_normal(5)
SOLUTION = ppca(X, 2)
C = SOLUTION.components @ SOLUTION.components.T + SOLUTION.variance * np.eye(5)


def value(f, x):
    """f(x) in NumPy, compiled as a whole."""
    return ops.convert_to_numpy(compiled(f)(ops.convert_to_tensor(x)))


def test_the_model_is_that_of_scikit_learn_but_for_its_divisor():
    peer = PCA(2).fit(X)
    np.testing.assert_allclose(C, peer.get_covariance() * 59 / 60, rtol=1e-10)
    np.testing.assert_allclose(SOLUTION.mean, peer.mean_)


def test_density_and_posterior_are_the_gaussian_formulas():
    known = stats.multivariate_normal(SOLUTION.mean, C).logpdf(X)
    found = SOLUTION.log_likelihood(X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, known, rtol=1e-11)
    z = (X - SOLUTION.mean) @ np.linalg.solve(C, SOLUTION.components)
    np.testing.assert_allclose(SOLUTION.posterior_mean(X), z, rtol=1e-9, atol=1e-12)


def test_no_nearby_model_is_likelier():
    best = SOLUTION.log_likelihood(X).mean()
    for _ in range(20):
        W = SOLUTION.components + 0.05 * RNG.standard_normal((5, 2))
        assert SOLUTION._replace(components=W).log_likelihood(X).mean() < best
    for factor in (0.9, 1.1):
        assert SOLUTION._replace(variance=factor * SOLUTION.variance).log_likelihood(X).mean() < best


def test_the_linear_autoencoder_reaches_the_likelihood_and_draws_agree_with_its_exact_bound():
    model = LinearVAE(5, 2, seed=1).fit_closed_form(X)
    x = X.astype("float32")
    exact = value(model.exact_elbo, x)
    np.testing.assert_allclose(exact, SOLUTION.log_likelihood(X), rtol=1e-4)
    model.encoder.dense[0].bias.assign(RNG.standard_normal(4))
    exact = value(model.exact_elbo, x)
    means = [ops.convert_to_numpy(ops.stop_gradient(model.elbo(x, samples=100))) for _ in range(6)]
    error = np.std(means, axis=0, ddof=1) / np.sqrt(6)
    z = (np.mean(means, axis=0) - exact) / error  # Student's t of 5 degrees, 60 of them
    assert np.abs(z).max() < stats.t.ppf(1 - 1e-5 / 120, 5) and np.abs(z.mean()) < 4 * np.sqrt(5 / 3) / np.sqrt(60)


def test_training_tends_to_the_closed_form():
    keras.utils.set_random_seed(0)
    best = SOLUTION.log_likelihood(X).mean()
    model = LinearVAE(5, 2, seed=0)
    start = float(value(model.exact_elbo, X.astype("float32")).mean())
    model.compile(keras.optimizers.Adam(0.02))
    model.fit(np.tile(X, (20, 1)).astype("float32"), batch_size=300, epochs=25, verbose=0)
    reached = float(value(model.exact_elbo, X.astype("float32")).mean())
    assert start + 0.9 * (best - start) < reached < best + 1e-4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ppca(X, 0), "k must be an integer in 1 to 4; received k=0"),
        (lambda: ppca(X, 5), "k must be an integer in 1 to 4; received k=5"),
        (lambda: ppca(X[:, 0], 1), r"x must have shape \(rows, features\)"),
        (lambda: ppca(np.outer(np.arange(4.0), np.ones(3)), 1), "more than k=1 directions that vary"),
        (lambda: ppca(np.full((3, 3), np.nan), 1), "x must be finite"),
        (lambda: SOLUTION.log_likelihood(X[:, :3]), "x must have 5 columns; received shape"),
        (lambda: LinearVAE(5, 0), "latent_dim must be an integer >= 1; received latent_dim=0"),
        (lambda: LinearVAE(5, 2).adopt(ppca(X, 3)), r"components must be \(5, 2\); received shape \(5, 3\)"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
