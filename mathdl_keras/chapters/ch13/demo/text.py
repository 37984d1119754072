"""A small transformer learns to write, character by character, against the n-gram models of the same text.

The last tenth of the book is kept for validation. Bits a character say how well a model knows what comes next: a
character drawn evenly from V has log2 V; an n-gram model counts; the transformer is told n = 64 characters at most.
What is learned in the seconds of the default run is spelling, rather than sense; as a data set of its own the text gets
four times as long. After some 16 epochs the model begins to learn the book by heart, and validation gets worse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch13.transformers.language import CausalLanguageModel
from mathdl_keras.chapters.ch13.transformers.ngrams import NGramModel
from mathdl_keras.chapters.ch13.transformers.text import CharacterVocabulary, text_windows
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

PLACES, DIM, HEADS, LAYERS, BATCH = 64, 64, 4, 2, 32
ORDERS = (1, 2, 3, 4, 5, 6)
PROMPT = "Alice was "
SETTINGS = {
    "likeliest": {"top_k": 1},
    "temperature 0.5": {"temperature": 0.5},
    "top p 0.9": {"top_p": 0.9},
    "temperature 1": {},
}


@dataclass(frozen=True, kw_only=True)
class TextResults(Results):
    """What was found about the text, in bits a character.

    Attributes:
        curves: Mapping from `loss` and `val_loss` to their values, one for each epoch.
        ngrams: Mapping from each order n to the bits of the n-gram model on the validation text.
        bits: Float, those of the transformer, which sees at least half a window.
        written: Mapping from the name of each way of drawing to what the transformer writes.
        shown: String, a piece of the validation text.
        attention: Sequence of arrays `(heads, n, n)`, one for each block: which characters of it each looks at.
    """

    curves: Mapping[str, Sequence[float]]
    ngrams: Mapping[int, float]
    bits: float
    written: Mapping[str, str]
    shown: str
    attention: Sequence[np.ndarray]


def run(session: Session) -> TextResults:
    """The model's curve, the n-grams, some texts, and what each head attends to."""
    data = datasets.alice()
    cut = len(data.text) * 9 // 10
    train, validation = data.text[:cut], data.text[cut:]
    vocabulary = CharacterVocabulary.of(data.text)
    model = language_model(vocabulary)
    epochs = session.choose(1, 16 if session.dataset == data.name else 4)
    curves = train_model(session, model, train, validation, epochs, share=session.choose(8, 1))
    ngrams = ngram_bits(vocabulary, train, validation)
    written = {name: model.generate(PROMPT, PLACES - len(PROMPT), seed=session.seed, **settings)
               for name, settings in SETTINGS.items()}  # fmt: skip
    shown = validation[:24]
    bits = model.bits_per_character(validation)
    return TextResults(
        list(_metrics(session, bits, ngrams)),
        [data],
        curves=curves,
        ngrams=ngrams,
        bits=bits,
        written=written,
        shown=shown,
        attention=attention_maps(model, shown),
    )


def language_model(vocabulary):
    """Two blocks of four heads, compiled."""
    model = CausalLanguageModel(vocabulary, PLACES, DIM, HEADS, LAYERS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    return model


def train_model(session, model, train, validation, epochs, share=1):
    """Loss curves in bits a character; half their length apart."""
    x, y = text_windows(model.vocabulary.encode(train), PLACES, PLACES // 2)
    held_out = text_windows(model.vocabulary.encode(validation), PLACES)
    x, y = x[::share], y[::share]
    curves = session.fit(model, "transformer", x, y, epochs=epochs, batch_size=BATCH, validation_data=held_out)
    return {name: (np.array(curve) / np.log(2)).tolist() for name, curve in curves.items()}


def ngram_bits(vocabulary, train, validation):
    """Bits a character of the validation text, by order."""
    known, told = vocabulary.encode(train), vocabulary.encode(validation)
    return {n: NGramModel(n, len(vocabulary)).fit(known).bits_per_character(told) for n in ORDERS}


def attention_maps(model, text):
    """For each block (H, n, n): which characters each looks at."""
    tokens = ops.convert_to_tensor(model.vocabulary.encode(text)[None])
    x = model.positions(model.embedding(tokens))
    return [ops.convert_to_numpy(ops.stop_gradient(w))[0] for w in model.encoder.attention_weights(x)]


def _metrics(session, bits, ngrams):
    best = min(ngrams, key=ngrams.get)
    trained = not session.quick
    target = {"target": f"<= {ngrams[2]:.3f}, 2-grams", "reached": bool(bits <= ngrams[2])} if trained else {}
    yield Metric("bits a character, transformer", bits, "bit", **target)
    yield Metric("bits a character, 2-grams", ngrams[2], "bit")
    yield Metric(f"bits a character, best n-grams (n = {best})", ngrams[best], "bit")
