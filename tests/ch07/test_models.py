"""The shallow network against NumPy, Keras' layers and automatic differentiation."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch07.claims import oracle
from mathdl_keras.chapters.ch07.models import ShallowNetwork
from mathdl_keras.chapters.ch07.shallow_gradients import shallow_gradients
from mathdl_keras.core.autodiff import value_and_grad
from mathdl_keras.core.loops import compiled
from mathdl_keras.losses import MeanSquaredError

rng = np.random.default_rng(0)
X = rng.standard_normal((6, 4)).astype("float32")
LABELS = np.array([0, 2, 1, 1, 0, 2])
THETA = [rng.standard_normal(s).astype("float32") for s in ((5, 4), (5,), (3, 5), (3,))]


def numpy(x):
    return ops.convert_to_numpy(x)


def network(**arguments):
    model = ShallowNetwork(5, 3, **arguments)
    model.build((None, 4))
    model.set_weights(THETA)
    return model


def book(theta, x):
    """C tanh(W x + b1) + b2, for each row x."""
    W, b1, C, b2 = theta
    return np.array([C @ np.tanh(W @ x_m + b1) + b2 for x_m in x])


def test_it_is_the_formula_of_the_book_and_two_dense_layers():
    model = network(activation="tanh")
    np.testing.assert_allclose(numpy(model(X)), book(THETA, X), atol=1e-5)
    keras_model = keras.Sequential([keras.layers.Dense(5, "tanh"), keras.layers.Dense(3)])
    keras_model.build((None, 4))
    keras_model.set_weights([w.T for w in THETA])
    np.testing.assert_allclose(numpy(keras_model(X)), numpy(model(X)), atol=1e-5)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "half_squared_error", "mse"])
def test_gradients_are_those_of_automatic_differentiation(loss):
    model = network(activation="tanh", loss=loss)
    y = LABELS if loss == "categorical_crossentropy" else rng.standard_normal((6, 3)).astype("float32")
    weights = np.array([1.0, 2.0, 0.0, 1.0, 3.0, 1.0], "float32")
    value, _, pairs = model.loss_and_gradients(*map(ops.convert_to_tensor, (X, y, weights)))

    def keras_loss():
        if loss == "categorical_crossentropy":
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, model(X), weights)
        return keras.losses.MeanSquaredError()(y, model(X), weights) * (0.5 if loss == "half_squared_error" else 1)

    expected, automatic = value_and_grad(keras_loss, model.trainable_variables)
    np.testing.assert_allclose(numpy(value), numpy(expected), rtol=1e-5)
    for (by_hand, _), theirs in zip(pairs, automatic, strict=True):
        np.testing.assert_allclose(numpy(by_hand), numpy(theirs), atol=1e-5)


def test_it_is_the_network_of_chapter_6_with_one_hidden_layer():
    model, twin = network(), BackpropMLP((4, 5, 3), kernel_initializer="zeros")
    twin.set_weights([w.T for w in THETA])
    for m in (model, twin):
        m.compile(keras.optimizers.Adam(0.1), metrics=["accuracy"])
    a, b = (m.fit(X, LABELS, batch_size=2, epochs=2, shuffle=False, verbose=0).history for m in (model, twin))
    assert set(a) == {"loss", "accuracy"}
    np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-5)
    for w, v in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(w, v.T, atol=1e-5)


def test_replicas_of_theta_batches_of_x_and_both():
    """A first axis, of theta, of x or of both, against one example at a time in NumPy."""
    many = [np.stack([t, 2 * t]) for t in THETA]
    x, y = X.reshape(2, 3, 4), LABELS.reshape(2, 3)
    for theta, inputs, labels in ((many, X, LABELS), (THETA, x, y), (many, x, y)):
        f = compiled(lambda theta, x, y: shallow_gradients(theta, x, y, "tanh"))
        losses, found = f(theta, inputs, labels)
        for r in range(2):
            one = theta if theta is THETA else [t[r] for t in theta]
            data = (X, LABELS) if inputs is X else (x[r], y[r])
            U = book(one, data[0])
            expected = np.mean(np.log(np.sum(np.exp(U), axis=1)) - U[range(len(U)), data[1]])
            np.testing.assert_allclose(numpy(losses)[r], expected, rtol=1e-5)
            for a, b in zip(found, oracle.gradients(one, *data), strict=True):
                np.testing.assert_allclose(numpy(a)[r], b, atol=1e-5)


def test_one_hot_rows_are_labels_and_other_losses_have_targets():
    loss, found = shallow_gradients(THETA, X, np.eye(3)[LABELS], "tanh")
    np.testing.assert_allclose(float(loss), float(shallow_gradients(THETA, X, LABELS, "tanh")[0]), rtol=1e-6)
    y = rng.standard_normal((6, 3)).astype("float32")
    loss, _ = shallow_gradients(THETA, X, y, "tanh", MeanSquaredError(scale=0.5))
    np.testing.assert_allclose(float(loss), np.mean((book(THETA, X) - y) ** 2) / 2, rtol=1e-5)


def test_kernels_are_drawn_as_those_of_dense():
    """He's normal has variance 2 / inputs, whatever the shape of the matrix."""
    model = ShallowNetwork(400, 100, kernel_initializer="he_normal")
    model.build((None, 50))
    assert model.W.shape == (400, 50) and model.C.shape == (100, 400)
    np.testing.assert_allclose([np.var(numpy(model.W)), np.var(numpy(model.C))], [2 / 50, 2 / 400], rtol=0.05)
    square = ShallowNetwork(8, 8)
    square.build((None, 8))
    assert not np.allclose(numpy(square.W), numpy(square.C)), "one initializer, two draws"


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: ShallowNetwork(0, 3), "hidden must be an integer >= 1; received hidden=0"),
        (lambda: ShallowNetwork(4, 1), "outputs must be an integer >= 2; received outputs=1"),
        (lambda: ShallowNetwork(4, 0, loss="mse"), "outputs must be an integer >= 1; received outputs=0"),
        (lambda: ShallowNetwork(4, 3, "gelu"), "activation must be an Activation or one of .*; received 'gelu'"),
        (lambda: ShallowNetwork(4, 3, loss="hinge"), "loss must have a method gradient"),
        (lambda: network()(X[0]), "ndim|rank|shape"),
        (lambda: network()(X[:, :3]), "incompatible|shape"),
        (lambda: ShallowNetwork(4, 3).build((None, 2, 2)), r"x must have shape \(batch, features\)"),
        (lambda: network().compile(keras.optimizers.SGD(0.0)), "learning_rate must be positive; received"),
        (lambda: network().fit(X, LABELS + 1), "y must hold labels 0, ..., 2; received 3"),
        (lambda: shallow_gradients(THETA, X, LABELS - 1), "y must hold labels 0, ..., 2; received -1"),
        (lambda: shallow_gradients(THETA, X, LABELS, "gelu"), "activation must be an Activation or one of"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make()
    assert "received" in str(error.value) or "Received" in str(error.value) or "found" in str(error.value)
