"""Mercer's theorem: definiteness, quadrature spectra and Nyström features against closed forms."""

import numpy as np
import pytest
from keras import ops

from mathdl_keras.kernels import (
    BrownianKernel,
    PolynomialKernel,
    RBFKernel,
    is_psd,
    mercer_spectrum,
    nystrom_features,
    require_psd,
)

rng = np.random.default_rng(0)


def with_eigenvalues(values):
    Q = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    K = Q * values @ Q.T
    return (K + K.T) / 2


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_definiteness_does_not_depend_on_the_scale(scale):
    assert is_psd(scale * with_eigenvalues([3.0, 1.0, 0.0, 0.0]))
    assert not is_psd(scale * with_eigenvalues([3.0, 1.0, 0.0, -1e-9]))
    assert is_psd(scale * with_eigenvalues([3.0, 1.0, 0.0, -1e-9]), tolerance=1e-8)
    assert not is_psd(-scale * np.eye(3))


def test_an_asymmetric_matrix_is_no_gram_matrix():
    assert not is_psd(np.array([[2.0, 1.0], [0.0, 2.0]]))
    assert is_psd(np.zeros((3, 3)))


def test_float32_is_judged_by_its_own_rounding():
    x = rng.standard_normal((40, 2)).astype("float32")
    K = PolynomialKernel(2)(x, x)  # rank 6
    assert is_psd(K) and not is_psd(K, tolerance=0.0)


def test_the_error_names_the_eigenvalue():
    with pytest.raises(ValueError, match="received smallest eigenvalue -0.5, largest 2") as error:
        require_psd(with_eigenvalues([2.0, 1.0, -0.5]))
    assert "\n" not in str(error.value)
    K = with_eigenvalues([2.0, 1.0])
    assert require_psd(K) is K


@pytest.mark.parametrize("K", [np.ones(3), np.ones((2, 3)), np.full((2, 2), np.nan)])
def test_a_gram_matrix_is_square_and_finite(K):
    with pytest.raises(ValueError, match="K must"):
        is_psd(K)


def test_eigenfunctions_are_orthonormal_and_rebuild_the_kernel():
    values, nodes, functions = mercer_spectrum(RBFKernel(1.0), n_quad=40)
    weights = np.polynomial.hermite_e.hermegauss(40)[1]
    weights /= weights.sum()
    np.testing.assert_allclose(functions.T * weights @ functions, np.eye(40), atol=1e-12)
    K = ops.convert_to_numpy(RBFKernel(1.0)(nodes.astype("float32"), nodes.astype("float32")))
    middle = np.abs(nodes[:, 0]) < 3  # elsewhere the weights are tiny, and so the functions huge
    rebuilt = (functions * values @ functions.T)[np.ix_(middle, middle)]
    np.testing.assert_allclose(rebuilt, K[np.ix_(middle, middle)], atol=1e-5)  # of K, in float32


def test_brownian_motion_has_karhunen_loeve_functions():
    """Eigenvalues 1/((k-1/2)^2 pi^2) and functions sqrt(2) sin((k-1/2) pi t), up to the kink: O(n^-2)."""
    n = 100
    values, nodes, functions = mercer_spectrum(BrownianKernel(), "uniform", n)
    frequency = (np.arange(1, 4) - 0.5) * np.pi
    np.testing.assert_allclose(values[:3], 1 / frequency**2, atol=10 / n**2)
    expected = np.sqrt(2) * np.sin(nodes * frequency)
    signs = np.sign(np.sum(expected * functions[:, :3], axis=0))
    np.testing.assert_allclose(functions[:, :3] * signs, expected, atol=100 / n**2)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [(("cauchy", 5), "measure must be 'normal' or 'uniform'"), (("normal", 0), "n_quad must be an integer >= 1")],
)
def test_bad_quadratures_are_one_clear_line(arguments, match):
    with pytest.raises(ValueError, match=match):
        mercer_spectrum(RBFKernel(1.0), *arguments)


def test_nystrom_features_are_the_kernel_where_a_point_is_a_landmark():
    x, landmarks = rng.standard_normal((9, 2)), rng.standard_normal((6, 2))
    phi, at = nystrom_features(RBFKernel(1.0), landmarks, x), nystrom_features(RBFKernel(1.0), landmarks, landmarks)
    K = np.exp(-np.sum((x[:, None] - landmarks) ** 2, axis=-1) / 2)
    np.testing.assert_allclose(phi @ at.T, K, atol=1e-9)
    assert np.all(np.sum(phi**2, axis=1) <= 1 + 1e-9)  # a projection is never longer


def test_nystrom_features_of_a_finite_rank_are_complete():
    """(1 + <x, z>)^2 in the plane has rank 6: landmarks beyond that add nothing, and 6 are enough for all points."""
    x, landmarks = rng.standard_normal((30, 2)), rng.standard_normal((20, 2))
    phi = nystrom_features(PolynomialKernel(2), landmarks, x)
    assert phi.shape == (30, 6)
    np.testing.assert_allclose(phi @ phi.T, (1 + x @ x.T) ** 2, rtol=1e-8, atol=1e-8)


def test_nystrom_refuses_what_is_no_kernel():
    x = rng.standard_normal((5, 2))
    with pytest.raises(ValueError, match="the Gram matrix of the landmarks must be symmetric positive semi-definite"):
        nystrom_features(lambda X, Z: -ops.einsum("id,jd->ij", X, Z), x, x)
