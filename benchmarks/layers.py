"""BatchNormalization and Dropout with hand-written derivatives, against Keras' layers with autodiff.

A run is what `fit` makes of a layer in one step: the output in training, and the gradients of the input and of the
weights for the same upstream gradient. Both sides are differentiated through `call` in the same way, and compiled where
the backend compiles.
"""

import keras
import numpy as np

from benchmarks.harness import Case, agree_within
from mathdl_keras.chapters.ch09.layers import Dropout
from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.loops import compiled

SHAPES = {"rows": (256, 256), "images": (32, 28, 28, 16)}
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
# Unit roundoffs; sums of n terms err by sqrt(n) of them or so.
ROUNDOFF = {"float32": 2.0**-24, "mixed_float16": 2.0**-11, "mixed_bfloat16": 2.0**-8}
BUDGET = 1.1


def step(layer):
    """Output, gradients and new state of a layer, as a function of tensors."""

    def run(x, dy, weights, state):
        def forward(arguments):
            x, *weights = arguments
            return layer.stateless_call(weights, state, x, training=True)[0]

        y, pull_back = vjp(forward, (x, *weights))
        return [keras.ops.cast(v, "float32") for v in (y, *pull_back(dy))]

    return run


def thunk(layer, x, dy):
    f = compiled(step(layer))
    weights, state = ([v.value for v in vs] for vs in (layer.trainable_variables, layer.non_trainable_variables))
    return lambda: f(x, dy, weights, state)


def pairs(policy):
    """The layers to compare, and how many terms the longest sum has for so many rows."""
    yield (
        "BatchNormalization",
        BatchNormalization,
        keras.layers.BatchNormalization,
        {"dtype": policy},
        lambda rows: rows,
    )
    # with one seed both draw the same mask
    yield "Dropout", Dropout, keras.layers.Dropout, {"rate": 0.5, "seed": 0, "dtype": policy}, lambda rows: 1


def cases():
    rng = np.random.default_rng(0)
    for policy in POLICIES:
        for kind, shape in SHAPES.items():
            half = policy.removeprefix("mixed_")
            x, dy = (keras.ops.cast(rng.normal(size=shape).astype("float32"), half) for _ in range(2))
            for name, ours, peer, settings, terms in pairs(policy):
                layers = ours(**settings), peer(**settings)
                for layer in layers:
                    layer.build(shape)
                hand, auto = (thunk(layer, x, dy) for layer in layers)
                yield Case(
                    name=f"{name}, {kind}, {policy}",
                    ours=hand,
                    peer=auto,
                    same=agree_within(8 * np.sqrt(terms(np.prod(shape[:-1]))) * ROUNDOFF[policy]),
                    budget=BUDGET,
                    rounds=51,  # a run takes a millisecond or so: many are needed for a steady median
                    warmup=10,
                )
