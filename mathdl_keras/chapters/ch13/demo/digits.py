"""Digits read as 8 rows of 8 pixels, one row at a time.

Three recurrent networks and a transformer of one block read the same rows. The transformer reads them with and without
positions: without, it sees a bag of rows, and the order of the rows is lost to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch13.attention.positions import SinePositionEncoding
from mathdl_keras.chapters.ch13.recurrent.layers import GRU, LSTM, SimpleRNN
from mathdl_keras.chapters.ch13.transformers.blocks import TransformerEncoderBlock
from mathdl_keras.core import datasets
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric
from mathdl_keras.core.training import FunctionalStepModel

UNITS, ROWS, BATCH = 64, 8, 32
RECURRENT = {"Elman": SimpleRNN, "LSTM": LSTM, "GRU": GRU}
TARGET = 0.95
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@dataclass(frozen=True, kw_only=True)
class RowResults(Results):
    """What was found about digits that are read row by row.

    Attributes:
        curves: Mapping from each network to the history of its training, a mapping from each quantity to its values,
            one for each epoch.
        gradients: Mapping from each network to an array `(8,)`, the mean norm of the gradient of the loss in each row.
        images: Array `(images, 8, 8)`, some test images.
        attention: Array `(images, heads, 8, 8)`, the weights with which the rows of these look at rows.
    """

    curves: Mapping[str, Mapping[str, Sequence[float]]]
    gradients: Mapping[str, np.ndarray]
    images: np.ndarray
    attention: np.ndarray


def run(session: Session) -> RowResults:
    """Trains the networks, and looks at what each row counts and where the rows look."""
    data = datasets.digits()
    split = data.split(seed=session.seed)
    models = {name: recurrent(layer) for name, layer in RECURRENT.items()}
    models |= {"transformer": transformer(positions=True), "without positions": transformer(positions=False)}
    metrics, curves = [], {}
    for name, model in models.items():
        curves[name] = _fit(session, model, name, split)
        metrics.append(_accuracy(name, curves[name]["val_accuracy"][-1], session.quick))
    norms = {name: gradient_norms(model, split.x_test, split.y_test) for name, model in models.items()}
    shown = split.x_test[:ROWS, ..., 0]
    looks = attention(models["transformer"], shown)
    return RowResults(metrics, [data], curves=curves, gradients=norms, images=shown, attention=looks)


def recurrent(layer):
    """A recurrent layer whose last state is read out."""
    x = keras.Input((ROWS, ROWS))
    return FunctionalStepModel(x, keras.layers.Dense(10)(layer(UNITS)(x)))


def transformer(positions: bool):
    """One block between an embedding of the rows and the mean of its tokens."""
    x = keras.Input((ROWS, ROWS))
    h = keras.layers.Dense(UNITS)(x)
    if positions:
        h = SinePositionEncoding(ROWS, UNITS)(h)
    h = TransformerEncoderBlock(num_heads=4, key_dim=UNITS // 4, intermediate_dim=2 * UNITS, name="block")(h)
    return FunctionalStepModel(x, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling1D()(h)))


def gradient_norms(model, x, y):
    """The norm of the gradient of one image's loss in each of its rows, mean over the images."""
    y = ops.convert_to_tensor(y)

    def losses(rows):
        return keras.losses.sparse_categorical_crossentropy(y, model(rows), from_logits=True)

    slopes = ops.convert_to_numpy(grad(losses)(ops.convert_to_tensor(x[..., 0])))  # (images, rows, pixels)
    return np.sqrt(np.sum(slopes**2, axis=2)).mean(axis=0)


def attention(model, x):
    """The weights with which rows look at rows, (images, heads, rows, rows)."""
    block = model.get_layer("block")
    embed = keras.Model(model.inputs, block.input)
    return ops.convert_to_numpy(block.attention_weights(embed(ops.convert_to_tensor(x))))


def _accuracy(name, value, quick):
    title = f"digits, {name}: test accuracy"
    if quick or name not in RECURRENT:
        return Metric(title, value)
    return Metric(title, value, target=f">= {TARGET:g}", reached=value >= TARGET)


def _fit(session, model, name, split):
    x, x_test = split.x_train[..., 0], split.x_test[..., 0]  # (images, rows, pixels)
    epochs, batches = session.choose(2, 20), -(-len(x) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(1e-2, epochs * batches)
    model.compile(keras.optimizers.Adam(rate), CROSS_ENTROPY, metrics=["accuracy"])
    validation = (x_test, split.y_test)
    return session.fit(model, name, x, split.y_train, epochs=epochs, batch_size=BATCH, validation_data=validation)
