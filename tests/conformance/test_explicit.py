"""Derivatives written by hand: every explicit layer of the shelf against central differences, in float64."""

import inspect

import keras
import numpy as np
import pytest
from entries import ENTRIES, SHELF, batch, make
from keras import ops, tree

from mathdl_keras import layers
from mathdl_keras.core.autodiff import grad, jvp, value_and_grad
from mathdl_keras.core.explicit import ExplicitLayer, trained
from mathdl_keras.core.precision import float64, require_float64

EXPLICIT = sorted(n for n, c in SHELF.items() if inspect.isclass(c) and issubclass(c, ExplicitLayer))
OF_ONE_INPUT = [n for n in EXPLICIT if n in ENTRIES and len(ENTRIES[n].called_on) == 1]
MODES = pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
LAYERS = pytest.mark.parametrize("name", OF_ONE_INPUT)

# A central difference with h = 1e-5 errs by h^2 f''' / 6 = 2e-11 f''' and by 2^-53 |f| / h = 1e-11 |f|; f is a sum of
# a hundred terms of size 1, and f''' of an activation is 10 or so: 1e-8. A derivative off by 0.1 % is off by 1e-3.
H, CLOSE = 1e-5, 1e-7


def numpy(x):
    return np.asarray(ops.convert_to_numpy(ops.stop_gradient(x)))


def weighted(y, g):
    """<g, y> for a tensor, or the sum over a nest of them."""
    return sum(ops.sum(a * b) for a, b in zip(tree.flatten(y), g, strict=True))


def steps(*shape):
    return np.zeros(shape)


# Layers of several inputs, and with masks: how to make one, its inputs, how it is called on them (by default, on the
# one it has), and the settings of `forward_pass` that do the same.
KEPT = np.array([[1, 1, 0], [0, 1, 1]], bool)
SEEN = np.array([[[1, 1, 0], [0, 0, 0]], [[0, 1, 1], [1, 1, 1]]], bool)
NESTS = {
    "ElmanCell": (lambda: layers.ElmanCell(3), (steps(2, 2), [steps(2, 3)]), lambda f, x: f(*x)[1], {}),
    "JordanCell": (lambda: layers.JordanCell(3, 2), (steps(2, 2), [steps(2, 2)]), lambda f, x: f(*x)[1], {}),
    "LSTMCell": (lambda: layers.LSTMCell(3), (steps(2, 2), [steps(2, 3), steps(2, 3)]), lambda f, x: f(*x)[1], {}),
    "GRUCell": (lambda: layers.GRUCell(3), (steps(2, 2), [steps(2, 3)]), lambda f, x: f(*x)[1], {}),
    "LSTM from given states": (
        lambda: layers.LSTM(3, return_state=True),
        (steps(2, 3, 2), [steps(2, 3), steps(2, 3)]),
        lambda f, x: f(x[0], initial_state=x[1]),
        {},
    ),
    "GRU with a mask": (
        lambda: layers.GRU(3, return_sequences=True, zero_output_for_mask=True, go_backwards=True),
        steps(2, 3, 2),
        lambda f, x: f(x, mask=ops.convert_to_tensor(KEPT)),
        {"mask": KEPT},
    ),
    "Bidirectional with states": (
        lambda: layers.Bidirectional(layers.SimpleRNN(3, return_state=True), "mul"),
        (steps(2, 3, 2), [steps(2, 3), steps(2, 3)]),
        lambda f, x: f(x[0], initial_state=x[1]),
        {},
    ),
    "SelfAttention with scores": (
        lambda: layers.SelfAttention(3),
        steps(2, 3, 2),
        lambda f, x: f(x, mask=ops.convert_to_tensor(KEPT), return_attention_scores=True),
        {"mask": KEPT, "return_attention_scores": True},
    ),
    "MultiHeadAttention of two": (
        lambda: layers.MultiHeadAttention(2, 3, value_dim=2),
        (steps(2, 2, 2), steps(2, 3, 4)),
        lambda f, x: f(*x, attention_mask=ops.convert_to_tensor(SEEN)),
        {"mask": SEEN[:, None]},
    ),
    "MultiHeadAttention of three": (
        lambda: layers.MultiHeadAttention(2, 3, use_bias=False, output_shape=5),
        (steps(2, 2, 2), steps(2, 3, 4), steps(2, 3, 3)),
        lambda f, x: f(*x, return_attention_scores=True),
        {"return_attention_scores": True},
    ),
}  # fmt: skip
SUBJECTS = pytest.mark.parametrize("name", [*OF_ONE_INPUT, *NESTS])


