"""Signals in wide random networks: closed forms, quadrature by SciPy, and simulation."""

import numpy as np
import pytest
from scipy import integrate, stats

from mathdl_keras.chapters.ch05.activations import Clip, LeakyReLU
from mathdl_keras.chapters.ch08.propagation import signal_propagation


def test_relu_and_its_leaky_kind_have_closed_forms():
    found = signal_propagation("relu", 1.5, 0.2, depth=5, q0=3.0)
    q = [1.5 * 3.0 + 0.2]
    for _ in range(4):
        q.append(1.5 * q[-1] / 2 + 0.2)
    np.testing.assert_allclose(found.q, q, rtol=1e-10)
    np.testing.assert_allclose(found.chi, 0.75, rtol=1e-10)
    np.testing.assert_allclose(signal_propagation(LeakyReLU(0.5), 1.6, depth=3).chi, 1.6 * (1 + 0.25) / 2, rtol=1e-10)


def test_a_linear_network_multiplies():
    found = signal_propagation(None, 0.5, depth=4, q0=2.0)
    np.testing.assert_allclose(found.q, 2.0 * 0.5 ** np.arange(1, 5), rtol=1e-10)
    np.testing.assert_allclose(found.gradients, 0.5 ** np.arange(3, -1, -1), rtol=1e-10)


def moment(f, q):
    return integrate.quad(lambda z: f(np.sqrt(q) * z) ** 2 * stats.norm.pdf(z), -12, 12, limit=200)[0]


def test_tanh_agrees_with_quadrature_by_scipy():
    found, q = signal_propagation("tanh", 1.3, 0.1, depth=3, q0=0.7), 1.3 * 0.7 + 0.1
    for k in range(2):
        assert found.q[k] == pytest.approx(q, rel=1e-8)
        assert found.chi[k] == pytest.approx(1.3 * moment(lambda z: 1 / np.cosh(z) ** 2, q), rel=1e-8)
        q = 1.3 * moment(np.tanh, q) + 0.1


def test_kinks_away_from_zero_are_integrated_exactly():
    found, q = signal_propagation(Clip(-0.5, 1.0), 2.0, depth=2, q0=1.0), 2.0
    inside = stats.norm.cdf(1.0 / np.sqrt(q)) - stats.norm.cdf(-0.5 / np.sqrt(q))
    assert found.chi[0] == pytest.approx(2.0 * inside, rel=1e-10)


def test_each_layer_may_have_its_own_variances():
    """The factor between two layers holds the weights of the upper one."""
    found = signal_propagation("relu", [1.0, 3.0, 0.5], [0.0, 0.1, 0.2], depth=3)
    np.testing.assert_allclose(found.q, [1.0, 1.6, 0.6], rtol=1e-10)
    np.testing.assert_allclose(found.chi, [1.5, 0.25], rtol=1e-10)
    np.testing.assert_allclose(found.gradients, [0.375, 0.25, 1.0], rtol=1e-10)


def test_variances_are_those_of_a_wide_network():
    """Width 2000: each empirical variance has a relative standard error of at most a few percent."""
    rng, n, H = np.random.default_rng(0), 2000, None
    found = signal_propagation("sigmoid", 4.0, 0.3, depth=3, q0=1.5)
    for q in found.q:
        x = np.full(n, np.sqrt(1.5)) if H is None else H
        Z = x @ (rng.standard_normal((n, n)) * np.sqrt(4.0 / n)) + np.sqrt(0.3) * rng.standard_normal(n)
        assert np.mean(Z**2) == pytest.approx(q, rel=4 * np.sqrt(2 / n))
        H = 1 / (1 + np.exp(-Z))


def test_one_layer_has_no_factor():
    found = signal_propagation("tanh", 1.0, depth=1)
    assert found.chi.shape == (0,) and found.gradients.tolist() == [1.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigma_w2": -1.0}, "sigma_w2 must be a number >= 0 or one for each of 8 layers; received sigma_w2=-1.0"),
        ({"sigma_w2": [1.0, 1.0]}, "sigma_w2 must be"),
        ({"sigma_b2": np.nan}, "sigma_b2 must be"),
        ({"q0": -0.1}, "q0 must be a number >= 0"),
        ({"depth": 0}, "depth must be an integer >= 1; received depth=0"),
        ({"depth": 2.0}, "depth must be an integer >= 1"),
        ({"activation": "gelu"}, "activation must be"),
    ],
)
def test_bad_arguments_are_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        signal_propagation(**{"activation": "tanh", "sigma_w2": 1.0} | arguments)
