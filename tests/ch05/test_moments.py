"""Gaussian moments against closed forms, adaptive quadrature, and Gauss-Hermite rules where these are good."""

import itertools

import numpy as np
import pytest
from keras import ops
from scipy import integrate, special

from mathdl_keras.activations import Clip, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from mathdl_keras.chapters.ch05.moments import gaussian_moment


def by_quad(f, q, kinks=(0.0,)):
    """Adaptive quadrature in pieces, to 1e-13."""
    s = np.sqrt(q)
    grades = np.geomspace(1e-8, 38, 30)
    around = np.concatenate([-grades, [0.0], grades])
    ends = np.unique(np.clip(np.concatenate([k / s + around for k in kinks]), -38, 38))
    density = lambda z: f(s * z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    return sum(integrate.quad(density, a, b, epsabs=1e-15, epsrel=1e-13)[0] for a, b in itertools.pairwise(ends))


@pytest.mark.parametrize("q", [1e-6, 0.3, 1.0, 50.0, 1e6])
def test_closed_forms(q):
    s = np.sqrt(q)
    exact = [
        (lambda x: np.ones_like(x), 1.0),
        (lambda x: x**8, 105 * q**4),
        (lambda x: np.maximum(x, 0), s / np.sqrt(2 * np.pi)),
        (lambda x: np.maximum(x, 0) ** 2, q / 2),
        (lambda x: np.abs(x) ** 3, 2 * np.sqrt(2 / np.pi) * s**3),
        (lambda x: (x > 0) * 1.0, 0.5),
        (lambda x: special.expit(x), 0.5),
        (lambda x: special.erf(x) ** 2, 2 / np.pi * np.arcsin(2 * q / (1 + 2 * q))),  # Williams (1997)
        (np.cos, np.exp(-q / 2)),
    ]
    for f, expected in exact[:-1] if q > 100 else exact:  # a cosine of thousands of waves is not for this rule
        np.testing.assert_allclose(gaussian_moment(f, q), expected, rtol=1e-13, atol=1e-13)


SIGMAS = {
    Softplus(): lambda x: np.logaddexp(0, x),
    Softplus(20.0): lambda x: np.logaddexp(0, 20 * x) / 20,
    Tanh(): np.tanh,
    Sigmoid(): special.expit,
    ReLU(): lambda x: np.maximum(x, 0),
    LeakyReLU(0.1): lambda x: np.where(x > 0, x, 0.1 * x),
    Clip(-1.0, 2.0): lambda x: np.clip(x, -1, 2),
}


@pytest.mark.parametrize("q", [0.01, 1.0, 400.0])
@pytest.mark.parametrize("sigma", SIGMAS, ids=repr)
def test_activations_in_keras(sigma, q):
    kinks = sigma.kinks or (0.0,)
    np.testing.assert_allclose(gaussian_moment(sigma, q), by_quad(SIGMAS[sigma], q, kinks), rtol=1e-12, atol=1e-13)
    squares = gaussian_moment(lambda x: ops.square(sigma(x)), q, kinks)
    np.testing.assert_allclose(squares, by_quad(lambda x: SIGMAS[sigma](x) ** 2, q, kinks), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("sigma", [Tanh(), Softplus(20.0), ReLU(), Sigmoid()], ids=repr)
def test_derivatives(sigma):
    """By parts, E x f(x) = q E f'(x): Stein's identity."""
    slope = gaussian_moment(sigma.derivative, 2.0)
    np.testing.assert_allclose(slope, gaussian_moment(lambda x: x * SIGMAS[sigma](x), 2.0) / 2, rtol=1e-12)


def test_a_gauss_hermite_rule_agrees_where_it_is_good():
    t, w = np.polynomial.hermite_e.hermegauss(150)
    expected = w @ np.tanh(0.5 * t) ** 2 / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(gaussian_moment(lambda x: np.tanh(x) ** 2, 0.25), expected, rtol=1e-12)


def test_arrays_of_variances_keep_their_shape():
    q = np.array([[0.0, 1.0], [4.0, 9.0]])
    np.testing.assert_allclose(gaussian_moment(lambda x: np.maximum(x, 0) ** 2, q), q / 2, rtol=1e-13)
    assert isinstance(gaussian_moment(ReLU()), float)
    assert gaussian_moment(lambda x: x + 3, 0.0) == pytest.approx(3, rel=1e-13)


def test_a_kink_elsewhere_must_be_named():
    step = lambda x: (x > 1) * 1.0  # noqa: E731
    assert abs(gaussian_moment(step, kinks=(1.0,)) - special.ndtr(-1)) < 1e-14
    assert abs(gaussian_moment(step) - special.ndtr(-1)) > 1e-6


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: gaussian_moment(np.tanh, -1.0), "q must be finite and >= 0; received q=-1.0"),
        (lambda: gaussian_moment(np.tanh, [1.0, np.nan]), "q must be finite and >= 0"),
        (lambda: gaussian_moment(lambda x: 1.0), r"fn must keep the shape \(\d+,\); received shape \(\)"),
        (lambda: gaussian_moment(np.sum), "fn must keep the shape"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match):
        make()
