"""Claims of §15.2: what the evidence lower bound is, how it is differentiated, and what it prefers."""

import numpy as np
from keras import ops
from scipy import optimize, stats
from sklearn.decomposition import PCA

from mathdl_keras.chapters.ch15.bounds import FORMS, elbo_samples
from mathdl_keras.chapters.ch15.gaussians import DiagonalGaussian, FullGaussian, gaussian_log_density
from mathdl_keras.chapters.ch15.linear_vae import LinearVAE
from mathdl_keras.chapters.ch15.posteriors import GaussianPosterior, descend
from mathdl_keras.chapters.ch15.ppca import PPCA, ppca
from mathdl_keras.chapters.ch15.sampling import reparameterized_gradient, score_function_gradient
from mathdl_keras.core import datasets
from mathdl_keras.core.claims import claim, close_to, equals, mean_equals
from mathdl_keras.core.linalg import transpose
from mathdl_keras.core.loops import compiled

__all__ = ["elbo_gap", "linear_vae_is_ppca", "mode_seeking", "reparameterization"]


class VarianceForDeviation(DiagonalGaussian):
    """A mutant: the log-variance is taken for the logarithm of the deviation."""

    def sample(self, noise):
        return self.mean + ops.exp(self.log_variance) * ops.convert_to_tensor(noise)


class LogVarianceForgotten(DiagonalGaussian):
    """A mutant: the divergence lacks its logarithms."""

    def kl_to_standard(self):
        return super().kl_to_standard() + ops.sum(self.log_variance, axis=-1) / 2


def normal_kl(m1, S1, m2, S2):
    """KL(N(m1, S1) || N(m2, S2)), in NumPy."""
    inverse = np.linalg.inv(S2)
    logs = np.linalg.slogdet(S2)[1] - np.linalg.slogdet(S1)[1]
    return (np.trace(inverse @ S1) + (m2 - m1) @ inverse @ (m2 - m1) - len(m1) + logs) / 2


@claim(
    "15.2",
    "E ELBO = log p(x) - KL(q || posterior); at the posterior itself no draw differs from log p(x)",
    refuted_by={
        "log-variance for log-deviation": {"gaussian": VarianceForDeviation},
        "divergence without logarithms": {"gaussian": LogVarianceForgotten},
        "posterior with the prior's covariance": {"exact": False},
    },
    precision="float64",
)
def elbo_gap(rng, *, features=5, latent=2, draws=100_000, noise=0.5, gaussian=DiagonalGaussian, exact=True):
    W, noises = rng.standard_normal((features, latent)), rng.standard_normal((draws, latent))
    x = W @ rng.standard_normal(latent) + np.sqrt(noise) * rng.standard_normal(features)
    mean, log_variance = 0.3 * rng.standard_normal(latent), rng.uniform(-2, 0, latent)
    evidence = stats.multivariate_normal.logpdf(x, np.zeros(features), W @ W.T + noise * np.eye(features))
    covariance = noise * np.linalg.inv(W.T @ W + noise * np.eye(latent))
    posterior = covariance @ W.T @ x / noise
    gap = normal_kl(mean, np.diag(np.exp(log_variance)), posterior, covariance)
    scale = np.linalg.cholesky(covariance if exact else np.eye(latent))

    def log_joint(z):
        centre = z @ transpose(ops.convert_to_tensor(W))
        return gaussian_log_density(z) + gaussian_log_density(x, centre, np.log(noise))

    def everything(noises):
        q = gaussian(mean, log_variance)
        bounds = [elbo_samples(log_joint, q, noises, form) for form in FORMS]
        q = FullGaussian(posterior, scale)
        return bounds, elbo_samples(log_joint, q, noises, "full_mc"), log_joint(q.sample(noises))

    bounds, constant, terms = compiled(everything)(ops.convert_to_tensor(noises))
    largest = np.abs(ops.convert_to_numpy(terms)).max()
    verdicts = [
        mean_equals(ops.convert_to_numpy(values), evidence - gap, label=f"bound by {form}")
        for form, values in zip(FORMS, bounds, strict=True)
    ]
    # sums of 7 squares and their logarithms, whose inputs were rounded by the solution of a 2 by 2 system
    return [*verdicts, equals(ops.convert_to_numpy(constant), evidence, roundings=100, scale=largest, label="draws")]


class NoiseForgotten(PPCA):
    """A mutant: M is W^T W."""

    def precision_factor(self):
        return self.components.T @ self.components


def nothing_subtracted(mean, components, variance):
    """A mutant: the components have the length of the eigenvalues, noise included."""
    lengths = np.linalg.norm(components, axis=0)
    return PPCA(mean, components * np.sqrt(lengths**2 + variance) / lengths, variance)


