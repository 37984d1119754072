"""Training steps of generative models, against hand-tuned native loops of the same networks.

Both sides take the same batches, which are on the device already, and draw the same noise from the same seeds. The
first run is of two steps, after which their weights must agree: after many, roundings that flip a rectified unit grow.
The budget is for the step, compiled as `fit` compiles it; what `fit` adds for batches and logs is timed against the
same loop, and has no budget.
"""

import functools

import keras
import numpy as np

from benchmarks.harness import Case, agree_within
from benchmarks.native import adversarial, autoencoder
from mathdl_keras.chapters.ch15.vae import VariationalAutoencoder
from mathdl_keras.chapters.ch15.wgan import WassersteinGAN

BACKEND = keras.backend.backend()
BUDGET = 1.05
CHECKED = 2  # steps
TOLERANCE = 60 * np.sqrt(784) * 2.0**-24  # sums of 784 terms, three layers each way, ten updates


def network(*widths):
    layers = [keras.layers.Dense(n, "relu") for n in widths[1:-1]]
    return keras.Sequential([keras.Input((widths[0],)), *layers, keras.layers.Dense(widths[-1])])


def steps(model):
    """A function of a list of batches: the model's steps on them, compiled where the backend compiles."""
    if BACKEND == "torch":
        return lambda batches: [model.train_step(x) for x in batches]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        step = tf.function(model.train_step)
        return lambda batches: [step(x) for x in batches]
    import jax

    model.optimizer.build(model.trainable_variables)
    step = jax.jit(model.train_step, donate_argnums=0)
    variables = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )

    def run(batches):
        state = tuple([v.value for v in group] for group in variables)
        for x in batches:
            _, state = step(state, x)
        for group, values in zip(variables, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)

    return run


def case(make, name, loops, rows, count, in_fit=False):
    """`count` steps of a model on rows like MNIST's, against the native loop."""
    keras.utils.set_random_seed(0)
    model, parts = make()
    native, step = loops[BACKEND](*[part.get_weights() for part in parts]), steps(model)
    x = np.random.default_rng(0).uniform(size=(count * rows, 784)).astype("float32")
    batches = [keras.ops.convert_to_tensor(x[k : k + rows]) for k in range(0, len(x), rows)]
    our_first, their_first = iter([CHECKED]), iter([CHECKED])

    def ours():
        n = next(our_first, count)
        if in_fit:
            model.fit(x[: n * rows], batch_size=rows, shuffle=False, verbose=0)
        else:
            step(batches[:n])
        return [w for part in parts for w in part.get_weights()]

    def theirs():
        return [keras.ops.convert_to_numpy(w) for w in native(batches[: next(their_first, count)])]

    name, budget = (f"{name} under fit", None) if in_fit else (f"{name}, training step", BUDGET)
    return Case(name, ours, theirs, agree_within(TOLERANCE), budget=budget)


def autoencoders():
    """With Bernoulli's likelihood."""
    n = autoencoder
    parts = network(n.PIXELS, n.UNITS, 2 * n.LATENT), network(n.LATENT, n.UNITS, n.PIXELS)
    vae = VariationalAutoencoder(*parts, n.LATENT, likelihood="bernoulli", seed=n.SEED)
    vae.compile(keras.optimizers.Adam(n.RATE, n.BETA_1, n.BETA_2, n.EPSILON))
    return vae, parts


def adversaries():
    """With a penalty: five updates of the critic a step, and one of the generator."""
    n = adversarial
    parts = network(n.PIXELS, n.UNITS, n.UNITS, 1), network(n.LATENT, n.UNITS, n.UNITS, n.PIXELS)
    gan = WassersteinGAN(*parts[::-1], n.LATENT, critic_steps=n.N_CRITIC, gradient_penalty=n.PENALTY, seed=n.SEED)
    adam = {"beta_1": 0.0, "beta_2": n.BETA, "epsilon": n.EPSILON}
    gan.compile({part: keras.optimizers.Adam(n.RATE, **adam) for part in ("critic", "generator")})
    return gan, parts


AUTOENCODER = (autoencoders, "VAE", autoencoder.LOOPS, autoencoder.BATCH, 40)
ADVERSARIES = (adversaries, "WGAN-GP", adversarial.LOOPS, adversarial.SLICE * adversarial.N_CRITIC, 20)
CASES = [functools.partial(case, *of, in_fit=fit) for fit in (False, True) for of in (AUTOENCODER, ADVERSARIES)]


def cases():
    for make in CASES:
        yield make()
