r"""What a layer multiplies and keeps for one sample, for each kind of layer (§8.3).

A dense layer multiplies its kernel once, a convolution at each position, a recurrent layer at each step. Attention
multiplies no kernel alone: with n queries, m keys and H heads of dimensions k and v,

.. math:: H n m\,(k + v) \text{ multiply-adds forward, and twice as many back.}
"""

from dataclasses import astuple, dataclass
from functools import reduce, singledispatch
from math import prod

import keras

from mathdl_keras.chapters.ch03.layers import Normalization, Softmax
from mathdl_keras.chapters.ch05.activations import Linear
from mathdl_keras.chapters.ch06.layers import Dense
from mathdl_keras.core.graph import is_entrywise


@dataclass(frozen=True)
class Cost:
    """What a layer multiplies and keeps for one sample.

    Attributes:
        forward: Integer, multiply-adds of the forward pass.
        weights: Integer, multiply-adds of the gradients of its weights.
        inputs: Integer, multiply-adds of the gradient of its inputs, where that is asked for.
        inner: Integer, multiply-adds of the backward pass that are needed in any case, such as those between steps.
        kept: Integer, numbers that the backward pass reads: Z and, if it differs from Z, H.
    """

    forward: int = 0
    weights: int = 0
    inputs: int = 0
    inner: int = 0
    kept: int = 0

    def times(self, steps):
        """The cost of so many of them."""
        return Cost(*(steps * n for n in astuple(self)))

    def __add__(self, other):
        return Cost(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@singledispatch
def cost_of(layer, before, after):
    """The `Cost` of a layer for one sample. A chapter that teaches a layer registers its cost beside it:

    ```python
    @cost_of.register(Conv2D)
    def _(layer, before, after): ...
    ```

    Args:
        layer: Keras layer.
        before: List of the shapes of its inputs, with the batch.
        after: Tuple, the shape of its output, with the batch.

    Raises:
        ValueError: If nobody has registered the cost of such a layer.
    """
    if is_entrywise(layer):
        return Cost(kept=prod(after[1:]))
    raise ValueError(
        "network must have layers whose cost is known (dense, convolution, recurrent, attention, or without products); "
        f"received {type(layer).__name__} {layer.name}. Try measured_flops"
    )


def products(positions, kernel, activation, after):
    """The `Cost` of a kernel that multiplies each of some positions."""
    n, size = positions * prod(kernel.shape), prod(after[1:])
    return Cost(n, n, n, kept=size if _is_linear(activation) else 2 * size)


@cost_of.register(keras.layers.Dense)
@cost_of.register(Dense)
def _dense_cost(layer, before, after):
    return products(prod(after[1:-1]), layer.kernel, layer.activation, after)


def convolution_cost(layer, before, after):
    """A convolution multiplies its kernel at each position of its output."""
    first = layer.data_format == "channels_first"
    return products(prod(after[2:] if first else after[1:-1]), layer.kernel, layer.activation, after)


for _convolution in (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D):
    cost_of.register(_convolution, convolution_cost)


@cost_of.register(keras.layers.EinsumDense)
def _einsum_cost(layer, before, after):
    """Each entry of the output is a sum over the axes of the kernel that it has not."""
    left, right = layer.equation.split("->")
    summed = [n for axis, n in zip(left.split(",")[1], layer.kernel.shape, strict=True) if axis not in right]
    n, size = prod(after[1:]) * prod(summed), prod(after[1:])
    return Cost(n, n, n, kept=size if _is_linear(layer.activation) else 2 * size)


@cost_of.register(keras.layers.InputLayer)
@cost_of.register(keras.layers.Identity)
@cost_of.register(keras.layers.Flatten)
@cost_of.register(keras.layers.Reshape)
def _view_cost(layer, before, after):
    """The output is the input in another shape."""
    return Cost()


def free_cost(layer, before, after):
    """Work on single entries costs nothing here; its output is kept."""
    return Cost(kept=prod(after[1:]))


for _free in (Normalization, Softmax, keras.layers.Embedding):
    cost_of.register(_free, free_cost)


def in_turn(*costs):
    """The `Cost` of layers one after the other within a layer: only the first may do without that of its inputs."""
    first, *others = costs
    return reduce(Cost.__add__, (Cost(c.forward, c.weights, 0, c.inner + c.inputs, c.kept) for c in others), first)


def step_cost(kernel, recurrent_kernel, kept):
    """The `Cost` of a step of a recurrent cell: W meets the inputs, U the state.

    Args:
        kernel: Weight W.
        recurrent_kernel: Weight U.
        kept: Integer, the numbers that the step keeps.
    """
    W, U = prod(kernel.shape), prod(recurrent_kernel.shape)
    return Cost(W + U, W + U, inputs=W, inner=U, kept=kept)


# What is kept of a step, in units: the states before it, and values of gates and candidates.
for _cell, _kept in ((keras.layers.SimpleRNNCell, 2), (keras.layers.LSTMCell, 8), (keras.layers.GRUCell, 5)):
    cost_of.register(
        _cell, lambda cell, *_, kept=_kept: step_cost(cell.kernel, cell.recurrent_kernel, kept * cell.units)
    )


@cost_of.register(keras.layers.StackedRNNCells)
def _stack_cost(stack, before, after):
    return in_turn(*(cost_of(cell, before, after) for cell in stack.cells))


@cost_of.register(keras.layers.RNN)
def _loop_cost(layer, before, after):
    """That of its cell at each step; the first state counts like the others, though its gradient is not asked for."""
    batch, steps, *inputs = before[0]
    if steps is None:
        raise ValueError(f"network must have known shapes; received {tuple(before[0])} at {layer.name}")
    units = keras.tree.flatten(layer.cell.state_size)[0]
    return cost_of(layer.cell, [(batch, *inputs)], (batch, getattr(layer.cell, "output_size", units))).times(steps)


@cost_of.register(keras.layers.Bidirectional)
def _both_ways_cost(layer, before, after):
    return cost_of(layer.forward_layer, before, after) + cost_of(layer.backward_layer, before, after)


def attention_cost(kernels, before, after):
    """The `Cost` of attention with projections.

    Args:
        kernels: List of the weights W_Q, W_K and W_V, (d, H, k), and of that of the outputs, if there is one.
        before: List of the shapes of x; or of query and value.
        after: Shape of the output.
    """
    n, m = before[0][1], before[min(1, len(before) - 1)][1]
    if None in (n, m):
        raise ValueError(f"network must have known shapes; received {[tuple(shape) for shape in before]}")
    Q, K, V, *output = (prod(W.shape) for W in kernels)
    H, k, v = prod(kernels[0].shape[1:-1]), kernels[0].shape[-1], kernels[2].shape[-1]
    projections, pairs, last = n * Q + m * (K + V), H * n * m * (k + v), n * sum(output)
    kept = H * (n * k + m * (k + v) + n * m + n * v) + (prod(after[1:]) if output else 0)
    total = projections + last
    return Cost(total + pairs, total, inputs=projections, inner=last + 2 * pairs, kept=kept)


@cost_of.register(keras.layers.MultiHeadAttention)
def _multi_head_cost(layer, before, after):
    parts = layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense
    return attention_cost([part.kernel for part in parts], before, after)


def _is_linear(activation):
    return activation is None or activation is keras.activations.linear or isinstance(activation, Linear)
