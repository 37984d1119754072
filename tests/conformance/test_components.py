"""The contract that every component of the shelf keeps, on the backend at hand."""

import keras
import numpy as np
import pytest
from entries import ELSEWHERE, ENTRIES, LAYERS, LOSSES, METRICS, MODELS, SHELF, batch, make
from keras import ops

from mathdl_keras.core.autodiff import grad, value_and_grad
from mathdl_keras.core.precision import dtype_of, float64

HALF = {"mixed_float16": 2.0**-11, "mixed_bfloat16": 2.0**-8}


def components(check):
    """Every entry that can take the check; one that cannot says why."""
    return [
        pytest.param(name, marks=pytest.mark.skip(reason=entry.skips[check])) if check in entry.skips else name
        for name, entry in ENTRIES.items()
    ]


def numpy(x):
    return ops.convert_to_numpy(x)


def test_every_component_of_the_shelf_has_an_entry():
    assert set(SHELF) == set(ENTRIES) | set(LOSSES) | set(METRICS) | set(ELSEWHERE)


@pytest.mark.parametrize("name", ENTRIES)
def test_config_round_trip(name):
    component = make(name, name="mine")
    component.build((None, *ENTRIES[name].shape))
    config = component.get_config()
    again = type(component).from_config(config)
    assert again.get_config() == config and again.name == "mine"
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(component))
    assert type(revived) is type(component)


@pytest.mark.parametrize("name", ENTRIES)
def test_eager_symbolic_and_predicted_shapes_agree(name):
    component, x = make(name), batch(name)
    predicted = component.compute_output_shape((None, *x.shape[1:]))
    symbolic = component(keras.Input(x.shape[1:]))
    eager = component(x)
    assert symbolic.shape == tuple(predicted) and symbolic.shape[0] is None
    assert tuple(eager.shape)[1:] == tuple(predicted)[1:]
    assert dtype_of(eager) == keras.backend.standardize_dtype(symbolic.dtype)


@pytest.mark.parametrize("name", ENTRIES)
def test_examples_of_a_batch_do_not_mix(name):
    component, x = make(name), batch(name)
    together, alone = numpy(component(x)), numpy(component(x[1:2]))
    np.testing.assert_allclose(together[1:2], alone, atol=1e-5)
    graph = keras.Sequential([keras.Input(x.shape[1:]), component])
    np.testing.assert_allclose(graph.predict(x[:3], verbose=0), together[:3], atol=1e-5)


@pytest.mark.parametrize("name", components("weights"))
def test_gradients_of_all_weights_are_finite_and_not_all_zero(name):
    component, x = make(name), batch(name)
    component.build(x.shape)
    _, gradients = value_and_grad(
        lambda: ops.sum(ops.square(component(x, training=True))), component.trainable_variables
    )
    assert component.trainable_variables
    for variable, gradient in zip(component.trainable_variables, gradients, strict=True):
        assert np.all(np.isfinite(numpy(gradient))), variable.path
        assert np.any(numpy(gradient)), variable.path


@pytest.mark.parametrize("name", components("input gradient"))
def test_the_gradient_of_the_input_is_a_finite_difference(name):
    """Of a random linear functional, in a random direction v: <grad, v> against the central difference."""
    with float64():
        component, x = make(name), batch(name, 2).astype("float64")
        rng = np.random.default_rng(1)
        v, w = rng.standard_normal(x.shape), ops.convert_to_tensor(rng.standard_normal(component(x).shape))
        f = lambda x: ops.sum(w * component(x))  # noqa: E731
        exact = np.sum(numpy(grad(f)(x)) * v)
        h = 1e-5
        difference = (float(numpy(f(x + h * v))) - float(numpy(f(x - h * v)))) / (2 * h)
    assert abs(exact - difference) <= 1e-6 * max(1, abs(exact)), (exact, difference)


@pytest.mark.parametrize("name", components("training"))
def test_without_randomness_training_and_inference_are_one_function(name):
    component, x = make(name), batch(name)
    first = numpy(component(x, training=True))
    np.testing.assert_array_equal(first, numpy(component(x, training=True)))
    np.testing.assert_array_equal(first, numpy(component(x, training=False)))


