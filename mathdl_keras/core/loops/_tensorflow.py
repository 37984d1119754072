"""`core.loops` on TensorFlow: a `while_loop` with a static trip count, which XLA can differentiate."""

import tensorflow as tf
from keras import tree


def _flat(nest):
    return [tf.convert_to_tensor(t) for t in tree.flatten(nest)]


def scan(f, init, xs, length, reverse):
    def place(t):
        return length - 1 - t if reverse else t

    def at(t):
        return tree.map_structure(lambda x: x[place(t)], xs)

    def body(t, carry, stores):
        carry, y = f(tree.pack_sequence_as(init, carry), at(t))
        stores = [] if y is None else [s.write(place(t), v) for s, v in zip(stores, _flat(y), strict=True)]
        return t + 1, _flat(carry), stores

    carry, y = f(init, at(0))  # the first step tells what the outputs look like
    stores = [
        tf.TensorArray(v.dtype, size=length, element_shape=v.shape).write(place(0), v)
        for v in ([] if y is None else _flat(y))
    ]
    _, carry, stores = tf.while_loop(
        lambda t, *_: t < length, body, (1, _flat(carry), stores), maximum_iterations=length - 1
    )
    ys = None if y is None else tree.pack_sequence_as(y, [s.stack() for s in stores])
    return tree.pack_sequence_as(init, carry), ys


def loop(body):
    @tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
    def compiled(state, steps):
        def step(k, flat):
            return k + 1, _flat(body(k, tree.pack_sequence_as(state, flat)))

        _, flat = tf.while_loop(lambda k, _: k < steps, step, (tf.constant(0), _flat(state)))
        return tree.pack_sequence_as(state, flat)

    return lambda state, steps: compiled(state, tf.constant(steps))


def compiled(f):
    return tf.function(f, autograph=False, reduce_retracing=True)
