"""Claims of §13.9 about attention: its scale, its kernel, its heads, and permutations, against NumPy and
Keras."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch13.attention.equivariance import equivariance_error
from mathdl_keras.chapters.ch13.attention.multihead import MultiHeadAttention
from mathdl_keras.chapters.ch13.attention.positions import SinePositionEncoding
from mathdl_keras.chapters.ch13.attention.scaled_dot_product import scaled_dot_product_attention
from mathdl_keras.chapters.ch13.attention.self_attention import SelfAttention
from mathdl_keras.chapters.ch13.transformers.blocks import TransformerEncoderBlock
from mathdl_keras.core.claims import claim, equals, exactly, mean_equals
from mathdl_keras.core.loops import compiled

__all__ = ["attention_scaling", "attention_is_kernel_smoother", "multihead_parity", "permutation_equivariance"]


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def unscaled(query, key, value, **kwargs):
    """Attention without the division by the root of d."""
    return scaled_dot_product_attention(query * np.sqrt(query.shape[-1]), key, value, **kwargs)


@claim(
    "13.9",
    "scores of unit normal queries and keys have variance 1 after division by the root of d",
    refuted_by={"unscaled": {"attention": unscaled}},
    precision="float64",
)
def attention_scaling(rng, *, d=64, draws=50_000, attention=scaled_dot_product_attention):
    query, key = rng.standard_normal((2, draws, 1, d))
    keys = np.concatenate([key, 0 * key], axis=1)  # against a key 0, of score 0, the log-odds are the score
    _, weights = attention(query, keys, keys, return_attention_scores=True)
    odds = ops.convert_to_numpy(weights)[:, 0]
    scores = np.log(odds[:, 0]) - np.log(odds[:, 1])
    return mean_equals(
        scores**2, 1.0, standard_error=np.sqrt((2 + 6 / d) / draws), label=f"variance of scores, d = {d}"
    )


@claim(
    "13.9",
    "with keys of equal norm, attention is regression with a Gaussian kernel of bandwidth d^(1/4)",
    refuted_by={"bandwidth 1": {"power": 0.0}},
    precision="float64",
)
def attention_is_kernel_smoother(rng, *, d=6, queries=4, keys=7, power=0.25):
    Q, K, V = rng.standard_normal((queries, d)), rng.standard_normal((keys, d)), rng.standard_normal((keys, 3))
    K *= 2 / np.linalg.norm(K, axis=1, keepdims=True)
    measured = ops.convert_to_numpy(compiled(scaled_dot_product_attention)(*(a[None] for a in (Q, K, V))))[0]
    flat = ops.convert_to_numpy(compiled(scaled_dot_product_attention)(*(a[None] for a in (0 * Q, K, V))))[0]
    kernel = np.exp(-np.sum((Q[:, None] - K) ** 2, axis=-1) / (2 * d ** (2 * power)))
    smooth = kernel @ V / kernel.sum(axis=1, keepdims=True)
    return (
        equals(measured, smooth, roundings=90, scale=np.abs(V).max(), label="Nadaraya-Watson"),
        equals(flat, np.tile(V.mean(axis=0), (queries, 1)), roundings=90, scale=np.abs(V).max(), label="queries 0"),
    )


class ScaledByModelDimension(MultiHeadAttention):
    """Divides scores by the root of d, not of k."""

    def attend(self, Q, *args):
        d = self.projections[0][0].shape[0]
        return super().attend(Q * np.sqrt(self.key_dim / d), *args)


def by_heads(x, weights, causal):
    """The sum over heads, one head at a time, in NumPy."""
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = weights
    n, total = x.shape[1], bo
    for h in range(Wq.shape[1]):
        Q, K, V = (x @ W[:, h] + b[h] for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        scores = Q @ np.swapaxes(K, 1, 2) / np.sqrt(Wq.shape[2])
        scores = np.where(np.tril(np.ones((n, n), bool)), scores, -np.inf) if causal else scores
        total = total + softmax(scores) @ V @ Wo[h]
    return total


@claim(
    "13.9",
    "multi-head attention is a sum over heads, and Keras' layer; 4dhk + 3hk + d parameters",
    refuted_by={"scale of the model's dimension": {"layer": ScaledByModelDimension}},
    precision="float64",
)
def multihead_parity(rng, *, d=6, heads=2, k=4, tokens=5, layer=MultiHeadAttention):
    # 1/sqrt(k) is exact for k = 4: Keras rounds it to float32 on TensorFlow
    x = rng.standard_normal((2, tokens, d))
    ours, theirs = layer(heads, k), keras.layers.MultiHeadAttention(heads, k)
    for attention in (ours, theirs):
        attention.build(x.shape, x.shape)
    weights = [rng.standard_normal(w.shape) / 2 for w in theirs.get_weights()]
    ours.set_weights(weights), theirs.set_weights(weights)
    verdicts = [exactly(ours.count_params(), 4 * d * heads * k + 3 * heads * k + d, label="parameters")]
    for name, causal in (("plain", False), ("causal", True)):
        known = by_heads(x, weights, causal)
        settings = {"return_attention_scores": True, "use_causal_mask": causal}
        both = compiled(lambda x: (ours(x, x, **settings), theirs(x, x, **settings)))(x)  # noqa: B023
        (y, _), (explicit, _) = keras.tree.map_structure(ops.convert_to_numpy, both)
        rounding = {"roundings": 900, "scale": max(1.0, np.abs(known).max())}
        verdicts.append(equals(y, known, **rounding, label=f"{name}: NumPy, head by head"))
        verdicts.append(equals(y, explicit, **rounding, label=f"{name}: Keras"))
    return verdicts


class WithPositions(keras.Layer):
    """Attention after a position encoding: it sees order."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def call(self, x):
        return self.attention(SinePositionEncoding(*x.shape[1:])(x))


def same(layer):
    return layer


def causal(layer):
    """The same weights with a causal mask."""
    layer.use_causal_mask = True
    return layer


@claim(
    "13.9",
    "self-attention and the whole block are permutation equivariant; positions and causal masks end it",
    refuted_by={"position encoding": {"change": WithPositions}, "causal mask": {"change": causal}},
    precision="float64",
)
def permutation_equivariance(rng, *, tokens=5, d=4, change=same):
    x = rng.standard_normal((1, tokens, d))
    verdicts = []
    for name, layer in (("self-attention", SelfAttention(3)), ("block", TransformerEncoderBlock(2, 3, 8))):
        layer.build(x.shape)
        layer.set_weights([rng.standard_normal(w.shape) for w in layer.get_weights()])
        error = equivariance_error(compiled(change(layer)), x)  # all 120 permutations
        verdicts.append(equals(np.float64(error), 0.0, roundings=900, scale=10.0, label=f"{name}: |Z(XP) - Z(X)P|"))
    return verdicts
