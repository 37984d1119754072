"""Kernel ridge regression and the layers of chapter 4 against scikit-learn, and as Keras models and layers."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.kernel_ridge import KernelRidge as Peer

import mathdl_keras
from mathdl_keras.core.precision import float64
from mathdl_keras.kernels import LaplaceKernel, LinearKernel, PolynomialKernel, RBFKernel, kernel_ridge
from mathdl_keras.layers import GramMatrix, RandomFourierFeatures
from mathdl_keras.models import KernelPerceptron, KernelRidge, MinimumNormRegressor

rng = np.random.default_rng(0)
X, NEW = rng.standard_normal((40, 3)), rng.standard_normal((10, 3))
Y = np.column_stack([np.sin(X[:, 0]) + X[:, 1], X[:, 2] ** 2])

PEERS = [
    (RBFKernel(1.5), {"kernel": "rbf", "gamma": 1 / 4.5}),
    (LaplaceKernel(2.0), {"kernel": "laplacian", "gamma": 0.5}),
    (PolynomialKernel(3), {"kernel": "poly", "degree": 3, "gamma": 1, "coef0": 1}),
    (LinearKernel(), {"kernel": "linear"}),
]


@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["two targets", "one target"])
@pytest.mark.parametrize(("kernel", "settings"), PEERS, ids=[s["kernel"] for _, s in PEERS])
def test_coefficients_and_predictions_of_scikit_learn(kernel, settings, y):
    model, peer = KernelRidge(kernel, l2=0.5 / 40), Peer(alpha=0.5, **settings).fit(X, y)
    c = model.fit_closed_form(X, y)
    assert c.dtype == "float64" and c.shape == (40, 1 if y.ndim == 1 else 2)
    # the condition number is at most 1 + 40 * 20^3 / 0.5, of double roundings
    np.testing.assert_allclose(c, np.reshape(peer.dual_coef_, c.shape), atol=1e-9 * np.abs(c).max())
    # rounded once to float32, then sums of 40 terms of that size
    K = ops.convert_to_numpy(kernel(NEW, X))
    scale = np.abs(peer.predict(NEW)).max() + np.sum(np.abs(c)) * np.abs(K).max()
    predicted = np.reshape(peer.predict(NEW), (10, -1))
    np.testing.assert_allclose(model.predict(NEW, verbose=0), predicted, atol=float(scale) * 40 * 2.0**-24)


def test_gradient_training_reaches_the_closed_form():
    """Descent on the mean squared error, plus the penalty that the model brings."""
    x, y, ridge, kernel = X[:10], Y[:10], 0.5, RBFKernel(0.5)
    exact, trained = KernelRidge(kernel, ridge / 10), KernelRidge(kernel, ridge / 10)
    exact.fit_closed_form(x, y)
    values = np.linalg.eigvalsh(ops.convert_to_numpy(kernel(x, x)))
    hessian = 2 / y.size * values * (values + ridge)  # of the loss, in the eigenvectors of K
    trained.compile(keras.optimizers.SGD(float(1 / hessian[-1])), "mse")
    # each step leaves at most 1 - 1/condition of the error: exp(-15) = 3e-7 of it in the end
    trained.fit(x, y, epochs=int(15 * hessian[-1] / hessian[0]), batch_size=10, verbose=0)
    for a, b in zip(trained.get_weights(), exact.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_penalty_is_the_squared_norm_of_the_function():
    model = KernelRidge(RBFKernel(1.0), l2=0.5 / 40)
    c = model.fit_closed_form(X, Y[:, 0])[:, 0]
    K = np.exp(-np.sum((X[:, None] - X) ** 2, axis=-1) / 2)
    (penalty,) = model.losses
    np.testing.assert_allclose(float(ops.convert_to_numpy(penalty)), 0.5 / 40 * c @ K @ c, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fitted_machine_comes_back_from_its_file(dtype, tmp_path):
    with float64():
        model = KernelRidge(RBFKernel(1.5), l2=0.1, dtype=dtype)
        c = model.fit_closed_form(X, Y)
        model.save(tmp_path / "machine.keras")
        again = mathdl_keras.load_model(tmp_path / "machine.keras")
        assert again.kernel == model.kernel and again.l2 == 0.1
        for a, b, value in zip(again.get_weights(), model.get_weights(), (c, X), strict=True):
            assert a.dtype == dtype
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, value.astype(dtype))
        np.testing.assert_array_equal(again.predict(NEW, verbose=0), model.predict(NEW, verbose=0))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_machine_that_is_not_fitted_is_saved_as_it_is(tmp_path):
    KernelRidge(RBFKernel(1.5)).save(tmp_path / "machine.keras")
    again = mathdl_keras.load_model(tmp_path / "machine.keras")
    again.fit_closed_form(X, Y)
    assert again.predict(NEW, verbose=0).shape == (10, 2)


def test_weights_of_one_machine_fit_into_another(tmp_path):
    model, other = (KernelRidge(RBFKernel(1.5)) for _ in range(2))
    model.fit_closed_form(X, Y)
    model.save_weights(tmp_path / "machine.weights.h5")
    other.adapt(np.zeros_like(X), targets=2)
    other.load_weights(tmp_path / "machine.weights.h5")
    np.testing.assert_array_equal(other.predict(NEW, verbose=0), model.predict(NEW, verbose=0))


def test_a_second_fit_replaces_the_first_where_the_sizes_allow():
    model = KernelRidge(RBFKernel(1.5))
    model.fit_closed_form(NEW, Y[:10])
    model.fit_closed_form(X[:10], Y[:10])
    np.testing.assert_allclose(model.get_weights()[1], X[:10], rtol=1e-6)
    with pytest.raises(ValueError, match=r"x must have \(10, 3\) points and y 2 targets.*received \(40, 3\) and 2"):
        model.fit_closed_form(X, Y)


def minus_distance(A, B):
    squares = [ops.einsum("id,id->i", W, W) for W in (A, B)]
    return 2 * ops.einsum("id,jd->ij", A, B) - squares[0][:, None] - squares[1][None, :]


def test_a_kernel_that_is_none_is_named_with_its_smallest_eigenvalue():
    K = -np.sum((X[:, None] - X) ** 2, axis=-1)
    smallest = f"{np.linalg.eigvalsh(K)[0]:.4g}"[:5]
    with pytest.raises(ValueError, match=r"kernel must be positive semi-definite \(Mercer\)") as error:
        KernelRidge(minus_distance, l2=0.1 / 40).fit_closed_form(X, Y)
    assert f"smallest eigenvalue {smallest}" in str(error.value) and "\n" not in str(error.value)


def test_a_singular_gram_matrix_needs_a_ridge():
    twice = np.concatenate([X, X])
    with pytest.raises(ValueError, match=r"l2 must be large enough.*received l2=0.0, smallest eigenvalue"):
        KernelRidge(LinearKernel(), l2=0.0).fit_closed_form(twice, np.concatenate([Y, Y]))
    with pytest.raises(ValueError, match="l2 must be >= 0"):
        kernel_ridge(LinearKernel(), X, Y, -1.0)


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X, Y[:5], "y must have one row for each of the 40 rows"),
        (X[0], Y[:3, 0], r"x must have shape \(rows, features\)"),
        (np.where(X > 1, np.nan, X), Y, "x must be finite"),
        (X, np.where(Y > 1, np.inf, Y), "y must be finite"),
    ],
)
def test_bad_samples_are_one_clear_line(x, y, match):
    with pytest.raises(ValueError, match=match):
        KernelRidge(RBFKernel()).fit_closed_form(x, y)


@pytest.mark.parametrize("cls", [KernelRidge, KernelPerceptron])
def test_a_machine_without_points_says_what_to_do(cls):
    with pytest.raises(ValueError, match=rf"{cls.__name__} must be fitted, or adapt\(x\), before it is called"):
        cls(RBFKernel())(NEW)
    model = cls(RBFKernel())
    model.adapt(X)
    with pytest.raises(ValueError, match=r"x must have shape \(batch, 3\)"):
        model.build((None, 4))


def test_the_layer_is_the_gram_matrix_with_its_landmarks():
    layer, expected = GramMatrix(RBFKernel(1.5), NEW), np.exp(-np.sum((X[:, None] - NEW) ** 2, axis=-1) / 4.5)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X)), expected, atol=1e-6)
    pair = GramMatrix(RBFKernel(1.5))
    np.testing.assert_allclose(ops.convert_to_numpy(pair([X, NEW])), expected, atol=1e-6)
    assert pair.compute_output_shape([(None, 3), (10, 3)]) == (None, 10)
    assert GramMatrix.from_config(pair.get_config()).landmarks is None
    symbolic = pair([keras.Input((3,)), keras.Input((3,))])
    assert symbolic.shape == (None, None)


def test_a_dense_layer_on_landmarks_is_a_kernel_machine():
    """Ridge regression in the layer's features with the layer's landmarks as the sample interpolates as the kernel."""
    layer = GramMatrix(RBFKernel(1.0), X)
    model = MinimumNormRegressor(2, features=layer)
    model.fit_closed_form(X, Y)
    K = np.exp(-np.sum((NEW[:, None] - X) ** 2, axis=-1) / 2)
    expected = K @ np.linalg.solve(np.exp(-np.sum((X[:, None] - X) ** 2, axis=-1) / 2), Y)
    np.testing.assert_allclose(model.predict(NEW, verbose=0), expected, atol=0.05)


def test_fourier_features_have_the_gaussian_kernel():
    units = 40_000
    phi = ops.convert_to_numpy(RandomFourierFeatures(units, lengthscale=2.0, seed=1)(NEW))
    K = np.exp(-np.sum((NEW[:, None] - NEW) ** 2, axis=-1) / 8)
    # the variance of one unit's product is at most 1; 55 different pairs, 5 standard errors
    np.testing.assert_allclose(phi @ phi.T, K, atol=5 / np.sqrt(units))
    again = RandomFourierFeatures.from_config(RandomFourierFeatures(8, 2.0, seed=1).get_config())
    # a cosine of an argument of some 20, in float32
    np.testing.assert_allclose(ops.convert_to_numpy(again(NEW)), np.sqrt(units / 8) * phi[:, :8], atol=20 * 2.0**-23)


def test_files_of_earlier_versions_keep_their_meaning():
    """They held `ridge`, which was not multiplied by the number of samples."""
    model = KernelRidge(RBFKernel(1.0), l2=0.5 / 40)
    config = {k: v for k, v in model.get_config().items() if k != "l2"} | {"ridge": 0.5}
    again = KernelRidge.from_config(KernelRidge.from_config(config).get_config())
    c = again.fit_closed_form(X, Y)
    assert again.l2 == 0.5 / 40 and "ridge" not in again.get_config()
    np.testing.assert_array_equal(c, model.fit_closed_form(X, Y))
