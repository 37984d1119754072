"""Conv2D, hand-written forward and backward, against keras.layers.Conv2D with autodiff.

Both return the layer's output and the gradients with respect to input, kernel and bias, for the
same upstream gradient; both are compiled where the backend compiles.
"""

import keras
import numpy as np

from benchmarks.harness import Case, agree_within
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.loops import compiled
from mathdl_keras.layers import Conv2D

SHAPE, FILTERS, KERNEL = (32, 28, 28, 16), 32, 3


def by_hand(layer):
    def run(x, kernel, bias, delta):
        with keras.StatelessScope([(layer.kernel, kernel), (layer.bias, bias)]):
            z, cache = layer.forward_pass(x)
            dx, gradients = layer.backward_pass(delta, cache)
            return z, dx, *gradients

    return run


def by_autodiff(layer):
    def run(x, kernel, bias, delta):
        def forward(arguments):
            x, *weights = arguments
            return layer.stateless_call(weights, [], x)[0]

        z, pullback = vjp(forward, (x, kernel, bias))
        return z, *pullback(delta)

    return run


def cases():
    rng = np.random.default_rng(0)
    for padding in ("valid", "same"):
        ours = Conv2D(FILTERS, KERNEL, padding=padding)
        peer = keras.layers.Conv2D(FILTERS, KERNEL, padding=padding)
        for layer in (ours, peer):
            layer.build(SHAPE)
        shapes = SHAPE, peer.kernel.shape, peer.bias.shape, peer.compute_output_shape(SHAPE)
        arrays = [keras.ops.convert_to_tensor(rng.normal(size=s).astype("float32")) for s in shapes]
        hand, auto = compiled(by_hand(ours)), compiled(by_autodiff(peer))
        # A bound for sums of n float32 terms is n roundings; the longest, for the kernel's
        # gradient, have 32 * 28 * 28 terms, but errors of random sign grow like their root.
        yield Case(
            name=f"padding {padding}",
            ours=lambda f=hand, a=arrays: f(*a),
            peer=lambda f=auto, a=arrays: f(*a),
            same=agree_within(np.sqrt(32 * 28 * 28) * np.finfo("float32").eps),
            budget=1.5,
            rounds=51,  # a run takes a few milliseconds: many are needed for a steady median
            warmup=10,
        )
