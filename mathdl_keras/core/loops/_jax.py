"""`core.loops` on JAX."""

import jax


def scan(f, init, xs, length, reverse):
    return jax.lax.scan(f, init, xs, length, reverse)


def loop(body):
    return jax.jit(lambda state, steps: jax.lax.fori_loop(0, steps, body, state))


def compiled(f):
    return jax.jit(f)
