"""`core.autodiff` on JAX: pure transforms around Keras' stateless scope."""

import jax
import keras
from jax import numpy as jnp
from keras import tree

from mathdl_keras.core.autodiff.scope import Scope


def _value_and_grad(fn, x, variables=None):
    """`fn(x) -> (scalar, out)` and its gradient; what fn wrote to variables is carried out of the trace."""
    written = {}

    def pure(x):
        with Scope(zip(variables, x, strict=True) if variables else ()) as scope:
            scalar, out = fn(x)
        written.update(scope.written)
        return scalar, (out, scope.updates())

    (_, (out, values)), gradient = jax.value_and_grad(pure, has_aux=True)(x)
    for variable, value in zip(written.values(), values, strict=True):
        variable.assign(value)
    return out, gradient


def value_and_grad(fn, variables, has_aux):
    def scalar_and_out(_):
        out = fn()
        return (out[0] if has_aux else out), out

    return _value_and_grad(scalar_and_out, [v.value for v in variables], variables)


def _tensors(x):
    return tree.map_structure(keras.ops.convert_to_tensor, x)


def grad(f):
    def df(x, *args):
        return _value_and_grad(lambda x: (jnp.sum(f(x, *args)), None), _tensors(x))[1]

    return df


def jvp(f, x, v):
    return jax.jvp(f, (_tensors(x),), (_tensors(v),))


def vjp(f, x):
    y, pullback = jax.vjp(f, _tensors(x))
    return y, lambda u: pullback(u)[0]


def jacobian(f):
    return lambda x: jax.jacrev(f)(_tensors(x))


def hvp(f, x, v):
    """Forward over reverse."""
    return jvp(grad(f), x, v)[1]


def batched_grad(f):
    """x, batch -> the gradients in x of f(x, example), one for each example."""
    return lambda x, *batch: jax.vmap(jax.grad(f), (None, *(0 for _ in batch)))(x, *batch)


def custom_vjp(forward, backward):
    f = jax.custom_vjp(lambda *args: forward(*args)[0])
    f.defvjp(forward, backward)
    return lambda *args: f(*_tensors(args))
