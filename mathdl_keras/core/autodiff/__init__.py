r"""Differentiation: one vocabulary on TensorFlow, JAX and PyTorch.

Keras has operations on three backends but no gradient. This package adds the missing words:

| word | computes |
| --- | --- |
| `value_and_grad(fn, variables)` | :math:`(\Lambda, \nabla_\theta \Lambda)` of a thunk that reads Keras variables |
| `grad(f)` | :math:`x \mapsto \nabla f(x)` of a function of tensors |
| `jvp(f, x, v)` | :math:`f(x),\ Df(x)\,v` (forward mode) |
| `vjp(f, x)` | :math:`f(x),\ u \mapsto Df(x)^{\top} u` (reverse mode) |
| `jacobian(f)` | :math:`x \mapsto Df(x)` |
| `hvp(f, x, v)` | :math:`\nabla^2 f(x)\,v` (no Hessian is formed) |
| `per_example_gradients(loss, variables, *batch)` | :math:`\nabla_\theta \ell(x_m; \theta)` for each m |
| `custom_vjp(forward, backward)` | a function with a hand-written reverse rule |

All nest to second order (`grad(grad(f))`, a gradient penalty inside `value_and_grad`, `jacobian(grad(f))`).
A thunk or function given to `value_and_grad` or `grad` may also update state: the moving averages of
`BatchNormalization`, a `SeedGenerator`, a metric. With `jvp`, `vjp`, `jacobian` and
`per_example_gradients` it must be pure.

An `x` may be a tensor or a nest (list, tuple, dict) of tensors, except for `jacobian`, which takes one tensor.
A tensor on which the result does not depend has gradient zero. Chapter 24 explains the two modes.

PyTorch only: like PyTorch itself, a gradient taken where recording is enabled keeps its graph, so that it
can be differentiated again; under `torch.no_grad()`, as in a training step, it does not.
"""

import contextlib
import threading

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    from mathdl_keras.core.autodiff import _tensorflow as _engine
elif keras.backend.backend() == "jax":
    from mathdl_keras.core.autodiff import _jax as _engine  # type: ignore[no-redef]
elif keras.backend.backend() == "torch":
    from mathdl_keras.core.autodiff import _torch as _engine  # type: ignore[no-redef]
else:
    raise ImportError(
        f"mathdl_keras needs the Keras backend tensorflow, jax or torch; received {keras.backend.backend()}"
    )

__all__ = [
    "custom_vjp",
    "grad",
    "hvp",
    "jacobian",
    "jvp",
    "per_example_gradients",
    "plain_rules",
    "value_and_grad",
    "vjp",
]


def value_and_grad(fn, variables, has_aux=False):
    r"""Value of `fn()` and its gradient with respect to Keras variables.

    .. math:: \Lambda(\theta),\qquad \nabla_\theta \Lambda(\theta)

    Args:
        fn: A thunk that reads the variables and returns a scalar loss, or `(loss, aux)` with `has_aux`.
            It may update state (batch normalization, seed generators, metrics).
        variables: Keras variables.
        has_aux: Whether `fn` returns more than the loss.

    Returns:
        `(out, gradients)`: what `fn` returned, and a list of tensors shaped like the variables.

    Example:
        >>> import keras
        >>> w = keras.Variable([3.0, 4.0])
        >>> loss, (g,) = value_and_grad(lambda: keras.ops.sum(w * w) / 2, [w])
        >>> keras.ops.convert_to_numpy(g).tolist()
        [3.0, 4.0]
    """
    return _engine.value_and_grad(fn, list(variables), has_aux)


def grad(f):
    r"""The gradient :math:`x \mapsto \nabla_x \sum f(x, \ldots)` of `f` in its first argument.

    For a scalar `f` this is the gradient; for a batch of independent scalars the sum makes it the gradient
    of each with respect to its own row (a score, a slope for a gradient penalty).

    Args:
        f: `f(x, *args) -> tensor`, where `x` is a tensor or a nest of tensors.

    Returns:
        A function of the same arguments whose result is shaped like `x`.

    Example:
        >>> import keras
        >>> x = keras.ops.convert_to_tensor([1.0, 2.0])
        >>> keras.ops.convert_to_numpy(grad(lambda x: keras.ops.sum(x**3))(x)).tolist()
        [3.0, 12.0]
    """
    return _engine.grad(f)


def jvp(f, x, v):
    r"""Forward mode: `f(x)` and the directional derivative :math:`Df(x)\,v`.

    Args:
        f: A pure function of one tensor or nest.
        x: Tensor or nest, the point at which to differentiate.
        v: Tensor or nest shaped like `x`, the direction.

    Returns:
        `(f(x), Df(x) v)`, both shaped like `f(x)`.

    Example:
        >>> import keras
        >>> x, v = (keras.ops.convert_to_tensor(a) for a in ([1.0, 2.0], [1.0, 0.0]))
        >>> keras.ops.convert_to_numpy(jvp(lambda x: x**2, x, v)[1]).tolist()
        [2.0, 0.0]
    """
    with plain_rules():
        return _engine.jvp(f, x, v)