@pytest.mark.parametrize("name", components("masks"))
def test_masked_steps_have_no_influence(name):
    """Two signals that differ only where the mask hides them give the same output."""
    x, hidden = batch(name), batch(name, seed=1)
    mask = np.arange(x.shape[1]) < x.shape[1] - 3
    component = make(name)
    a, b = (component(np.where(mask[:, None], x, other), mask=np.tile(mask, (len(x), 1))) for other in (x, hidden))
    np.testing.assert_array_equal(numpy(a)[:, mask[: a.shape[1]]], numpy(b)[:, mask[: b.shape[1]]])


@pytest.mark.parametrize("policy", HALF)
@pytest.mark.parametrize("name", ENTRIES)
def test_mixed_precision(name, policy):
    """Computed in half precision, kept in float32, close to float32: sums of some 20 terms of order one."""
    full, half = make(name), make(name, dtype=policy)
    x = batch(name)
    full.build(x.shape), half.build(x.shape)
    half.set_weights(full.get_weights())
    y = half(x)
    assert dtype_of(y) == policy.removeprefix("mixed_")
    assert all(dtype_of(w) == "float32" for w in half.trainable_variables)
    exact = numpy(full(x))
    np.testing.assert_allclose(
        numpy(ops.cast(y, "float32")), exact, atol=20 * HALF[policy] * max(1, np.abs(exact).max())
    )


@pytest.mark.parametrize("name", ENTRIES)
def test_float64_is_kept(name):
    x = batch(name)
    single = make(name)
    single.build(x.shape)
    with float64():
        double = make(name, dtype="float64")
        double.build(x.shape)
        double.set_weights(single.get_weights())
        y = double(x.astype("float64"))
        assert dtype_of(y) == "float64"
        y = numpy(y)
    np.testing.assert_allclose(y, numpy(single(x)), atol=1e-5)
    if "weights" not in ENTRIES[name].skips:
        assert np.any(y != y.astype("float32")), "computed in float32, then cast"


@pytest.mark.parametrize("name", LAYERS)
def test_loaded_from_a_keras_file(name, tmp_path):
    x = batch(name)
    model = keras.Sequential([keras.Input(x.shape[1:]), make(name)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_file_keeps_weights_and_optimizer(name, tmp_path):
    x = batch(name)
    model = make(name)
    labels = np.array(ENTRIES[name].labels)
    loss = None if hasattr(model, "loss_and_gradients") else ENTRIES[name].loss
    model.compile("adam", loss)
    model.fit(x, labels, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert int(again.optimizer.iterations) == 2
    if "random" in ENTRIES[name].skips.get("training", ""):
        return  # Keras saves no state of a SeedGenerator: the loaded model draws its first masks again
    model.fit(x, labels, verbose=0, shuffle=False), again.fit(x, labels, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


BAD = [(name, changes, match) for name, entry in ENTRIES.items() for changes, match in entry.bad]


@pytest.mark.parametrize(("name", "changes", "match"), BAD, ids=[f"{n}-{'-'.join(c)}" for n, c, _ in BAD])
def test_bad_arguments_are_one_clear_line(name, changes, match):
    with pytest.raises(ValueError, match=match) as error:
        make(name, **changes).compute_output_shape((None, *ENTRIES[name].shape))
    assert "received" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ENTRIES)
def test_wrong_rank_empty_batch_and_bad_pixels_are_one_clear_line(name):
    x = batch(name)
    nan, infinite = (np.where(x == x.max(), bad, x) for bad in (np.nan, np.inf))
    cases = [(x[0], "rank|ndim|shape"), (x[:0], "not be empty"), (nan, "finite"), (infinite, "finite")]
    for bad, match in cases[1:] if "rank" in ENTRIES[name].skips else cases:
        with pytest.raises(ValueError, match=match):
            make(name)(bad)


def test_bad_arguments_are_listed_where_there_are_arguments():
    assert all(entry.bad for entry in ENTRIES.values() if entry.arguments)
