"""The models of chapter 14 against automatic differentiation and Keras' own layers."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from mathdl_keras.core.autodiff import value_and_grad
from mathdl_keras.models import LearnedFilterDetector, MultiChannelCNN, SingleChannelCNN

U32 = 2.0**-24
rng = np.random.default_rng(0)
X = rng.standard_normal((12, 9, 9, 1)).astype("float32")
Y = rng.integers(0, 3, 12).astype("int32")
W = np.linspace(0.2, 2, 12).astype("float32")


def networks():
    return {
        "single": SingleChannelCNN(3, kernel_size=3),
        "multi": MultiChannelCNN(3, filters=(4, 5), kernel_size=2, pool_size=2, activation="relu"),
        "sigmoid": MultiChannelCNN(3, filters=(4,), kernel_size=4, activation="sigmoid"),
    }


def keras_twin(model):
    """The same network from Keras' layers, with the same weights, for Keras to differentiate."""
    twin = keras.Sequential([keras.Input(X.shape[1:])])
    for convolution in model.convolutions:
        twin.add(layers.Conv2D(convolution.filters, model.kernel_size, activation=model.activation))
        twin.add(layers.MaxPooling2D(model.pool_size))
        twin.layers[-2].set_weights(convolution.get_weights())
    twin.add(layers.Flatten())
    twin.add(layers.Dense(model.num_classes))
    C, b = (ops.convert_to_numpy(v.value) for v in (model.C, model.b))
    twin.layers[-1].set_weights([C.reshape(-1, model.num_classes), b])
    return twin


@pytest.mark.parametrize("name", networks())
@pytest.mark.parametrize("weight", [None, W], ids=["plain", "weighted"])
def test_hand_written_gradients_equal_those_of_keras_layers(name, weight):
    model = networks()[name]
    model.build((None, *X.shape[1:]))
    twin = keras_twin(model)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss, U, pairs = model.loss_and_gradients(ops.array(X), ops.array(Y), weight)
    expected, gradients = value_and_grad(lambda: loss_fn(Y, twin(X), weight), twin.trainable_variables)
    np.testing.assert_allclose(ops.convert_to_numpy(U), ops.convert_to_numpy(twin(X)), atol=300 * U32)
    np.testing.assert_allclose(float(loss), float(expected), rtol=100 * U32)
    *convolutions, dC, db = gradients
    by_variable = {id(v): g for g, v in pairs}
    kernels = [v for c in model.convolutions for v in (c.kernel, c.bias)]
    for variable, gradient in zip([*kernels, model.C, model.b], [*convolutions, dC, db], strict=True):
        gradient = ops.convert_to_numpy(gradient).reshape(variable.shape)
        ours = ops.convert_to_numpy(by_variable[id(variable)])
        np.testing.assert_allclose(ours, gradient, atol=500 * U32 * np.abs(gradient).max())


@pytest.mark.parametrize("name", ["single", "multi"])
def test_training_learns_twelve_images_by_heart_and_a_file_brings_it_back(name, tmp_path):
    keras.utils.set_random_seed(0)
    model = networks()[name]
    model.compile(keras.optimizers.Adam(0.02), metrics=["sparse_categorical_accuracy"])
    loss = model.fit(X, Y, batch_size=12, epochs=100, verbose=0, validation_data=(X, Y)).history["val_loss"]
    assert loss[-1] < loss[0] / 10
    model.save(tmp_path / "cnn.keras")
    loaded = keras.models.load_model(tmp_path / "cnn.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_learned_filter_is_conv_max_logistic():
    model = LearnedFilterDetector(4)
    x = rng.standard_normal((5, 11, 1)).astype("float32")
    y = ops.convert_to_numpy(model(x))
    w = ops.convert_to_numpy(model.filter.kernel.value)[:, 0, 0].astype("float64")
    scores = [max(np.correlate(x_m[:, 0].astype("float64"), w)) for x_m in x]
    np.testing.assert_allclose(y[:, 0], 1 / (1 + np.exp(-np.array(scores))), atol=20 * U32)


def test_learned_filter_finds_a_planted_signal():
    """A bump of height 4 in noise of deviation 1/2, at random places: separable, so accuracy passes 0.95."""
    n, bump = 400, 4 * np.hanning(10)[1:-1]
    y = np.arange(n) % 2
    x = rng.standard_normal((n, 32)).astype("float32") / 2
    for m, t in enumerate(rng.integers(0, 24, n)):
        x[m, t : t + 8] += y[m] * bump
    model = LearnedFilterDetector(8)
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x[..., None], y, epochs=30, batch_size=50, verbose=0)
    assert model.evaluate(x[..., None], y, verbose=0)[1] >= 0.95
    w = ops.convert_to_numpy(model.filter.kernel.value).ravel()
    assert np.dot(w, bump) / np.linalg.norm(w) / np.linalg.norm(bump) > 0.8


def test_errors_are_one_clear_line():
    with pytest.raises(ValueError, match="length must be an integer >= 1; received length=0"):
        LearnedFilterDetector(0)
    with pytest.raises(ValueError, match="num_classes must be an integer >= 2; received num_classes=1"):
        SingleChannelCNN(1)
    with pytest.raises(ValueError, match="activation must be an Activation or one of .*; received 'gelu'"):
        SingleChannelCNN(3, activation="gelu")
    with pytest.raises(ValueError, match="x must have one channel"):
        SingleChannelCNN(3).build((None, 9, 9, 3))
    with pytest.raises(ValueError, match="batch, height, width, channels"):
        MultiChannelCNN(3).build((None, 9))
