"""Batch normalization by hand against Keras' layer and automatic differentiation; what a batch of one row does."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch10.dense import DenseBatchNorm
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.chapters.ch10.normalization import batch_moments
from mathdl_keras.core.autodiff import grad, value_and_grad, vjp
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of, float64

U32 = 2.0**-24
RNG = np.random.default_rng(10)
X = (3 + 2 * RNG.standard_normal((12, 5))).astype("float32")
G = RNG.standard_normal((12, 5)).astype("float32")
WEIGHTS = [RNG.uniform(0.5, 1.5, 5).astype("float32") for _ in range(4)]


def numpy(values):
    return [ops.convert_to_numpy(ops.cast(ops.stop_gradient(v), "float32")) for v in values]


def twins(shape=X.shape, **settings):
    """Our layer and Keras', with the same weights."""
    layers = BatchNormalization(**settings), keras.layers.BatchNormalization(**settings)
    for layer in layers:
        layer.build(shape)
    weights = [w for w in WEIGHTS][: len(layers[1].weights)]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def trained(layer, x, g, training=True, **settings):
    """y, gradients of x and of the trainable weights, and the moving moments after one batch."""
    names = [v.name for v in layer.trainable_variables]

    def run(x, g, weights, moments):
        def f(arguments):
            x, *weights = arguments
            y, moved = layer.stateless_call(weights, moments, x, training=training, **settings)
            return y

        y, pull_back = vjp(f, (x, *weights))
        return y, *pull_back(g), *layer.stateless_call(weights, moments, x, training=training, **settings)[1]

    assert names == ["gamma", "beta"][2 - len(names) :] or names == ["gamma"]
    values = [[v.value for v in group] for group in (layer.trainable_variables, layer.non_trainable_variables)]
    return numpy(compiled(run)(ops.convert_to_tensor(x), ops.convert_to_tensor(g), *values))


@pytest.mark.parametrize(
    ("shape", "settings", "training"),
    [
        ((12, 5), {}, True),
        ((12, 5), {"momentum": 0.5, "epsilon": 0.1, "center": False}, True),
        ((12, 5), {"scale": False}, True),
        ((3, 4, 2, 5), {}, True),
        ((12, 5), {}, False),
    ],
    ids=["rows", "no beta", "no gamma", "images", "inference"],
)
def test_outputs_gradients_and_moving_moments_are_those_of_keras(shape, settings, training):
    x, g = (RNG.standard_normal(shape).astype("float32") for _ in range(2))
    ours, theirs = twins(shape, **settings)
    for found, known in zip(*(trained(layer, x, g, training) for layer in (ours, theirs)), strict=True):
        # sums of 24 terms at most, of size 1 to 10
        np.testing.assert_allclose(found, known, atol=200 * U32 * max(1, np.abs(known).max()))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 5, 4), 1), ((3, 4, 5), 2), ((3, 5, 2, 4), -3), ((3, 4, 5, 2), 2), ((5, 4), 0)]
)
def test_any_axis_is_that_of_keras(shape, axis, training):
    x, g = (RNG.standard_normal(shape).astype("float32") for _ in range(2))
    ours, theirs = twins(shape, axis=axis)
    for found, known in zip(*(trained(layer, x, g, training) for layer in (ours, theirs)), strict=True):
        np.testing.assert_allclose(found, known, atol=200 * U32 * max(1, np.abs(known).max()))


