"""`core.autodiff` on TensorFlow: tapes and forward accumulators."""

import tensorflow as tf
from keras import tree

ZERO = tf.UnconnectedGradients.ZERO


def _record(f, x, persistent=False):
    """The value of f(x), and the tape that saw it."""
    with tf.GradientTape(persistent=persistent, watch_accessed_variables=False) as tape:
        tree.map_structure(tape.watch, x)
        y = f(x)
    return y, tape


def _tensors(x):
    return tree.map_structure(tf.convert_to_tensor, x)


def value_and_grad(fn, variables, has_aux):
    values = [v.value for v in variables]
    out, tape = _record(lambda _: fn(), values)
    return out, tape.gradient(out[0] if has_aux else out, values, unconnected_gradients=ZERO)


def grad(f):
    def df(x, *args):
        x = _tensors(x)
        y, tape = _record(lambda x: f(x, *args), x)
        return tape.gradient(y, x, unconnected_gradients=ZERO)

    return df


def jvp(f, x, v):
    x, v = _tensors(x), _tensors(v)
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        y = f(x)
    return y, tree.map_structure(lambda t: accumulator.jvp(t, ZERO), y)


def vjp(f, x):
    x = _tensors(x)
    y, tape = _record(f, x, persistent=True)
    return y, lambda u: tape.gradient(y, x, output_gradients=u, unconnected_gradients=ZERO)


def jacobian(f):
    def df(x):
        x = _tensors(x)
        y, tape = _record(f, x)
        return tape.jacobian(y, x, unconnected_gradients=ZERO)

    return df


def hvp(f, x, v):
    """Forward over reverse."""
    return jvp(grad(f), x, v)[1]


def batched_grad(f):
    """x, batch -> the gradients in x of f(x, example), one for each example."""

    def df(x, *batch):
        return tf.vectorized_map(lambda example: grad(f)(x, *example), batch)

    return df


def custom_vjp(forward, backward):
    @tf.custom_gradient
    def f(*args):
        outputs, residuals = forward(*args)

        def pullback(*upstream):
            return backward(residuals, tree.pack_sequence_as(outputs, list(upstream)))

        return outputs, pullback

    return lambda *args: f(*_tensors(args))
