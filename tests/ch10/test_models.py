"""Training with batch normalization by hand against Keras; folding, recalibration, and what the monitor sees."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import mathdl_keras
from mathdl_keras.chapters.ch10.callbacks import BatchStatisticsMonitor
from mathdl_keras.chapters.ch10.folding import fuse_batch_norm
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.chapters.ch10.models import BatchNormMLP
from mathdl_keras.chapters.ch10.statistics import MovingMoments, recalibrate_batch_norm

RNG = np.random.default_rng(100)
X = (1 + 2 * RNG.standard_normal((24, 4))).astype("float32")
LABELS = RNG.integers(3, size=24)
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def as_keras(momentum):
    """The network of `BatchNormMLP((4, 6, 5, 3), "tanh")` in Keras' own layers."""
    parts = [keras.Input((4,))]
    for units in (6, 5):
        norm = layers.BatchNormalization(momentum=momentum)
        parts += [layers.Dense(units, use_bias=False), norm, layers.Activation("tanh")]
    return keras.Sequential([*parts, layers.Dense(3)])


def test_training_by_hand_is_training_by_keras(tmp_path):
    hand, auto = BatchNormMLP((4, 6, 5, 3), "tanh", momentum=0.8), as_keras(0.8)
    auto.set_weights(hand.get_weights())
    hand.compile(keras.optimizers.SGD(0.1), metrics=["sparse_categorical_accuracy"])
    auto.compile(keras.optimizers.SGD(0.1), CROSS_ENTROPY, metrics=["sparse_categorical_accuracy"])
    weights = np.linspace(0, 2, 24).astype("float32")
    settings = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, "sample_weight": weights}
    ours, theirs = (m.fit(X, LABELS, validation_data=(X, LABELS), **settings).history for m in (hand, auto))
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4)
    for a, b in zip(hand.get_weights(), auto.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)
    kept, predictions = hand.get_weights(), hand.predict(X, verbose=0)
    hand.evaluate(X, LABELS, verbose=0)  # moving moments move in training only
    for a, b in zip(kept, hand.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(predictions, auto.predict(X, verbose=0), atol=1e-5)
    np.testing.assert_allclose(hand.predict(X[:1], verbose=0), predictions[:1], atol=1e-5)  # no batch in inference
    hand.save(tmp_path / "net.keras")
    again = mathdl_keras.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), predictions)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNormMLP((4,)), "widths must be two or more integers >= 1"),
        (lambda: BatchNormMLP((4, 3, 2), momentum=2), r"momentum must be in \[0, 1\]"),
        (lambda: BatchNormMLP((4, 3)).forward_pass(X[:, :2]), r"x must have shape \(batch, 4\)"),
        (lambda: MovingMoments(1.0), r"momentum must be in \[0, 1\); received momentum=1.0"),
        (lambda: MovingMoments().mean, "update must be called before moments are read; received 0 batches"),
        (lambda: recalibrate_batch_norm(as_keras(0.9), X[:0]), "x must not be empty"),
        (lambda: recalibrate_batch_norm(as_keras(0.9), X, 0), "batch_size must be an integer >= 1"),
        (lambda: recalibrate_batch_norm(keras.Sequential([layers.ReLU()]), X), "model must have a BatchNormalization"),
        (lambda: fuse_batch_norm(BatchNormMLP((4, 3))), "model must be a Sequential or functional model, built"),
        (lambda: fuse_batch_norm(keras.Sequential([layers.Dense(2)])), "model must be a Sequential or functional"),
        (
            lambda: fuse_batch_norm(
                keras.Sequential([keras.Input((2,)), layers.Dense(2, "relu"), BatchNormalization()])
            ),
            "model must have a Dense or Conv2D layer without activation, followed by",
        ),
        (lambda: BatchStatisticsMonitor(X[:1]), "x must have two rows or more"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value) and "received" in str(error.value)


@pytest.mark.parametrize("corrected", [False, True])
def test_moving_moments_are_weighted_means_of_batches(corrected):
    moments, batches = MovingMoments(0.7, corrected), X.reshape(4, 6, 4).astype("float64")
    for batch in batches.astype("float32"):
        moments.update(batch)
    weights = 0.3 * 0.7 ** np.arange(3, -1, -1)
    total = weights.sum() if corrected else 1.0
    mean, variance = (np.einsum("k,kc->c", weights / total, f(batches, axis=1)) for f in (np.mean, np.var))
    np.testing.assert_allclose(ops.convert_to_numpy(moments.mean), mean, atol=1e-5)
    np.testing.assert_allclose(
        ops.convert_to_numpy(moments.variance), variance + (0 if corrected else 0.7**4), atol=1e-5
    )