STEPS = np.arange(6) < np.array([[6], [4], [1], [0]])  # how long four sequences are


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("shape", "axis", "mask"),
    [
        ((4, 6, 5), -1, STEPS),
        ((4, 6, 5), 2, STEPS.astype("float32")),
        ((4, 6, 5), -1, np.zeros((4, 6), bool)),
        ((4, 6, 2, 5), -1, np.repeat(STEPS[..., None], 2, -1)),
        ((4, 5, 6), 1, np.arange(5) < np.array([[5], [4], [2], [1]])),
        ((4, 6, 5, 2), 2, np.repeat(STEPS[..., None], 5, -1)),
    ],
    ids=["sequences", "zeros and ones", "nothing there", "images", "axis of time", "axis in the middle"],
)
def test_moments_are_those_of_the_steps_that_are_there_as_in_keras(shape, axis, mask, training):
    x, g = (RNG.standard_normal(shape).astype("float32") for _ in range(2))
    ours, theirs = twins(shape, axis=axis)
    mask = ops.convert_to_tensor(mask)
    results = (trained(layer, x, g, training, mask=mask) for layer in (ours, theirs))
    for found, known in zip(*results, strict=True):
        # sums of 48 terms at most, of size 1 to 10; where a channel has no step, v = 0 and 1/s = 32 scales them
        np.testing.assert_allclose(found, known, atol=200 * U32 * max(1, np.abs(known).max()))


def test_a_mask_of_ones_is_no_mask_and_the_passes_take_one():
    x, g = (RNG.standard_normal((4, 6, 5)).astype("float32") for _ in range(2))
    for mask in (np.ones((4, 6), bool), STEPS):
        layer, other = twins((4, 6, 5))[0], twins((4, 6, 5))[0]
        y, cache = layer.forward_pass(x, training=True, mask=ops.convert_to_tensor(mask))
        dx, gradients = layer.backward_pass(g, cache)
        settings = {} if mask.all() else {"mask": ops.convert_to_tensor(mask)}
        called = trained(other, x, g, **settings)
        for found, known in zip(numpy([y, dx, *gradients]), called[:4], strict=True):
            np.testing.assert_allclose(found, known, atol=200 * U32 * max(1, np.abs(known).max()))


def test_a_masked_backward_pass_is_a_central_difference():
    with float64():
        rng, mask = np.random.default_rng(5), ops.convert_to_tensor(STEPS)
        x, v, g = (rng.standard_normal((4, 6, 3)) for _ in range(3))
        layer, h = BatchNormalization(epsilon=0.1), 1e-5
        y, cache = layer.forward_pass(x, training=True, mask=mask)
        found = np.sum(ops.convert_to_numpy(layer.backward_pass(ops.convert_to_tensor(g), cache)[0]) * v)
        a, b = (layer.forward_pass(x + s * v, training=True, mask=mask)[0] for s in (h, -h))
        # the third derivative times h^2 / 6, and the rounding of f / h: some 1e-9
        assert found == pytest.approx(np.sum((ops.convert_to_numpy(a - b)) * g) / (2 * h), abs=1e-7)


def test_hidden_steps_have_no_influence_and_the_mask_goes_on():
    x, other = (RNG.standard_normal((4, 6, 5)).astype("float32") for _ in range(2))
    padded = [np.where(STEPS[..., None], values, 0).astype("float32") for values in (x, other)]
    for cls in (BatchNormalization, keras.layers.BatchNormalization):
        model = keras.Sequential([keras.Input((6, 5)), keras.layers.Masking(), cls(momentum=0.0)])
        model(padded[0], training=True)
        mean = numpy([model.layers[-1].moving_mean])[0]
        np.testing.assert_allclose(mean, x[STEPS].mean(axis=0), atol=50 * U32)
        assert keras.src.backend.get_keras_mask(model(padded[0])) is not None


