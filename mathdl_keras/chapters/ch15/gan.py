r"""Generative adversarial networks (§15.3 and §15.4).

| loss | the generator minimizes | its gradient where D is small |
| --- | --- | --- |
| `minimax` | :math:`\mathbb E \log(1 - D(G(z)))` | D: it vanishes where the discriminator is sure |
| `nonsaturating` | :math:`-\mathbb E \log D(G(z))` | 1 - D |

Both have the same fixed points; per sample the first gradient is D/(1-D) of the second.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch15.adversarial import AdversarialModel
from mathdl_keras.core.autodiff import value_and_grad
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.linalg import mean
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["GAN"]

LOSSES = {
    "minimax": lambda logit: -ops.softplus(logit),  # log(1 - D)
    "nonsaturating": lambda logit: ops.softplus(-logit),  # -log D
}
UPDATES = ("alternating", "simultaneous")


@keras.saving.register_keras_serializable("mathdl_keras")
class GAN(RenamedArguments, AdversarialModel):
    r"""A generator against a discriminator (§15.3, Goodfellow et al. 2014).

    .. math:: \min_G \max_D\; V(D, G) = \mathbb E \log D(x) + \mathbb E \log(1 - D(G(z))),
        \qquad D = \sigma(\text{logit}),\quad z \sim N(0, I_k)

    A step of training cuts its batch of real rows into `discriminator_steps` slices, gives the discriminator a step on
    each, and then the generator one with noise of its own (`alternating`); or computes both gradients at the same
    weights and then follows both (`simultaneous`). The second spirals outwards where the first goes round (§15.4).

    As a function the model is its generator; `compile({"generator": ..., "discriminator": ...})` takes an optimizer
    for each part, `fit(x)` real samples.

    Args:
        generator: Layer or model, `(batch, latent_dim) -> (batch, ...)`.
        discriminator: Layer or model, `(batch, ...) -> (batch, 1)`, the logit of "real".
        latent_dim: Integer, the number k of noise variables.
        loss: String, the loss of the generator: `minimax` or, by default, `nonsaturating`.
        discriminator_steps: Integer, steps of the discriminator for one of the generator; 1 by default, and with
            `simultaneous`.
        update: String, `alternating`, the default, with the discriminator first, or `simultaneous`.
        seed: Integer, seed of the noise; `None`, the default, for another stream each time.

    Raises:
        ValueError: If an argument is out of range, or the shapes of the parts do not fit; in `fit`, if a batch has
            fewer than `discriminator_steps` rows.

    Example:
        >>> import numpy as np
        >>> gan = GAN(keras.Sequential([keras.layers.Dense(3)]), keras.layers.Dense(1), latent_dim=2, seed=0)
        >>> gan.compile({"generator": "adam", "discriminator": "adam"})
        >>> history = gan.fit(np.ones((64, 3), "float32"), verbose=0)
        >>> sorted(history.history), gan.sample(5).shape
        (['discriminator_loss', 'generator_loss'], (5, 3))
    """

    renamed_arguments = {"d_steps": "discriminator_steps"}
    steps_name = "discriminator_steps"

    def __init__(self, generator, discriminator, latent_dim, loss="nonsaturating", discriminator_steps=1,
                 update="alternating", seed=None, **kwargs):  # fmt: skip
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; received loss={loss!r}")
        if update not in UPDATES:
            raise ValueError(f"update must be one of {', '.join(UPDATES)}; received update={update!r}")
        steps = check_positive("discriminator_steps", discriminator_steps)
        if update == "simultaneous" and steps > 1:
            raise ValueError(
                "discriminator_steps must be 1 if both parts move at once; "
                f"received discriminator_steps={discriminator_steps}"
            )
        super().__init__(generator, discriminator, latent_dim, seed, **kwargs)
        # `loss` itself belongs to `compile`
        self.generator_objective, self.discriminator_steps, self.update = loss, steps, update
        self.track("discriminator_loss", "generator_loss")

    def discriminator_loss(self, real, fake, training=True):
        """-V: binary cross entropy of both kinds of rows, each with weight 1."""
        return mean(ops.softplus(-self.heights(real, training))) + mean(ops.softplus(self.heights(fake, training)))

    def generator_loss(self, fake, training=True):
        return mean(LOSSES[self.generator_objective](self.heights(fake, training)))

    def value(self, real, fake):
        r"""V = mean log D(real) + mean log(1 - D(fake)), of two arrays of rows; -log 4 if nobody can tell them apart.

        Returns:
            A scalar tensor.
        """
        return -self.discriminator_loss(ops.convert_to_tensor(real), ops.convert_to_tensor(fake), training=False)

    def training_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        slices, size = self.slices(x, self.discriminator_steps)
        if self.update == "simultaneous":
            return self._simultaneous_step(x, size)
        fakes, _ = self.slices(self.generate(size * self.discriminator_steps), self.discriminator_steps)
        for real, fake in zip(slices, fakes, strict=True):
            d_loss = self.minimize(lambda: self.discriminator_loss(real, fake), self.discriminator)  # noqa: B023
        g_loss = self.minimize(lambda: self.generator_loss(self.generate(size)), self.generator)
        return self.log(discriminator_loss=d_loss, generator_loss=g_loss)

    def _simultaneous_step(self, real, size):
        z = self.noise(size)
        parts = [part.trainable_variables for part in (self.discriminator, self.generator)]
        d_loss, d_slopes = value_and_grad(
            lambda: self.discriminator_loss(real, self.generator(z, training=True)), parts[0]
        )
        g_loss, g_slopes = value_and_grad(lambda: self.generator_loss(self.generator(z, training=True)), parts[1])
        self.apply_gradients([*d_slopes, *g_slopes], [*parts[0], *parts[1]])
        return self.log(discriminator_loss=d_loss, generator_loss=g_loss)

    def evaluation_losses(self, real, fake):
        return {
            "discriminator_loss": self.discriminator_loss(real, fake, training=False),
            "generator_loss": self.generator_loss(fake, training=False),
        }

    def get_config(self):
        return super().get_config() | {
            "loss": self.generator_objective,
            "discriminator_steps": self.discriminator_steps,
            "update": self.update,
        }
