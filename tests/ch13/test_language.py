"""The language model, its draws, its text and the n-grams, against direct computations."""

import collections
import io

import keras
import numpy as np
import pytest
from keras import ops
from rich.console import Console

from mathdl_keras.chapters.ch13.demo import text as demo
from mathdl_keras.chapters.ch13.transformers import sampling
from mathdl_keras.chapters.ch13.transformers.language import CausalLanguageModel
from mathdl_keras.chapters.ch13.transformers.ngrams import NGramModel
from mathdl_keras.chapters.ch13.transformers.text import CharacterVocabulary, text_windows
from mathdl_keras.core.demo import Session

TEXT = "the cat sat on the mat; the rat sat on the cat. " * 12
VOCABULARY = CharacterVocabulary.of(TEXT)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    model = CausalLanguageModel(VOCABULARY, sequence_length=16, dim=16, num_heads=2, num_layers=1)
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = text_windows(VOCABULARY.encode(TEXT), 16, 4)
    model.fit(x, y, epochs=4, batch_size=32, verbose=0)
    return model


@pytest.mark.parametrize("settings", [{"top_k": 1}, {"temperature": 0.8, "top_k": 5, "top_p": 0.9}])
def test_cached_and_uncached_decoding_write_the_same_and_seeds_repeat(model, settings):
    texts = [model.generate("the ", 12, seed=3, cached=cached, **settings) for cached in (True, False, True)]
    assert texts[0] == texts[1] == texts[2] and len(texts[0]) == 16
    if "top_p" in settings:
        assert len({model.generate("the ", 12, seed=seed, **settings) for seed in range(4)}) > 1


def test_the_likeliest_follows_and_training_goes_into_the_next_text(model):
    tokens = model.generate_tokens(np.array([VOCABULARY.encode("the "), VOCABULARY.encode("sat ")]), 6, top_k=1)
    logits = model.predict(np.pad(tokens, ((0, 0), (0, 6))), verbose=0)
    np.testing.assert_array_equal(logits.argmax(-1)[:, 3:9], tokens[:, 4:])
    before = model.readout.bias.numpy() if hasattr(model.readout.bias, "numpy") else np.array(model.readout.bias)
    model.readout.bias.assign(1e3 * np.eye(len(VOCABULARY))[2])
    assert model.generate("the ", 3, top_k=1)[4:] == 3 * VOCABULARY.characters[2]  # no compiled constant
    model.readout.bias.assign(before)


def test_bits_are_the_mean_of_log_probabilities(model):
    tokens = VOCABULARY.encode(TEXT[:33])
    logits = np.stack([model.predict(tokens[None, s : s + 16], verbose=0)[0] for s in (0, 8, 16)]).astype("float64")
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    told = [logp[0, t, tokens[t + 1]] for t in range(16)]
    told += [logp[w, t, tokens[8 * w + t + 1]] for w in (1, 2) for t in range(8, 16)]
    assert model.bits_per_character(TEXT[:33]) == pytest.approx(-np.mean(told) / np.log(2), rel=1e-5)
    assert model.bits_per_character(TEXT) < np.log2(len(VOCABULARY))


def test_a_saved_model_knows_its_vocabulary(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.vocabulary.characters == VOCABULARY.characters
    assert again.generate("the ", 8, seed=1) == model.generate("the ", 8, seed=1)


def test_top_k_and_top_p_leave_what_they_must():
    logits = np.log([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]]).astype("float32")
    left = lambda a: (ops.convert_to_numpy(a) > -1e9).astype(int).tolist()  # noqa: E731
    tensor = ops.convert_to_tensor(logits)
    assert left(sampling.top_k_logits(tensor, 2)) == [[1, 1, 0, 0], [0, 0, 1, 1]]
    assert left(sampling.top_k_logits(tensor, 9)) == [[1] * 4] * 2
    for p, kept in ((0.05, 1), (0.39, 1), (0.6, 2), (0.89, 3), (0.95, 4), (1.0, 4)):
        assert left(sampling.top_p_logits(tensor, p)) == [[int(k < kept) for k in range(4)],
                                                          [int(k >= 4 - kept) for k in range(4)]]  # fmt: skip


