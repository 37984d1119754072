"""Backpropagation by hand against arithmetic, Keras' layers and automatic differentiation; training under `fit`."""

import keras
import numpy as np
import pytest
from keras import ops

import mathdl_keras
from mathdl_keras.activations import Clip, LeakyReLU, Softplus
from mathdl_keras.autodiff import autodiff_gradients
from mathdl_keras.callbacks import TerminateOnNonFinite
from mathdl_keras.core.autodiff import grad, vjp
from mathdl_keras.core.precision import dtype_of, float64
from mathdl_keras.layers import Dense
from mathdl_keras.losses import CategoricalCrossentropy, MeanSquaredError
from mathdl_keras.models import BackpropMLP, BackpropModel

U32 = 2.0**-24
RNG = np.random.default_rng(6)
X = RNG.standard_normal((40, 4)).astype("float32")
LABELS = RNG.integers(3, size=40)
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def relative(a, b):
    return max(
        np.max(np.abs(np.asarray(p) - np.asarray(q))) / np.max(np.abs(np.asarray(q))) for p, q in zip(a, b, strict=True)
    )


@pytest.mark.parametrize(
    "activation", [None, "sigmoid", "relu", LeakyReLU(0.3), Softplus(2.0), Clip(-0.5, 0.5)], ids=str
)
def test_the_backward_pass_of_a_layer_is_its_derivative(activation):
    with float64():
        layer, x, dH = Dense(3, activation), RNG.standard_normal((5, 4)), RNG.standard_normal((5, 3))
        layer.build(x.shape)
        H, cache = layer.forward_pass(ops.convert_to_tensor(x))
        dx, gradients = layer.backward_pass(ops.convert_to_tensor(dH), cache)
        found = dx, *gradients

        def function(inputs):
            x, W, b = inputs
            return layer.activation(ops.einsum("bi,ij->bj", x, W) + b)

        value, pull_back = vjp(function, [ops.convert_to_tensor(x), layer.kernel.value, layer.bias.value])
        known = pull_back(ops.convert_to_tensor(dH))
        assert {dtype_of(g) for g in found} == {"float64"}
        np.testing.assert_allclose(ops.convert_to_numpy(H), ops.convert_to_numpy(value), atol=1e-15)
        for g, k in zip(found, known, strict=True):
            np.testing.assert_allclose(ops.convert_to_numpy(g), ops.convert_to_numpy(k), atol=1e-14)


def test_a_layer_is_keras_dense_with_the_same_weights():
    ours, dense = Dense(3, "tanh"), keras.layers.Dense(3, "tanh")
    ours.build((None, 4))
    dense.build((None, 4))
    dense.set_weights(ours.get_weights())
    np.testing.assert_allclose(ops.convert_to_numpy(ours(X)), ops.convert_to_numpy(dense(X)), atol=16 * U32)


def test_hidden_layers_of_one_width_start_with_different_kernels():
    _, W2, W3, _ = (layer.get_weights()[0] for layer in BackpropMLP((4, 5, 5, 5, 3)).dense)
    assert not np.allclose(W2, W3)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_by_hand_is_training_by_keras(optimizer):
    hand = BackpropMLP((4, 6, 3), "relu")
    auto = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "relu"), keras.layers.Dense(3)])
    auto.set_weights(hand.get_weights())
    hand.compile(optimizer, metrics=["sparse_categorical_accuracy"])
    auto.compile(optimizer, CROSS_ENTROPY, metrics=["sparse_categorical_accuracy"])
    weights = np.linspace(0, 2, 40).astype("float32")
    settings = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, "sample_weight": weights}
    ours, keras_ = (m.fit(X, LABELS, validation_data=(X, LABELS), **settings).history for m in (hand, auto))
    assert sorted(ours) == sorted(keras_)
    for key in ours:
        np.testing.assert_allclose(ours[key], keras_[key], rtol=1e-4)
    # ten steps; Adam divides by the root of a second moment, which magnifies roundings of small gradients
    assert relative(hand.get_weights(), auto.get_weights()) < 1e-3


def test_one_hot_rows_and_labels_are_one_loss():
    model = BackpropMLP((4, 6, 3), "tanh")
    rows = np.eye(3, dtype="float32")[LABELS]
    loss, U, _ = model.loss_and_gradients(X, ops.convert_to_tensor(LABELS))
    assert float(model.loss_and_gradients(X, ops.convert_to_tensor(rows))[0]) == pytest.approx(float(loss), rel=8 * U32)
    assert float(loss) == pytest.approx(float(CROSS_ENTROPY(LABELS, U)), rel=64 * U32)


