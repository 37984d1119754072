"""Gaussian posteriors against quadrature, SciPy's optimizer and each other."""

import numpy as np
import pytest
from scipy import integrate, stats

from mathdl_keras.chapters.ch15.bayesian import BayesianLogisticRegression
from mathdl_keras.chapters.ch15.claims.variational import two_modes
from mathdl_keras.chapters.ch15.gaussians import gaussian_log_density
from mathdl_keras.chapters.ch15.posteriors import GaussianPosterior

RNG = np.random.default_rng(153)
X = RNG.standard_normal((40, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
Y = (X[:, 0] + RNG.logistic(size=40) > 0).astype(int)
FULL = BayesianLogisticRegression(2.0).fit(X, Y)
FIELD = BayesianLogisticRegression(2.0, "mean_field").fit(X, Y)
NOISE = stats.norm.ppf(stats.qmc.Sobol(3, rng=np.random.default_rng(0)).random(256))


def log_joint(w):
    """log p(w, y), (rows, 3) -> (rows,), in NumPy."""
    logits = w @ np.hstack([X, np.ones((40, 1))]).T
    likelihood = np.sum(logits * Y - np.logaddexp(0, logits), axis=1)
    return likelihood + stats.norm.logpdf(w, scale=np.sqrt(2)).sum(axis=1)


@pytest.mark.parametrize("q", [FULL, FIELD], ids=["full", "mean field"])
def test_the_bound_is_its_expectation_and_smoothly_maximal(q):
    """E log p under q by a product of Gauss and Hermite; every step away loses, quadratically."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(16)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes), axis=-1).reshape(-1, 3)
    omega = np.prod(np.stack(np.meshgrid(weights, weights, weights), axis=-1).reshape(-1, 3), axis=1)
    omega = omega / omega.sum()

    def bound(mean, scale):
        return omega @ log_joint(mean + grid @ scale.T) + np.log(np.diag(scale)).sum() + 1.5 * np.log(2 * np.pi * np.e)

    scale = np.linalg.cholesky(q.covariance)
    best = bound(q.mean, scale)
    assert q.elbo == pytest.approx(best, abs=1e-8)
    assert best < 0
    allowed = np.tril(np.ones((3, 3))) if q is FULL else np.eye(3)
    for _ in range(5):
        dm, dL = RNG.standard_normal(3), RNG.standard_normal((3, 3)) * allowed
        up, down = (bound(q.mean + h * dm, scale + h * dL) - best for h in (1e-3, -1e-3))
        assert up < 0 and down < 0 and abs(up - down) < 0.01 * abs(up + down)


def test_mean_field_has_the_variance_given_the_others():
    np.testing.assert_allclose(np.diag(FIELD.covariance), 1 / np.diag(FIELD.precision), rtol=1e-8)
    np.testing.assert_allclose(np.linalg.inv(FULL.covariance), FULL.precision, rtol=1e-7)
    assert np.count_nonzero(FIELD.covariance) == 3 and FIELD.elbo < FULL.elbo
    assert np.all(np.diag(FIELD.covariance) < np.diag(FULL.covariance))


@pytest.mark.parametrize(("family", "known"), [("full", FULL), ("mean_field", FIELD)])
def test_draws_find_what_needs_no_draws(family, known):
    found = GaussianPosterior(known.log_joint(X, Y), 3, family).fit(NOISE)
    deviations = np.sqrt(np.diag(known.covariance))
    np.testing.assert_allclose(found.mean, known.mean, atol=0.03 * deviations.max())
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), deviations, rtol=0.05)
    assert found.elbo == pytest.approx(known.elbo, abs=0.05)


def test_a_gaussian_is_found_exactly():
    mean, nodes = np.array([1.0, -2.0]), np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    found = GaussianPosterior(lambda z: gaussian_log_density(z, mean, np.log([4.0, 0.25])), 2).fit(nodes)
    np.testing.assert_allclose(found.mean, mean, atol=1e-5)
    np.testing.assert_allclose(found.covariance, np.diag([4.0, 0.25]), atol=1e-5)
    assert found.elbo == pytest.approx(0, abs=1e-9)  # the log of a density of integral 1


def test_the_stationary_point_between_two_modes_by_another_quadrature():
    """Deviation 2.7438 and divergence 0.8406, by SciPy's adaptive rule and the derivative of the divergence."""
    density = lambda z: stats.norm.pdf(z, -3) / 2 + stats.norm.pdf(z, 3) / 2  # noqa: E731

    def divergence(s):
        f = lambda z: stats.norm.pdf(z, 0, s) * (stats.norm.logpdf(z, 0, s) - np.log(density(z)))  # noqa: E731
        return 2 * integrate.quad(f, 0, 30, points=[3.0], epsabs=1e-12)[0]

    grid = np.linspace(-9, 9, 601)[:, None]
    weights = stats.norm.pdf(grid[:, 0]) * (grid[1, 0] - grid[0, 0])
    found = GaussianPosterior(two_modes, 1, "mean_field").fit(grid, weights)
    s = np.sqrt(found.covariance[0, 0])
    assert -found.elbo == pytest.approx(divergence(s), abs=1e-8)
    assert abs(divergence(s + 1e-3) - divergence(s - 1e-3)) < 1e-7 and s == pytest.approx(2.7438, abs=1e-4)


def test_predictions_integrate_the_weights_out():
    w = np.random.default_rng(1).multivariate_normal(FULL.mean, FULL.covariance, size=100_000)
    p = 1 / (1 + np.exp(-(w @ np.hstack([X[:4], np.ones((4, 1))]).T)))
    np.testing.assert_allclose(FULL.predict_proba(X[:4]), p.mean(0), atol=4 * p.std(0).max() / np.sqrt(1e5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BayesianLogisticRegression(0.0), "prior_variance must be positive and finite"),
        (lambda: BayesianLogisticRegression(family="diagonal"), "family must be 'full' or 'mean_field'; received"),
        (lambda: BayesianLogisticRegression().fit(X, Y + 1), r"y must hold labels 0 or 1, one a row; received"),
        (lambda: BayesianLogisticRegression().fit(X, Y[:3]), "y must have one row for each of the 40 rows"),
        (lambda: BayesianLogisticRegression().fit(X, Y, max_steps=2), "max_steps must be enough to come to rest"),
        (lambda: BayesianLogisticRegression().predict_proba(X), "fit must come before predict_proba"),
        (lambda: FULL.predict_proba(X[:, :1]), "x must have 2 features; received shape"),
        (lambda: GaussianPosterior(log_joint, 0), "dimension must be an integer >= 1"),
        (lambda: GaussianPosterior(log_joint, 2).fit(NOISE), r"noise must have shape \(n, 2\) with n >= 3; received"),
        (lambda: GaussianPosterior(log_joint, 3).fit(NOISE[:3]), r"noise must have shape \(n, 3\) with n >= 4"),
        (lambda: GaussianPosterior(log_joint, 3).fit(NOISE, [1.0]), r"weights must have shape \(256,\)"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
