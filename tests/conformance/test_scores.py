"""The contract that every loss and metric of the shelf keeps, on the backend at hand."""

import keras
import numpy as np
import pytest
from entries import LOSSES, METRICS, SCORED, SHELF
from keras import ops

import mathdl_keras
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.precision import dtype_of, float64

SPLITS = ([6], [1, 5], [2, 3, 1])


def make(name, /, **changes):
    return SHELF[name](**(dict(SCORED[name].arguments) | changes))


def without(check, entries):
    """Every entry that can take the check; one that cannot says why."""
    return [
        pytest.param(name, marks=pytest.mark.skip(reason=entry.skips[check])) if check in entry.skips else name
        for name, entry in entries.items()
    ]


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def identity(width):
    """A model that gives what it is given, and has weights to train."""
    dense = keras.layers.Dense(width, use_bias=False, kernel_initializer="identity")
    return keras.Sequential([keras.Input((width,)), dense])


@pytest.mark.parametrize("name", SCORED)
def test_config_round_trip(name):
    scored = make(name, name="mine")
    again = type(scored).from_config(scored.get_config())
    assert again.get_config() == scored.get_config() and again.name == "mine"
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(scored))
    assert type(revived) is type(scored)


BAD = [(name, changes, match) for name, entry in SCORED.items() for changes, match in entry.bad]


@pytest.mark.parametrize(("name", "changes", "match"), BAD, ids=[f"{n}-{'-'.join(c)}" for n, c, _ in BAD])
def test_bad_arguments_are_one_clear_line(name, changes, match):
    with pytest.raises(ValueError, match=match) as error:
        make(name, **changes)
    assert "received" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", LOSSES)
def test_reductions_and_weights_agree(name):
    y, f = LOSSES[name].targets, LOSSES[name].predictions
    each = numpy(make(name, reduction="none")(y, f))
    assert each.shape == (len(f),)
    weight = np.arange(len(f), dtype="float32")
    np.testing.assert_allclose(numpy(make(name, reduction="sum")(y, f)), each.sum(), rtol=1e-6)
    np.testing.assert_allclose(numpy(make(name)(y, f)), each.mean(), rtol=1e-6)
    np.testing.assert_allclose(numpy(make(name)(y, f, sample_weight=weight)), (weight * each).mean(), rtol=1e-6)


@pytest.mark.parametrize("name", without("gradient", LOSSES))
def test_the_explicit_gradient_is_that_of_automatic_differentiation(name):
    with float64():
        y, f = LOSSES[name].targets.astype("float64"), LOSSES[name].predictions.astype("float64")
        loss = make(name, dtype="float64")
        explicit = loss.gradient(y, f)
        assert dtype_of(explicit) == "float64"
        automatic = grad(lambda f: ops.sum(loss.call(ops.convert_to_tensor(y), f)))(f)
        np.testing.assert_allclose(numpy(explicit), numpy(automatic), atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_model_trains_with_the_loss_and_its_file_brings_it_back(name, tmp_path):
    y, f = LOSSES[name].targets, LOSSES[name].predictions
    model = identity(f.shape[1])
    model.compile("sgd", make(name))
    before = model.evaluate(f, y, batch_size=4, verbose=0)
    np.testing.assert_allclose(before, float(numpy(make(name)(y, f))), rtol=1e-5)
    model.fit(f, y, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = mathdl_keras.load_model(tmp_path / "model.keras")
    assert type(again.loss) is SHELF[name]
    assert again.evaluate(f, y, verbose=0) == model.evaluate(f, y, verbose=0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_predictions_have_a_finite_loss(name, dtype):
    y, f = LOSSES[name].targets, LOSSES[name].predictions
    half = make(name)(y, ops.cast(f, dtype))
    np.testing.assert_allclose(float(numpy(half)), float(numpy(make(name)(y, f))), rtol=0.02)


def parts(name, split, **weights):
    """The metric after its batches."""
    metric, start = make(name), 0
    for size in split:
        rows = slice(start, start + size)
        weight = {key: value[rows] for key, value in weights.items()}
        metric.update_state(METRICS[name].targets[rows], METRICS[name].predictions[rows], **weight)
        start += size
    return metric


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_does_not_see_how_data_is_split_and_forgets_on_reset(name):
    whole = numpy(parts(name, SPLITS[0]).result())
    for split in SPLITS[1:]:
        np.testing.assert_allclose(numpy(parts(name, split).result()), whole, rtol=1e-5)
    metric = parts(name, SPLITS[0])
    metric.reset_state()
    metric.update_state(METRICS[name].targets, METRICS[name].predictions)
    np.testing.assert_allclose(numpy(metric.result()), whole, rtol=1e-6)


@pytest.mark.parametrize("name", without("weights", METRICS))
def test_a_weight_of_two_is_two_samples(name):
    y, f = METRICS[name].targets, METRICS[name].predictions
    twice = make(name)
    twice.update_state(np.concatenate([y, y[:3]]), np.concatenate([f, f[:3]]))
    weight = np.array([2.0, 2.0, 2.0, 1.0, 1.0, 1.0], "float32")
    weighted = parts(name, [4, 2], sample_weight=weight)
    np.testing.assert_allclose(numpy(weighted.result()), numpy(twice.result()), rtol=1e-5)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_in_compiled_evaluation_is_the_metric(name):
    y, f = METRICS[name].targets, METRICS[name].predictions
    model = identity(f.shape[1])
    model.compile("sgd", "mse", metrics=[make(name, name="mine")])
    logs = model.evaluate(f, y, batch_size=4, verbose=0, return_dict=True)
    np.testing.assert_allclose(numpy(logs["mine"]), numpy(parts(name, SPLITS[0]).result()), rtol=1e-5)


def test_bad_arguments_are_listed_where_there_are_arguments():
    assert all(entry.bad or "bad" in entry.skips for entry in SCORED.values() if entry.arguments)
