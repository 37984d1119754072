"""Native training loops of a variational autoencoder, as one would write them for one backend alone.

A `tf.function`, a `jax.jit` with donated state, or PyTorch with its fused updates of lists. Each takes the weights of
both networks and gives a function of a list of batches, which trains on them and returns the weights.
"""

import keras
import numpy as np

PIXELS, UNITS, LATENT = 784, 512, 20
BATCH, SEED = 128, 7
RATE, BETA_1, BETA_2, EPSILON = 1e-4, 0.9, 0.999, 1e-3


def forward(x, W1, b1, W2, b2, relu):
    return relu(x @ W1 + b1) @ W2 + b2


def jax_loop(encoder, decoder):
    import jax
    import jax.numpy as jnp

    def loss(w, x, noise):
        moments = forward(x, *w[:4], jax.nn.relu)
        mean, log_variance = moments[:, :LATENT], moments[:, LATENT:]
        logits = forward(mean + jnp.exp(log_variance / 2) * noise, *w[4:], jax.nn.relu)
        likelihood = jnp.sum(x * logits + jax.nn.log_sigmoid(-logits))
        kl = jnp.sum(jnp.exp(log_variance) + mean**2 - 1 - log_variance) / 2
        return (kl - likelihood) / BATCH

    def step(state, x):
        w, m, v, n = state
        noise = jax.random.normal(jnp.stack([jnp.uint32(SEED), n.astype("uint32")]), (BATCH, LATENT))
        slopes, n = jax.grad(loss)(w, x, noise), n + 1
        rate = RATE * jnp.sqrt(1 - BETA_2**n) / (1 - BETA_1**n)
        m = [a + (1 - BETA_1) * (g - a) for a, g in zip(m, slopes, strict=True)]
        v = [a + (1 - BETA_2) * (g * g - a) for a, g in zip(v, slopes, strict=True)]
        return [a - rate * b / (jnp.sqrt(c) + EPSILON) for a, b, c in zip(w, m, v, strict=True)], m, v, n

    compiled = jax.jit(step, donate_argnums=0)
    w = list(map(jnp.array, [*encoder, *decoder]))
    state = (w, [jnp.zeros_like(a) for a in w], [jnp.zeros_like(a) for a in w], jnp.int32(0))

    def run(batches):
        nonlocal state
        for x in batches:
            state = compiled(state, x)
        return state[0]

    return run


def tensorflow_loop(encoder, decoder):
    import tensorflow as tf

    w = list(map(tf.Variable, [*encoder, *decoder]))
    first, second = ([tf.Variable(tf.zeros_like(a)) for a in w] for _ in range(2))
    steps = tf.Variable(0)

    def loss(x, noise):
        moments = forward(x, *w[:4], tf.nn.relu)
        mean, log_variance = moments[:, :LATENT], moments[:, LATENT:]
        logits = forward(mean + tf.exp(log_variance / 2) * noise, *w[4:], tf.nn.relu)
        likelihood = tf.reduce_sum(x * logits + tf.math.log_sigmoid(-logits))
        kl = tf.reduce_sum(tf.exp(log_variance) + mean**2 - 1 - log_variance) / 2
        return (kl - likelihood) / BATCH

    @tf.function
    def step(x):
        noise = tf.random.stateless_normal((BATCH, LATENT), tf.stack([SEED, steps.read_value()]))
        with tf.GradientTape() as tape:
            value = loss(x, noise)
        slopes = tape.gradient(value, w)
        n = tf.cast(steps.assign_add(1), tf.float32)
        rate = RATE * tf.sqrt(1 - BETA_2**n) / (1 - BETA_1**n)
        for a, g, m, v in zip(w, slopes, first, second, strict=True):
            m.assign_add((1 - BETA_1) * (g - m))
            v.assign_add((1 - BETA_2) * (g * g - v))
            a.assign_sub(rate * m / (tf.sqrt(v) + EPSILON))

    def run(batches):
        for x in batches:
            step(x)
        return w

    return run


def torch_loop(encoder, decoder):
    import torch
    from torch.nn import functional

    device = keras.ops.zeros(()).device  # where Keras puts its tensors
    w = [torch.tensor(a, requires_grad=True, device=device) for a in [*encoder, *decoder]]
    first, second = ([torch.zeros_like(a) for a in w] for _ in range(2))
    source, steps = torch.Generator(device), 0

    def loss(x, noise):
        moments = forward(x, *w[:4], torch.relu)
        mean, log_variance = moments[:, :LATENT], moments[:, LATENT:]
        logits = forward(mean + torch.exp(log_variance / 2) * noise, *w[4:], torch.relu)
        likelihood = torch.sum(x * logits + functional.logsigmoid(-logits))
        kl = torch.sum(torch.exp(log_variance) + mean**2 - 1 - log_variance) / 2
        return (kl - likelihood) / BATCH

    def step(x):
        nonlocal steps
        source.manual_seed(SEED + steps)
        slopes = torch.autograd.grad(loss(x, torch.randn(BATCH, LATENT, generator=source, device=device)), w)
        steps += 1
        with torch.no_grad():
            torch._foreach_lerp_(first, slopes, 1 - BETA_1)
            torch._foreach_mul_(second, BETA_2)
            torch._foreach_addcmul_(second, slopes, slopes, 1 - BETA_2)
            roots = torch._foreach_sqrt(second)
            torch._foreach_add_(roots, EPSILON)
            rate = RATE * np.sqrt(1 - BETA_2**steps) / (1 - BETA_1**steps)
            torch._foreach_addcdiv_(w, first, roots, -float(rate))

    def run(batches):
        for x in batches:
            step(x)
        return [a.detach() for a in w]

    return run


LOOPS = {"jax": jax_loop, "tensorflow": tensorflow_loop, "torch": torch_loop}