@claim(
    "15.2",
    "the bound of the linear VAE reaches the maximum likelihood of PPCA; turned by R it loses half of log prod/det M",
    refuted_by={
        "noise variance dropped": {"solution": NoiseForgotten},
        "noise not subtracted": {"solution": nothing_subtracted},
    },
    precision="float64",
)
def linear_vae_is_ppca(rng, *, k=2, solution=PPCA):
    x = datasets.digits().x.reshape(-1, 64).astype("float64")
    x = x[:, x.std(axis=0) > 0.05]
    N, D = x.shape
    found, model = ppca(x, k), LinearVAE(D, k)
    angle = rng.uniform(0.3, 1.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bounds = []
    for W in (found.components, found.components @ turn):
        model.adopt(solution(found.mean, W, found.variance))
        bounds.append(compiled(lambda: ops.sum(model.exact_elbo(x)) / N)())
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    noise = values[k:].mean()
    best = -(D * np.log(2 * np.pi) + np.log(values[:k]).sum() + (D - k) * np.log(noise) + D) / 2
    M = turn.T @ np.diag(values[:k]) @ turn  # of the turned model: its eigenvalues are those of the covariance
    gap = (np.log(np.diag(M)).sum() - np.log(values[:k]).sum()) / 2
    by_sklearn = PCA(k).fit(x).score(x) + D / (4 * N**2)  # it divides by N - 1
    at_best, turned = map(ops.convert_to_numpy, bounds)
    return (
        equals(at_best, best, roundings=1e4, scale=abs(best), label="bound at the PPCA solution"),
        close_to(at_best, by_sklearn, relative=D / N**3 / abs(by_sklearn), label="scikit-learn's score"),
        equals(at_best - turned, gap, roundings=2e4, scale=abs(best), label="loss by a rotation"),
    )


def without_half(f, mean, log_variance, noise):
    """A mutant: the derivative in the log-deviation."""
    first, second = reparameterized_gradient(f, mean, log_variance, noise)
    return first, 2 * second


@claim(
    "15.2",
    "both estimators of grad E z^2 have mean (2 mu, s^2), the reparameterised one with variance 4 s^2",
    refuted_by={
        "score function for path": {"path": score_function_gradient},
        "path for score function": {"score": reparameterized_gradient},
        "log-deviation for log-variance": {"path": without_half},
    },
)
def reparameterization(
    rng, *, mean=1.0, deviation=0.8, draws=100_000, path=reparameterized_gradient, score=score_function_gradient
):
    noise = rng.standard_normal((draws, 1)).astype("float32")
    moments = [np.array([value], "float32") for value in (mean, 2 * np.log(deviation))]
    variances = {
        "path": 4 * deviation**2,
        "score": (mean**4 + 18 * mean**2 * deviation**2 + 15 * deviation**4) / deviation**2 - 4 * mean**2,
    }
    verdicts = []
    for (name, variance), estimator in zip(variances.items(), (path, score), strict=True):
        run = compiled(lambda noise, e=estimator: e(lambda z: ops.sum(z**2, axis=-1), *moments, noise))
        slopes = [ops.convert_to_numpy(g)[:, 0].astype("float64") for g in run(ops.convert_to_tensor(noise))]
        verdicts += [
            mean_equals(slopes[0], 2 * mean, label=f"{name}: gradient in the mean"),
            mean_equals(slopes[1], deviation**2, label=f"{name}: gradient in the log-variance"),
            mean_equals((slopes[0] - 2 * mean) ** 2, variance, label=f"{name}: its variance"),
        ]
    return verdicts


class WithoutEntropy(GaussianPosterior):
    """A mutant: only the log density is maximised."""

    def bound(self, q, noise, weights):
        return super().bound(q, noise, weights) - q.entropy()


def two_modes(z):
    """log p of the equal mixture of N(-3, 1) and N(3, 1), `(n, 1) -> (n,)`."""
    distance = ops.abs(z[:, 0])
    return gaussian_log_density(z) - 4.5 + 3 * distance + ops.log1p(ops.exp(-6 * distance)) - float(np.log(2))


def best_gaussian(start, fixed_mean=None):
    """Mean, deviation and divergence of the Gaussian that is best near the start, by quadrature in z."""
    z, step = np.linspace(-25, 25, 20_001, retstep=True)
    log_p = np.logaddexp(stats.norm.logpdf(z, -3), stats.norm.logpdf(z, 3)) - np.log(2)

    def divergence(theta):
        log_q = stats.norm.logpdf(z, theta[0] if fixed_mean is None else fixed_mean, np.exp(theta[-1]))
        return np.sum(np.exp(log_q) * (log_q - log_p)) * step

    found = optimize.minimize(divergence, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
    return found.x[0] if fixed_mean is None else fixed_mean, np.exp(found.x[-1]), found.fun


@claim(
    "15.2",
    "of two modes the best q under KL(q || p) takes one, at a loss below log 2; under KL(p || q) it covers both",
    refuted_by={"entropy dropped": {"posterior": WithoutEntropy}},
    precision="float64",
)
def mode_seeking(rng, *, posterior=GaussianPosterior):
    nodes = np.linspace(-9, 9, 1201)[:, None]  # the trapezoidal rule, exact to rounding for a Gaussian weight
    weights = stats.norm.pdf(nodes[:, 0]) * (nodes[1, 0] - nodes[0, 0])
    near, middle = (posterior(two_modes, 1, "mean_field").fit(nodes, weights, [start]) for start in (2.0, 0.0))
    verdicts = []
    for name, q, known in (("one mode", near, best_gaussian([2.0, 0.0])), ("middle", middle, best_gaussian([1.0], 0))):
        measured = [q.mean[0], np.sqrt(q.covariance[0, 0]), -q.elbo]
        verdicts.append(equals(measured, known, roundings=1e-5 * 2**53, label=f"{name}: mean, deviation, KL"))
    z = np.linspace(-13, 13, 1301)[:, None]
    p = stats.norm.pdf(z[:, 0], -3) / 2 + stats.norm.pdf(z[:, 0], 3) / 2
    density = ops.convert_to_tensor(p * (z[1, 0] - z[0, 0]))
    theta, _ = descend(lambda t: -ops.sum(density * gaussian_log_density(z, t[:1], t[1:])), np.array([0.5, 0.0]))
    return [*verdicts, equals(np.exp(theta[1]), 10.0, roundings=1e-5 * 2**53, label="KL(p || q): variance")]
