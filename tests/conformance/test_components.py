"""The contract that every layer and model of the shelf keeps, on the backend at hand."""

import keras
import numpy as np
import pytest
from entries import (
    ELSEWHERE,
    ENTRIES,
    LAYERS,
    LOSSES,
    METRICS,
    MODELS,
    SHELF,
    batch,
    built,
    has_tokens,
    make,
    over_inputs,
    symbols,
)
from keras import ops, tree

from mathdl_keras.core.autodiff import grad, value_and_grad
from mathdl_keras.core.precision import dtype_of, float64

HALF = {"mixed_float16": 2.0**-11, "mixed_bfloat16": 2.0**-8}


def components(*checks, names=ENTRIES):
    """Every entry that can take the checks; one that cannot says why."""
    marks = {name: [pytest.mark.skip(reason=ENTRIES[name].skips[c]) for c in checks if c in ENTRIES[name].skips]
             for name in names}  # fmt: skip
    return [pytest.param(name, marks=found) for name, found in marks.items()]


def numpy(x):
    return ops.convert_to_numpy(x)


def arrays(nest):
    """The outputs, one after the other, as arrays."""
    return [numpy(y) for y in tree.flatten(nest)]


def rows(nest, which):
    return tree.map_structure(lambda x: x[which], nest)


def widened(nest, dtype="float64"):
    """Numbers in another dtype; tokens stay integers."""
    return tree.map_structure(lambda x: x.astype(dtype) if x.dtype.kind == "f" else x, nest)


def shapes(nest):
    """The shapes of tensors, arrays or symbols, one after the other."""
    return [tuple(x.shape) for x in tree.flatten(nest)]


def flat(nest):
    """The shapes in a nest of shapes."""
    if all(n is None or isinstance(n, int) for n in nest):
        yield tuple(nest)
    else:
        for part in nest:
            yield from flat(part)


def number(outputs):
    """A number that every entry of every output has a part in of its own."""
    total = 0.0
    for y in tree.flatten(outputs):
        factors = np.sin(1 + np.arange(np.prod(y.shape))).reshape(y.shape)
        total = total + ops.sum(ops.convert_to_tensor(factors, dtype=y.dtype) * ops.square(y + 1))
    return total


def test_every_component_of_the_shelf_has_an_entry():
    assert set(SHELF) == set(ENTRIES) | set(LOSSES) | set(METRICS) | set(ELSEWHERE)


@pytest.mark.parametrize("name", ENTRIES)
def test_config_round_trip(name):
    component = built(name, name="mine")
    config = component.get_config()
    again = type(component).from_config(config)
    assert again.get_config() == config and again.name == "mine"
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(component))
    assert type(revived) is type(component)


@pytest.mark.parametrize("name", ENTRIES)
def test_eager_symbolic_and_predicted_shapes_agree(name):
    component = make(name)
    predicted = component.compute_output_shape(*over_inputs(lambda rows: (None, *rows.shape), name))
    symbolic = tree.flatten(component(*symbols(name)))
    eager = tree.flatten(component(*batch(name)))
    assert [shape[0] for shape in shapes(symbolic)] == [None] * len(symbolic)
    assert shapes(symbolic) == list(flat(predicted))
    assert [shape[1:] for shape in shapes(eager)] == [shape[1:] for shape in shapes(symbolic)]
    for tensor, symbol in zip(eager, symbolic, strict=True):
        assert dtype_of(tensor) == keras.backend.standardize_dtype(symbol.dtype)


@pytest.mark.parametrize("name", components("values"))
def test_examples_of_a_batch_do_not_mix(name):
    component, x = make(name), batch(name)
    together, alone = arrays(component(*x)), arrays(component(*rows(x, slice(1, 2))))
    inputs = symbols(name)
    graph = keras.Model(inputs, component(*inputs))
    first = arrays(graph.predict(rows(x, slice(0, 3)), verbose=0))
    for whole, one, three in zip(together, alone, first, strict=True):
        np.testing.assert_allclose(whole[1:2], one, atol=1e-5)
        np.testing.assert_allclose(whole[:3], three, atol=1e-5)


@pytest.mark.parametrize("name", components("weights"))
def test_gradients_of_all_weights_are_finite_and_not_all_zero(name):
    component, x = built(name), batch(name)
    _, gradients = value_and_grad(lambda: number(component(*x, training=True)), component.trainable_variables)
    assert component.trainable_variables
    for variable, gradient in zip(component.trainable_variables, gradients, strict=True):
        assert np.all(np.isfinite(numpy(gradient))), variable.path
        assert np.any(numpy(gradient)), variable.path


@pytest.mark.parametrize("name", components("values", "input gradient"))
def test_the_gradient_of_the_inputs_is_a_finite_difference(name):
    """Of a function of all outputs, in a random direction v: <grad, v> against the central difference."""
    if has_tokens(name):
        pytest.skip("tokens are not differentiated")
    with float64():
        component, x = built(name), widened(batch(name, 2))
        rng = np.random.default_rng(1)
        v = [rng.standard_normal(part.shape) for part in tree.flatten(x)]

        f = lambda x: number(component(*x))  # noqa: E731
        h, slopes = 1e-5, arrays(grad(f)(x))
        exact = sum(np.sum(slope * direction) for slope, direction in zip(slopes, v, strict=True))
        moved = ([part + s * d for part, d in zip(tree.flatten(x), v, strict=True)] for s in (h, -h))
        ahead, behind = (f(tree.pack_sequence_as(x, parts)) for parts in moved)
        difference = (float(numpy(ahead)) - float(numpy(behind))) / (2 * h)
    assert abs(exact - difference) <= 1e-6 * max(1, abs(exact)), (exact, difference)


