"""Counting FLOPs on JAX: the products of the traced program, and XLA's account of the compiled one."""

from math import prod

import jax


def measured_flops(fn, *args):
    return 2 * _products(jax.make_jaxpr(fn)(*args).jaxpr)


def compiled_flops(fn, *args):
    return jax.jit(fn).lower(*args).compile().cost_analysis()["flops"]


def _products(jaxpr):
    """Multiply-adds of a program and of the programs inside it."""
    return sum(_of_equation(equation) for equation in jaxpr.eqns)


def _of_equation(equation):
    name = equation.primitive.name
    if name == "dot_general":
        return _dot(equation)
    if name == "conv_general_dilated":
        return _convolution(equation)
    inner = [_products(jaxpr) for jaxpr in _programs(equation.params.values())]
    if name == "while" and any(inner):
        raise ValueError("fn must have loops of known length only; received a while loop with matrix products in it")
    if name == "cond":
        return max(inner)
    return sum(inner) * equation.params.get("length", 1) if name == "scan" else sum(inner)


def _programs(values):
    for value in values:
        if isinstance(value, tuple | list):
            yield from _programs(value)
        elif hasattr(value, "eqns"):
            yield getattr(value, "jaxpr", value)


def _dot(equation):
    (contracted, _), _ = equation.params["dimension_numbers"]
    shape = equation.invars[0].aval.shape
    return prod(equation.outvars[0].aval.shape) * prod(shape[axis] for axis in contracted)


def _convolution(equation):
    """Each of the fewer positions, in or out, meets each entry of the kernel: the others are zeros of a padding."""
    numbers = equation.params["dimension_numbers"]
    x, kernel = (variable.aval.shape for variable in equation.invars)
    z = equation.outvars[0].aval.shape
    positions = min(prod(x[a] for a in numbers.lhs_spec[2:]), prod(z[a] for a in numbers.out_spec[2:]))
    return z[numbers.out_spec[0]] * positions * prod(kernel) // equation.params["batch_group_count"]
