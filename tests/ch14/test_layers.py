"""The layers of chapter 14: Keras' own as oracles, contracts, and what they refuse."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch08.network_cost import network_cost
from mathdl_keras.chapters.ch14.detection import detection_threshold
from mathdl_keras.chapters.ch14.filters import (
    MatchedFilter1D,
    MatchedFilter2D,
    PearsonCorrelation1D,
    PearsonCorrelation2D,
    SignalDetector,
)
from mathdl_keras.chapters.ch14.layers import Conv2D
from mathdl_keras.chapters.ch14.pooling import MaxPooling2D
from mathdl_keras.core.autodiff import grad, value_and_grad
from mathdl_keras.core.precision import float64, require_float64

TEMPLATE = [1.0, 3.0, -2.0]
PATCH = [[1.0, 2.0], [0.0, -1.0]]
LAYERS = [
    (lambda **k: MatchedFilter1D(TEMPLATE, **k), (12, 1)),
    (lambda **k: MatchedFilter2D(PATCH, **k), (6, 7, 1)),
    (lambda **k: PearsonCorrelation1D(TEMPLATE, epsilon=1e-4, **k), (12, 1)),
    (lambda **k: PearsonCorrelation2D(PATCH, **k), (6, 7, 1)),
    (lambda **k: SignalDetector(MatchedFilter1D(TEMPLATE, **k), 1.5, **k), (12, 1)),
    (lambda **k: Conv2D(3, (2, 3), 2, "same", activation="sigmoid", **k), (6, 7, 2)),
    (lambda **k: Conv2D(3, 3, padding=(1, 0), use_bias=False, **k), (6, 7, 2)),
    (lambda **k: MaxPooling2D(3, 2, "same", **k), (6, 7, 2)),
]


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def derivatives(layer, x, weights):
    """Gradients in the input and in the layer's weights of <weights, layer(x)>, by autodiff."""
    weights = ops.convert_to_tensor(weights)
    dx = grad(lambda x: ops.sum(layer(x) * weights))(x)
    _, dw = value_and_grad(lambda: ops.sum(layer(x) * weights), layer.trainable_variables)
    return [numpy(require_float64(d)) for d in (dx, *dw)]


@pytest.mark.parametrize("activation", [None, "sigmoid"])
@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (2, "valid"), (3, "same"), (2, 1)])
def test_convolution_is_keras_conv2d(strides, padding, activation):
    """Same weights, same values; and the hand-written derivative is Keras' by autodiff."""
    rng = np.random.default_rng(0)
    with float64():
        ours = Conv2D(4, 3, strides, padding, activation=activation)
        name, zeros = (padding, 0) if isinstance(padding, str) else ("valid", padding)
        keras_layer = keras.layers.Conv2D(4, 3, strides, name, activation=activation)
        peer = keras.Sequential([keras.layers.ZeroPadding2D(zeros), keras_layer])
        x = ops.convert_to_tensor(rng.normal(size=(2, 9, 8, 3)))
        shape = tuple(peer(x).shape)
        ours.build(x.shape)
        ours.set_weights([rng.normal(size=w.shape) for w in keras_layer.get_weights()])
        keras_layer.set_weights(ours.get_weights())
        np.testing.assert_allclose(numpy(require_float64(ours(x))), numpy(peer(x)), atol=1e-12)
        weights = rng.normal(size=shape)
        for ours_d, peer_d in zip(derivatives(ours, x, weights), derivatives(peer, x, weights), strict=True):
            np.testing.assert_allclose(ours_d, peer_d, atol=1e-11)


