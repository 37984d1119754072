"""Files of the shelf's components, each a model that holds several of them, and the script that writes them.

A folder of `fixtures` is written once and stays as it is: `BACKEND.keras` for each backend, and in `expected.npz` what
every component gives, which is also the list of what the files hold. Components that no folder holds go to a new one:

    KERAS_BACKEND=jax python tests/conformance/make_fixtures.py ch16 --expected
    KERAS_BACKEND=torch python tests/conformance/make_fixtures.py ch16
"""

import sys
from pathlib import Path

import keras
import numpy as np
from entries import ENTRIES, batch, make, symbols
from keras import tree

FIXTURES = Path(__file__).parent / "fixtures"
# The first files were written before these components got the names of today.
EARLIER = {
    "Conv2D": "ExplicitConv2D",
    "Dense": "BackpropDense",
    "DenseBatchNorm": "NormalizedDense",
    "MLP": "FeedForward",
    "MLPClassifier": "MultiLayerSGD",
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


def taken():
    """The components that can be in a file: what they give is not random."""
    return [name for name, entry in ENTRIES.items() if "values" not in entry.skips]


def expected(folder):
    """What the components of a folder give: from `key` to an array, `key_1` for a second output."""
    with np.load(FIXTURES / folder / "expected.npz", allow_pickle=False) as archive:
        return dict(archive)


def held(folder):
    """The components that a folder holds."""
    outputs = expected(folder)
    return [name for name in taken() if key(name) in outputs]


def folders():
    return sorted(path.name for path in FIXTURES.iterdir())


def numbered(name, nest):
    """The parts of what a component takes or gives, named."""
    return {key(name) + (f"_{i}" if i else ""): part for i, part in enumerate(tree.flatten(nest))}


def everything(names):
    """A model with a branch for each component."""
    inputs, outputs = {}, {}
    for name in names:
        x = symbols(name, key(name))
        inputs |= numbered(name, x)
        outputs |= numbered(name, make(name, name=f"the_{key(name)}")(*x))
    return keras.Model(inputs, outputs)


def inputs(names):
    """A batch for each branch."""
    return {part: x for name in names for part, x in numbered(name, batch(name)).items()}


def main(folder, *options):
    others = {name for other in folders() if other != folder for name in held(other)}
    names = [name for name in taken() if name not in others]
    model = everything(names)
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape).astype(w.dtype) / 2 for w in model.get_weights()])
    (FIXTURES / folder).mkdir(parents=True, exist_ok=True)
    model.save(FIXTURES / folder / f"{keras.backend.backend()}.keras")
    if "--expected" in options:
        np.savez_compressed(FIXTURES / folder / "expected.npz", **model.predict(inputs(names), verbose=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