def shuffled(model):
    """Random weights; variances positive."""
    model.set_weights([RNG.uniform(0.3, 1.3, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("norm", [BatchNormalization, layers.BatchNormalization])
def test_folding_changes_nothing_in_inference(norm):
    image = keras.Input((6, 6, 2))
    h = layers.Conv2D(3, 3, use_bias=False, name="folds")(image)
    h = layers.ReLU()(norm(scale=False)(h))
    branch = layers.Conv2D(3, 1, name="read_twice")(h)
    h = layers.Add()([norm(name="stays")(branch), branch])
    h = layers.Dense(2, name="folds_too")(layers.Flatten()(h))
    model = shuffled(keras.Model(image, norm(center=False)(h)))
    before, x = model.get_weights(), RNG.standard_normal((3, 6, 6, 2)).astype("float32")
    folded = fuse_batch_norm(model)
    assert [v.name for v in folded.layers if isinstance(v, norm)] == ["stays"]
    known = model.predict(x, verbose=0)
    np.testing.assert_allclose(folded.predict(x, verbose=0), known, rtol=1e-4, atol=1e-4 * np.abs(known).max())
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_sequential_model_is_folded_into_one():
    model = shuffled(as_keras(0.9))
    folded = fuse_batch_norm(model)
    assert isinstance(folded, keras.Sequential) and len(folded.layers) == 5
    np.testing.assert_allclose(folded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make", [lambda: BatchNormMLP((4, 6, 5, 3), "tanh"), lambda: as_keras(0.9)], ids=["ours", "Keras"]
)
def test_after_recalibration_inference_is_training_on_all_data(make):
    model = shuffled(make())
    whole = ops.convert_to_numpy(ops.stop_gradient(model(X, training=True)))
    assert not np.allclose(model.predict(X, verbose=0), whole, atol=0.1)
    assert recalibrate_batch_norm(model, X, batch_size=10) == 2
    np.testing.assert_allclose(model.predict(X, verbose=0), whole, atol=1e-4)


TIMES = np.where(np.arange(6)[:, None] < RNG.integers(2, 7, (24, 1, 1)), RNG.standard_normal((24, 6, 3)), 0)


@pytest.mark.parametrize("norm", [BatchNormalization, layers.BatchNormalization])
def test_recalibration_and_the_monitor_count_the_steps_that_are_there(norm):
    x, there = TIMES.astype("float32"), np.any(TIMES, axis=-1)
    model = keras.Sequential([keras.Input((6, 3)), layers.Masking(), norm()])
    assert recalibrate_batch_norm(model, x, batch_size=10) == 1
    mean, variance = (ops.convert_to_numpy(v) for v in model.layers[-1].non_trainable_variables)
    np.testing.assert_allclose(mean, x[there].mean(0), atol=1e-6)
    np.testing.assert_allclose(variance, x[there].var(0), atol=1e-6)
    model.compile("sgd", "mse")
    monitor = BatchStatisticsMonitor(x)
    model.fit(x[:1], x[:1], epochs=1, verbose=0, callbacks=[monitor])
    assert monitor.means[0, 0] < 1e-5 and monitor.variances[0, 0] < 1e-5


@pytest.mark.parametrize("norm", [BatchNormalization, layers.BatchNormalization])
def test_recalibration_takes_any_axis_but_no_mask_with_it(norm):
    x = RNG.standard_normal((24, 6, 3)).astype("float32")
    model = keras.Sequential([keras.Input((6, 3)), norm(axis=1)])
    recalibrate_batch_norm(model, x, batch_size=10)
    mean, variance = (ops.convert_to_numpy(v) for v in model.layers[-1].non_trainable_variables)
    np.testing.assert_allclose(mean, x.mean((0, 2)), atol=1e-6)
    np.testing.assert_allclose(variance, x.var((0, 2)), atol=1e-6)
    masked = keras.Sequential([keras.Input((6, 3)), layers.Masking(), norm(axis=1, name="norm")])
    with pytest.raises(ValueError, match="axis must be the last one where x has a mask; received axis=1 in norm"):
        recalibrate_batch_norm(masked, x)


@pytest.mark.parametrize("norm", [BatchNormalization, layers.BatchNormalization])
def test_only_the_axis_of_the_channels_is_folded(norm):
    """With channels first it is axis 1; the weights are those with channels last."""
    folded = []
    for form, shape in (("channels_first", (2, 6, 7)), ("channels_last", (6, 7, 2))):
        axis = 1 if form == "channels_first" else -1
        parts = [layers.Conv2D(3, 3, data_format=form, name="folds"), norm(axis=axis)]
        model = keras.Sequential([keras.Input(shape), *parts])
        model.set_weights([np.linspace(0.3, 1.3, w.size).reshape(w.shape) for w in model.get_weights()])
        folded.append(fuse_batch_norm(model).get_layer("folds").get_weights())
    for a, b in zip(*folded, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="model must have a Dense or Conv2D layer without activation"):
        fuse_batch_norm(keras.Sequential([keras.Input((5, 4)), layers.Dense(3), norm(axis=1)]))


def test_the_monitor_sees_the_moving_moments_come_near():
    model = BatchNormMLP((4, 6, 5, 3), momentum=0.5)
    model.compile(keras.optimizers.SGD(1e-6))
    monitor = BatchStatisticsMonitor(X)
    model.fit(X, LABELS, batch_size=24, epochs=10, verbose=0, callbacks=[monitor])
    assert monitor.means.shape == monitor.variances.shape == (11, 2) and len(monitor.layers) == 2
    assert monitor.means[0, 0] > 0.1 and np.all(monitor.means[10] < 0.01) and np.all(monitor.variances[10] < 0.01)
    norm, Z = model.dense[0].norm, X @ model.get_weights()[0]
    mean, variance = (ops.convert_to_numpy(v) for v in (norm.moving_mean, norm.moving_variance))
    gap = np.sqrt(np.mean((Z.mean(0) - mean) ** 2 / (variance + 1e-3)))
    assert monitor.means[10, 0] == pytest.approx(gap, abs=1e-5)