SWITCHES = {
    "gaps": {"dilation_rate": 2},
    "gaps in one axis, same": {"dilation_rate": (1, 3), "padding": "SAME"},
    "groups": {"groups": 2, "strides": 2},
    "depthwise, same": {"groups": 4, "padding": "same", "activation": "sigmoid"},
    "groups with gaps, no bias": {"groups": 2, "dilation_rate": 2, "use_bias": False},
    "softmax over the last axis": {"activation": "softmax", "padding": "same"},
    "penalties": {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2"},
}


@pytest.mark.parametrize("first", [False, True], ids=["channels last", "channels first"])
@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_is_that_of_keras(switch, first):
    """Same weights, same values, same derivatives and penalties.

    Keras convolves images with their channels first on no CPU of TensorFlow's: there it gets them last.
    """
    rng = np.random.default_rng(3)
    with float64():
        settings = {"filters": 8, "kernel_size": 3} | SWITCHES[switch]
        ours = Conv2D(data_format="channels_first" if first else "channels_last", **settings)
        if first and keras.backend.backend() == "tensorflow":
            if switch == "softmax over the last axis":
                settings["activation"] = lambda z: ops.softmax(z, axis=2)  # of (B, H', W', F): the width
            last = keras.layers.Conv2D(data_format="channels_last", **settings)
            peer = keras.Sequential([keras.layers.Permute((2, 3, 1)), last, keras.layers.Permute((3, 1, 2))])
        else:
            last = peer = keras.layers.Conv2D(data_format=ours.data_format, **settings)
        x = ops.convert_to_tensor(rng.normal(size=(2, 4, 9, 8) if first else (2, 9, 8, 4)))
        shape = tuple(peer(x).shape)
        assert ours.compute_output_shape(x.shape) == shape
        ours.build(x.shape)
        weights = [rng.normal(size=w.shape) for w in last.get_weights()]
        ours.set_weights(weights), last.set_weights(weights)
        np.testing.assert_allclose(numpy(require_float64(ours(x))), numpy(peer(x)), atol=1e-12)
        np.testing.assert_allclose([float(v) for v in ours.losses], [float(v) for v in peer.losses], rtol=1e-12)
        g = rng.normal(size=shape)
        for ours_d, peer_d in zip(derivatives(ours, x, g), derivatives(peer, x, g), strict=True):
            np.testing.assert_allclose(ours_d, peer_d, atol=1e-11)
        again = Conv2D.from_config(ours.get_config())
        again.build(x.shape), again.set_weights(weights)
        np.testing.assert_array_equal(numpy(again(x)), numpy(ours(x)))


def test_constraints_hold_after_a_step():
    layer = Conv2D(4, 3, kernel_constraint="non_neg", bias_constraint=keras.constraints.MaxNorm(0.1))
    model = keras.Sequential([keras.Input((6, 6, 2)), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    rng = np.random.default_rng(4)
    x, y = (rng.normal(size=(8, *shape)).astype("float32") for shape in ((6, 6, 2), (4, 4, 4)))
    model.fit(x, y, epochs=2, verbose=0)
    kernel, bias = layer.get_weights()
    assert kernel.min() >= 0 and np.any(kernel > 0)
    assert np.linalg.norm(bias) <= 0.1 + 1e-6


@pytest.mark.parametrize("settings", [{}, {"groups": 2}, {"dilation_rate": 2}])
def test_what_a_network_costs_counts_groups_and_gaps(settings):
    """As for Keras' layer: a network's multiplications do not depend on whose layer it is."""
    convolutions = Conv2D(6, 3, **settings), keras.layers.Conv2D(6, 3, **settings)
    ours, peer = (network_cost(keras.Sequential([keras.Input((9, 8, 4)), layer]), 3) for layer in convolutions)
    assert (ours.forward, ours.backward, ours.parameters) == (peer.forward, peer.backward, peer.parameters)
    last = Conv2D(6, 3, data_format="channels_first", **settings)
    assert network_cost(keras.Sequential([keras.Input((4, 9, 8)), last]), 3).forward == ours.forward


def test_forward_and_backward_pass_are_what_call_and_its_gradient_are():
    rng = np.random.default_rng(1)
    with float64():
        layer = Conv2D(4, 3, 2, "same", activation="sigmoid")
        x = ops.convert_to_tensor(rng.normal(size=(2, 6, 7, 3)))
        a, cache = layer.forward_pass(x)
        np.testing.assert_allclose(numpy(layer(x)), numpy(a), atol=1e-15)
        dx, (dkernel, dbias) = layer.backward_pass(ops.ones_like(a), cache)
        expected = derivatives(layer, x, np.ones_like(numpy(a)))
        for by_hand, by_rule in zip((dx, dkernel, dbias), expected, strict=True):
            np.testing.assert_allclose(numpy(by_hand), by_rule, atol=1e-13)


def test_the_hand_written_derivative_is_what_trains(monkeypatch):
    """With a backward pass that returns zeros, fit leaves the kernel where it is."""
    x, y = np.ones((4, 5, 5, 1), "float32"), np.zeros((4, 3, 3, 2), "float32")

    def trained():
        layer = Conv2D(2, 3)
        model = keras.Sequential([keras.Input((5, 5, 1)), layer])
        before = numpy(layer.kernel)
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(x, y, verbose=0)
        return abs(numpy(layer.kernel) - before).max()

    assert trained() > 1e-3
    right = Conv2D.backward_pass
    monkeypatch.setattr(
        Conv2D,
        "backward_pass",
        lambda self, delta, cache: keras.tree.map_structure(ops.zeros_like, right(self, delta, cache)),
    )
    assert trained() == 0


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("pool", "strides", "padding"), [(2, None, "valid"), (3, 2, "same")])
def test_max_pooling_is_keras_max_pooling(pool, strides, padding, form):
    rng = np.random.default_rng(2)
    with float64():
        ours = MaxPooling2D(pool, strides, padding, form)
        peer = keras.layers.MaxPooling2D(pool, strides, padding, form)
        x = ops.convert_to_tensor(rng.normal(size=(2, 7, 8, 3)))
        expected = numpy(peer(x))
        np.testing.assert_array_equal(numpy(require_float64(ours(x))), expected)
        weights = rng.normal(size=expected.shape)
        (dx,), (dx_peer,) = derivatives(ours, x, weights), derivatives(peer, x, weights)
        z, cache = ours.forward_pass(x)
        by_hand = numpy(ours.backward_pass(ops.convert_to_tensor(weights), cache)[0])
    np.testing.assert_allclose(dx, dx_peer, atol=1e-14)
    np.testing.assert_allclose(by_hand, dx_peer, atol=1e-14)


@pytest.mark.parametrize("n", [3, 90])
def test_matched_filter_is_the_normalised_inner_product(n):
    rng = np.random.default_rng(3)
    x, s = rng.normal(size=(2, 120, 1)), rng.normal(size=n)
    with float64():
        y = numpy(require_float64(MatchedFilter1D(s)(x)))
    expected = np.stack([np.correlate(row[:, 0], s, "valid") for row in x]) / np.linalg.norm(s)
    np.testing.assert_allclose(y[..., 0], expected, atol=1e-12)


def test_detector_scores_locates_and_decides():
    rng = np.random.default_rng(4)
    s = rng.normal(size=32)
    x = 0.1 * rng.normal(size=(2, 200, 1))
    x[0, 70:102, 0] += s
    detector = SignalDetector(PearsonCorrelation1D(s), float(detection_threshold(32, 1e-5)))
    np.testing.assert_array_equal(numpy(detector(x)), [[1.0], [0.0]])
    assert numpy(detector.locate(x))[0, 0] == 70
    np.testing.assert_array_equal(numpy(detector.score(x) > detector.threshold), [[1], [0]])


def test_detector_locates_a_patch_by_row_and_column():
    rng = np.random.default_rng(5)
    patch, image = rng.normal(size=(4, 5)), 0.1 * rng.normal(size=(1, 20, 30, 1))
    image[0, 9:13, 21:26, 0] = 0.3 * patch - 7
    detector = SignalDetector(PearsonCorrelation2D(patch), 0.99)
    np.testing.assert_array_equal(numpy(detector.locate(image)), [[9, 21]])
    np.testing.assert_array_equal(numpy(detector(image)), [[1.0]])


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_shapes_agree_and_the_batch_may_be_unknown(make, shape):
    layer, x = make(), np.random.default_rng(6).normal(size=(2, *shape)).astype("float32")
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    expected = layer.compute_output_shape((None, *shape))
    assert tuple(model.output.shape) == expected
    y = layer(x)
    assert tuple(y.shape) == (2, *expected[1:])
    np.testing.assert_allclose(model.predict(x, verbose=0), numpy(y), atol=1e-5)
    np.testing.assert_allclose(model.predict(x[:1], verbose=0), numpy(y)[:1], atol=1e-5)


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_a_saved_model_computes_the_same(make, shape, tmp_path):
    model = keras.Sequential([keras.Input(shape), make()])
    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(7).normal(size=(2, *shape)).astype("float32")
    np.testing.assert_array_equal(numpy(restored(x)), numpy(model(x)))
    layer = make(dtype="mixed_bfloat16")
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    assert twin.compute_dtype == "bfloat16"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_dtype_policies(make, shape, policy):
    x = np.random.default_rng(8).normal(size=(2, *shape))
    with float64():
        layer = make(dtype=policy)
        y = layer(x)
        assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
        if layer.trainable_variables:

            def loss():
                return ops.sum(ops.cast(layer(x), "float32"))

            _, gradients = value_and_grad(loss, layer.trainable_variables)
            for g, w in zip(gradients, layer.trainable_variables, strict=True):
                assert np.isfinite(numpy(g)).all() and tuple(g.shape) == tuple(w.shape)
                assert keras.backend.standardize_dtype(g.dtype) == layer.variable_dtype


@pytest.mark.parametrize("n", [3, 80])
def test_filters_take_signals_of_any_length(n):
    s = np.random.default_rng(9).normal(size=n)
    for make in (MatchedFilter1D, PearsonCorrelation1D):
        inputs = keras.Input((None, 1))
        model = keras.Model(inputs, make(s)(inputs))
        assert tuple(model.output.shape) == (None, None, 1)
        for T in (90, 100, 110):  # from the second on, TensorFlow traces with an unknown length
            x = np.random.default_rng(T).normal(size=(2, T, 1)).astype("float32")
            np.testing.assert_allclose(model.predict_on_batch(x), numpy(make(s)(x)), atol=1e-5)


IMAGE = np.zeros((1, 4, 4, 1), "float32")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MatchedFilter1D([[1.0]]), "template must be an array with 1 axes"),
        (lambda: MatchedFilter1D([0.0, 0.0]), "template must be finite and not all zero"),
        (lambda: PearsonCorrelation2D([[1.0, np.nan]]), "template must be finite and not all zero"),
        (lambda: PearsonCorrelation1D([1.0, 2.0], epsilon=-1), r"epsilon must be in \[0, 1\)"),
        (lambda: MatchedFilter1D(np.ones(5))(np.zeros((1, 4, 1))), "template must fit into x"),
        (
            lambda: MatchedFilter1D(np.ones(5)).compute_output_shape((None, 4, 1)),
            "template must fit",
        ),
        (
            lambda: MatchedFilter1D([1.0])(np.zeros((1, 4, 2))),
            r"x must have shape \(batch, time, 1\)",
        ),
        (
            lambda: MatchedFilter2D([[1.0]])(np.zeros((4, 4, 1))),
            r"x must have shape \(batch, height",
        ),
        (lambda: SignalDetector(max, 1.0), "layer must be a Keras layer"),
        (lambda: SignalDetector(MatchedFilter1D([1.0]), np.inf), "threshold must be finite"),
        (
            lambda: SignalDetector(Conv2D(2, 1), 1.0)(IMAGE),
            "layer must have one output chan",
        ),
        (lambda: Conv2D(0, 3), "filters must be at least 1; received filters=0"),
        (lambda: Conv2D(1, 0), "kernel_size must be an integer of at least 1"),
        (lambda: Conv2D(1, 3, strides=0), "strides must be an integer of at least 1"),
        (lambda: Conv2D(1, 3, padding="full"), 'padding must be "valid", "same"'),
        (lambda: Conv2D(3, 3, groups=2), "filters must be a positive multiple of groups=2; received filters=3"),
        (lambda: Conv2D(2, 3, groups=2)(IMAGE), "x must have a multiple of groups=2 channels; received 1"),
        (lambda: Conv2D(1, 3, 2, dilation_rate=2), "strides must be 1 where dilation_rate is not"),
        (lambda: Conv2D(1, 3, data_format="NHWC"), "data_format must be one of channels_last, channels_first"),
        (lambda: Conv2D(1, 3, dilation_rate=2)(IMAGE), "kernel_size must not exceed the padded input"),
        (lambda: Conv2D(1, 3, lora_rank=2), "lora_rank must be None, the only value"),
        (lambda: Conv2D(1, 5)(IMAGE), "kernel_size must not exceed the padded input"),
        (lambda: Conv2D(1, 3)(IMAGE[0]), "expected ndim=4, found ndim=3"),
        (lambda: MaxPooling2D(0), "pool_size must be an integer of at least 1"),
        (lambda: MaxPooling2D(5)(IMAGE), "kernel_size must not exceed the padded input"),
    ],
)
def test_bad_arguments_say_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()
