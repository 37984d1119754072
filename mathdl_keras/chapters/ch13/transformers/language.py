r"""A language model: a causal transformer that says which character comes next (§13.9)."""

import functools

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch13.attention.positions import PositionEmbedding, check_length
from mathdl_keras.chapters.ch13.transformers import sampling
from mathdl_keras.chapters.ch13.transformers.blocks import EarlierArguments, affine
from mathdl_keras.chapters.ch13.transformers.text import CharacterVocabulary, text_windows
from mathdl_keras.chapters.ch13.transformers.transformers import TransformerEncoder
from mathdl_keras.core.checks import check_data, check_positive
from mathdl_keras.core.loops import compiled

__all__ = ["CausalLanguageModel"]


@keras.saving.register_keras_serializable("mathdl_keras")
class CausalLanguageModel(EarlierArguments, keras.Model):
    r"""Characters in, logits of the next character out, for each place (§13.9).

    .. math::
        X_t = E_{c_t} + P_t, \qquad Z = \mathrm{Transformer}_{\text{causal}}(X), \qquad
        p(c_{t+1} \mid c_0, \dots, c_t) = \mathrm{softmax}(W Z_t + b)

    Tokens (B, n), integers -> logits (B, n, V). Compile it with `SparseCategoricalCrossentropy(from_logits=True)` and
    fit it on `text_windows`; the loss divided by log 2 is in bits a character.

    Args:
        vocabulary: The V characters: a `CharacterVocabulary`, or a string of them. It is saved with the model.
        sequence_length: Integer, the places of the position table: of a prompt and what is generated together.
        dim: Integer, the dimension d of the vectors of tokens; 64 by default.
        num_heads: Integer, the heads of each attention, of d / num_heads dimensions each; 4 by default.
        num_layers: Integer, the number of blocks; 2 by default.
        intermediate_dim: Integer, the units of the network of each token; 4d by default.
        normalize_first: Boolean, whether the blocks normalize before attention and network; `True` by default.
        dropout: Float, the rate in training; 0 by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, the heads do not divide d, or there are more tokens than places.

    Example:
        >>> model = CausalLanguageModel("abc ", sequence_length=8, dim=8, num_heads=2, num_layers=1)
        >>> tuple(model(np.array([[0, 1, 2]])).shape)
        (1, 3, 4)
        >>> text = model.generate("ab", length=5, top_k=3, seed=0)
        >>> len(text), text[:2]
        (7, 'ab')
    """

    def __init__(
        self,
        vocabulary,
        sequence_length,
        dim=64,
        num_heads=4,
        num_layers=2,
        intermediate_dim=None,
        normalize_first=True,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if check_positive("dim", dim) % check_positive("num_heads", num_heads):
            raise ValueError(f"num_heads must divide dim={dim}; received num_heads={num_heads}")
        own = {"dtype": self.dtype_policy}
        known = isinstance(vocabulary, CharacterVocabulary)
        self.vocabulary = vocabulary if known else CharacterVocabulary(vocabulary)
        self.sequence_length, self.dim = sequence_length, dim
        self.embedding = keras.layers.Embedding(len(self.vocabulary), dim, **own)
        self.positions = PositionEmbedding(sequence_length, **own)
        units = 4 * dim if intermediate_dim is None else intermediate_dim
        self.encoder = TransformerEncoder(
            num_layers, num_heads, dim // num_heads, units, normalize_first, True, dropout, **own
        )
        self.readout = affine(len(self.vocabulary), None, own)

    def build(self, input_shape):
        shape = (*input_shape, self.dim)
        self.embedding.build(input_shape)
        for layer in (self.positions, self.encoder, self.readout):
            layer.build(shape)
        self.built = True

    def __call__(self, inputs, *args, **kwargs):
        if len(inputs.shape) != 2:
            raise ValueError(f"tokens must have shape (batch, tokens); received shape {tuple(inputs.shape)}")
        check_length(inputs.shape[1], self.sequence_length)
        if isinstance(inputs, np.ndarray):
            check_data(inputs, "tokens"), self._check_tokens(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs, training=None):
        return self.readout(self.encoder(self.positions(self.embedding(inputs)), training=training))

    def compute_output_shape(self, input_shape):
        return (*input_shape, len(self.vocabulary))

    def generate(self, prompt, length, temperature=1.0, top_k=None, top_p=1.0, seed=None, cached=True):
        r"""Writes on from a prompt, one character drawn after another.

        Characters are drawn from :math:`\mathrm{softmax}(U/\tau)`, of the `top_k` likeliest only, and of the fewest
        that together have probability `top_p`. With `top_k=1` the likeliest follows each time.

        Args:
            prompt: String, not empty.
            length: Integer, the number of characters to write.
            temperature: Float :math:`\tau > 0`; 1 by default.
            top_k: Integer >= 1, the number of likeliest characters that may be drawn; all by default.
            top_p: Float in (0, 1], the probability of those that may be drawn; 1 by default.
            seed: Integer, seed of the draws; `None`, the default, for another text each time.
            cached: Boolean, whether keys and values of the past are kept, so that each character costs the same few
                products; otherwise all is computed again for each: the same text up to rounding, and slower. `True` by
                default.

        Returns:
            The prompt and what follows.

        Raises:
            ValueError: If an argument is out of range, the prompt has unknown characters, or places are too few.
        """
        settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed, "cached": cached}
        tokens = self.generate_tokens(self.vocabulary.encode(prompt, "prompt")[None], length, **settings)
        return self.vocabulary.decode(tokens[0])

    def generate_tokens(self, tokens, length, temperature=1.0, top_k=None, top_p=1.0, seed=None, cached=True):
        """As `generate`, of several prompts of one length: tokens (B, n) -> (B, n + length), NumPy."""
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or tokens.size == 0:
            raise ValueError(f"prompt must hold at least one character; received shape {tokens.shape}")
        B, n = tokens.shape
        self._check_tokens(tokens)
        if n + check_positive("length", length) > self.sequence_length:
            raise ValueError(
                f"prompt and length must be at most sequence_length={self.sequence_length} together; "
                f"received {n} + {length}"
            )
        choose, rng = chooser(temperature, top_k, top_p), np.random.default_rng(seed)
        written = np.zeros((B, self.sequence_length), "int32")
        written[:, :n] = tokens
        weights = [v.value for v in self.variables] if self.built else self._weights_after(written)
        logits, caches = self._read(weights, written)
        logits = ops.convert_to_numpy(logits)[:, n - 1]
        for place in range(n, n + length):
            token = choose(logits, rng.random(B).astype("float32"))
            written[:, place] = ops.convert_to_numpy(token)
            if cached:
                logits, caches = self._decode(weights, token, caches, ops.convert_to_tensor(place, "int32"))
            else:
                logits = ops.convert_to_numpy(self._read(weights, written)[0])[:, place]
        return written[:, : n + length]

    def bits_per_character(self, text):
        r""":math:`-\frac1N \sum_t \log_2 p(c_t \mid \text{before})` of a text, in windows that overlap by half.

        After the first window each character is told from at least half a window before it, and at most a whole one.

        Args:
            text: String longer than `sequence_length`.
        """
        tokens, half = self.vocabulary.encode(text), max(self.sequence_length // 2, 1)
        x, y = text_windows(tokens, self.sequence_length, half)
        logits = self.predict(x, verbose=0).astype("float64")
        logits -= logits.max(axis=-1, keepdims=True)
        log_p = np.take_along_axis(logits, y[..., None], -1)[..., 0] - np.log(np.exp(logits).sum(axis=-1))
        told = np.concatenate([log_p[0], log_p[1:, -half:].ravel()])
        return float(-np.mean(told) / np.log(2))

    @functools.cached_property
    def _read(self):
        """Logits and caches of all places: one compilation, for the shape is always that of the table."""

        def read(tokens):
            Z, caches = self.encoder.remember(self.positions(self.embedding(tokens)))
            return self.readout(Z), caches

        return compiled(self._with_weights(read))

    @functools.cached_property
    def _decode(self):
        """Logits after one more token, and the caches: one compilation for all places."""

        def decode(token, caches, place):
            x = self.embedding(ops.expand_dims(token, 1))  # (B, 1, d)
            Z, caches = self.encoder.step(x + self.positions.at(place, x.dtype), caches, place)
            return self.readout(Z)[:, 0], caches

        return compiled(self._with_weights(decode))

    def _with_weights(self, f):
        """`f` with the weights as its first argument: a compiled function must not take them for constants."""

        def run(weights, *args):
            with keras.StatelessScope(list(zip(self.variables, weights, strict=True))):
                return keras.tree.map_structure(ops.stop_gradient, f(*args))

        return run

    def _weights_after(self, tokens):
        self.build(tokens.shape)
        return [v.value for v in self.variables]

    def _check_tokens(self, tokens):
        V = len(self.vocabulary)
        if tokens.dtype.kind not in "iu" or (tokens.size and not (tokens.min() >= 0 and tokens.max() < V)):
            raise ValueError(
                f"tokens must be integers in 0 to {V - 1}; received {tokens.dtype} {tokens.tolist()}"[:200]
            )

    def get_config(self):
        block = self.encoder.blocks[0]
        return super().get_config() | {
            "vocabulary": self.vocabulary.characters,
            "sequence_length": self.sequence_length,
            "dim": self.dim,
            "num_heads": block.num_heads,
            "num_layers": self.encoder.num_layers,
            "intermediate_dim": block.intermediate_dim,
            "normalize_first": block.normalize_first,
            "dropout": block.dropout,
        }


@functools.lru_cache(maxsize=32)
def chooser(temperature, top_k, top_p):
    """`(logits, uniforms) -> tokens`, compiled; the settings are checked first."""
    sampling.check_temperature(temperature), sampling.check_top_p(top_p)
    if top_k is not None:
        sampling.check_top_k(top_k)

    def choose(logits, uniforms):
        logits = sampling.temperature_logits(ops.cast(logits, "float32"), temperature)
        logits = logits if top_k is None else sampling.top_k_logits(logits, top_k)
        return sampling.sample_token(sampling.top_p_logits(logits, top_p), uniforms)

    return compiled(choose)
