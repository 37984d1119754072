"""What the callbacks record, on models of Keras and of this package."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from mathdl_keras.autodiff import autodiff_gradients, layer_gradients
from mathdl_keras.callbacks import GradientNorms, TerminateOnNonFinite
from mathdl_keras.models import BackpropMLP

RNG = np.random.default_rng(66)
X = RNG.standard_normal((12, 5)).astype("float32")
Y = RNG.integers(3, size=12)
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def test_norms_are_those_of_the_formulas():
    model = BackpropMLP((5, 6, 3), "tanh")
    model.compile(keras.optimizers.SGD(0.1))
    deltas = [ops.convert_to_numpy(d) for d in model.deltas(X, Y)]
    kernels = [ops.convert_to_numpy(g) for g in autodiff_gradients(model, X, Y)[::2]]
    norms = GradientNorms(X, Y)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[norms])
    assert norms.layers == [layer.name for layer in model.dense]
    assert norms.kernels.shape == norms.deltas.shape == (3, 2)
    np.testing.assert_allclose(norms.kernels[0], [np.linalg.norm(k) for k in kernels], rtol=1e-5)
    # deltas of the mean loss, times 12, are those of samples
    np.testing.assert_allclose(norms.deltas[0], [12 * np.sqrt(np.mean(np.sum(d**2, 1))) for d in deltas], rtol=1e-5)
    assert not np.allclose(norms.deltas[1], norms.deltas[0])
    assert all(type(layer.activation).__name__ != "Probe" for layer in model.dense)


def images_and_nested():
    """A convolution network with a model in a model, normalization and dropout."""
    inner = keras.Sequential([layers.Dense(4, "tanh"), layers.Dropout(0.5), layers.Dense(3)])
    convolve = [layers.Conv2D(2, 3, activation="relu"), layers.BatchNormalization(), layers.Flatten()]
    model = keras.Sequential([keras.Input((5, 5, 1)), *convolve, inner])
    return model, RNG.standard_normal((12, 5, 5, 1)).astype("float32"), [(12, 3, 3, 2), (12, 4), (12, 3)]


def shared():
    """One layer that is applied twice: its delta has both."""
    x = keras.Input((5,))
    dense = layers.Dense(5, "tanh")
    return keras.Model(x, layers.Dense(3)(dense(dense(x)))), X, [(12, 10), (12, 3)]


@pytest.mark.parametrize("make", [images_and_nested, shared])
def test_any_keras_model_will_do(make):
    model, x, shapes = make()
    model.compile("sgd", CROSS_ENTROPY)
    found = layer_gradients(model, x, Y)
    assert [g.delta.shape for g in found] == shapes
    known = [
        g for g, v in zip(autodiff_gradients(model, x, Y), model.trainable_variables, strict=True) if v.name == "kernel"
    ]
    for ours, kernel in zip(found, known, strict=True):
        np.testing.assert_allclose(ours.kernel, ops.convert_to_numpy(kernel), atol=1e-6)
    # softmax less one-hot, divided by the batch, is the last delta
    p = ops.convert_to_numpy(ops.softmax(model(x, training=False)))
    np.testing.assert_allclose(found[-1].delta, (p - np.eye(3)[Y]) / 12, atol=1e-6)


def test_a_model_without_kernels_and_bad_data_are_refused():
    model = keras.Sequential([keras.Input((5,)), layers.BatchNormalization()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="model must have layers with a trainable kernel"):
        layer_gradients(model, X, X)
    with pytest.raises(ValueError, match="x must be finite"):
        GradientNorms(X * np.nan, Y)
    with pytest.raises(ValueError, match="y must not be empty"):
        GradientNorms(X, Y[:0])
    with pytest.raises(ValueError, match="x must be finite"):
        TerminateOnNonFinite(X * np.nan)


def test_the_layer_that_breaks_is_named_and_the_step_undone():
    log = layers.Lambda(ops.log, name="logarithm")  # of negative numbers
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4), log, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before, guard = model.get_weights(), TerminateOnNonFinite(X)
    with pytest.warns(RuntimeWarning, match="epoch 1, batch 1: the output of layer logarithm is not finite"):
        model.fit(X, X[:, :1], epochs=3, verbose=0, callbacks=[guard])
    assert "logarithm" in guard.found
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
    assert "call" not in vars(log)


def test_training_that_goes_well_is_left_alone():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    model.compile("sgd", CROSS_ENTROPY)
    guard = TerminateOnNonFinite(X)
    assert len(model.fit(X, Y, epochs=2, verbose=0, callbacks=[guard]).history["loss"]) == 2
    assert guard.found is None
