r"""What a network computes for one sample, layer by layer: the ground on which costs are counted (§8.3)."""

from dataclasses import dataclass
from math import prod

import keras

from mathdl_keras.chapters.ch05.models import MLP, check_widths
from mathdl_keras.chapters.ch08.layer_costs import Cost, cost_of
from mathdl_keras.core.graph import call_of


@dataclass(frozen=True)
class Call:
    """One use of a layer, on one sample.

    Attributes:
        name: String, name of the layer.
        kind: String, its class.
        parameters: Integer, the number of its parameters; 0 if an earlier use has counted them.
        cost: A `Cost`.
        kernel_gradient: Boolean, whether its weights are trained.
        input_gradient: Boolean, whether a layer before it is trained.
    """

    name: str
    kind: str
    parameters: int
    cost: Cost
    kernel_gradient: bool
    input_gradient: bool

    @property
    def backward(self):
        """Multiply-adds of the backward pass."""
        if not (self.kernel_gradient or self.input_gradient):
            return 0
        cost = self.cost
        return cost.weights * self.kernel_gradient + cost.inputs * self.input_gradient + cost.inner


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
        Call(f"dense {k}", "Dense", (m + 1) * n, Cost(m * n, m * n, m * n, kept=n if k == last else 2 * n), True, k > 1)
        for k, (m, n) in enumerate(zip(widths, widths[1:], strict=False), 1)
    ]


def _chain(model, needed):
    calls = []
    for layer, m in zip(model.dense, model.widths, strict=False):
        calls.append(_call(layer, [(None, m)], (None, layer.units), needed, layer.count_params()))
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
            node = call_of(x)
            before = any([self.visit(tensor) for tensor in node.input_tensors])
            after = self.use(node.operation, node, before)
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
        shapes = [x.shape for x in node.input_tensors], node.output_tensors[0].shape
        parameters = 0 if id(layer) in self.counted else getattr(layer, "count_params", int)()
        self.counted.add(id(layer))
        return _call(layer, *shapes, before, parameters)


def _call(layer, before, after, needed, parameters):
    _size(after, layer.name)
    trained = bool(getattr(layer, "trainable_variables", ()))
    return Call(layer.name, type(layer).__name__, parameters, cost_of(layer, before, after), trained, needed)


def _size(shape, name):
    """Numbers of one sample."""
    if None in shape[1:]:
        raise ValueError(f"network must have known shapes; received {tuple(shape)} at {name}")
    return prod(shape[1:])
