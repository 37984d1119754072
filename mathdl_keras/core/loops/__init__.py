r"""Loops and compilation: a differentiable scan of static length, a compiled loop for long iterations.

| use | word | differentiable | memory |
| --- | --- | --- | --- |
| a recurrence one trains through (RNN, ODE solver) | `scan` | yes | every step is kept |
| a long iteration (SGD replicas, Q-learning sweeps) | `compiled_loop` | no | one state |
| a function that is called once or more on whole arrays | `compiled` | no | its own |

`keras.ops.scan` cannot serve: on TensorFlow its outputs must look like its carry, and XLA refuses it.
"""

import keras
from keras import tree

if keras.backend.backend() == "tensorflow":
    from mathdl_keras.core.loops import _tensorflow as _engine
elif keras.backend.backend() == "jax":
    from mathdl_keras.core.loops import _jax as _engine  # type: ignore[no-redef]
else:
    from mathdl_keras.core.loops import _torch as _engine  # type: ignore[no-redef]

__all__ = ["compiled", "compiled_loop", "scan"]


def scan(f, init, xs=None, length=None, reverse=False):
    r"""Runs :math:`(c_{t+1}, y_t) = f(c_t, x_t)` for t = 0, ..., n-1 and stacks the outputs.

    The outputs may have any structure, shape and dtype. The length is static, so that the scan can be
    differentiated in a TensorFlow graph, under XLA, on JAX and on PyTorch.

    Args:
        f: `f(carry, x) -> (carry, y)`; the carry keeps its structure, shapes and dtypes; `y` may be `None`.
        init: The first carry, a tensor or nest.
        xs: A tensor or nest whose first axis is time, or `None`; then `f` gets `x = None`.
        length: The number of steps, needed where `xs` is `None`.
        reverse: Whether to run from t = n-1 down to 0; outputs keep their places.

    Returns:
        `(carry, ys)`: the last carry and the outputs stacked along a new first axis.

    Raises:
        ValueError: If the number of steps is not a static positive integer, or `xs` and `length` disagree.

    Example:
        >>> import keras
        >>> total, sums = scan(lambda c, x: (c + x, c + x), keras.ops.array(0.0), keras.ops.arange(4.0))
        >>> float(total), [float(s) for s in sums]
        (6.0, [0.0, 1.0, 3.0, 6.0])
    """
    if xs is None:
        return scan(lambda carry, _: f(carry, None), init, (), length, reverse)
    init, xs = (tree.map_structure(keras.ops.convert_to_tensor, t) for t in (init, xs))
    return _engine.scan(f, init, xs, _steps(xs, length), bool(reverse))


def _steps(xs, length):
    axes = [x.shape[0] for x in tree.flatten(xs)]
    lengths = {*axes, length} - ({None} if length is None else set())
    steps = lengths.pop() if len(lengths) == 1 else None
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(
            "xs and length must give one static number of steps >= 1; "
            f"received length={length} and xs with first axes {axes}"
        )
    return steps


def compiled_loop(body):
    r"""Compiles :math:`s_{k+1} = \mathrm{body}(k, s_k)` into one loop for many steps, without derivatives.

    Everything that changes must be in the state: on JAX and TensorFlow the body is traced once, so a Keras
    variable that it reads is a constant.

    Args:
        body: `body(k, state) -> state`; the state keeps its structure, shapes and dtypes.

    Returns:
        `run(state, steps) -> state`. A second call with another number of steps compiles nothing.

    Raises:
        ValueError: If `steps` is negative.

    Example:
        >>> import keras
        >>> halve = compiled_loop(lambda k, x: x / 2)
        >>> float(halve(keras.ops.array(1.0), 10)) == 2.0**-10
        True
    """
    loop = _engine.loop(body)

    def run(state, steps):
        if steps < 0:
            raise ValueError(f"steps must be >= 0; received steps={steps}")
        return loop(tree.map_structure(keras.ops.convert_to_tensor, state), int(steps))

    return run


def compiled(f):
    """Compiles a pure function of tensors or nests as a whole; PyTorch runs it as it is.

    On JAX every operation outside a compiled function is compiled by itself, for each shape: a function of a hundred
    operations that runs once is several times faster this way. Keras variables that it reads are constants, and it
    must not make any.

    Args:
        f: A pure function of tensors.

    Returns:
        A function of the same arguments.

    Example:
        >>> import keras
        >>> float(compiled(lambda x: keras.ops.sum(x * x))(keras.ops.ones(3)))
        3.0
    """
    return _engine.compiled(f)
