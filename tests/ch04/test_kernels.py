"""The kernels of chapter 4 against scikit-learn, quadrature and hand-made numbers."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import integrate
from sklearn.metrics import pairwise

from mathdl_keras.chapters.ch04.arc_cosine import angle
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.precision import allow_float64, dtype_of
from mathdl_keras.kernels import (
    ArcCosineKernel,
    BrownianKernel,
    Kernel,
    LaplaceKernel,
    LinearKernel,
    PolynomialKernel,
    RBFKernel,
)

rng = np.random.default_rng(0)
X, Z = rng.standard_normal((7, 3)), rng.standard_normal((5, 3))
T = np.abs(X[:, :1])
ALL = [
    LinearKernel(),
    PolynomialKernel(3, 0.5),
    RBFKernel(1.5),
    LaplaceKernel(1.5),
    ArcCosineKernel(0),
    ArcCosineKernel(1),
    BrownianKernel(),
]
each_kernel = pytest.mark.parametrize("kernel", ALL, ids=repr)


def numpy(x):
    return ops.convert_to_numpy(x)


def points(kernel):
    return (T, T[:4]) if isinstance(kernel, BrownianKernel) else (X, Z)


PEERS = [
    (LinearKernel(), pairwise.linear_kernel(X, Z)),
    (PolynomialKernel(3, 0.5), pairwise.polynomial_kernel(X, Z, degree=3, gamma=1, coef0=0.5)),
    (PolynomialKernel(1, 0), pairwise.linear_kernel(X, Z)),
    (RBFKernel(1.5), pairwise.rbf_kernel(X, Z, gamma=1 / (2 * 1.5**2))),
    (LaplaceKernel(1.5), pairwise.laplacian_kernel(X, Z, gamma=1 / 1.5)),
    (BrownianKernel(), np.minimum(T, T[:4].T)),
]


@pytest.mark.parametrize(("kernel", "expected"), PEERS, ids=[repr(k) for k, _ in PEERS])
def test_kernels_of_scikit_learn(kernel, expected):
    with allow_float64():
        K = kernel(*points(kernel))
        assert dtype_of(K) == "float64"
        # sums of three terms, and powers of numbers below 20
        np.testing.assert_allclose(numpy(K), expected, rtol=1e-13, atol=1e-12)


def plane(theta, activation):
    """E activation(<w, x>) activation(<w, z>) for unit points at an angle, w uniform on the circle."""
    f = lambda phi: activation(np.cos(phi)) * activation(np.cos(phi - theta))  # noqa: E731
    kinks = sorted(np.mod([np.pi / 2, 3 * np.pi / 2, theta + np.pi / 2, theta + 3 * np.pi / 2], 2 * np.pi))
    return integrate.quad(f, 0, 2 * np.pi, points=kinks)[0] / (2 * np.pi)


@pytest.mark.parametrize("theta", [0.0, 0.3, 1.0, np.pi / 2, 3.0, np.pi])
def test_arc_cosine_kernels_are_integrals_over_directions(theta):
    x, z = np.array([[2.0, 0.0]]), 3 * np.array([[np.cos(theta), np.sin(theta)]])
    with allow_float64():
        steps, ramps = (float(numpy(ArcCosineKernel(order)(x, z))[0, 0]) for order in (0, 1))
    # at 0 and pi the cosine, rounded, determines the angle to sqrt(2 u) = 1.5e-8 only
    assert abs(steps - plane(theta, lambda t: t > 0)) < (1e-8 if theta in (0.0, np.pi) else 1e-12)
    assert abs(ramps - 6 * 2 * plane(theta, lambda t: max(t, 0))) < 1e-12  # |x| |z| E |w|^2


def test_arc_cosine_of_the_origin_is_zero():
    x, z = np.zeros((1, 3)), X[:1]
    for order in (0, 1):
        K = numpy(ArcCosineKernel(order)(np.concatenate([x, z]), np.concatenate([x, z])))
        assert K[0, 0] == K[0, 1] == K[1, 0] == 0 and K[1, 1] > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_angles_are_those_of_numpy(dtype):
    theta = np.linspace(0, np.pi, 1001)
    cosine = np.cos(theta).astype(dtype)
    with allow_float64():
        answer = angle(ops.convert_to_tensor(cosine))
        assert dtype_of(answer) == dtype
        expected = np.arccos(cosine.astype("float64"))
        np.testing.assert_allclose(numpy(answer), expected, atol=8 * np.finfo(dtype).eps)


@each_kernel
def test_gradients_are_finite_also_where_points_coincide(kernel):
    x = points(kernel)[0].astype("float32")
    gradient = numpy(grad(lambda x_: ops.sum(kernel(x_, x)))(x))
    assert gradient.shape == x.shape and np.all(np.isfinite(gradient))


@each_kernel
def test_kernels_are_values_that_can_be_saved(kernel):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kernel))
    assert again == kernel and hash(again) == hash(kernel) and again is not kernel
    assert repr(kernel).startswith(type(kernel).__name__)


def test_kernels_with_other_arguments_are_others():
    assert RBFKernel(1.0) != RBFKernel(2.0) and RBFKernel(1.0) != LaplaceKernel(1.0)


def test_an_offset_common_to_all_points_costs_no_digits():
    """Points about 1000 in float32, where |x|^2 has no digit left for the distances."""
    offset = 1000.0
    x = (X.astype("float32") + np.float32(offset)).astype("float64")  # what is left of the points after rounding
    near = numpy(RBFKernel(1.0)(x.astype("float32"), x.astype("float32")))
    np.testing.assert_allclose(near, pairwise.rbf_kernel(x, x, gamma=0.5), atol=1e-3)


@each_kernel
def test_integers_are_numbers(kernel):
    t = np.array([[0], [1], [2]])
    K = numpy(kernel(t, t))
    np.testing.assert_allclose(K, numpy(kernel(t.astype("float32"), t.astype("float32"))))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: RBFKernel(0.0), "lengthscale must be positive and finite; received lengthscale=0.0"),
        (lambda: RBFKernel(np.nan), "lengthscale must be positive"),
        (lambda: LaplaceKernel(-1.0), "lengthscale must be positive"),
        (lambda: PolynomialKernel(0), "degree must be an integer >= 1"),
        (lambda: PolynomialKernel(2.5), "degree must be an integer >= 1"),
        (lambda: PolynomialKernel(2, -1.0), "c must be >= 0 and finite"),
        (lambda: ArcCosineKernel(2), "order must be 0 or 1"),
        (lambda: RBFKernel()(X[0], X), r"X must have shape \(rows, features\); received shape \(3,\)"),
        (lambda: RBFKernel()(X, Z[:, :2]), r"Z must have the 3 features of X; received shape \(5, 2\)"),
        (lambda: RBFKernel()(X, np.full((2, 3), np.nan)), "Z must be finite"),
        (lambda: BrownianKernel()(X, X), r"X must have shape \(rows, 1\)"),
        (lambda: BrownianKernel()(T, -T), "Z must hold times >= 0"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make()
    assert "\n" not in str(error.value)


def test_a_kernel_must_say_what_it_is():
    with pytest.raises(NotImplementedError, match="Kernel must define gram"):
        Kernel()(X, Z)
