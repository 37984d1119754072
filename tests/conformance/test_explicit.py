"""Derivatives written by hand: every explicit layer of the shelf against central differences, in float64."""

import inspect

import keras
import numpy as np
import pytest
from entries import ENTRIES, SHELF, batch, make
from keras import ops

from mathdl_keras import layers
from mathdl_keras.core.autodiff import grad, jvp, value_and_grad
from mathdl_keras.core.explicit import ExplicitLayer, trained
from mathdl_keras.core.precision import float64, require_float64

EXPLICIT = sorted(n for n, c in SHELF.items() if inspect.isclass(c) and issubclass(c, ExplicitLayer))
MODES = pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
LAYERS = pytest.mark.parametrize("name", [n for n in EXPLICIT if n in ENTRIES])

# A central difference with h = 1e-5 errs by h^2 f''' / 6 = 2e-11 f''' and by 2^-53 |f| / h = 1e-11 |f|; f is a sum of
# a hundred terms of size 1, and f''' of an activation is 10 or so: 1e-8. A derivative off by 0.1 % is off by 1e-3.
H, CLOSE = 1e-5, 1e-7


def numpy(x):
    return np.asarray(ops.convert_to_numpy(ops.stop_gradient(x)))


def weighted(y, g):
    return ops.sum(y * g)


class Subject:
    """A layer in float64 with weights that are not at their start, inputs, and the function of both that it is.

    Every evaluation starts from the same state: random layers draw the same masks.
    """

    def __init__(self, name, training, layer=None):
        rng = np.random.default_rng(7)
        self.layer, self.training = layer or make(name, dtype="float64"), training
        x = batch(name)[0] if layer is None else np.zeros((4, 5))
        self.layer.build(x.shape)
        for v in trained(self.layer):
            v.assign(numpy(v) + 0.3 * rng.standard_normal(tuple(v.shape)))
        self.values = [ops.convert_to_tensor(rng.standard_normal(x.shape)), *(v.value for v in trained(self.layer))]
        self.values = [ops.convert_to_tensor(numpy(v)) for v in self.values]
        self.g = ops.convert_to_tensor(rng.standard_normal(self(self.values).shape))
        self.directions = [ops.convert_to_tensor(rng.standard_normal(tuple(v.shape))) for v in self.values]

    def __call__(self, values, function=None):
        x, *weights = values
        with keras.StatelessScope(list(zip(trained(self.layer), weights, strict=True))):
            return (function or self.called)(x)

    def called(self, x):
        return self.layer(x, training=self.training)

    def passed(self, x):
        return self.layer.forward_pass(x, training=self.training)[0]

    def by_hand(self):
        """The gradients of <g, y> with respect to the inputs and to each weight, by `backward_pass`."""
        x, *weights = self.values
        with keras.StatelessScope(list(zip(trained(self.layer), weights, strict=True))):
            _, cache = self.layer.forward_pass(x, training=self.training)
            dx, gradients = self.layer.backward_pass(self.g, cache)
        return [dx, *gradients]

    def difference(self, k):
        """The derivative of y with respect to one of the values in its direction."""
        moved = []
        for step in (H, -H):
            values = list(self.values)
            values[k] = values[k] + step * self.directions[k]
            moved.append(numpy(self(values, self.passed)))
        return (moved[0] - moved[1]) / (2 * H)


def check_differences(subject):
    gradients = subject.by_hand()
    assert len(gradients) == len(subject.values)
    for k, (gradient, v) in enumerate(zip(gradients, subject.directions, strict=True)):
        found = float(np.sum(numpy(require_float64(gradient)) * numpy(v)))
        assert found == pytest.approx(float(np.sum(subject.difference(k) * numpy(subject.g))), rel=CLOSE, abs=CLOSE)


def test_every_explicit_layer_of_the_shelf_is_walked():
    """Those that are no entries are said elsewhere, in `entries.ELSEWHERE`; the first ones here are known by name."""
    assert {"BatchNormalization", "Conv2D", "Dense", "DenseBatchNorm", "Dropout", "LayerNormalization", "MaxPooling2D",
            "VariationalDropout"} <= set(EXPLICIT) & set(ENTRIES)  # fmt: skip
    assert set(EXPLICIT) <= set(vars(layers))


@MODES
@LAYERS
def test_the_forward_pass_is_what_a_call_computes(name, training):
    with float64():
        subject = Subject(name, training)
        known = numpy(require_float64(subject(subject.values, subject.passed)))
        np.testing.assert_array_equal(numpy(subject(subject.values)), known)


