"""The structure of Keras models, against models whose structure is known."""

import keras
import pytest
from keras import layers, ops

from mathdl_keras.core.graph import call_of, calls, layers_of, leaves, readers, replaced


def nested():
    x = keras.Input((3,), name="x")
    shared = layers.Dense(3, "relu", name="shared")
    inner = keras.Sequential(
        [keras.Input((3,), name="in"), layers.Dense(2, name="a"), layers.Dropout(0.5, name="b")], name="inner"
    )
    return keras.Model(x, inner(shared(shared(x))), name="outer"), shared


def test_layers_come_in_order_and_once():
    model, _ = nested()
    assert [layer.name for layer in layers_of(model)] == ["outer", "x", "shared", "inner", "in", "a", "b"]
    assert [layer.name for layer in leaves(model)] == ["x", "shared", "in", "a", "b"]


def test_a_graph_knows_its_calls_and_who_reads_whom():
    model, shared = nested()
    assert sorted(node.operation.name for node in calls(model)) == ["inner", "shared", "shared"]
    assert sorted(layer.name for layer in readers(model)[shared]) == ["inner", "shared"]
    assert readers(model)[model.get_layer("inner")] == [None]
    assert call_of(model.output).operation.name == "inner"
    with pytest.raises(ValueError, match="built; received a Sequential"):
        calls(keras.Sequential([layers.Dense(2)]))


def test_what_was_replaced_is_put_back_even_after_an_error():
    model, shared = nested()
    sigma, seen = shared.activation, []

    def counted(layer, function):
        def run(*args, **kwargs):
            seen.append(layer.name)
            return function(*args, **kwargs)

        return run

    with pytest.raises(ZeroDivisionError):
        with replaced([shared, shared], "activation", counted), replaced([shared], "call", counted):
            shared(ops.ones((1, 3)))
            raise ZeroDivisionError
    assert seen == ["shared", "shared"] and shared.activation is sigma and "call" not in vars(shared)


def test_layers_without_the_attribute_are_left_alone():
    dropout = layers.Dropout(0.1)
    with replaced([dropout], "activation", lambda layer, value: None):
        assert not hasattr(dropout, "activation")
