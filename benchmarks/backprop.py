"""Backpropagation by hand against built-in `fit`, and 2,000 models trained at once.

The multilayer perceptron 784-256-128-10 trains on batches of 128, by formulas and by automatic differentiation: same
start, same batches, same optimizer, and the same weights at the end up to rounding. The replicas of chapter 7 are
2,000 linear regressions in 10 dimensions, 1,000 steps of stochastic gradient descent each, in one compiled loop; their
peer takes the same steps in NumPy, all models at once.
"""

import keras
import numpy as np
from keras import layers

from benchmarks.harness import Case, agree_within
from mathdl_keras.descent import sample_minibatches, sgd_replicas
from mathdl_keras.models import BackpropMLP

BATCHES, BATCH = 20, 128
WIDTHS = (784, 256, 128, 10)


def automatic():
    """The same network, made of Keras' layers."""
    dense = [layers.Dense(n, "relu") for n in WIDTHS[1:-1]] + [layers.Dense(WIDTHS[-1])]
    return keras.Sequential([keras.Input(WIDTHS[:1]), *dense])


def training(model, optimizer, loss=None):
    """A thunk: 20 more batches, and the weights after them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCHES * BATCH, WIDTHS[0])).astype("float32")
    y = rng.integers(WIDTHS[-1], size=len(x))
    model.compile(optimizer, *([loss] if loss else []))

    def run():
        model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
        return model.get_weights()

    return run


def replicas(models=2000, d=10, steps=1000, samples=100, batch_size=4, learning_rate=0.02):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((samples, d)).astype("float32")
    y = (x @ rng.standard_normal(d) + rng.standard_normal(samples)).astype("float32")
    start = np.zeros((models, d), "float32")
    batches = sample_minibatches(rng, samples, batch_size, (steps, models))

    def peer():
        theta = start.copy()
        for rows in batches:
            X = x[rows]
            residual = np.einsum("rbd,rd->rb", X, theta) - y[rows]
            theta -= learning_rate / batch_size * np.einsum("rb,rbd->rd", residual, X)
        return theta

    return Case(
        name=f"{models:,} replicas, d = {d}, {steps:,} steps",
        ours=lambda: sgd_replicas(x, y, start, batches, learning_rate),
        peer=peer,
        same=agree_within(1e-4),
        seconds=2.0,
        rounds=5,
        warmup=1,
    )


def cases():
    for optimizer in ("sgd", "adam"):
        ours, peer = BackpropMLP(WIDTHS, "relu"), automatic()
        peer.set_weights(ours.get_weights())
        yield Case(
            name=f"mlp, batch {BATCH}, {optimizer}",
            ours=training(ours, optimizer),
            peer=training(peer, optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
            same=agree_within(1e-2),
            budget=1.0,
        )
    yield replicas()
