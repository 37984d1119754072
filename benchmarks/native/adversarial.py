"""Native training loops of a Wasserstein GAN with a gradient penalty, as one would write them for one backend alone.

A `tf.function`, a `jax.jit` with donated state, or PyTorch with its fused updates of lists. Each takes the weights of
critic and generator and gives a function of a list of batches, which trains on them and returns the weights.
"""

import keras
import numpy as np

PIXELS, LATENT, UNITS = 784, 32, 256
SLICE, N_CRITIC = 64, 5
RATE, BETA, EPSILON, PENALTY, SEED = 1e-4, 0.9, 1e-3, 10.0, 7


def forward(x, weights, relu):
    """A perceptron whose weights are W, b, W, b, ..."""
    for k in range(0, len(weights) - 2, 2):
        x = relu(x @ weights[k] + weights[k + 1])
    return x @ weights[-2] + weights[-1]


def jax_loop(critic, generator):
    import jax
    import jax.numpy as jnp

    def f(x, c):
        return forward(x, c, jax.nn.relu)

    def adam(w, g, v, t):
        v = [BETA * a + (1 - BETA) * b * b for a, b in zip(v, g, strict=True)]
        rate = RATE * jnp.sqrt(1 - BETA**t)
        return [a - rate * b / (jnp.sqrt(s) + EPSILON) for a, b, s in zip(w, g, v, strict=True)], v

    def critic_loss(c, real, fake, t):
        slopes = jax.grad(lambda x: jnp.sum(f(x, c)))(fake + t * (real - fake))
        norms = jnp.sqrt(jnp.sum(slopes**2, axis=1) + 1e-12)
        return jnp.mean(f(fake, c)) - jnp.mean(f(real, c)) + PENALTY * jnp.mean((norms - 1) ** 2)

    def step(state, x):
        c, g, vc, vg, n, k = state

        def key(j):
            return jnp.stack([jnp.uint32(SEED), (k + j).astype("uint32")])

        fakes = forward(jax.random.normal(key(0), (SLICE * N_CRITIC, LATENT)), g, jax.nn.relu)
        for i in range(N_CRITIC):
            rows = slice(i * SLICE, (i + 1) * SLICE)
            t = jax.random.uniform(key(1 + i), (SLICE, 1))
            c, vc = adam(c, jax.grad(critic_loss)(c, x[rows], fakes[rows], t), vc, N_CRITIC * n + i + 1)
        z = jax.random.normal(key(1 + N_CRITIC), (SLICE, LATENT))
        slopes = jax.grad(lambda g: -jnp.mean(f(forward(z, g, jax.nn.relu), c)))(g)
        g, vg = adam(g, slopes, vg, n + 1)
        return c, g, vc, vg, n + 1, k + N_CRITIC + 2

    compiled = jax.jit(step, donate_argnums=0)
    weights = [list(map(jnp.asarray, w)) for w in (critic, generator)]
    state = [*weights, *([jnp.zeros_like(a) for a in w] for w in weights), jnp.float32(0), jnp.int32(0)]

    def run(batches):
        nonlocal state
        for x in batches:
            state = compiled(state, x)
        return [*state[0], *state[1]]

    return run


def tensorflow_loop(critic, generator):
    import tensorflow as tf

    c, g = ([tf.Variable(w) for w in part] for part in (critic, generator))
    moments = {id(part): [tf.Variable(tf.zeros_like(w)) for w in part] for part in (c, g)}
    counts = {id(part): tf.Variable(0.0) for part in (c, g)}
    draws = tf.Variable(0)

    def f(x):
        return forward(x, c, tf.nn.relu)

    def adam(part, slopes):
        counts[id(part)].assign_add(1.0)
        rate = RATE * tf.sqrt(1 - BETA ** counts[id(part)])
        for w, s, v in zip(part, slopes, moments[id(part)], strict=True):
            v.assign(BETA * v + (1 - BETA) * s * s)
            w.assign_sub(rate * s / (tf.sqrt(v) + EPSILON))

    def seed():
        found = tf.stack([SEED, draws.read_value()])
        draws.assign_add(1)
        return found

    @tf.function
    def step(x):
        fakes = forward(tf.random.stateless_normal((SLICE * N_CRITIC, LATENT), seed()), g, tf.nn.relu)
        for i in range(N_CRITIC):
            real, fake = (a[i * SLICE : (i + 1) * SLICE] for a in (x, fakes))
            mixed = fake + tf.random.stateless_uniform((SLICE, 1), seed()) * (real - fake)
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    inner.watch(mixed)
                    heights = f(mixed)
                norms = tf.sqrt(tf.reduce_sum(inner.gradient(heights, mixed) ** 2, axis=1) + 1e-12)
                penalty = PENALTY * tf.reduce_mean((norms - 1) ** 2)
                loss = tf.reduce_mean(f(fake)) - tf.reduce_mean(f(real)) + penalty
            adam(c, outer.gradient(loss, c))
        z = tf.random.stateless_normal((SLICE, LATENT), seed())
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(f(forward(z, g, tf.nn.relu)))
        adam(g, tape.gradient(loss, g))

    def run(batches):
        for x in batches:
            step(x)
        return [*c, *g]

    return run


def torch_loop(critic, generator):
    import torch

    device = keras.ops.zeros(()).device  # where Keras puts its tensors
    c, g = ([torch.tensor(w, requires_grad=True, device=device) for w in part] for part in (critic, generator))
    moments = {id(part): [torch.zeros_like(w) for w in part] for part in (c, g)}
    counts, draws, source = {id(c): 0, id(g): 0}, 0, torch.Generator(device)

    def f(x):
        return forward(x, c, torch.relu)

    def draw(kind, *shape):
        nonlocal draws
        source.manual_seed(SEED + draws)
        draws += 1
        return kind(*shape, generator=source, device=device)

    @torch.no_grad()
    def adam(part, slopes):
        counts[id(part)] += 1
        v = moments[id(part)]
        torch._foreach_mul_(v, BETA)
        torch._foreach_addcmul_(v, slopes, slopes, 1 - BETA)
        roots = torch._foreach_sqrt(v)
        torch._foreach_add_(roots, EPSILON)
        torch._foreach_addcdiv_(part, slopes, roots, -RATE * float(np.sqrt(1 - BETA ** counts[id(part)])))

    def step(x):
        with torch.no_grad():
            fakes = forward(draw(torch.randn, SLICE * N_CRITIC, LATENT), g, torch.relu)
        for i in range(N_CRITIC):
            real, fake = (a[i * SLICE : (i + 1) * SLICE] for a in (x, fakes))
            mixed = (fake + draw(torch.rand, SLICE, 1) * (real - fake)).requires_grad_()
            (slopes,) = torch.autograd.grad(f(mixed).sum(), mixed, create_graph=True)
            penalty = PENALTY * ((torch.sqrt((slopes**2).sum(dim=1) + 1e-12) - 1) ** 2).mean()
            adam(c, torch.autograd.grad(f(fake).mean() - f(real).mean() + penalty, c))
        loss = -f(forward(draw(torch.randn, SLICE, LATENT), g, torch.relu)).mean()
        adam(g, torch.autograd.grad(loss, g))

    def run(batches):
        for x in batches:
            step(x)
        return [w.detach() for w in (*c, *g)]

    return run


LOOPS = {"jax": jax_loop, "tensorflow": tensorflow_loop, "torch": torch_loop}