@pytest.mark.parametrize("name", components("values", "training"))
def test_without_randomness_training_and_inference_are_one_function(name):
    component, x = make(name), batch(name)
    first = arrays(component(*x, training=True))
    for again in (arrays(component(*x, training=True)), arrays(component(*x, training=False))):
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)


class Hidden(keras.Layer):
    """Hands its input on with a mask of its steps, as `Embedding` and `Masking` do."""

    def __init__(self, mask):
        super().__init__()
        self.mask, self.supports_masking = mask, True

    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, previous=None):
        return ops.convert_to_tensor(np.tile(self.mask, (inputs.shape[0], 1)))


@pytest.mark.parametrize("name", components("values", "masks"))
def test_masked_steps_have_no_influence(name):
    """Two signals that differ only where the mask hides their last three steps give the same outputs elsewhere."""
    component, x, other = make(name), batch(name), batch(name, seed=1)

    def masked(x, y):
        mask = np.arange(x.shape[1]) < x.shape[1] - 3
        steps = mask.reshape((1, -1) + (1,) * (x.ndim - 2))
        return Hidden(mask)(np.where(steps, x, y))

    seen = [tree.map_structure(masked, x, second) for second in (x, other)]
    for a, b in zip(*(tree.flatten(component(*inputs)) for inputs in seen), strict=True):
        visible = slice(0, a.shape[1] - 3) if len(a.shape) > 2 else slice(None)
        np.testing.assert_array_equal(numpy(a)[:, visible], numpy(b)[:, visible])


@pytest.mark.parametrize("policy", HALF)
@pytest.mark.parametrize("name", components("values"))
def test_mixed_precision(name, policy):
    """Computed in half precision, kept in float32, close to float32: sums of some 20 terms of order one."""
    full, half = built(name), built(name, dtype=policy)
    x = batch(name)
    half.set_weights(full.get_weights())
    assert all(dtype_of(w) == "float32" for w in half.trainable_variables)
    for y, exact in zip(tree.flatten(half(*x)), arrays(full(*x)), strict=True):
        assert dtype_of(y) == policy.removeprefix("mixed_")
        largest = max(1, np.abs(exact).max())
        np.testing.assert_allclose(numpy(ops.cast(y, "float32")), exact, atol=20 * HALF[policy] * largest)


@pytest.mark.parametrize("name", components("values"))
def test_float64_is_kept(name):
    x, single = batch(name), built(name)
    with float64():
        double = built(name, dtype="float64")
        double.set_weights(single.get_weights())
        outputs = tree.flatten(double(*widened(x)))
        assert all(dtype_of(y) == "float64" for y in outputs)
        outputs = [numpy(y) for y in outputs]
    for y, rounded in zip(outputs, arrays(single(*x)), strict=True):
        np.testing.assert_allclose(y, rounded, atol=1e-5)
        if "weights" not in ENTRIES[name].skips:
            assert np.any(y != y.astype("float32")), "computed in float32, then cast"


@pytest.mark.parametrize("name", LAYERS)
def test_loaded_from_a_keras_file(name, tmp_path):
    x, inputs = batch(name), symbols(name)
    model = keras.Model(inputs, make(name)(*inputs))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for a, b in zip(*(arrays(m.predict(x, verbose=0)) for m in (again, model)), strict=True):
        if "values" not in ENTRIES[name].skips:
            np.testing.assert_array_equal(a, b)


def steps_of(optimizer):
    """How many steps it took; where there are several, all the same."""
    (count,) = {int(o.iterations) for o in getattr(optimizer, "optimizers", {"only": optimizer}).values()}
    return count


@pytest.mark.parametrize("name", MODELS)
def test_a_model_file_keeps_weights_and_optimizer(name, tmp_path):
    x, model = batch(name), make(name)
    data = ENTRIES[name].data(x)
    model.compile("adam", None if hasattr(model, "loss_and_gradients") else ENTRIES[name].loss)
    model.fit(*data, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for a, b in zip(*(arrays(m.predict(*x, verbose=0)) for m in (again, model)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert steps_of(again.optimizer) == steps_of(model.optimizer) > 0
    if "random" in ENTRIES[name].skips.get("training", ""):
        return  # Keras saves no state of a SeedGenerator: the loaded model draws its first masks again
    model.fit(*data, verbose=0, shuffle=False), again.fit(*data, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


BAD = [(name, changes, match) for name, entry in ENTRIES.items() for changes, match in entry.bad]


@pytest.mark.parametrize(("name", "changes", "match"), BAD, ids=[f"{n}-{'-'.join(c)}" for n, c, _ in BAD])
def test_bad_arguments_are_one_clear_line(name, changes, match):
    with pytest.raises(ValueError, match=match) as error:
        make(name, **changes).compute_output_shape(*over_inputs(lambda rows: (None, *rows.shape), name))
    assert "received" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ENTRIES)
def test_wrong_rank_empty_batch_and_bad_numbers_are_one_clear_line(name):
    """In the first input and in any other."""
    x = batch(name)
    cases = {} if "rank" in ENTRIES[name].skips else {"rank|ndim|shape": lambda part: part[0]}
    cases |= {"not be empty": lambda part: part[:0], "finite": lambda part: np.where(part == part.max(), np.nan, part)}
    if has_tokens(name):
        cases |= {"finite": None, "tokens must be integers in": lambda part: part - 1}
    for match, spoiled in cases.items():
        for k in range(len(tree.flatten(x))) if spoiled else ():
            parts = tree.flatten(x)
            parts[k] = spoiled(parts[k])
            with pytest.raises(ValueError, match=match):
                make(name)(*tree.pack_sequence_as(x, parts))


def test_bad_arguments_are_listed_where_there_are_arguments():
    assert all(entry.bad for entry in ENTRIES.values() if entry.arguments)
