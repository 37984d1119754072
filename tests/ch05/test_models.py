"""Feed forward networks against NumPy and a `Sequential` of Keras' layers."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.activations import Softplus, Tanh
from mathdl_keras.model_selection import empirical_risk
from mathdl_keras.models import MLP

X = np.random.default_rng(5).standard_normal((6, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(5)
    model = MLP((3, 4, 4, 2), "tanh", "sigmoid")
    rng = np.random.default_rng(6)
    model.set_weights([rng.standard_normal(w.shape) for w in model.get_weights()])
    return model


def numpy(tensors):
    return [ops.convert_to_numpy(t) for t in tensors]


def test_the_model_is_its_formula(model):
    H, weights = X.astype("float64"), model.get_weights()
    Zs = numpy(model.pre_activations(X))
    sigmas = np.tanh, np.tanh, lambda z: 1 / (1 + np.exp(-z))
    for Z, W, b, sigma in zip(Zs, weights[::2], weights[1::2], sigmas, strict=True):
        np.testing.assert_allclose(Z, H @ W + b, atol=2e-6)
        H = sigma(H @ W + b)
    np.testing.assert_allclose(numpy([model(X)])[0], H, atol=1e-6)


def test_it_is_a_sequential_of_dense_layers(model):
    layers = [keras.layers.Dense(n, activation=a) for n, a in ((4, "tanh"), (4, "tanh"), (2, "sigmoid"))]
    peer = keras.Sequential([keras.Input((3,)), *layers])
    peer.set_weights(model.get_weights())
    np.testing.assert_allclose(*numpy([model(X), peer(X)]), atol=1e-6)
    assert model.count_params() == peer.count_params()


def test_layers_of_one_shape_start_from_different_weights():
    keras.utils.set_random_seed(1)
    _, middle, last, _ = MLP((4, 4, 4, 4, 1)).dense
    assert not np.array_equal(*numpy([middle.kernel, last.kernel]))


def test_fit_lowers_the_risk(model):
    again = keras.models.clone_model(model)
    again.set_weights(model.get_weights())
    y = np.full((6, 2), 0.5, "float32")
    again.compile(keras.optimizers.SGD(1.0), "mse")
    before = empirical_risk(again, "mse", X, y)
    again.fit(X, y, epochs=3, batch_size=6, verbose=0)
    assert empirical_risk(again, "mse", X, y) < before
    assert again.activation == Tanh() and again.get_config() == model.get_config() | {"name": again.name}


def test_the_average_loss_is_the_mean_of_all_rows(model):
    y = np.ones((6, 2))
    errors = (numpy([model(X)])[0] - y) ** 2
    np.testing.assert_allclose(empirical_risk(model, "mse", X, y, batch_size=4), errors.mean(), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: MLP((3,)), r"widths must be two or more integers >= 1.*received widths=\(3,\)"),
        (lambda: MLP(3), "widths must be two or more integers"),
        (lambda: MLP((3, 0, 1)), "widths must be two or more integers"),
        (lambda: MLP((3, 2.5, 1)), "widths must be two or more integers"),
        (lambda: MLP((3, 1), "gelu"), "activation must be an Activation or one of"),
        (lambda: MLP((3, 1), output_activation="gelu"), "activation must be an Activation or one of"),
        (lambda: MLP((2, 1))(X), r"x must have shape \(batch, 2\); received shape \(6, 3\)"),
        (lambda: MLP((2, 1)).pre_activations(X), r"x must have shape \(batch, 2\)"),
        (lambda: MLP((3, 1))(np.full((1, 3), np.nan)), "x must be finite"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_widths_may_come_from_numpy_and_activations_with_arguments():
    model = MLP(np.array([3, 2, 1]), Softplus(5.0))
    assert model.widths == (3, 2, 1) and model.dense[0].activation == Softplus(5.0)
    assert repr(model.dense[1].activation) == "Linear()"


def test_a_seed_of_the_initializer_gives_each_layer_other_weights_and_again_the_same():
    seeded = keras.initializers.GlorotUniform(seed=3)
    first, second = (MLP((4, 4, 4), kernel_initializer=seeded).get_weights() for _ in range(2))
    assert not np.allclose(first[0], first[2])
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[2], second[2])