def vjp(f, x):
    r"""Reverse mode: `f(x)` and the pullback :math:`u \mapsto Df(x)^{\top} u`.

    Args:
        f: A pure function of one tensor or nest.
        x: Tensor or nest, the point at which to differentiate.

    Returns:
        `(f(x), pullback)`; `pullback(u)` takes `u` shaped like `f(x)` and is shaped like `x`. It may be
        called several times.

    Example:
        >>> import keras
        >>> x, u = (keras.ops.convert_to_tensor(a) for a in ([1.0, 2.0], [1.0, 10.0]))
        >>> keras.ops.convert_to_numpy(vjp(lambda x: x**2, x)[1](u)).tolist()
        [2.0, 40.0]
    """
    return _engine.vjp(f, x)


def jacobian(f):
    r"""The Jacobian :math:`J_{ij} = \partial f_i / \partial x_j` by reverse mode.

    Args:
        f: A pure function from a tensor to a tensor.

    Returns:
        `x -> J`, of shape `f(x).shape + x.shape`.

    Example:
        >>> import keras
        >>> x = keras.ops.convert_to_tensor([1.0, 2.0])
        >>> keras.ops.convert_to_numpy(jacobian(lambda x: x**2)(x)).tolist()
        [[2.0, 0.0], [0.0, 4.0]]
    """
    return _engine.jacobian(f)


def hvp(f, x, v):
    r"""Hessian-vector product :math:`\nabla^2 f(x)\,v`, the directional derivative of the gradient.

    Args:
        f: A pure function from a tensor or nest to a scalar.
        x: Tensor or nest, the point at which to differentiate.
        v: Tensor or nest shaped like `x`, the direction.

    Returns:
        A tensor or nest shaped like `x`.

    Example:
        >>> import keras
        >>> x, v = (keras.ops.convert_to_tensor(a) for a in ([1.0, 2.0], [1.0, 1.0]))
        >>> keras.ops.convert_to_numpy(hvp(lambda x: keras.ops.sum(x**3), x, v)).tolist()
        [6.0, 12.0]
    """
    with plain_rules():
        return _engine.hvp(f, x, v)


def per_example_gradients(loss, variables, *batch):
    r"""Gradients :math:`\nabla_\theta \ell(x_m; \theta)`, one for each example of a batch.

    Args:
        loss: `loss(*example) -> scalar` of *one* example (no batch axis) that reads the variables.
        variables: Keras variables.
        *batch: Tensors whose first axis is the batch.

    Returns:
        A list of tensors of shape `(batch,) + variable.shape`.

    Example:
        >>> import keras
        >>> w = keras.Variable(2.0)
        >>> x = keras.ops.convert_to_tensor([1.0, 3.0])
        >>> (g,) = per_example_gradients(lambda x: (w * x) ** 2 / 2, [w], x)
        >>> keras.ops.convert_to_numpy(g).tolist()
        [2.0, 18.0]
    """
    variables = list(variables)

    def pure(values, *example):
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            return loss(*example)

    values = [v.value for v in variables]
    return _engine.batched_grad(pure)(values, *map(ops.convert_to_tensor, batch))


def custom_vjp(forward, backward):
    r"""A function with a hand-written reverse rule, with any nest of outputs.

    Args:
        forward: `forward(*args) -> (outputs, residuals)`; the residuals are a nest of tensors that
            `backward` needs.
        backward: `backward(residuals, upstream) -> tuple`, one gradient for each argument (`None` for
            one that has none, such as integer labels); `upstream` is shaped like the outputs.

    Returns:
        `f(*args) -> outputs`. Its second derivative is that of `backward` composed with `forward`. In `jvp` and `hvp`
        the backend differentiates `forward` itself: no backend passes forward through a rule for the reverse.

    Example:
        >>> import keras
        >>> square = custom_vjp(lambda x: (x * x, x), lambda x, u: (2 * x * u,))
        >>> x = keras.ops.convert_to_tensor([1.0, 2.0])
        >>> keras.ops.convert_to_numpy(grad(square)(x)).tolist()
        [2.0, 4.0]
    """
    rule = _engine.custom_vjp(forward, backward)

    def f(*args):
        if _mode.plain:
            return forward(*keras.tree.map_structure(ops.convert_to_tensor, args))[0]
        return rule(*args)

    return f


class _Mode(threading.local):
    plain = False


_mode = _Mode()


@contextlib.contextmanager
def plain_rules():
    """A region in which the backend differentiates the forward function of each rule made by `custom_vjp`.

    Forward mode needs it, and whoever differentiates by a tensor that a rule reads but is not given, such as a probe
    inside an activation.

    Example:
        >>> import keras
        >>> half = custom_vjp(lambda x: (x * x, x), lambda x, u: (x * u,))  # a rule that is wrong by a factor 2
        >>> x = keras.ops.convert_to_tensor([3.0])
        >>> with plain_rules():
        ...     float(grad(half)(x)[0])
        6.0
    """
    before, _mode.plain = _mode.plain, True
    try:
        yield
    finally:
        _mode.plain = before
