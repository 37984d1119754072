"""Recurrent layers and attention with explicit backward passes, against Keras' layers with autodiff; decoding.

A run is what `fit` makes of a layer in one step: all outputs, and the gradients of the inputs and of the weights for
the same upstream gradient. Both sides are differentiated through `call` in the same way, and compiled where the backend
compiles. The budget is less on PyTorch, where Keras' loop over time costs some hundred operations a step.

Decoding with a cache is timed against itself: a step after 15 tokens of 512 against one after 511. It writes into a
table of one size, and costs the same.
"""

import functools

import keras
import numpy as np

from benchmarks.harness import Case, ResultsDiffer, agree_within
from mathdl_keras.chapters.ch13.attention.multihead import MultiHeadAttention
from mathdl_keras.chapters.ch13.recurrent.layers import GRU, LSTM
from mathdl_keras.chapters.ch13.transformers.language import CausalLanguageModel
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.loops import compiled

BATCH, STEPS, FEATURES, UNITS = 32, 50, 16, 64
BUDGET = 0.5 if keras.backend.backend() == "torch" else 1.05
# The gradient of a recurrent kernel sums 32 * 50 products, each of a state with the roundings of 50 steps.
TOLERANCE = 8 * np.sqrt(BATCH * STEPS) * 2.0**-24


def step(layer, mask=None):
    """Outputs and gradients of a layer, as a function of tensors."""
    kept = {} if mask is None else {"mask": mask}

    def run(x, dy, weights, state):
        def forward(arguments):
            x, *weights = arguments
            return layer.stateless_call(weights, state, x, **kept)[0]

        y, pull_back = vjp(forward, (x, *weights))
        return y, *pull_back(dy)

    return run


def thunk(layer, x, dy, mask):
    f = compiled(step(layer, mask))
    weights, state = ([v.value for v in vs] for vs in (layer.trainable_variables, layer.non_trainable_variables))
    return lambda: f(x, dy, weights, state)


def recurrent_case(name, ours, peer, padded=False):
    """All outputs of (32, 50, 16); of padded sequences some steps at the end are masked."""
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=(BATCH, STEPS, size)).astype("float32") for size in (FEATURES, UNITS))
    x, dy = map(keras.ops.convert_to_tensor, (x, dy))
    layers = [cls(UNITS, return_sequences=True) for cls in (ours, peer)]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights(layers[0].get_weights())
    lengths = rng.integers(STEPS // 2, STEPS, BATCH)[:, None]
    mask = keras.ops.convert_to_tensor(np.arange(STEPS) < lengths) if padded else None
    hand, auto = (thunk(layer, x, dy, mask) for layer in layers)
    return Case(name=name, ours=hand, peer=auto, same=agree_within(TOLERANCE), budget=BUDGET, rounds=31, warmup=5)


def attention_step(layer):
    """Outputs and gradients of self-attention, as a function of tensors."""

    def run(x, dy, weights):
        def forward(arguments):
            x, *weights = arguments
            return layer.stateless_call(weights, [], x, x)[0]

        y, pull_back = vjp(forward, (x, *weights))
        return y, *pull_back(dy)

    return run


def attention_case():
    """(32, 64, 64), 4 heads. The gradient of a kernel sums 32 * 64 products; that of the keys' bias is 0."""
    rng = np.random.default_rng(0)
    x, dy = (keras.ops.convert_to_tensor(rng.normal(size=(32, 64, 64)).astype("float32")) for _ in range(2))
    layers = [cls(4, 16) for cls in (MultiHeadAttention, keras.layers.MultiHeadAttention)]
    for layer in layers:
        layer.build(x.shape, x.shape)
    layers[1].set_weights(layers[0].get_weights())

    def thunk(layer):
        f, weights = compiled(attention_step(layer)), [v.value for v in layer.trainable_variables]
        return lambda: f(x, dy, weights)

    close = agree_within(8 * np.sqrt(32 * 64) * 2.0**-24)

    def same(ours, peer):
        close(*([a for k, a in enumerate(result) if k != KEY_BIAS] for result in (ours, peer)))

    hand, auto = map(thunk, layers)
    budget = None if keras.backend.backend() == "torch" else 1.05  # Keras calls a kernel of PyTorch there
    return Case("attention, forward + backward", hand, auto, same, budget=budget, rounds=31, warmup=5)


def decoding_case():
    """One token more after 511 others, against one more after 15."""
    model = CausalLanguageModel("abcdefgh", sequence_length=512, dim=64, num_heads=4, num_layers=2)
    model.build((1, 512))
    weights, tokens = [v.value for v in model.variables], np.zeros((1, 512), "int32")
    caches, token = model._read(weights, tokens)[1], keras.ops.convert_to_tensor(tokens[:, 0])

    def at(place):
        place = keras.ops.convert_to_tensor(place, "int32")
        return lambda: model._decode(weights, token, caches, place)[0]

    def same(ours, peer):  # places differ, so logits do
        if ours.shape != peer.shape:
            raise ResultsDiffer(f"logits have shapes {ours.shape} and {peer.shape}")

    return Case("cached decoding, token 511 against 15", at(511), at(15), same, budget=1.2, rounds=31)


KEY_BIAS = 5  # among output, gradient of x, and gradients of the weights

CASES = [
    functools.partial(recurrent_case, "LSTM, forward + backward", LSTM, keras.layers.LSTM),
    functools.partial(recurrent_case, "GRU, forward + backward", GRU, keras.layers.GRU),
    functools.partial(recurrent_case, "LSTM, padded sequences", LSTM, keras.layers.LSTM, padded=True),
    functools.partial(recurrent_case, "GRU, padded sequences", GRU, keras.layers.GRU, padded=True),
    attention_case,
    decoding_case,
]


def cases():
    for make in CASES:
        yield make()
