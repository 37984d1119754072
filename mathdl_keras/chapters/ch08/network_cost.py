r"""What a step of training costs: operations and memory, counted layer by layer (§8.3).

A dense layer of :math:`n_{\ell-1}` inputs and :math:`n_\ell` units takes, for each of B samples, as many multiply-adds
forward as its kernel has entries; and as many again for each of the two products of its backward pass, the gradient of
the kernel and that of the inputs. Nobody asks for the gradient of the data, so the first layer has one product less:

.. math::
    \text{forward } 2B \sum_\ell n_{\ell-1} n_\ell, \qquad
    \text{backward } 2B \Big(2 \sum_\ell n_{\ell-1} n_\ell - n_0 n_1\Big).

A gradient costs less than two evaluations, however many parameters there are. A convolution does the same at each of
its positions. Work on single entries (biases, activations, the loss) is not counted: it is a few percent.
"""

from dataclasses import dataclass
from math import prod

import keras

from mathdl_keras.chapters.ch08.calls import Call, calls_of

__all__ = ["Memory", "NetworkCost", "activation_memory", "count_flops", "network_cost"]

BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
PASSES = ("forward", "backward", "step")


@dataclass(frozen=True)
class NetworkCost:
    """The FLOPs of a network, by layers; printed, a table.

    Attributes:
        batch: Integer, the number of samples.
        calls: Tuple of a `Call` for each use of a layer.

    Example:
        >>> print(network_cost((64, 32, 10), batch=20))
        layer       parameters  forward  backward
        dense 1          2,080   81,920    81,920
        dense 2            330   12,800    25,600
        20 samples       2,410   94,720   107,520
    """

    batch: int
    calls: tuple[Call, ...]

    @property
    def parameters(self):
        """The number of parameters."""
        return sum(call.parameters for call in self.calls)

    @property
    def forward(self):
        """FLOPs of the forward pass."""
        return sum(self._flops(call)[0] for call in self.calls)

    @property
    def backward(self):
        """FLOPs of the backward pass."""
        return sum(self._flops(call)[1] for call in self.calls)

    @property
    def step(self):
        """FLOPs of both passes."""
        return self.forward + self.backward

    def _flops(self, call):
        return 2 * self.batch * call.cost.forward, 2 * self.batch * call.backward

    def __str__(self):
        rows = [("layer", "parameters", "forward", "backward")]
        rows += [_row(call.name, call.parameters, *self._flops(call)) for call in self.calls]
        rows.append(_row(f"{self.batch} samples", self.parameters, self.forward, self.backward))
        first, *others = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [[f"{row[0]:{first}}", *map(str.rjust, row[1:], others)] for row in rows]
        return "\n".join("  ".join(line) for line in lines)


def _row(name, *numbers):
    return (name, *(f"{n:,}" for n in numbers))


def network_cost(network, batch):
    r"""The FLOPs of each layer of a network, forward and backward (§8.3).

    Exact for the products of dense layers and convolutions, 2 FLOPs for each multiply-add; those with the zeros of a
    padding count too. Layers without products cost nothing. The gradient of a kernel counts if the layer is trained,
    that of its inputs if something before it is.

    Args:
        network: Widths :math:`(n_0, \dots, n_L)`, a `MLP` or `BackpropMLP`, or a built Keras model that is `Sequential`
            or functional, with layers that are used once or several times.
        batch: Integer, the number B of samples.

    Returns:
        A `NetworkCost`.

    Raises:
        ValueError: If the cost of a layer is not known here, a shape is not, or an argument is out of range.

    Example:
        >>> image = keras.Input((8, 8, 1))
        >>> model = keras.Sequential([image, keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(10)])
        >>> network_cost(model, batch=1).forward  # 2 x (36 positions x 9 x 4 + 144 x 10)
        5472
    """
    if not isinstance(batch, int) or batch < 1:
        raise ValueError(f"batch must be an integer >= 1; received batch={batch!r}")
    return NetworkCost(batch, tuple(calls_of(network)[0]))


def count_flops(network, batch, pass_="step"):
    r"""The FLOPs of a forward pass, a backward pass, or both (§8.3).

    Args:
        network: Widths or a network, as for `network_cost`.
        batch: Integer, the number B of samples.
        pass_: String, `forward`, `backward` or, by default, `step`, which is both.

    Returns:
        The number of FLOPs, an integer.

    Raises:
        ValueError: As `network_cost`; or if `pass_` is unknown.

    Example:
        >>> [count_flops((64, 128, 32, 16, 10), 20, p) for p in ("forward", "backward", "step")]
        [518400, 709120, 1227520]
    """
    if pass_ not in PASSES:
        raise ValueError(f"pass_ must be one of {', '.join(PASSES)}; received pass_={pass_!r}")
    return getattr(network_cost(network, batch), pass_)


@dataclass(frozen=True)
class Memory:
    """The bytes that a step of training holds; printed, a table.

    Attributes:
        inputs: Integer, bytes of the inputs of the batch.
        activations: Integer, bytes of what the forward pass keeps for the backward pass: Z and H of each layer with a
            kernel (once if it is linear), and the output of each other layer but those that only reshape.
        parameters: Integer, bytes of all weights.
        gradients: Integer, bytes of the gradients of the trainable weights. An optimizer may hold more of that size:
            momentum one, Adam two.

    Example:
        >>> Memory(inputs=40, activations=60, parameters=100, gradients=100).total
        300
    """

    inputs: int
    activations: int
    parameters: int
    gradients: int

    @property
    def total(self):
        """The sum of all four."""
        return self.inputs + self.activations + self.parameters + self.gradients

    def __str__(self):
        rows = [*vars(self).items(), ("total", self.total)]
        return "\n".join(f"{name:11}  {size:>12,} bytes" for name, size in rows)


def activation_memory(network, batch):
    r"""The memory of a step of training: what the backward pass reads must be kept by the forward pass (§8.3).

    .. math:: \text{activations } \Big(2 \sum_{\ell<L} n_\ell + n_L\Big) B, \qquad
        \text{parameters } \sum_\ell (n_{\ell-1} + 1)\, n_\ell ,

    in bytes of their dtype. It is what hand-written backpropagation keeps (`BackpropMLP`); automatic differentiation
    may keep less (of a ReLU only H) or more (masks of a dropout).

    Args:
        network: Widths or a network, as for `network_cost`. For widths, hidden layers are nonlinear and the last one is
            linear.
        batch: Integer, the number B of samples.

    Returns:
        A `Memory`.

    Raises:
        ValueError: As `network_cost`.

    Example:
        >>> print(activation_memory((64, 32, 10), batch=20))
        inputs              5,120 bytes
        activations         5,920 bytes
        parameters          9,640 bytes
        gradients           9,640 bytes
        total              30,320 bytes
    """
    cost, inputs = network_cost(network, batch), calls_of(network)[1]
    policy = getattr(network, "dtype_policy", keras.config.dtype_policy())
    number, weight = BYTES[policy.compute_dtype], BYTES[policy.variable_dtype]
    trained = cost.parameters
    if isinstance(network, keras.Model):
        trained = sum(prod(v.shape) for v in network.trainable_variables)
    kept = sum(call.cost.kept for call in cost.calls)
    return Memory(batch * inputs * number, batch * kept * number, cost.parameters * weight, trained * weight)