def test_deltas_are_gradients_of_pre_activations():
    model = BackpropMLP((4, 6, 2), "tanh", loss=MeanSquaredError())
    y = RNG.standard_normal((40, 2)).astype("float32")
    db1, db2 = (ops.sum(delta, axis=0) for delta in model.deltas(X, y))
    _, b1, _, b2 = autodiff_gradients(model, X, y)
    for found, known in ((db1, b1), (db2, b2)):
        np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(known), atol=1e-6)


def test_a_file_keeps_activation_loss_and_weights(tmp_path):
    model = BackpropMLP((4, 5, 3), Softplus(2.0), "sigmoid", loss=MeanSquaredError(scale=0.25))
    model.save(tmp_path / "net.keras")
    again = mathdl_keras.load_model(tmp_path / "net.keras")
    assert again.activation == Softplus(2.0) and again.loss_function.scale == 0.25 and again.widths == (4, 5, 3)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def fit(x=X, y=LABELS, widths=(4, 3), learning_rate=0.1, loss="categorical_crossentropy"):
    model = BackpropMLP(widths, loss=loss)
    model.compile(keras.optimizers.SGD(learning_rate))
    model.fit(x, y, verbose=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.where(LABELS == 2, 3, LABELS)}, r"y must hold labels 0, \.\.\., 2; received 3"),
        ({"y": LABELS - 1}, r"y must hold labels 0, \.\.\., 2; received -1"),
        ({"y": np.eye(4)[LABELS]}, r"y must hold labels, or rows of 3; received shape \(40, 4\)"),
        ({"x": X[:, :3]}, r"x must have shape \(batch, 4\); received shape \((32|None), 3\)"),
        ({"x": np.full_like(X, np.nan)}, "x must be finite"),
        ({"x": X[:0], "y": LABELS[:0]}, "x must not be empty"),
        ({"learning_rate": 0.0}, "learning_rate must be positive; received learning_rate=0.0"),
        ({"learning_rate": -1.0}, "learning_rate must be positive; received learning_rate=-1.0"),
        ({"loss": "mae"}, "loss must have a method gradient or be one of"),
        ({"widths": (4, 2.5, 3)}, "widths must be two or more integers >= 1"),
    ],
)
def test_bad_input_is_one_clear_line(changes, message):
    with pytest.raises(ValueError, match=message):
        fit(**changes)


def test_a_loss_is_not_compiled_and_the_passes_must_be_written():
    with pytest.raises(ValueError, match="loss belongs to BackpropMLP"):
        BackpropMLP((4, 3)).compile("sgd", "mse")
    for call in (lambda m: m.forward_pass(X), lambda m: m.backward_pass(X, None)):
        with pytest.raises(NotImplementedError, match="BackpropModel must define"):
            call(BackpropModel())


def test_training_that_diverges_stops_and_says_when():
    model = BackpropMLP((4, 6, 3))
    model.compile(keras.optimizers.SGD(1e30))
    with pytest.warns(RuntimeWarning, match=r"loss is nan in epoch 1, batch \d: add TerminateOnNonFinite"):
        history = model.fit(X, LABELS, batch_size=8, epochs=5, verbose=0)
    assert len(history.history["loss"]) == 1


def test_a_guard_of_the_user_replaces_the_one_of_fit():
    model = BackpropMLP((4, 6, 3))
    model.compile(keras.optimizers.SGD(1e30))
    with pytest.warns(RuntimeWarning, match="in layer|of layer") as warned:
        model.fit(X, LABELS, batch_size=8, verbose=0, callbacks=[TerminateOnNonFinite(X)])
    assert sum("loss is" in str(w.message) for w in warned) == 1
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_the_slope_of_smoothed_labels_is_that_of_keras(smoothing):
    settings = {"from_logits": True, "label_smoothing": smoothing}
    model = BackpropMLP((4, 5, 3), "tanh", loss=CategoricalCrossentropy(**settings))
    x, y = np.random.default_rng(0).standard_normal((6, 4)).astype("float32"), np.array([0, 1, 2, 2, 1, 0])
    U = model(x)
    loss, slope = model.loss_and_slope(ops.convert_to_tensor(y), U)
    peer = lambda U: keras.losses.CategoricalCrossentropy(**settings)(np.eye(3)[y], U)  # noqa: E731
    assert float(loss) == pytest.approx(float(peer(U)), rel=1e-6)
    np.testing.assert_allclose(*(ops.convert_to_numpy(v) for v in (slope, grad(peer)(U))), rtol=2e-5, atol=1e-7)


def test_a_loss_along_another_axis_is_refused():
    with pytest.raises(ValueError, match="loss must have axis=-1, the axis of the outputs; received axis=0"):
        BackpropMLP((4, 3), loss=CategoricalCrossentropy(from_logits=True, axis=0))
