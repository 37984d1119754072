"""Claims of §11.2 and §11.3: polynomials, their bases, and the error on the samples that trained."""

import numpy as np
from keras import ops
from numpy.polynomial import legendre

from mathdl_keras.chapters.ch02.descent import gradient_descent
from mathdl_keras.chapters.ch11.layers import polynomial_features
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.core.claims import at_most, claim, close_to, equals, mean_equals
from mathdl_keras.core.linalg import matvec
from mathdl_keras.core.loops import compiled


def fitted(degree, basis, x, y):
    """Fits of the targets y (n, t) by our model."""
    model = PolynomialRegression(degree, basis, units=y.shape[1])
    model.fit_closed_form(x[:, None], y)
    return model(ops.convert_to_tensor(x[:, None]))


def normal_float32(degree, basis, x, y):
    """Fits by normal equations in float32."""
    phi = ops.convert_to_numpy(polynomial_features(x, degree, basis)).astype("float32")
    return phi.astype("float64") @ np.linalg.lstsq(phi.T @ phi, phi.T @ y.astype("float32"), rcond=0)[0]


def slowest_rate(phi, steps=200):
    """By which part of itself gradient descent at 1/l_max reduces the error, a step, in the flattest direction."""
    H = phi.T @ phi / len(phi)
    values, vectors = np.linalg.eigh(H)
    start = vectors[:, 0]
    H, rate = ops.convert_to_tensor(H), 1 / float(values[-1])
    end = compiled(lambda s: gradient_descent(lambda e: matvec(H, e), s, rate, steps))(start)
    return 1 - float(ops.convert_to_numpy(end) @ start) ** (1 / steps)


@claim(
    "11.2",
    "monomials and Legendre polynomials give one fit; their condition numbers differ, gradient descent by the square",
    refuted_by={"normal equations of monomials in float32": {"fit": normal_float32}},
    precision="float64",
)
def basis_invariance(rng, *, samples=40, degree=12, fit=fitted):
    x = (np.arange(samples) + 0.5) / samples * 2 - 1
    y = (np.sin(4 * x) + 0.3 * rng.standard_normal(samples))[:, None]
    vanders = {"monomial": np.vander(x, degree + 1, increasing=True), "legendre": legendre.legvander(x, degree)}
    kappa = {basis: np.linalg.cond(v) for basis, v in vanders.items()}
    phi = {basis: ops.convert_to_numpy(polynomial_features(x, degree, basis)) for basis in vanders}
    q = np.linalg.qr(vanders["legendre"])[0]
    # Householder's triangle: the fit is off by some n roundings of kappa |y|, at most 40 x 20,195
    roundings, scale = samples * kappa["monomial"], np.linalg.norm(y)
    rates = [slowest_rate(phi[basis]) for basis in vanders]
    return (
        *(equals(fit(degree, b, x, y), q @ (q.T @ y), roundings=roundings, scale=scale, label=b) for b in vanders),
        # a singular value is off by roundings of the largest, some n of them
        *(close_to(np.linalg.cond(phi[b]), k, relative=samples * 2.3e-16 * k, label=f"condition, {b}")
          for b, k in kappa.items()),
        # the smallest eigenvalue of the Gram matrix is off by n roundings of the largest, its vector's products alike
        close_to(rates[0], kappa["monomial"] ** -2, relative=samples * 2.3e-16 * kappa["monomial"] ** 2,
                 label="gradient descent, monomial"),
        close_to(rates[1], kappa["legendre"] ** -2, relative=1e-10, label="gradient descent, legendre"),
    )  # fmt: skip


@claim(
    "11.3",
    "on a fixed design the training error is s^2 (M-P-1)/M, and that of new targets is greater by 2 s^2 (P+1)/M",
    refuted_by={"P parameters": {"parameters": lambda degree: degree}},
)
def optimism(rng, *, samples=40, sigma=0.5, replicates=4000, parameters=lambda degree: degree + 1):
    x = np.linspace(-1, 1, samples)
    truth = (1 - x + 2 * x**3)[:, None]
    verdicts = []
    for degree in (3, 6, 10):
        y, new = (truth + sigma * rng.standard_normal((samples, replicates)) for _ in range(2))
        fits = ops.convert_to_numpy(fitted(degree, "legendre", x, y)).astype("float64")
        train, test = (np.mean((targets - fits) ** 2, axis=0) for targets in (y, new))
        share = parameters(degree) / samples
        verdicts += [
            mean_equals(train, sigma**2 * (1 - share), label=f"training error, degree {degree}"),
            mean_equals(test - train, 2 * sigma**2 * share, label=f"optimism, degree {degree}"),
        ]
    return verdicts


@claim(
    "11.3",
    "the training risk never increases with the degree, and is 0 at degree M - 1",
    refuted_by={"a fixed ridge penalty": {"ridge": 0.01}},
    precision="float64",
)
def train_monotone(rng, *, samples=12, ridge=0.0):
    x = np.linspace(-1, 1, samples)
    y = np.sin(3 * x) + 0.3 * rng.standard_normal(samples)
    risks = []
    for degree in range(samples):
        model = PolynomialRegression(degree, l2=ridge)
        kernel = model.fit_closed_form(x[:, None], y)
        risks.append(np.sqrt(np.mean((y - model.design(x[:, None]) @ kernel[:, 0]) ** 2)))
    vander = legendre.legvander(x, samples - 1)
    projections = np.linalg.qr(vander)[0].T @ y
    left = np.sqrt([np.sum(projections[P + 1 :] ** 2) / samples for P in range(samples)])
    # Householder's triangle: off by n kappa roundings of |y|, on either side
    roundings, scale = 2 * samples * np.linalg.cond(vander), np.sqrt(np.mean(y**2))
    return (
        at_most(np.array(risks[1:-1]) / risks[:-2], 1.0, sharpness=1e-6, label="root of the risk / the one before"),
        equals(risks, left, roundings=roundings, scale=scale, label="root of the risk, 0 at the end"),
    )
