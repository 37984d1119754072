"""Claims of §13.9 about transformers: causality with and without a cache, and position encodings, in NumPy."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch13.attention.multihead import MultiHeadAttention
from mathdl_keras.chapters.ch13.attention.positions import SinePositionEncoding
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import causal_mask
from mathdl_keras.chapters.ch13.claims.attention import by_heads
from mathdl_keras.chapters.ch13.transformers.transformers import TransformerEncoder
from mathdl_keras.core.claims import claim, equals, exactly
from mathdl_keras.core.loops import compiled, scan

__all__ = ["causality", "positional_encoding"]


class Peeking(MultiHeadAttention):
    """A causal mask shifted by one: a token sees the next, too."""

    def call(self, query, value, key=None, use_causal_mask=False, **kwargs):
        n = query.shape[1]
        return super().call(query, value, attention_mask=causal_mask(n, n, start=1), **kwargs)


def normalized(x, gamma, beta, epsilon=1e-3):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + epsilon) + beta


def transformer(x, blocks, last):
    """Causal blocks with norm "pre" in NumPy, head by head."""
    for attention, (norm, norm2), (W1, b1), (W2, b2) in blocks:
        y = x + by_heads(normalized(x, *norm), attention, causal=True)
        x = y + np.maximum(normalized(y, *norm2) @ W1 + b1, 0) @ W2 + b2
    return normalized(x, *last)


def values(layer):
    return [ops.convert_to_numpy(ops.stop_gradient(v.value)) for v in layer.weights]


@claim(
    "13.9",
    "what comes later changes nothing before; decoding step by step with a cache is the full masked pass",
    refuted_by={"mask shifted by one": {"attention": Peeking}},
    precision="float64",
)
def causality(rng, *, tokens=6, d=8, layers=2, attention=MultiHeadAttention):
    encoder = TransformerEncoder(
        layers, num_heads=2, key_dim=4, intermediate_dim=12, normalize_first=True, use_causal_mask=True
    )
    for block in encoder.blocks:
        block.attention = [attention(2, 4)]
    encoder.build((None, tokens, d))
    encoder.set_weights([rng.standard_normal(w.shape) / 2 for w in encoder.get_weights()])
    x = np.tile(rng.standard_normal((1, tokens, d)), (tokens - 1, 1, 1))  # row t - 1 changes from token t on
    kept = np.arange(tokens) < np.arange(1, tokens)[:, None]
    changed = np.where(kept[..., None], x, rng.standard_normal(x.shape))

    def decode(x):
        def step(carry, x_t):
            place, caches = carry
            z, caches = encoder.step(ops.expand_dims(x_t, 1), caches, place)
            return (place + 1, caches), z[:, 0]

        start = ops.zeros((), "int32"), encoder.begin(tokens - 1, tokens)
        return ops.transpose(scan(step, start, ops.transpose(x, (1, 0, 2)))[1], (1, 0, 2))

    both = compiled(lambda x: (encoder(x), decode(x)))
    (z, _), (z_changed, stepwise) = ([ops.convert_to_numpy(a) for a in both(x)] for x in (x, changed))
    blocks = [(values(b.attention[0]), [values(n) for n in b.norms], values(b.expand), values(b.contract))
              for b in encoder.blocks]  # fmt: skip
    known = transformer(changed, blocks, values(encoder.last))
    return (
        exactly(z_changed[kept], z[kept], label="outputs before the change"),
        equals(z_changed, known, roundings=9000, label="full masked pass: NumPy"),
        equals(stepwise, known, roundings=9000, label="step by step with a cache: NumPy"),
    )


class IndexPerEntry(SinePositionEncoding):
    """Each entry has a frequency of its own: sine and cosine are no pair."""

    def __init__(self, sequence_length, dim):
        super().__init__(sequence_length, dim)
        t, j = np.indices(self.table.shape)
        angles = t * self.base ** (-j / dim)
        self.table = np.where(j % 2, np.cos(angles), np.sin(angles))


@claim(
    "13.9",
    "a place has squared norm d/2, two places a product that depends on their distance, and a shift rotates pairs",
    refuted_by={"an index per entry": {"layer": IndexPerEntry}},
    precision="float64",
)
def positional_encoding(rng, *, d=64, places=128, shift=7, layer=SinePositionEncoding):
    PE = ops.convert_to_numpy(layer(places, d)(ops.zeros((1, places, d), "float64")))[0]
    omega = np.exp(-np.log(10_000.0) * np.arange(d // 2) / (d // 2))
    sines, cosines = PE[:-shift, 0::2], PE[:-shift, 1::2]
    cos, sin = np.cos(omega * shift), np.sin(omega * shift)
    rotated = np.stack([cos * sines + sin * cosines, cos * cosines - sin * sines], axis=-1).reshape(-1, d)
    products = np.sum(PE[:-shift] * PE[shift:], axis=1)
    return (
        equals(np.sum(PE**2, axis=1), d / 2, roundings=9000, label="squared norms"),
        equals(products, cos.sum(), roundings=9000, label=f"<PE_t, PE_t+{shift}> for every t"),
        equals(PE[shift:], rotated, roundings=9000, label="a shift is a rotation of pairs"),
    )
