r"""Layers whose derivative is written by hand, and chains of them: one protocol for all chapters.

A layer is a function :math:`y = f(x; \theta)`. It is written twice: `forward_pass` computes y, and keeps in a cache
what the derivative needs; `backward_pass` takes the gradient of a loss with respect to y, and returns those with
respect to x and to each weight,

.. math::
    \frac{\partial\Lambda}{\partial x} = \Big(\frac{\partial f}{\partial x}\Big)^{\!\top}
        \frac{\partial\Lambda}{\partial y}, \qquad
    \frac{\partial\Lambda}{\partial\theta} = \Big(\frac{\partial f}{\partial\theta}\Big)^{\!\top}
        \frac{\partial\Lambda}{\partial y} .

| who | uses |
| --- | --- |
| a layer called inside any Keras model | `by_hand`: to automatic differentiation it *is* `backward_pass` |
| a model trained by hand | `Chain`: the passes one after the other, and pairs of a gradient and its variable |
| `core.autodiff.jvp`, `hvp` | `forward_pass`, which the backend differentiates |

What `forward_pass` writes to variables (moving averages) is carried out of the rule on every backend.
"""

import functools

import keras
from keras import ops, tree

from mathdl_keras.core.autodiff import custom_vjp
from mathdl_keras.core.autodiff.scope import Scope
from mathdl_keras.core.checks import ChecksData
from mathdl_keras.core.graph import trained

__all__ = ["Chain", "ExplicitLayer"]

HALVES = ("float16", "bfloat16")


