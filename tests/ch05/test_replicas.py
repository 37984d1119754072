"""Many small networks at once: the formula, its derivatives and its minima, against NumPy and SciPy."""

import numpy as np
import pytest
from keras import ops
from scipy import optimize

from mathdl_keras.chapters.ch05.boolean import boolean_inputs
from mathdl_keras.chapters.ch05.replicas import Replicas
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.model_selection import empirical_risk

X, Y = boolean_inputs(2), np.array([0.0, 1.0, 1.0, 0.0])


def outputs(theta, x, n, sigma):
    """One network, by NumPy; of complex parameters, too."""
    D = x.shape[1]
    W, b, c, a = theta[: D * n].reshape(D, n), theta[D * n : D * n + n], theta[D * n + n : -1], theta[-1]
    return sigma(x @ W + b) @ c + a


@pytest.fixture(scope="module")
def made():
    """Parameters of three networks, and what the replicas say about them, in float64."""
    with allow_float64():
        replicas = Replicas(X, Y, 2, "tanh")
        theta = replicas.start(np.random.default_rng(5), 3)
        jacobian = lambda t: replicas.jacobian(t, replicas.forward(t)[0])  # noqa: E731
        rules = compiled(lambda t: (replicas.losses(t), replicas.gradients(t), jacobian(t)))
        return theta, *map(ops.convert_to_numpy, rules(theta))


def test_losses_and_derivatives(made):
    theta, losses, gradients, jacobian = made
    assert {a.dtype.name for a in made} == {"float64"}
    loss = lambda t: np.mean((outputs(t, X, 2, np.tanh) - Y) ** 2)  # noqa: E731
    np.testing.assert_allclose(losses, [loss(t) for t in theta], rtol=1e-13)
    steps = 1e-30j * np.eye(theta.shape[1])
    for t, gradient, rows in zip(theta, gradients, jacobian, strict=True):
        np.testing.assert_allclose(gradient, [loss(t + h).imag / 1e-30 for h in steps], atol=1e-14)
        by_steps = np.stack([outputs(t + h, X, 2, np.tanh).imag / 1e-30 for h in steps], axis=1)
        np.testing.assert_allclose(rows, by_steps, atol=1e-14)


def test_the_best_of_many_starts_is_that_of_scipy():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((12, 2))
    y = outputs(np.array([1.0, -1.0, 0.5, 1.0, 0.0, 0.5, 1.0, 2.0, 0.3]), x, 2, np.tanh) + 0.1 * rng.standard_normal(12)
    replicas = Replicas(x, y, 2, "tanh")
    start = replicas.start(rng, 12)
    theta, losses = replicas.minimize(start, 200)
    residuals = lambda t: outputs(t, x, 2, np.tanh) - y  # noqa: E731
    np.testing.assert_allclose([np.mean(residuals(t) ** 2) for t in theta], losses, rtol=1e-12)
    assert np.all(losses < [np.mean(residuals(t) ** 2) for t in start])
    best = min(optimize.least_squares(residuals, t, method="lm").cost for t in start) * 2 / 12
    np.testing.assert_allclose(losses.min(), best, rtol=1e-6)


def test_a_replica_is_a_keras_model(made):
    theta, losses, *_ = made
    replicas = Replicas(X, Y, 2, "tanh")
    model = replicas.network(theta[1])
    np.testing.assert_allclose(empirical_risk(model, "mse", X, Y[:, None]), losses[1], rtol=1e-5)
    assert model.widths == (2, 2, 1)