def test_penalties_and_constraints_are_those_of_keras():
    settings = {
        "beta_regularizer": "l1",
        "gamma_regularizer": keras.regularizers.L2(0.1),
        "gamma_constraint": "non_neg",
    }
    layers = [cls(**settings, beta_constraint=keras.constraints.MaxNorm(0.2)) for cls in
              (BatchNormalization, keras.layers.BatchNormalization)]  # fmt: skip
    for layer in layers:
        model = keras.Sequential([keras.Input((5,)), layer])
        layer.set_weights(WEIGHTS)
        model.compile(keras.optimizers.SGD(0.3), "mse")
        model.fit(X, 3 * G, batch_size=12, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert layers[0].get_weights()[0].min() >= 0 and np.linalg.norm(layers[0].get_weights()[1]) <= 0.2 + 1e-6
    again = BatchNormalization.from_config(layers[0].get_config())
    assert again.get_config() == layers[0].get_config()


@pytest.mark.parametrize("training", [True, False])
def test_the_passes_are_what_a_call_is_differentiated_by(training):
    layer, other = twins()[0], twins()[0]
    y, cache = layer.forward_pass(X, training)
    called = trained(other, X, G, training)
    moments = numpy(layer.non_trainable_variables)
    dx, gradients = layer.backward_pass(G, cache)
    for found, known in zip([*numpy([y, dx, *gradients]), *moments], called, strict=True):
        np.testing.assert_allclose(found, known, atol=100 * U32 * max(1, np.abs(known).max()))


def test_weights_load_from_and_into_keras_in_the_same_order():
    ours, theirs = twins()
    assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
    assert [v.trainable for v in ours.weights] == [v.trainable for v in theirs.weights]
    theirs.set_weights([w + 1 for w in ours.get_weights()])
    ours.set_weights(theirs.get_weights())
    np.testing.assert_array_equal(ours.get_weights()[3], WEIGHTS[3] + 1)


def test_a_frozen_layer_is_in_inference_mode_in_training():
    for layer in twins():
        layer.trainable = False
        before, y = layer.get_weights(), numpy([layer(X, training=True), layer(X, training=False)])
        np.testing.assert_array_equal(*y)
        for a, b in zip(before, layer.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_batch_of_one_gives_beta_no_gradient_and_no_warning():
    ours, theirs = twins()
    with warnings.catch_warnings(record=True) as seen:
        y, dx, dgamma, dbeta, mean, variance = trained(ours, X[:1], G[:1])
    assert not [w for w in seen if issubclass(w.category, UserWarning | RuntimeWarning)]
    np.testing.assert_array_equal(y[0], WEIGHTS[1])
    assert not np.any(dx) and not np.any(dgamma)
    np.testing.assert_array_equal(dbeta, G[0])
    np.testing.assert_allclose(mean, 0.99 * WEIGHTS[2] + 0.01 * X[0], rtol=1e-6)
    np.testing.assert_allclose(variance, 0.99 * WEIGHTS[3], rtol=1e-6)
    np.testing.assert_allclose(trained(theirs, X[:1], G[:1])[0], y, atol=1e-2)  # and Keras does the same
    assert np.any(trained(twins((1, 4, 3, 5))[0], X.reshape(1, 4, 3, 5), G.reshape(1, 4, 3, 5))[1])  # one image is not


def test_moments_keep_their_digits_far_from_zero():
    x = (1e4 + RNG.standard_normal((400, 3))).astype("float32")
    mean, variance = numpy(batch_moments(x))
    exact = x.astype("float64")
    np.testing.assert_allclose(mean, exact.mean(0), rtol=400 * U32)
    # the mean is off by some roundings of 1e4, and its square is added; E x^2 - (E x)^2 has no digit left
    np.testing.assert_allclose(variance, exact.var(0), atol=(30 * 1e4 * U32) ** 2 + 400 * U32)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_keeps_statistics_in_float32(policy):
    half = policy.removeprefix("mixed_")
    layer = BatchNormalization(dtype=policy, momentum=0.0)
    large = ops.cast(300 * X, half)  # squares overflow float16
    y, cache = layer.forward_pass(large, training=True)
    dx, (dgamma, _) = layer.backward_pass(ops.cast(G, half), cache)
    assert dtype_of(y) == dtype_of(dx) == half and dtype_of(dgamma) == "float32"
    assert all(dtype_of(v) == "float32" for v in layer.weights)
    np.testing.assert_allclose(numpy([layer.moving_variance])[0], numpy([large])[0].var(0), rtol=1e-5)
    assert dtype_of(layer(large, training=True)) == half


def test_float64_is_kept_and_a_gradient_can_be_differentiated_again():
    with float64():
        x, v = X[:4].astype("float64"), G[:4].astype("float64")
        w = ops.convert_to_tensor(v)
        layer = BatchNormalization(epsilon=0.1)
        layer.build(x.shape)

        def penalty(x):
            with keras.StatelessScope():
                return ops.sum(ops.square(grad(lambda x: ops.sum(w * layer(x, training=True)))(x)))

        second, h = compiled(grad(penalty)), 1e-5
        value = compiled(penalty)
        found = second(ops.convert_to_tensor(x))
        difference = (float(value(x + h * v)) - float(value(x - h * v))) / (2 * h)
        assert dtype_of(found) == "float64"
        assert float(np.sum(ops.convert_to_numpy(found) * v)) == pytest.approx(difference, rel=1e-6)


def test_it_trains_under_fit_as_keras_does_and_is_saved(tmp_path):
    models = [
        keras.Sequential([keras.Input((5,)), keras.layers.Dense(4), norm, keras.layers.Dense(1)])
        for norm in (BatchNormalization(momentum=0.8), keras.layers.BatchNormalization(momentum=0.8))
    ]
    models[1].set_weights(models[0].get_weights())
    for model in models:
        model.compile(keras.optimizers.SGD(0.05), "mse")
        model.fit(X, G[:, :1], batch_size=4, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    models[0].save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[1].momentum == 0.8
    np.testing.assert_array_equal(again.predict(X, verbose=0), models[0].predict(X, verbose=0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNormalization(axis="last"), "axis must be an integer; received axis='last'"),
        (lambda: BatchNormalization(axis=2)(X), r"axis must be an axis of x; received axis=2 for shape \(12, 5\)"),
        (lambda: BatchNormalization(renorm=True), "renorm must be False, the only value that is taken here"),
        (
            lambda: BatchNormalization().forward_pass(X[None], mask=np.ones((1, 12, 5), bool)),
            r"mask must be shaped like x without its last axis; received \(1, 12, 5\) for \(1, 12, 5\)",
        ),
        (lambda: BatchNormalization(momentum=1.5), r"momentum must be in \[0, 1\]; received momentum=1.5"),
        (lambda: BatchNormalization(momentum="much"), r"momentum must be in \[0, 1\]; received momentum='much'"),
        (lambda: BatchNormalization(epsilon=-1.0), "epsilon must be >= 0 and finite; received epsilon=-1.0"),
        (lambda: BatchNormalization()(X[0]), r"x must have shape \(batch, ..., channels\); received shape \(5,\)"),
        (lambda: BatchNormalization()(np.full_like(X, np.nan)), "x must be finite"),
        (lambda: DenseBatchNorm(0), "units must be an integer >= 1; received units=0"),
        (lambda: DenseBatchNorm(2)(X[None]), r"x must have shape \(batch, features\)"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_a_normalized_dense_layer_is_dense_then_batch_normalization():
    layer = DenseBatchNorm(5, "tanh", momentum=0.9)
    H, cache = layer.forward_pass(X, training=True)
    dx, gradients = layer.backward_pass(ops.convert_to_tensor(G), cache)
    found = numpy([dx, *gradients])
    twin = DenseBatchNorm(5, "tanh", momentum=0.9)
    twin.build(X.shape)
    twin.set_weights([w if v.trainable else np.full_like(w, v.name == "moving_variance")
                      for v, w in zip(layer.weights, layer.get_weights(), strict=True)])  # fmt: skip
    x = keras.Variable(X)
    weighted = lambda: ops.sum(ops.convert_to_tensor(G) * twin(x, training=True))  # noqa: E731
    known = value_and_grad(weighted, [x, *twin.trainable_variables])[1]
    for a, b in zip(found, numpy(known), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    for a, b in zip(layer.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert DenseBatchNorm.from_config(layer.get_config()).get_config() == layer.get_config()