class ExplicitLayer(ChecksData, keras.Layer):
    r"""A Keras layer with its derivative written by hand.

    A subclass defines `forward_pass(x, training=False) -> (outputs, cache)`, the activation included, and
    `backward_pass(doutputs, cache) -> (dinputs, gradients)`, the gradients a tuple, one for each trainable variable in
    their order (of a frozen one, too). Inputs, outputs and cache may be nests (tuples, lists, dicts); the cache may
    hold what is no tensor, and None.

    Where `call` needs more than `training`, a subclass writes `call` itself and hands on to `by_hand`. What is random
    is drawn there and handed on as a setting: PyTorch runs `forward_pass` again for a second derivative.

    A subclass reads its inputs by `read` and its weights by `value_of`: both come in the dtype of the computation,
    which is that of the layer, or float32 in mixed precision if `wide` is set. `narrow` brings results back.

    Attributes:
        wide: Boolean, whether a layer of dtype float16 or bfloat16 computes in float32, as sums of many terms need;
            False by default.

    Example:
        >>> class Scale(ExplicitLayer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        ...     def forward_pass(self, x, training=False):
        ...         return self.scale * x, x
        ...     def backward_pass(self, dy, x):
        ...         return self.scale * dy, (ops.sum(x * dy),)
        >>> layer = Scale()
        >>> y = layer(ops.array([1.0, 2.0]))
        >>> dx, (dscale,) = layer.backward_pass(ops.array([1.0, 10.0]), ops.array([1.0, 2.0]))
        >>> float(dscale)
        21.0
    """

    wide = False

    def forward_pass(self, x, training=False):
        """`(outputs, cache)`: what the layer computes, and what `backward_pass` needs."""
        raise NotImplementedError(f"{type(self).__name__} must define forward_pass")

    def backward_pass(self, doutputs, cache):
        """`(dinputs, gradients)` from the gradient of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} must define backward_pass")

    def weight_gradients(self, doutputs, cache):
        """The second part of `backward_pass`, where nobody asks for the first: of data."""
        return self.backward_pass(doutputs, cache)[1]

    def call(self, inputs, training=False):
        return self.by_hand(inputs, training=training)

    def by_hand(self, inputs, **settings):
        """The outputs of `forward_pass(inputs, **settings)`, differentiated by `backward_pass`.

        Args:
            inputs: Tensor or nest of them.
            **settings: Further arguments of `forward_pass`; a tensor among them (a mask) has no gradient.
        """
        call = _Call(self, inputs, settings)
        outputs, updates = custom_vjp(call.forward, call.backward)(*call.arguments)
        for variable, value in zip(call.written, updates, strict=True):
            variable.assign(ops.stop_gradient(value))
        return outputs

    @property
    def computation_dtype(self):
        """The dtype that the passes compute in."""
        return "float32" if self.wide and self.compute_dtype in HALVES else self.compute_dtype

    def read(self, x):
        """A tensor in the dtype of the computation; on the first one the layer is built."""
        x = as_dtype(x if ops.is_tensor(x) else ops.convert_to_tensor(x), self.computation_dtype)
        if not self.built:
            self.build(tuple(x.shape))
        return x

    def value_of(self, variable):
        """The value of a variable in the dtype of the computation."""
        return as_dtype(variable.value, self.computation_dtype)

    def narrow(self, y):
        """A result in the dtype of the layer."""
        return as_dtype(y, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


def as_dtype(x, dtype):
    """x in a dtype; in PyTorch even a cast that does nothing takes its time."""
    return x if _name(x.dtype) == dtype else ops.cast(x, dtype)


_name = functools.lru_cache(keras.backend.standardize_dtype)


TENSOR = object()  # the place of a tensor among what is none


class _Call:
    """One call of a layer as a function of tensors: its inputs, settings that are tensors, and weights.

    No other tensor that is differentiated reaches the passes, as JAX wants it: they run in a scope that gives the
    weights the values of the arguments.
    """

    def __init__(self, layer, inputs, settings):
        self.layer, self.variables = layer, trained(layer)
        self.inputs, tensors = _split(inputs)
        self.settings, extras = _split(settings)
        self.counts = len(tensors), len(tensors) + len(extras)
        self.arguments = [*tensors, *extras, *(v.value for v in self.variables)]
        self.dtypes = [v.dtype for v in self.arguments]
        self.written = []

    def forward(self, *arguments):
        """`((outputs, new values of what was written), residuals)`."""
        first, last = self.counts
        weights = list(arguments[last:])
        inputs = _joined(self.inputs, arguments[:first])
        settings = _joined(self.settings, arguments[first:last]) if last > first else self.settings
        with Scope(zip(self.variables, weights, strict=True)) as scope:
            outputs, cache = self.layer.forward_pass(inputs, **settings)
        self.written = list(scope.written.values())
        self.cache, tensors = _split(cache)
        return (outputs, scope.updates()), (weights, tensors)

    def backward(self, residuals, upstream):
        """A gradient for each argument, in its dtype."""
        weights, tensors = residuals
        with Scope(zip(self.variables, weights, strict=True)):
            dinputs, gradients = self.layer.backward_pass(upstream[0], _joined(self.cache, tensors))
        dinputs = [dinputs] if ops.is_tensor(dinputs) else tree.flatten(dinputs)
        extras = [None] * (self.counts[1] - self.counts[0])
        return tuple(
            gradient if gradient is None or gradient.dtype == dtype else ops.cast(gradient, _name(dtype))
            for gradient, dtype in zip([*dinputs, *extras, *gradients], self.dtypes, strict=True)
        )


# `keras.tree` takes longer than an operation on a small tensor: tuples, lists and dicts do without it.


def _split(nest):
    """A nest with `TENSOR` in the place of each tensor, and the list of its tensors."""
    tensors = []

    def emptied(part):
        if ops.is_tensor(part):
            tensors.append(part)
            return TENSOR
        if type(part) in (tuple, list):
            return type(part)(map(emptied, part))
        return {key: emptied(value) for key, value in part.items()} if type(part) is dict else part

    return emptied(nest), tensors


def _joined(nest, tensors):
    """The nest that `_split` took apart, with these tensors."""
    tensors = iter(tensors)

    def filled(part):
        if part is TENSOR:
            return next(tensors)
        if type(part) in (tuple, list):
            return type(part)(map(filled, part))
        return {key: filled(value) for key, value in part.items()} if type(part) is dict else part

    return filled(nest)


class Chain:
    r"""Layers one after the other, :math:`y = f_L(\cdots f_1(x))`, run forward and back by hand.

    Args:
        layers: Explicit layers, the first one first.

    Example:
        >>> from mathdl_keras.chapters.ch06.layers import Dense
        >>> chain = Chain([Dense(3, "tanh"), Dense(1)])
        >>> y, caches = chain.forward_pass(ops.ones((2, 4)))
        >>> pairs = chain.backward_pass(ops.ones((2, 1)), caches)
        >>> [tuple(gradient.shape) for gradient, variable in pairs]
        [(4, 3), (3,), (3, 1), (1,)]
    """

    def __init__(self, layers):
        self.layers = list(layers)

    def forward_pass(self, x, training=False, settings=None):
        """`(outputs, caches)`, the caches one for each layer.

        Args:
            x: Tensor or nest, the inputs of the first layer.
            training: Boolean, whether the layers are in training.
            settings: List of dicts, further arguments for the `forward_pass` of each layer; none by default.
        """
        caches = []
        for layer, further in zip(self.layers, settings or [{}] * len(self.layers), strict=True):
            x, cache = layer.forward_pass(x, training=training, **further)
            caches.append(cache)
        return x, caches

    def backward_pass(self, doutputs, caches):
        """Pairs of a gradient and its variable, in the order of the layers; nobody asks for the gradient of x."""
        pairs: list[tuple] = []
        first = next((k for k, layer in enumerate(self.layers) if trained(layer)), len(self.layers))
        for k in reversed(range(first, len(self.layers))):
            layer = self.layers[k]
            if k == first:
                gradients = layer.weight_gradients(doutputs, caches[k])
            else:
                doutputs, gradients = layer.backward_pass(doutputs, caches[k])
            pairs = [*zip(gradients, trained(layer), strict=True), *pairs]
        return pairs

    def upstreams(self, doutputs, caches):
        """The gradients of the outputs of each layer, from that of the last one."""
        found = [doutputs]
        for layer, cache in zip(self.layers[:0:-1], caches[:0:-1], strict=True):
            found.append(layer.backward_pass(found[-1], cache)[0])
        return found[::-1]