class Subject:
    """A layer in float64 with weights that are not at their start, inputs, and the function of both that it is.

    Every evaluation starts from the same state: random layers draw the same masks.
    """

    def __init__(self, name, training, layer=None):
        keras.utils.set_random_seed(7)  # for one start in a hundred, a relu has its kink within H
        rng = np.random.default_rng(7)
        self.training, self.call, self.settings = training, None, {}
        if name in NESTS:
            make_it, inputs, self.call, settings = NESTS[name]
            self.layer = make_it()
            self.settings = {key: ops.convert_to_tensor(v) if v is not True else v for key, v in settings.items()}
        else:
            self.layer = layer or make(name, dtype="float64")
            (inputs,) = batch(name) if layer is None else (np.zeros((4, 5)),)
        self.inputs = tree.map_structure(lambda x: ops.convert_to_tensor(rng.standard_normal(x.shape)), inputs)
        self.called(self.inputs)
        for v in trained(self.layer):
            v.assign(numpy(v) + 0.3 * rng.standard_normal(tuple(v.shape)))
        self.values = [*tree.flatten(self.inputs), *(v.value for v in trained(self.layer))]
        self.values = [ops.convert_to_tensor(numpy(v)) for v in self.values]
        self.g = [ops.convert_to_tensor(rng.standard_normal(y.shape)) for y in tree.flatten(self(self.values))]
        self.directions = [ops.convert_to_tensor(rng.standard_normal(tuple(v.shape))) for v in self.values]

    def __call__(self, values, function=None):
        count = len(tree.flatten(self.inputs))
        inputs, weights = tree.pack_sequence_as(self.inputs, values[:count]), values[count:]
        with keras.StatelessScope(list(zip(trained(self.layer), weights, strict=True))):
            return (function or self.called)(inputs)

    def called(self, x):
        return self.call(self.layer, x) if self.call else self.layer(x, training=self.training)

    def passed(self, x):
        return self.layer.forward_pass(x, training=self.training, **self.settings)[0]

    def by_hand(self):
        """The gradients of <g, y> with respect to the inputs and to each weight, by `backward_pass`."""

        def backward(x):
            y, cache = self.layer.forward_pass(x, training=self.training, **self.settings)
            dx, gradients = self.layer.backward_pass(tree.pack_sequence_as(y, self.g), cache)
            return [*tree.flatten(dx), *gradients]

        return self(self.values, backward)

    def difference(self, k):
        """The derivative of each output with respect to one of the values in its direction."""
        moved = []
        for step in (H, -H):
            values = list(self.values)
            values[k] = values[k] + step * self.directions[k]
            moved.append([numpy(y) for y in tree.flatten(self(values, self.passed))])
        return [(ahead - behind) / (2 * H) for ahead, behind in zip(*moved, strict=True)]


def check_differences(subject):
    gradients = subject.by_hand()
    assert len(gradients) == len(subject.values)
    for k, (gradient, v) in enumerate(zip(gradients, subject.directions, strict=True)):
        found = float(np.sum(numpy(require_float64(gradient)) * numpy(v)))
        known = sum(np.sum(d * numpy(g)) for d, g in zip(subject.difference(k), subject.g, strict=True))
        assert found == pytest.approx(float(known), rel=CLOSE, abs=CLOSE)


def test_every_explicit_layer_of_the_shelf_is_walked():
    """Those that are no entries are said elsewhere, in `entries.ELSEWHERE`; the first ones here are known by name."""
    assert {"BatchNormalization", "Conv2D", "Dense", "DenseBatchNorm", "Dropout", "LayerNormalization", "LSTM",
            "MaxPooling2D", "MultiHeadSelfAttention", "VariationalDropout"} <= set(EXPLICIT) & set(ENTRIES)  # fmt: skip
    assert set(EXPLICIT) <= set(vars(layers))


@MODES
@SUBJECTS
def test_the_forward_pass_is_what_a_call_computes(name, training):
    with float64():
        subject = Subject(name, training)
        known, found = (tree.flatten(subject(subject.values, f)) for f in (subject.passed, None))
        for a, b in zip(found, known, strict=True):
            np.testing.assert_array_equal(numpy(a), numpy(require_float64(b)))


@MODES
@SUBJECTS
def test_the_backward_pass_is_a_central_difference(name, training):
    with float64():
        check_differences(Subject(name, training))


@MODES
@SUBJECTS
def test_forward_mode_is_a_central_difference(name, training):
    with float64():
        subject = Subject(name, training)
        _, found = jvp(lambda x: subject([x, *subject.values[1:]]), subject.values[0], subject.directions[0])
        for a, b in zip(tree.flatten(found), subject.difference(0), strict=True):
            np.testing.assert_allclose(numpy(a), b, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("name", NESTS)
def test_a_call_is_differentiated_by_the_backward_pass(name):
    with float64():
        subject = Subject(name, False)
        found = grad(lambda values: weighted(subject(values), subject.g))(subject.values)
        for a, b in zip(found, subject.by_hand(), strict=True):
            np.testing.assert_allclose(numpy(a), numpy(b), rtol=1e-12, atol=1e-12)


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
