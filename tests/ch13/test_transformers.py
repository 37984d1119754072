"""Blocks, encoders and decoders against NumPy; caches against whole passes; masks, saving, and training."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.transformers.blocks import TransformerEncoderBlock
from mathdl_keras.chapters.ch13.transformers.decoder import TransformerDecoder
from mathdl_keras.chapters.ch13.transformers.language import CausalLanguageModel
from mathdl_keras.chapters.ch13.transformers.transformers import TransformerEncoder
from mathdl_keras.core.loops import compiled

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 4, 6)).astype("float32")
MEMORY = RNG.standard_normal((2, 5, 3)).astype("float32")
SIZES = {"num_heads": 2, "key_dim": 3, "intermediate_dim": 8}


def tensors(*arrays):
    return [ops.convert_to_tensor(a) for a in arrays]


def numpy(nest):
    return keras.tree.map_structure(lambda a: ops.convert_to_numpy(ops.stop_gradient(a)), nest)


def with_weights(layer, *shapes):
    layer.build(*shapes)
    layer.set_weights([RNG.standard_normal(w.shape) / 2 for w in layer.get_weights()])
    return layer


def values(layer):
    return [np.asarray(w, "float64") for w in layer.get_weights()]


def normalized(x, layer):
    gamma, beta = values(layer)
    centred = x - x.mean(-1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-3) + beta


def attended(x, memory, layer, causal):
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = values(layer)
    total = bo
    for h in range(2):
        Q, K, V = x @ Wq[:, h] + bq[h], memory @ Wk[:, h] + bk[h], memory @ Wv[:, h] + bv[h]
        S = Q @ np.swapaxes(K, 1, 2) / np.sqrt(3)
        P = np.exp(np.where(np.tri(*S.shape[1:], dtype=bool), S, -np.inf) if causal else S)
        total = total + P / P.sum(-1, keepdims=True) @ V @ Wo[h]
    return total


def known(block, x, sources, causal):
    """A block in NumPy; `sources` are what its attentions look at, `None` for x itself."""
    parts = [lambda x, s=s, a=a, c=c: attended(x, x if s is None else s, a, c)
             for s, a, c in zip(sources, block.attention, (causal, False), strict=False)]  # fmt: skip
    (W, b), (U, c) = values(block.expand), values(block.contract)
    parts.append(lambda x: np.maximum(x @ W + b, 0) @ U + c)
    for f, norm in zip(parts, block.norms, strict=True):
        x = x + f(normalized(x, norm)) if block.normalize_first else normalized(x + f(x), norm)
    return x


@pytest.mark.parametrize(("first", "causal"), [(False, False), (True, True)])
def test_a_block_is_its_formula(first, causal):
    block = with_weights(TransformerEncoderBlock(**SIZES, normalize_first=first, use_causal_mask=causal), X.shape)
    np.testing.assert_allclose(numpy(compiled(block)(X)), known(block, X, [None], causal), atol=2e-5)


@pytest.mark.parametrize("first", [False, True])
def test_a_decoder_is_its_formula_and_writes_step_by_step(first):
    decoder = with_weights(TransformerDecoder(1, **SIZES, normalize_first=first), X.shape, MEMORY.shape)
    x = X
    for block in decoder.blocks:
        x = known(block, x, [None, MEMORY], True)
    expected = normalized(x, decoder.last) if first else x

    def write(x, memory):
        found, caches = [], decoder.begin(memory, length=4)
        for t in range(4):
            z, caches = decoder.step(x[:, t : t + 1], caches, t)
            found.append(z)
        return decoder(x, memory), ops.concatenate(found, axis=1)

    for z in numpy(compiled(write)(*tensors(X, MEMORY))):
        np.testing.assert_allclose(z, expected, atol=5e-5)


def test_all_tokens_at_once_leave_the_cache_of_as_many_steps():
    encoder = with_weights(TransformerEncoder(2, **SIZES, normalize_first=True, use_causal_mask=True), X.shape)

    def both(x):
        caches = encoder.begin(2, 4)
        for t in range(4):
            z, caches = encoder.step(x[:, t : t + 1], caches, t)
        return (z[:, 0], caches), encoder.remember(x), encoder(x)

    (z, stepwise), (Z, at_once), called = numpy(compiled(both)(*tensors(X)))
    np.testing.assert_allclose(z, Z[:, -1], atol=2e-5)
    np.testing.assert_allclose(called, Z, atol=1e-6)
    for a, b in zip(keras.tree.flatten(stepwise), keras.tree.flatten(at_once), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_attention_weights_are_of_each_block_and_head():
    encoder = with_weights(TransformerEncoder(2, **SIZES, use_causal_mask=True), X.shape)
    for weights in numpy(compiled(encoder.attention_weights)(*tensors(X))):
        assert weights.shape == (2, 2, 4, 4)
        np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
        assert not np.triu(weights, 1).any()


def test_masked_tokens_change_nothing_and_masks_go_on():
    inputs = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(5, 6, mask_zero=True)(inputs)
    encoder = TransformerEncoder(1, **SIZES)
    h = encoder(embedded)
    assert h._keras_mask is not None
    model = keras.Model(inputs, h)
    long, short = (numpy(compiled(model)(*tensors([tokens]))) for tokens in ([1, 2, 0, 0], [1, 2]))
    np.testing.assert_allclose(long[:, :2], short, atol=1e-5)


def test_dropout_is_of_training_only_and_a_model_is_saved(tmp_path):
    inputs, memory = keras.Input((4, 6)), keras.Input((5, 3))
    h = TransformerEncoder(1, **SIZES, dropout=0.3)(inputs)
    model = keras.Model([inputs, memory], TransformerDecoder(1, **SIZES, normalize_first=True, dropout=0.3)(h, memory))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")

    def calls(x, memory):
        with keras.StatelessScope():  # seeds move
            return [m([x, memory], training=t) for m, t in ((model, False), (again, False), (model, True))]

    first, second, dropped = numpy(compiled(calls)(*tensors(X, MEMORY)))
    np.testing.assert_array_equal(first, second)
    assert np.all(np.isfinite(dropped)) and np.mean(np.abs(dropped - first) > 1e-3) > 0.9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TransformerEncoderBlock(0, 3, 8), "num_heads must be an integer >= 1; received num_heads=0"),
        (lambda: TransformerEncoderBlock(2, 3, 8, "both"), "normalize_first must be True or False; received .*='both'"),
        (lambda: TransformerEncoderBlock(2, 3, 8, dropout=1.5), r"dropout must be in \[0, 1\)"),
        (lambda: TransformerEncoder(0, 2, 3, 8), "num_layers must be an integer >= 1; received num_layers=0"),
        (lambda: TransformerEncoderBlock(2, 3, 8)(X[0]), r"x must have shape \(batch, tokens, features\)"),
        (lambda: TransformerDecoder(1, 2, 3, 8)(X, np.full_like(MEMORY, np.nan)), "memory must be finite"),
        (lambda: TransformerDecoder(1, 2, 3, 8).begin(MEMORY, 3), "the decoder must be built"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_files_of_earlier_versions_keep_their_meaning(norm):
    """They held `heads`, `layers`, `ff_dim`, `max_length`, and `norm` for `normalize_first`."""
    held = {"layers": 3, "heads": 2, "key_dim": 4, "ff_dim": 8, "norm": norm}
    sizes = {"num_layers": 3, "num_heads": 2, "key_dim": 4, "intermediate_dim": 8, "normalize_first": norm == "pre"}
    for cls in (TransformerEncoder, TransformerDecoder):
        assert sizes.items() <= cls.from_config(held).get_config().items()
    written = {"vocabulary": "ab", "max_length": 5, "dim": 8} | {k: v for k, v in held.items() if k != "key_dim"}
    today = {"sequence_length": 5} | {k: v for k, v in sizes.items() if k != "key_dim"}
    assert today.items() <= CausalLanguageModel.from_config(written).get_config().items()
