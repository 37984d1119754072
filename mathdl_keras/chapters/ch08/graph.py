r"""What a network computes for one sample, layer by layer: the ground on which costs are counted (section 8.3)."""

from dataclasses import dataclass
from math import prod

import keras

from mathdl_keras.chapters.ch05.activations import Linear
from mathdl_keras.chapters.ch05.models import MLP, check_widths

# Layers that multiply each of their positions with a kernel. `Conv2D` is chapter 14's: hence names.
KERNEL = ("Dense", "Conv1D", "Conv2D", "Conv3D")
# Layers that work on single entries, or on none: modules of Keras, and names.
FREE_MODULES = ("activations", "merging", "pooling", "regularization", "reshaping")
FREE = ("InputLayer", "Identity", "Masking", "Rescaling", "BatchNormalization", "LayerNormalization", "Normalization")
FREE += ("Add", "Subtract", "Multiply", "Divide", "Relu", "Sigmoid", "Tanh", "Softmax")
FREE += ("Normalization", "MaxPooling2D")
# Layers whose output is their input in another shape.
VIEWS = ("InputLayer", "Identity", "Flatten", "Reshape")


@dataclass(frozen=True)
class Call:
    """One use of a layer, on one sample.

    Attributes:
        name: Of the layer.
        kind: Its class.
        parameters: How many it has; 0 if an earlier use has counted them.
        products: Multiply-adds of its forward pass.
        kept: Numbers in its output that the backward pass reads: Z and, if it is another, H.
        kernel_gradient: Whether the kernel is trained.
        input_gradient: Whether a layer before it is trained.
    """

    name: str
    kind: str
    parameters: int
    products: int
    kept: int
    kernel_gradient: bool
    input_gradient: bool


def calls_of(network):
    """The calls of a network and the number of inputs of one sample.

    Args:
        network: Widths, a `MLP`, or a Keras model that is `Sequential` or functional, and built.

    Returns:
        `(calls, inputs)`.

    Raises:
        ValueError: If it is something else, a shape is not known, or the cost of one of its layers is not.
    """
    if isinstance(network, MLP):
        return _chain(network, False), network.widths[0]
    if not isinstance(network, keras.Model):
        return _dense(check_widths(network)), check_widths(network)[0]
    if not getattr(network, "inputs", None):
        raise ValueError(
            "network must be widths, a MLP, or a Sequential or functional model that is built; "
            f"received {type(network).__name__} {network.name}"
        )
    walk = Walk()
    walk.model(network, False)
    return walk.calls, sum(_size(x.shape, network.name) for x in network.inputs)


def _dense(widths):
    """Dense layers with a nonlinear activation, but for the last."""
    last = len(widths) - 1
    return [
        Call(f"dense {k}", "Dense", (m + 1) * n, m * n, n if k == last else 2 * n, True, k > 1)
        for k, (m, n) in enumerate(zip(widths, widths[1:], strict=False), 1)
    ]


def _chain(model, needed):
    calls = []
    for layer, m in zip(model.dense, model.widths, strict=False):
        calls.append(_call(layer, (None, m), (None, layer.units), needed, layer.count_params()))
        needed = needed or bool(layer.trainable_variables)
    return calls


class Walk:
    """Collects the calls of a functional model, each after those it depends on."""

    def __init__(self):
        self.calls, self.counted = [], set()

    def model(self, model, needed):
        """Adds the calls of a model; the gradient of its inputs is asked for or not."""
        self.needs = dict.fromkeys(map(id, model.inputs), needed)
        for x in model.outputs:
            self.visit(x)

    def visit(self, x):
        """Whether the gradient of a symbolic tensor is asked for: something before it is trained."""
        if id(x) not in self.needs:
            layer, index, _ = x._keras_history
            node = layer._inbound_nodes[index]
            before = any([self.visit(tensor) for tensor in node.input_tensors])
            after = self.use(layer, node, before)
            self.needs |= dict.fromkeys(map(id, node.output_tensors), after)
        return self.needs[id(x)]

    def use(self, layer, node, before):
        """Adds the calls of one node; whether the gradient of its output is asked for."""
        if isinstance(layer, MLP):
            self.calls += _chain(layer, before)
        elif getattr(layer, "inputs", None):
            outer = self.needs
            self.model(layer, before)
            self.needs = outer
        else:
            self.calls.append(self.call(layer, node, before))
        return before or bool(getattr(layer, "trainable_variables", ()))

    def call(self, layer, node, before):
        shapes = node.input_tensors[0].shape if node.input_tensors else (), node.output_tensors[0].shape
        parameters = 0 if id(layer) in self.counted else getattr(layer, "count_params", int)()
        self.counted.add(id(layer))
        return _call(layer, *shapes, before, parameters)


def _call(layer, before, after, needed, parameters):
    kind, size = type(layer).__name__, _size(after, layer.name)
    trained = bool(getattr(layer, "trainable_variables", ()))
    if kind in KERNEL and getattr(layer, "kernel", None) is not None:
        first = getattr(layer, "data_format", None) == "channels_first"
        positions = prod(after[2:] if first else after[1:-1])
        kept = size if _is_linear(layer.activation) else 2 * size
        return Call(layer.name, kind, parameters, positions * prod(layer.kernel.shape), kept, trained, needed)
    if kind not in FREE and not _is_free(layer):
        raise ValueError(
            f"network must have layers whose cost is known ({', '.join(KERNEL)}, or without products); "
            f"received {kind} {layer.name}. Try measured_flops"
        )
    return Call(layer.name, kind, parameters, 0, 0 if kind in VIEWS else size, False, False)


def _is_free(layer):
    home = type(layer).__module__.split(".")
    return home[0] == "keras" and "layers" in home and home[-2] in FREE_MODULES and type(layer).__name__ != "Dot"


def _is_linear(activation):
    return activation is None or activation is keras.activations.linear or isinstance(activation, Linear)


def _size(shape, name):
    """Numbers of one sample."""
    if None in shape[1:]:
        raise ValueError(f"network must have known shapes; received {tuple(shape)} at {name}")
    return prod(shape[1:])
