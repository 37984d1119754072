"""Position encodings by hand, their sums and limits."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.attention.positions import (
    PositionEmbedding,
    SinePositionEncoding,
    sinusoidal_encoding,
)

X = np.random.default_rng(0).standard_normal((2, 3, 4)).astype("float32")


def test_the_table_entry_by_entry():
    table = sinusoidal_encoding(6, 4, base=100.0)
    for t in range(6):
        row = [np.sin(t), np.cos(t), np.sin(t / 10), np.cos(t / 10)]
        np.testing.assert_allclose(table[t], row, atol=1e-15)


@pytest.mark.parametrize("layer", [SinePositionEncoding(5, 4), PositionEmbedding(5)])
def test_the_rows_of_the_table_are_added_and_can_be_had_one_by_one(layer):
    y = ops.convert_to_numpy(ops.stop_gradient(layer(X)))
    table = ops.convert_to_numpy(ops.stop_gradient(layer.rows("float32")))
    assert table.shape == (5, 4)
    np.testing.assert_allclose(y, X + table[:3], atol=1e-7)
    place = ops.convert_to_tensor(2, "int32")
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.stop_gradient(layer.at(place, "float32"))), table[2:3])
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_any_length_up_to_the_table_in_one_model():
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, SinePositionEncoding(5, 4)(inputs))
    np.testing.assert_allclose(ops.convert_to_numpy(model(X))[0], X[0] + sinusoidal_encoding(3, 4), atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SinePositionEncoding(2, 4)(X), "x must have at most sequence_length=2 tokens; received 3 tokens"),
        (lambda: PositionEmbedding(2)(X), "x must have at most sequence_length=2 tokens; received 3 tokens"),
        (lambda: SinePositionEncoding(4, 5), "dim must be even, .*; received dim=5"),
        (lambda: SinePositionEncoding(4, 6)(X), r"x must have dim=6 features; received shape \(2, 3, 4\)"),
        (lambda: SinePositionEncoding(4, 4, base=1), "base must be > 1 and finite; received base=1"),
        (lambda: PositionEmbedding(0), "sequence_length must be an integer >= 1; received sequence_length=0"),
        (lambda: PositionEmbedding(5)(X[0]), r"x must have shape \(batch, tokens, features\)"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
