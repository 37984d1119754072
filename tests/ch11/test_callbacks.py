"""The best weights: as Keras' EarlyStopping finds them."""

import keras
import numpy as np
import pytest

from mathdl_keras.chapters.ch11.callbacks import RestoreBestWeights

rng = np.random.default_rng(0)
X, V = rng.standard_normal((8, 6)).astype("float32"), rng.standard_normal((8, 6)).astype("float32")
Y, W = X[:, :1] + rng.standard_normal((8, 1)), V[:, :1] + rng.standard_normal((8, 1))


def train(callback, metrics=(), rate=0.2, epochs=25):
    """8 samples and 6 features: validation turns before training ends."""
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=list(metrics))
    settings = {"epochs": epochs, "batch_size": 8, "shuffle": False, "verbose": 0, "validation_data": (V, W)}
    history = model.fit(X, Y, callbacks=[callback], **settings).history
    return model.get_weights(), history


@pytest.mark.parametrize("settings", [{"patience": 2}, {"patience": 0}, {"patience": 3, "monitor": "val_r2_score"}])
def test_it_stops_and_restores_as_keras(settings):
    metrics = [keras.metrics.R2Score()] if "monitor" in settings else []
    weights, history = train(keep := RestoreBestWeights(**settings), metrics)
    expected, longer = train(keras.callbacks.EarlyStopping(restore_best_weights=True, **settings), metrics)
    assert history["loss"] == pytest.approx(longer["loss"])
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)
    values = history[keep.monitor]
    assert len(values) < 25
    best = np.argmax(values) if "r2" in keep.monitor else np.argmin(values)
    assert keep.best_epoch == best + 1 and keep.best == pytest.approx(values[best])


def test_without_patience_it_trains_to_the_end():
    weights, history = train(keep := RestoreBestWeights(patience=None))
    assert len(history["loss"]) == 25 and keep.best_epoch == np.argmin(history["val_loss"]) + 1 < 25
    kernel, bias = weights
    assert np.mean((V @ kernel + bias - W) ** 2) == pytest.approx(min(history["val_loss"]), rel=1e-4)


def feed(keep, values):
    """Which epochs are best, after each value."""
    keep.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    keep.on_train_begin()
    for epoch, value in enumerate(values):
        keep.on_epoch_end(epoch, {"val_loss": value})
        yield keep.best_epoch


def test_small_gains_and_nan_are_none():
    assert list(feed(RestoreBestWeights(None, min_delta=0.5), [3.0, 2.6, 2.4, np.nan])) == [1, 1, 3, 3]
    assert list(feed(RestoreBestWeights(None), [np.nan, 3.0])) == [1, 2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RestoreBestWeights(-1), "patience must be an integer >= 0, or None"),
        (lambda: RestoreBestWeights(mode="up"), "mode must be one of auto, min, max"),
        (lambda: train(RestoreBestWeights(monitor="val_accuracy"), epochs=1), "monitor must be one of loss, val_loss"),
    ],
)
def test_bad_input_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
