"""The structure of a Keras model: its layers in order, what goes into and comes out of them, and who reads whom.

Keras shows the layers of a model, but not those inside a layer, nor the nodes of a functional graph. The private names
that do are written here and in `core.training` only.

| function | gives |
| --- | --- |
| `layers_of(model)` | the model and all layers in it, each once |
| `leaves(model)` | those that hold no other layer |
| `trained(layer)` | its variables that were made to be trained, frozen or not |
| `replaced(layers, name, wrap)` | a region in which a method or activation of each layer is wrapped |
| `calls(model)` | the nodes of a functional graph: which layer was called on which tensors |
| `call_of(tensor)` | the node that made a symbolic tensor |
| `is_entrywise(layer)` | whether it is a layer or operation of Keras that multiplies no matrices |

`DropoutRNNCell` is the base of cells for which Keras' loop over time draws the masks of a dropout once a sequence.
"""

import contextlib

import keras
from keras import layers
from keras.src import ops as operations
from keras.src.layers.merging.base_merge import Merge
from keras.src.layers.pooling.base_global_pooling import BaseGlobalPooling
from keras.src.layers.pooling.base_pooling import BasePooling
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

__all__ = [
    "DropoutRNNCell",
    "call_of",
    "calls",
    "is_entrywise",
    "layers_of",
    "leaves",
    "readers",
    "replaced",
    "trained",
]


def layers_of(model):
    """The model, then the layers in it and in them, in the order in which they were made, each once.

    Example:
        >>> inner = keras.Sequential([keras.layers.Dense(2, name="a")], name="inner")
        >>> [layer.name for layer in layers_of(keras.Sequential([inner, keras.layers.ReLU(name="b")], name="outer"))]
        ['outer', 'inner', 'a', 'b']
    """
    return list(dict.fromkeys(_walk(model)))


def _walk(layer):
    yield layer
    for inner in layer._layers:
        yield from _walk(inner)


def leaves(model):
    """The layers that hold no other layer, in the order in which they were made.

    Example:
        >>> [layer.name for layer in leaves(keras.Sequential([keras.layers.Dense(2, name="a")]))]
        ['a']
    """
    return [layer for layer in layers_of(model) if not layer._layers]


def trained(layer):
    """The variables of a layer that were made to be trained, in the order of `trainable_variables`, frozen or not.

    Example:
        >>> dense = keras.layers.Dense(2, trainable=False)
        >>> dense.build((None, 3))
        >>> [v.name for v in trained(dense)]
        ['kernel', 'bias']
    """
    return [*layer._trainable_variables, *(v for part in layer._layers for v in trained(part))]


@contextlib.contextmanager
def replaced(layers, name, wrap):
    """A region in which an attribute of each layer is another one; layers without it are left alone.

    Args:
        layers: The layers.
        name: Name of a method or an attribute, such as `"call"` or `"activation"`, or a function of a layer that
            returns it.
        wrap: `wrap(layer, value)` returns what stands there meanwhile.

    Example:
        >>> dense, seen = keras.layers.Dense(1, "relu"), []
        >>> with replaced([dense], "activation", lambda layer, sigma: lambda z: seen.append(layer) or sigma(z)):
        ...     _ = dense(keras.ops.ones((1, 1)))
        >>> len(seen), dense.activation is keras.activations.relu
        (1, True)
    """
    with contextlib.ExitStack() as restore:
        for layer in dict.fromkeys(layers):
            attribute = name(layer) if callable(name) else name
            if not hasattr(layer, attribute):
                continue
            before = getattr(layer, attribute)
            if attribute in vars(layer) or not hasattr(type(layer), attribute):
                restore.callback(setattr, layer, attribute, before)
            else:
                restore.callback(delattr, layer, attribute)
            setattr(layer, attribute, wrap(layer, before))
        yield


def calls(model):
    """The nodes of a functional or `Sequential` model, built: each has `operation`, `input_tensors`, `output_tensors`.

    Raises:
        ValueError: If the model is of another kind, or not built.
    """
    graph = getattr(model, "_functional", None) if isinstance(model, keras.Sequential) else model
    if graph is None or not hasattr(graph, "_nodes_by_depth"):
        raise ValueError(f"model must be a Sequential or functional model, built; received a {type(model).__name__}")
    return [node for level in graph._nodes_by_depth.values() for node in level if not node.is_input]


def call_of(tensor):
    """The node that made a symbolic tensor; its `operation` is the layer."""
    layer, index, _ = tensor._keras_history
    return layer._inbound_nodes[index]


def readers(model):
    """From each layer of a functional graph to the list of those that take its output, `None` for the model's own."""
    found: dict = {}
    for node in calls(model):
        for tensor in node.input_tensors:
            found.setdefault(tensor._keras_history.operation, []).append(node.operation)
    for tensor in keras.tree.flatten(model.outputs):
        found.setdefault(tensor._keras_history.operation, []).append(None)
    return found


ENTRYWISE = (
    *(Merge, BasePooling, BaseGlobalPooling),
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Softmax),
    *(layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D, layers.AlphaDropout),
    *(layers.GaussianDropout, layers.GaussianNoise, layers.ActivityRegularization, layers.Masking, layers.Rescaling),
    *(layers.BatchNormalization, layers.LayerNormalization, layers.Normalization, layers.Permute, layers.RepeatVector),
    *(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D, layers.UpSampling1D, layers.UpSampling2D),
    *(layers.UpSampling3D, layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D),
    *(operations.numpy.Add, operations.numpy.Subtract, operations.numpy.Multiply, operations.numpy.Divide),
    *(operations.nn.Relu, operations.nn.Sigmoid, operations.nn.Softmax, operations.numpy.Tanh),
)


def is_entrywise(layer):
    """Whether a layer or operation of Keras works on single entries, or on none: it multiplies no matrices.

    Example:
        >>> is_entrywise(layers.MaxPooling2D()), is_entrywise(layers.Dense(2)), is_entrywise(layers.Dot(1))
        (True, False, False)
    """
    return isinstance(layer, ENTRYWISE) and not isinstance(layer, layers.Dot)
