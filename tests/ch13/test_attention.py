"""Attention against NumPy and finite differences; masks, rows without keys, and equivariance."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.attention.equivariance import equivariance_error, is_permutation_equivariant
from mathdl_keras.chapters.ch13.attention.formulas import attention_backward, attention_forward
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import causal_mask, scaled_dot_product_attention
from mathdl_keras.chapters.ch13.attention.self_attention import (
    MaskedSelfAttention,
    MultiHeadSelfAttention,
    SelfAttention,
)
from mathdl_keras.chapters.ch13.transformers.blocks import TransformerEncoderBlock
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64, dtype_of

U32 = 2.0**-24
RNG = np.random.default_rng(13)
Q, K, V = (RNG.standard_normal(s) for s in ((2, 4, 3), (2, 5, 3), (2, 5, 2)))
G = RNG.standard_normal((2, 4, 2))
MASK = RNG.random((2, 4, 5)) < 0.6
MASK[0, 1] = False  # a row without keys


def numpy(nest):
    return keras.tree.map_structure(lambda a: ops.convert_to_numpy(ops.stop_gradient(a)), nest)


def known(Q, K, V, mask=None, factor=1.0):
    """Softmax attention in NumPy, real or complex; all keys hidden, all weights are 0."""
    scores = np.einsum("...id,...jd->...ij", Q, K) / np.sqrt(Q.shape[-1])
    if mask is not None:
        empty = ~mask.any(axis=-1, keepdims=True)
        scores = np.where(empty, 0, np.where(mask, scores, -np.inf))
    weights = np.exp(scores)
    weights = weights / weights.sum(axis=-1, keepdims=True)
    weights = weights if mask is None else np.where(mask, weights, 0)
    return np.einsum("...ij,...jv->...iv", weights * factor, V), weights


def complex_step(f, x):
    steps = 1e-30j * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([f(x + e).imag / 1e-30 for e in steps]).reshape(x.shape)


@pytest.mark.parametrize("masked", [False, True])
def test_the_backward_pass_is_the_complex_step(masked):
    mask, factor = (MASK, 2.0 * (RNG.random((2, 4, 5)) < 0.5)) if masked else (None, None)
    H = RNG.standard_normal((2, 4, 5))  # the gradient of the weights, too

    def passes(Q, K, V, G, H, *extras):
        (output, weights), cache = attention_forward(Q, K, V, *extras)
        return output, weights, *attention_backward(G, cache, H)

    with allow_float64():
        found = numpy(
            compiled(passes)(*map(ops.convert_to_tensor, (Q, K, V, G, H, *([mask, factor] if masked else []))))
        )
    assert all(a.dtype == "float64" for a in found)

    def loss(Q, K, V):
        output, weights = known(Q, K, V, mask, 1.0 if factor is None else factor)
        return np.sum(G * output) + np.sum(H * weights)

    steps = (complex_step(lambda a: loss(a, K, V), Q), complex_step(lambda a: loss(Q, a, V), K),
             complex_step(lambda a: loss(Q, K, a), V))  # fmt: skip
    for a, b in zip(found, (*known(Q, K, V, mask, 1.0 if factor is None else factor), *steps), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)


def test_the_backward_pass_is_what_differentiates_a_call():
    Q3, K3, V3, G3 = (ops.convert_to_tensor(a.astype("float32")) for a in (Q, K, V, G))

    def both(q, k, v, g, mask):
        outputs, pull_back = vjp(
            lambda a: scaled_dot_product_attention(*a, mask, return_attention_scores=True), (q, k, v)
        )
        (output, weights), cache = attention_forward(q, k, v, mask)
        return pull_back((g, ops.zeros_like(weights))), attention_backward(g, cache), outputs[0], output

    called, hand, y, z = numpy(compiled(both)(Q3, K3, V3, G3, ops.convert_to_tensor(MASK)))
    np.testing.assert_array_equal(y, z)
    for a, b in zip(called, hand, strict=True):
        np.testing.assert_allclose(a, b, atol=50 * U32)


def test_a_query_without_keys_gets_zero():
    found = numpy(scaled_dot_product_attention(*(a.astype("float32") for a in (Q, K, V)), MASK))
    np.testing.assert_allclose(found, known(Q, K, V, MASK)[0], atol=50 * U32)
    assert not found[0, 1].any()


def test_half_precision_stays_half_and_finite():
    half = [ops.cast(a.astype("float32"), "float16") for a in (100 * Q, 100 * K, V)]
    found = scaled_dot_product_attention(*half, MASK)
    assert dtype_of(found) == "float16" and np.all(np.isfinite(numpy(found)))


@pytest.mark.parametrize("start", [0, 2])
def test_a_causal_mask_shows_the_past_and_the_place_itself(start):
    np.testing.assert_array_equal(numpy(causal_mask(3, 6, start)), np.tri(3, 6, start, dtype=bool))


def test_a_head_of_self_attention_is_attention_of_three_products():
    x = RNG.standard_normal((2, 5, 4)).astype("float32")
    layer = MaskedSelfAttention(3, 2)
    y = numpy(layer(x))
    expected = known(*(x @ W for W in layer.get_weights()), np.tri(5, dtype=bool))[0]
    np.testing.assert_allclose(y, expected, atol=50 * U32)
    assert len({w[0, 0].item() for w in layer.get_weights()}) == 3  # each kernel is a draw of its own


def test_tokens_that_are_masked_are_seen_by_none():
    layer, mask = SelfAttention(3), np.array([[True, True, False, True]])
    x = RNG.standard_normal((2, 4, 4)).astype("float32")
    x[1] = np.where(mask[0][:, None], x[0], 9.0)
    first, other = numpy(layer(x, mask=ops.convert_to_tensor(np.repeat(mask, 2, axis=0))))
    np.testing.assert_array_equal(first[mask[0]], other[mask[0]])


def test_equivariance_is_an_error_and_a_verdict():
    x = np.eye(3, dtype="float32")[None]
    assert equivariance_error(lambda x: ops.cumsum(x, axis=1), x) == 1
    assert is_permutation_equivariant(lambda x: 3 * x, RNG.standard_normal((2, 8, 3)).astype("float32"))
    assert not is_permutation_equivariant(lambda x: ops.flip(x, axis=1), x)
    assert equivariance_error(lambda x: ops.flip(x, axis=1), x, [[2, 1, 0]]) == 0  # of this one it is equivariant


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: scaled_dot_product_attention(Q, K[..., :2], V),
            r"query, key and value must have shapes .*\(2, 4, 3\)",
        ),
        (lambda: scaled_dot_product_attention(Q, K[:, :3], V), "query, key and value must have shapes"),
        (lambda: scaled_dot_product_attention(Q[0], K[0], V[0]), "query, key and value must have shapes"),
        (lambda: SelfAttention(0), "key_dim must be an integer >= 1; received key_dim=0"),
        (lambda: SelfAttention(2, 1.5), "value_dim must be an integer >= 1; received value_dim=1.5"),
        (lambda: SelfAttention(2)(np.ones((3, 4), "float32")), r"x must have shape \(batch, tokens, features\)"),
        (lambda: SelfAttention(2)(np.full((1, 3, 4), np.nan, "float32")), "x must be finite"),
        (lambda: equivariance_error(abs, np.ones((2, 3))), "x must have shape"),
        (lambda: equivariance_error(abs, np.ones((1, 3, 2)), [[0, 1, 1]]), "permutations must be rows of the numbers"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_masked_attention_is_attention_with_a_causal_mask_and_earlier_configurations_are_read():
    masked, x = MaskedSelfAttention(3), RNG.standard_normal((2, 4, 3)).astype("float32")
    layer = SelfAttention(3, use_causal_mask=True)
    layer.build(x.shape), masked.build(x.shape)
    layer.set_weights(masked.get_weights())
    np.testing.assert_array_equal(*(ops.convert_to_numpy(ops.stop_gradient(f(x))) for f in (layer, masked)))
    earlier = {name: value for name, value in masked.get_config().items() if name != "use_causal_mask"}
    assert MaskedSelfAttention.from_config(earlier).use_causal_mask
    assert MultiHeadSelfAttention.from_config({"num_heads": 2, "key_dim": 3, "causal": True}).use_causal_mask
    assert TransformerEncoderBlock.from_config(
        {"heads": 2, "key_dim": 3, "ff_dim": 4, "norm": "pre", "causal": True}
    ).use_causal_mask
