"""Claims of §13.8: what dropout masks add up to along time."""

from keras import ops

from mathdl_keras.chapters.ch13.normalization.dropout import VariationalDropout
from mathdl_keras.core.claims import claim, mean_equals

__all__ = ["time_dropout"]


@claim(
    "13.8",
    "a sum over T steps has variance T^2 (1-p)/p with a shared mask and T (1-p)/p with fresh ones",
    refuted_by={"fresh masks for shared": {"shared": False}, "shared mask for fresh": {"fresh": True}},
)
def time_dropout(rng, *, keep=0.8, steps=10, sequences=2000, features=25, shared=True, fresh=False):
    verdicts, odds = [], (1 - keep) / keep
    for name, shared_mask, variance in (("shared", shared, steps**2 * odds), ("fresh", fresh, steps * odds)):
        layer = VariationalDropout(1 - keep, shared_mask, seed=int(rng.integers(2**31)))
        y = ops.convert_to_numpy(layer(ops.ones((sequences, steps, features)), training=True)).astype("float64")
        sums = y.sum(axis=1).ravel()
        verdicts += [
            mean_equals(sums, steps, label=f"{name}: mean of the sum"),
            mean_equals((sums - steps) ** 2, variance, label=f"{name}: its variance"),
        ]
    return verdicts
