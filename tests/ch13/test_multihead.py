"""Multi-head attention against Keras' layer: outputs, scores, gradients, masks, weights, precision."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.attention.multihead import MultiHeadAttention
from mathdl_keras.chapters.ch13.attention.self_attention import MultiHeadSelfAttention
from mathdl_keras.core.autodiff import value_and_grad, vjp
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of

U32 = 2.0**-24
RNG = np.random.default_rng(139)
B, N, M, D = 2, 4, 5, 6
X, Y, Z = (RNG.standard_normal((B, n, d)).astype("float32") for n, d in ((N, D), (M, 3), (M, 7)))
G = RNG.standard_normal((B, N, D)).astype("float32")
MASK = RNG.random((B, N, M)) < 0.6
MASK[0, 1] = False


def numpy(nest):
    return keras.tree.map_structure(lambda a: ops.convert_to_numpy(ops.cast(ops.stop_gradient(a), "float32")), nest)


def twins(*shapes, **settings):
    layers = [cls(2, 3, **settings) for cls in (MultiHeadAttention, keras.layers.MultiHeadAttention)]
    for layer in layers:
        layer.build(*shapes)
    weights = [RNG.standard_normal(w.shape).astype("float32") / 2 for w in layers[1].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def passes(layer, x, y, z, g, mask, **settings):
    """Output, scores, and the gradients of what goes in and of the weights."""

    def run(x, y, z, g, weights, mask):
        def f(arguments):
            x, y, z, weights = arguments
            y = x if y is None else y
            state = [v.value for v in layer.non_trainable_variables]
            call = {"attention_mask": mask, "return_attention_scores": True, "training": False}
            return layer.stateless_call(weights, state, x, y, z, **call, **settings)[0]

        inputs = (x, *[a for a in (y, z) if a is not None])

        def g_of(arguments):
            *ins, weights = arguments
            full = [*ins, *[None] * (3 - len(ins))]
            return f((*full, weights))

        (output, scores), pull_back = vjp(g_of, (*inputs, weights))
        return output, scores, *keras.tree.flatten(pull_back((g, ops.zeros_like(scores))))

    arguments = [None if a is None else ops.convert_to_tensor(a) for a in (x, y, z, g)]
    mask = None if mask is None else ops.convert_to_tensor(mask)
    weights = [v.value for v in layer.trainable_variables]
    return numpy(compiled(lambda *a: run(*arguments[:4], *a, mask))(weights))


@pytest.mark.parametrize(
    ("inputs", "mask", "settings", "call"),
    [
        ((X, None, None), None, {}, {}),
        ((X, None, None), None, {"use_bias": False}, {"use_causal_mask": True}),
        ((X, Y, Z), MASK, {"value_dim": 4}, {"use_causal_mask": True}),
    ],
    ids=["self", "causal, no bias", "three inputs"],
)
def test_outputs_scores_and_gradients_are_those_of_keras(inputs, mask, settings, call):
    x, y, z = inputs
    shapes = (x.shape, (x if y is None else y).shape, *([] if z is None else [z.shape]))
    ours, theirs = twins(*shapes, **settings)
    found, known = (passes(layer, x, y, z, G, mask, **call) for layer in (ours, theirs))
    assert len(found) == len(known)
    for a, b in zip(found, known, strict=True):
        np.testing.assert_allclose(a, b, atol=200 * U32 * max(1, np.abs(b).max()))


def test_the_fused_path_of_keras_gives_the_same():
    ours, theirs = twins(X.shape, X.shape)
    for causal in (False, True):
        a, b = (numpy(compiled(lambda x: layer(x, x, use_causal_mask=causal))(X)) for layer in (ours, theirs))  # noqa: B023
        np.testing.assert_allclose(a, b, atol=100 * U32)


def test_weights_go_both_ways_and_output_shape_can_be_set():
    ours, theirs = twins(X.shape, Y.shape, Z.shape, value_dim=4, output_shape=8)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    theirs.set_weights(ours.get_weights())
    assert (B, N, 8) == ours.compute_output_shape(X.shape, Y.shape, Z.shape)
    again = MultiHeadAttention.from_config(ours.get_config())
    assert again.get_config() == ours.get_config()


def test_masks_of_tokens_are_handed_on_as_in_keras():
    tokens = np.array([[1, 2, 3, 0], [4, 0, 0, 0]])
    embedding = keras.layers.Embedding(5, D, mask_zero=True)
    inputs = keras.Input((4,), dtype="int32")
    outputs = []
    for layer in twins((None, 4, D), (None, 4, D)):
        embedded = embedding(inputs)
        h = layer(embedded, embedded)
        assert h._keras_mask is not None
        outputs.append(numpy(keras.Model(inputs, h)(tokens)))
    np.testing.assert_allclose(*(y[tokens > 0] for y in outputs), atol=100 * U32)


def test_self_attention_is_a_layer_of_one_input():
    layer = MultiHeadSelfAttention(2, 3, use_causal_mask=True)
    layer.build(X.shape)
    ours, _ = twins(X.shape, X.shape)
    layer.set_weights(ours.get_weights())
    np.testing.assert_allclose(numpy(layer(X)), numpy(ours(X, X, use_causal_mask=True)), atol=50 * U32)
    inputs = keras.Input((None, D))
    model = keras.Model(inputs, layer(inputs))  # any length
    np.testing.assert_allclose(numpy(model(X[:, :3])), numpy(layer(X))[:, :3], atol=50 * U32)


def test_dropout_drops_weights_in_training_only_and_keeps_their_mean():
    layer = MultiHeadAttention(2, 3, dropout=0.5, seed=0)
    many = np.repeat(X[:1], 2000, axis=0)
    y, trained = numpy(layer(X[:1], X[:1])), numpy(layer(many, many, training=True))
    error = trained.std(axis=0) / np.sqrt(len(many))
    assert np.all(trained.std(axis=0) > 0)
    np.testing.assert_array_less(np.abs(trained.mean(axis=0) - y[0]), 5 * error)  # of 24 entries


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_in_half_and_stays_near(policy):
    half = MultiHeadAttention(2, 3, dtype=policy)
    half.build(X.shape, X.shape)
    full, _ = twins(X.shape, X.shape)
    half.set_weights(full.get_weights())
    y = half(X, X)
    assert dtype_of(y) == half.compute_dtype
    np.testing.assert_allclose(numpy(y), numpy(full(X, X)), atol=0.01 if policy == "mixed_float16" else 0.08)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiHeadAttention(0, 3), "num_heads must be an integer >= 1; received num_heads=0"),
        (lambda: MultiHeadAttention(2, 1.5), "key_dim must be an integer >= 1; received key_dim=1.5"),
        (
            lambda: MultiHeadAttention(2, 3)(X, X, attention_mask=np.ones((2, 9, 3), bool)),
            r"attention_mask must have shape \(..., \d, \d\); received shape \(2, 9, 3\)",
        ),
        (lambda: MultiHeadAttention(2, 3, dropout=1.0), r"dropout must be in \[0, 1\); received dropout=1.0"),
        (lambda: MultiHeadAttention(2, 3, output_shape=(2, 2)), r"output_shape must be an integer >= 1"),
        (lambda: MultiHeadAttention(2, 3)(X, Y[:, :, 0]), r"query, key and value must have shapes"),
        (lambda: MultiHeadAttention(2, 3)(X, Y, Z[:, :2]), r"query, key and value must have shapes .*\(2, 2, 7\)"),
        (lambda: MultiHeadAttention(2, 3)(X, np.full_like(X, np.inf)), "value must be finite"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_penalties_and_constraints_are_those_of_keras():
    """Keras penalizes the outputs of all four projections as activities."""
    penalties = {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2"}
    for x, y in ((X, X), (X, Y)):
        losses = []
        for layer in twins(x.shape, y.shape, kernel_constraint="unit_norm", bias_constraint="non_neg", **penalties):
            outputs = numpy(layer(ops.convert_to_tensor(x), ops.convert_to_tensor(y)))
            losses.append(float(numpy(sum(layer.losses))))
            assert {type(v.constraint).__name__ for v in layer.trainable_variables} == {"UnitNorm", "NonNeg"}
            assert outputs.shape == x.shape
        np.testing.assert_allclose(*losses, rtol=1e-5)
    again = MultiHeadAttention.from_config(MultiHeadAttention(2, 3, **penalties).get_config())
    assert type(again.penalty).__name__ == type(again.kernel_regularizer).__name__ == "L2"


def test_a_penalty_on_activities_is_differentiated():
    ours, theirs = twins(X.shape, Y.shape, activity_regularizer="l2")
    gradients = []
    for layer in (ours, theirs):

        def loss(layer=layer):
            y, scores = layer(ops.convert_to_tensor(X), ops.convert_to_tensor(Y), return_attention_scores=True)
            return ops.sum(y * ops.convert_to_tensor(G)) + ops.sum(scores**2) + sum(layer.losses)

        gradients.append(numpy(value_and_grad(loss, layer.trainable_variables)[1]))
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, atol=400 * U32 * max(1, np.abs(b).max()))
