"""One model that holds every component of the shelf, and the script that writes it to a file.

`KERAS_BACKEND=jax python tests/conformance/make_fixtures.py` writes `fixtures/jax.keras`, and with `--expected` also
what it gives; run it on each backend when a component is added.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from entries import ENTRIES, batch, make

FIXTURES = Path(__file__).parent / "fixtures"
# The files were written before these components got the names of today.
EARLIER = {
    "Conv2D": "ExplicitConv2D",
    "Dense": "BackpropDense",
    "DenseBatchNorm": "NormalizedDense",
    "MLP": "FeedForward",
    "MaxPooling2D": "ExplicitMaxPool2D",
    "Normalization": "Standardize",
    "PositionEmbedding": "LearnedPositionalEmbedding",
    "RNN": "ExplicitRNN",
    "SinePositionEncoding": "SinusoidalPositionalEncoding",
    "TransformerEncoderBlock": "TransformerBlock",
    "VariationalDropout": "TimeDropout",
}


def key(name):
    """The name of a component in the files."""
    return EARLIER.get(name, name)


def everything():
    """A model with a branch for each component."""
    x = {name: keras.Input(entry.shape, name=key(name)) for name, entry in ENTRIES.items()}
    outputs = {key(name): make(name, name=f"the_{key(name)}")(x[name]) for name in ENTRIES}
    return keras.Model({key(name): branch for name, branch in x.items()}, outputs)


def inputs():
    """A batch for each branch."""
    return {key(name): batch(name) for name in ENTRIES}


def main():
    model = everything()
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape).astype("float32") / 2 for w in model.get_weights()])
    FIXTURES.mkdir(exist_ok=True)
    model.save(FIXTURES / f"{keras.backend.backend()}.keras")
    if "--expected" in sys.argv:
        np.savez_compressed(FIXTURES / "expected.npz", **model.predict(inputs(), verbose=0))


if __name__ == "__main__":
    main()
