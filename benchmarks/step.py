"""20 training steps of FunctionalStepModel against those of keras.Model, inside `fit`.

`training_step` is written once for three backends; that may not cost anything. Both models start
from the same weights, see the same batches in the same order, and must end with the same bits.
"""

import keras
import numpy as np
from keras import layers

from benchmarks.harness import Case, agree_within
from mathdl_keras.models import FunctionalStepModel

BATCHES = 20


def mlp(model_class):
    """The 784-256-128-10 multilayer perceptron."""
    inputs = keras.Input((784,))
    hidden = layers.Dense(256, activation="relu")(inputs)
    hidden = layers.Dense(128, activation="relu")(hidden)
    return model_class(inputs, layers.Dense(10)(hidden))


def cnn(model_class):
    """Two convolutions with pooling, and a linear read-out."""
    inputs = keras.Input((28, 28, 1))
    maps = layers.Conv2D(16, 3, activation="relu")(inputs)
    maps = layers.Conv2D(32, 3, activation="relu")(layers.MaxPooling2D()(maps))
    features = layers.Flatten()(layers.MaxPooling2D()(maps))
    return model_class(inputs, layers.Dense(10)(features))


def training(model, batch_size):
    """A thunk: 20 more batches, and the weights after them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCHES * batch_size, *model.input_shape[1:])).astype("float32")
    y = rng.integers(10, size=len(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=loss, metrics=["accuracy"])

    def run():
        model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0)
        return model.get_weights()

    return run


def cases():
    for name, build, batch_size in (("mlp", mlp, 128), ("cnn", cnn, 64)):
        ours, peer = build(FunctionalStepModel), build(keras.Model)
        ours.set_weights(peer.get_weights())
        yield Case(
            name=f"{name}, batch {batch_size}",
            ours=training(ours, batch_size),
            peer=training(peer, batch_size),
            same=agree_within(0.0),
            budget=1.05,
        )