def test_draws_have_the_probabilities_of_the_softmax():
    p = np.array([0.5, 0.0, 0.3, 0.2])
    u = ((np.arange(1000) + 0.5) / 1000).astype("float32")
    logits = np.tile(np.where(p > 0, np.log(np.maximum(p, 1e-30)), sampling.NEVER), (1000, 1)).astype("float32")
    tokens = ops.convert_to_numpy(sampling.sample_token(*map(ops.convert_to_tensor, (logits, u))))
    assert np.abs(np.bincount(tokens, minlength=4) - 1000 * p).max() <= 1 and 1 not in tokens
    last = ops.convert_to_numpy(sampling.sample_token(*map(ops.convert_to_tensor, (logits[:1], np.ones(1, "float32")))))
    assert p[last[0]] > 0  # a uniform number that was rounded to 1


@pytest.mark.parametrize("order", [1, 2, 4])
def test_n_grams_are_witten_and_bell_by_a_dictionary(order):
    tokens = VOCABULARY.encode(TEXT[:80])
    told = VOCABULARY.encode("a cat; the mat ")
    V = len(VOCABULARY)

    def p(context, c):
        below = p(context[1:], c) if context else 1 / V
        followers = collections.Counter(tokens[t] for t in range(len(context), len(tokens))
                                        if tuple(tokens[t - len(context) : t]) == context)  # fmt: skip
        if not followers:
            return below
        return (followers[c] + len(followers) * below) / (sum(followers.values()) + len(followers))

    expected = [p(tuple(told[max(t - order + 1, 0) : t]), told[t]) for t in range(len(told))]
    model = NGramModel(order, V).fit(tokens)
    np.testing.assert_allclose(model.probabilities(told), expected, rtol=1e-12)
    assert model.bits_per_character(told) == pytest.approx(-np.mean(np.log2(expected)))
    after = [model.probabilities(np.append(told[:6], c))[-1] for c in range(V)]
    assert sum(after) == pytest.approx(1)


def test_windows_overlap_as_told_and_say_the_next():
    x, y = text_windows(np.arange(10), 4, 2)
    assert x[:, 0].tolist() == [0, 2, 4] and np.array_equal(y, x + 1)


def test_the_demo_measures_in_bits_and_looks_back_only(model, tmp_path):
    bits = demo.ngram_bits(VOCABULARY, TEXT[:400], TEXT[400:])
    assert bits[1] > bits[2] > bits[4]
    for weights in demo.attention_maps(model, TEXT[:6]):
        assert weights.shape == (2, 6, 6) and not np.triu(weights, 1).any()
    session = Session("alice", tmp_path, quick=True, console=Console(file=io.StringIO()))
    assert session.choose(1, 2) == 1 and demo.PROMPT


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: CausalLanguageModel("ab", 8, 6, num_heads=4), "num_heads must divide dim=6; received num_heads=4"),
        (lambda m: CausalLanguageModel("aba", 8), "characters must be a string of different characters"),
        (lambda m: m.generate("the Ü", 3), "prompt must have only characters of the vocabulary; received also 'Ü'"),
        (lambda m: m.generate("", 3), "prompt must hold at least one character"),
        (lambda m: m.generate("the ", 13), "prompt and length must be at most sequence_length=16 together; received 4"),
        (lambda m: m.generate("the ", 0), "length must be an integer >= 1; received length=0"),
        (lambda m: m.generate("the ", 2, temperature=0), "temperature must be > 0 and finite; received temperature=0"),
        (lambda m: m.generate("the ", 2, top_k=0), "top_k must be an integer >= 1; received top_k=0"),
        (lambda m: m.generate("the ", 2, top_p=0), r"top_p must be in \(0, 1\]; received top_p=0"),
        (lambda m: m.generate("the ", 2, top_p=1.2), r"top_p must be in \(0, 1\]; received top_p=1.2"),
        (lambda m: m(np.zeros((1, 17), int)), "x must have at most sequence_length=16 tokens; received 17 tokens"),
        (lambda m: m(np.full((1, 3), 99)), "tokens must be integers in 0 to"),
        (lambda m: m(np.zeros(3, int)), r"tokens must have shape \(batch, tokens\)"),
        (lambda m: text_windows(np.arange(4), 4), "tokens must be more than length"),
        (lambda m: NGramModel(0, 3), "order and vocabulary_size must be >= 1"),
        (lambda m: NGramModel(2, 3).probabilities([0, 1]), "must be fitted before"),
        (lambda m: NGramModel(2, 3).fit(np.array([0, 3])), "tokens must be at least order=2, in 0 to 2"),
        (lambda m: VOCABULARY.decode([99]), "tokens must be in 0 to"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(model, make, message):
    with pytest.raises(ValueError, match=message) as error:
        make(model)
    assert "\n" not in str(error.value)
