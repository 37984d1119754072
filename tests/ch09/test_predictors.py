"""What becomes of the masks in a prediction."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.models import BackpropMLP, DropoutMLP
from mathdl_keras.networks import MCDropoutPredictor, geometric_mean_ensemble, scale_dropout_weights

X = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")


def test_the_average_over_masks_of_a_linear_model_is_its_inference_and_the_variance_is_known():
    model = DropoutMLP((4, 1), [0.4], loss="mse", seed=3)
    found = MCDropoutPredictor(model, samples=400, batch_size=2).predict(X)
    w = model.get_weights()[0][:, 0].astype("float64")
    variance = 0.4 / 0.6 * (X.astype("float64") ** 2) @ w**2
    np.testing.assert_array_less(np.abs(found.mean - model.predict(X, verbose=0)), 5 * found.standard_error)
    # a variance of 400 draws with kurtosis below 3 is off by less than 5 sqrt(2/400)
    np.testing.assert_allclose(found.variance[:, 0], variance, rtol=0.36)
    np.testing.assert_allclose(found.standard_error, np.sqrt(found.variance / 400))


def test_any_keras_model_will_do():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5, seed=1), keras.layers.Dense(2)])
    found = MCDropoutPredictor(model, samples=5).predict(X)
    assert found.mean.shape == found.variance.shape == (3, 2) and np.all(found.variance > 0)


@pytest.mark.parametrize("mode", ["inverted", "standard"])
def test_scaled_weights_predict_what_inference_does(mode):
    model = DropoutMLP((4, 5, 2), [0.2, 0.5], "tanh", mode)
    np.testing.assert_allclose(
        ops.convert_to_numpy(scale_dropout_weights(model)(X)), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_the_geometric_mean_of_hidden_masks_is_that_of_all_networks():
    model = DropoutMLP((4, 3, 2), [0.0, 0.3], "tanh")
    W, b, C, c = (np.asarray(w, "float64") for w in model.get_weights())
    log_mean = 0
    for k in range(8):
        mask = np.array([k >> j & 1 for j in range(3)])
        U = (np.tanh(X @ W + b) * mask / 0.7) @ C + c
        log_mean = log_mean + np.prod(np.where(mask, 0.7, 0.3)) * (U - np.log(np.exp(U).sum(axis=1, keepdims=True)))
    expected = np.exp(log_mean) / np.exp(log_mean).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ops.convert_to_numpy(geometric_mean_ensemble(model, X)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            lambda: geometric_mean_ensemble(DropoutMLP((17, 2), [0.5]), X),
            "1 to 16 units that can be dropped; received 17",
        ),
        (
            lambda: geometric_mean_ensemble(DropoutMLP((4, 2), [0.0]), X),
            "1 to 16 units that can be dropped; received 0",
        ),
        (lambda: geometric_mean_ensemble(DropoutMLP((4, 2), [0.5], output_activation="tanh"), X), "linear outputs"),
        (lambda: MCDropoutPredictor(BackpropMLP((4, 2)), samples=1), "samples must be an integer >= 2"),
        (
            lambda: MCDropoutPredictor(keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])),
            "model must not hold batch normalization",
        ),
        (lambda: MCDropoutPredictor(BackpropMLP((4, 2))).predict(X * np.nan), "x must be finite"),
    ],
)
def test_bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()