@MODES
@LAYERS
def test_the_backward_pass_is_a_central_difference(name, training):
    with float64():
        check_differences(Subject(name, training))


@MODES
@LAYERS
def test_forward_mode_is_a_central_difference(name, training):
    with float64():
        subject = Subject(name, training)
        _, found = jvp(lambda x: subject([x, *subject.values[1:]]), subject.values[0], subject.directions[0])
        np.testing.assert_allclose(numpy(found), subject.difference(0), rtol=CLOSE, atol=CLOSE)


@MODES
@LAYERS
def test_a_model_is_differentiated_by_the_backward_pass(name, training):
    with float64():
        subject = Subject(name, training)
        x, g, known = subject.values[0], subject.g, subject.by_hand()
        inputs = keras.Input(x.shape[1:], dtype="float64")
        model = keras.Model(inputs, subject.layer(inputs))
        with keras.StatelessScope():
            dx = grad(lambda x: weighted(model(x, training=training), g))(x)
        with keras.StatelessScope():
            loss = lambda: weighted(model(x, training=training), g)  # noqa: E731
            gradients = value_and_grad(loss, model.trainable_variables)[1]
        for a, b in zip([dx, *gradients], known, strict=True):
            np.testing.assert_allclose(numpy(a), numpy(b), rtol=1e-12, atol=1e-12)


class OffByAThousandth(layers.Dense):
    """Its kernel's gradient is 0.1 % too large."""

    def backward_pass(self, dH, cache):
        dx, (dW, db) = super().backward_pass(dH, cache)
        return dx, (1.001 * dW, db)


class OffInTheInputs(layers.Dense):
    def backward_pass(self, dH, cache):
        dx, gradients = super().backward_pass(dH, cache)
        return 1.001 * dx, gradients


@pytest.mark.parametrize("broken", [OffByAThousandth, OffInTheInputs])
def test_the_check_is_checked(broken):
    with float64():
        check_differences(Subject("Dense", False, layers.Dense(3, "tanh")))
        with pytest.raises(AssertionError):
            check_differences(Subject("Dense", False, broken(3, "tanh")))


def test_every_write_is_carried_out_and_two_calls_in_one_loss_follow_each_other():
    """A discriminator sees two batches in one loss: moments move twice, and masks differ."""
    x = np.random.default_rng(3).standard_normal((6, 4)).astype("float32")
    norm, drop = layers.BatchNormalization(momentum=0.5), layers.Dropout(0.5, seed=1)
    norm.build(x.shape)

    def loss():
        a, b = drop(norm(x, training=True), training=True), drop(norm(x + 1, training=True), training=True)
        seen = norm(x, training=False)
        return ops.sum(a * a) + ops.sum(b) + ops.sum(seen * seen), (a, b)

    (_, (a, b)), gradients = value_and_grad(loss, norm.trainable_variables, has_aux=True)
    first, second = numpy(a) != 0, numpy(b) != 0
    assert np.any(first != second) and all(np.isfinite(numpy(g)).all() for g in gradients)
    np.testing.assert_allclose(numpy(norm.moving_mean), 0.25 * x.mean(0) + 0.5 * (x + 1).mean(0), atol=1e-6)


@pytest.mark.parametrize("jit", [False] if keras.backend.backend() == "torch" else [False, True])
def test_fit_trains_frozen_and_free_layers_and_moves_their_state(jit):
    keras.utils.set_random_seed(0)
    frozen = layers.Dense(5, "tanh")
    model = keras.Sequential(
        [keras.Input((4,)), frozen, layers.BatchNormalization(), layers.Dropout(0.2, seed=5), layers.Dense(1)]
    )
    frozen.trainable = False
    before = model.get_weights()
    model.compile("sgd", "mse", jit_compile=jit)
    x = np.random.default_rng(0).standard_normal((32, 4)).astype("float32")
    model.fit(x, x[:, :1], batch_size=8, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [False, False] + [True] * 6
    assert numpy(model.layers[2].seed_generator.state)[1] == 4


@pytest.mark.parametrize("seed", [None, 4])
def test_a_second_derivative_draws_no_other_mask(seed):
    layer, x = layers.Dropout(0.5, seed=seed), ops.ones((2, 50))
    first = lambda x: ops.sum(layer(x, training=True) ** 3)  # noqa: E731
    gradient = numpy(grad(lambda x: ops.sum(grad(first)(x)))(x))
    assert set(np.unique(gradient)) == {0.0, 48.0}  # (2x)^3 has the second derivative 48 x, where x is kept
