r"""Wasserstein networks: a critic whose slope is bounded, instead of a discriminator (§15.5).

By Kantorovich and Rubinstein's duality the distance of two distributions is what the best critic of slope at most 1
finds between them,

.. math:: W_1(p, q) = \sup_{\mathrm{Lip}(f) \le 1}\; \mathbb E_p f - \mathbb E_q f .

Unlike a discriminator's value it tells near from far where p and q do not overlap, and so gives the generator a slope.
The bound is kept by clipping the critic's weights (Arjovsky, Chintala and Bottou 2017), or nearly kept by a penalty on
its slope between real and generated samples (Gulrajani et al. 2017).
"""

import math

import keras
from keras import ops

from mathdl_keras.chapters.ch15.adversarial import AdversarialModel
from mathdl_keras.chapters.ch15.constraints import ClipValue
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.checks import check_positive
from mathdl_keras.core.linalg import mean
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["WassersteinGAN"]


@keras.saving.register_keras_serializable("mathdl_keras")
class WassersteinGAN(RenamedArguments, AdversarialModel):
    r"""A generator against a critic f of bounded slope (§15.5).

    .. math:: \min_G \max_f\; \mathbb E f(x) - \mathbb E f(G(z)), \qquad z \sim N(0, I_k)

    A step of training cuts its batch of real rows into `critic_steps` slices, gives the critic a step on each, and then
    the generator one. After each step of the critic its weights are clipped to [-c, c]; or, with `gradient_penalty`
    :math:`\lambda`, nothing is clipped and the critic pays :math:`\lambda\,\mathbb E(\|\nabla f(\hat x)\| - 1)^2` at
    points :math:`\hat x` drawn evenly between a real and a generated sample. Batch normalization does not go with the
    penalty, which is one for each sample.

    As a function the model is its generator; `compile({"critic": ..., "generator": ...})` takes an optimizer for each
    part, `fit(x)` real samples. The history has `critic_value`, :math:`\mathbb E f(x) - \mathbb E f(G(z))`, which
    estimates (a multiple of) :math:`W_1` and falls as samples get better; and `penalty`, if there is one.

    Args:
        generator: Layer or model, `(batch, latent_dim) -> (batch, ...)`.
        critic: Layer or model, `(batch, ...) -> (batch, 1)`, with no sigmoid at its end.
        latent_dim: Integer, the number k of noise variables.
        clip: Positive float, the bound c of the critic's weights, unless there is a penalty; 0.01 by default.
        critic_steps: Integer, steps of the critic for one of the generator; 5 by default.
        gradient_penalty: Float >= 0, :math:`\lambda`, usually 10; `None`, the default, to clip.
        seed: Integer, seed of the noise; `None`, the default, for another stream each time.

    Raises:
        ValueError: If an argument is out of range, or the shapes of the parts do not fit; in `fit`, if a batch has
            fewer than `critic_steps` rows.

    Example:
        >>> import numpy as np
        >>> gan = WassersteinGAN(keras.layers.Dense(3), keras.layers.Dense(1), latent_dim=2, clip=0.5, seed=0)
        >>> gan.compile({"critic": keras.optimizers.RMSprop(1e-3), "generator": keras.optimizers.RMSprop(1e-3)})
        >>> history = gan.fit(np.ones((100, 3), "float32"), batch_size=50, verbose=0)
        >>> bool(np.max(np.abs(gan.critic.get_weights()[0])) <= 0.5), gan.sample(5).shape
        (True, (5, 3))
    """

    renamed_arguments = {"n_critic": "critic_steps"}
    opponent_name = "critic"
    steps_name = "critic_steps"

    def __init__(self, generator, critic, latent_dim, clip=0.01, critic_steps=5, gradient_penalty=None, seed=None,
                 **kwargs):  # fmt: skip
        super().__init__(generator, critic, latent_dim, seed, **kwargs)
        if not isinstance(clip, int | float) or not 0 < clip < math.inf:
            raise ValueError(f"clip must be positive and finite; received clip={clip!r}")
        penalty = 0 if gradient_penalty is None else gradient_penalty
        if isinstance(penalty, bool) or not isinstance(penalty, int | float) or not 0 <= penalty < math.inf:
            raise ValueError(f"gradient_penalty must be None or >= 0; received gradient_penalty={gradient_penalty!r}")
        self.clip, self.critic_steps = clip, check_positive("critic_steps", critic_steps)
        self.gradient_penalty, self.constraint = gradient_penalty, ClipValue(float(clip))
        self.track("critic_value", "generator_loss", *([] if gradient_penalty is None else ["penalty"]))

    def critic_value(self, real, fake, training=False):
        """mean f(real) - mean f(fake), a scalar tensor."""
        return mean(self.heights(real, training)) - mean(self.heights(fake, training))

    def generator_loss(self, fake, training=True):
        return -mean(self.heights(fake, training))

    def slope_penalty(self, real, fake, training=True):
        r"""The mean of :math:`(\|\nabla f\| - 1)^2` between real and generated rows, a scalar tensor."""
        shape = (ops.shape(real)[0],) + (1,) * (len(real.shape) - 1)
        t = keras.random.uniform(shape, dtype=keras.backend.standardize_dtype(fake.dtype), seed=self.seed_generator)
        slopes = grad(lambda x: self.heights(x, training))(fake + t * (ops.cast(real, fake.dtype) - fake))
        squares = ops.sum(ops.square(slopes), axis=tuple(range(1, len(slopes.shape))))
        return mean(ops.square(ops.sqrt(squares + 1e-12) - 1))  # a root has no derivative at 0

    def training_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        slices, size = self.slices(x, self.critic_steps)
        fakes, _ = self.slices(self.generate(size * self.critic_steps), self.critic_steps)
        for real, fake in zip(slices, fakes, strict=True):
            logs = self._critic_step(real, fake)
        g_loss = self.minimize(lambda: self.generator_loss(self.generate(size)), self.generator)
        return self.log(generator_loss=g_loss, **logs)

    def _critic_step(self, real, fake):
        if self.gradient_penalty is None:
            loss = self.minimize(lambda: -self.critic_value(real, fake, training=True), self.critic)
            self.clip_critic()
            return {"critic_value": -loss}

        def penalized():
            value, penalty = self.critic_value(real, fake, training=True), self.slope_penalty(real, fake)
            return self.gradient_penalty * penalty - value, value, penalty

        _, value, penalty = self.minimize(penalized, self.critic, has_aux=True)
        return {"critic_value": value, "penalty": penalty}

    def clip_critic(self):
        """Brings all weights of the critic into [-c, c]."""
        for variable in self.critic.trainable_variables:
            variable.assign(self.constraint(variable))

    def evaluation_losses(self, real, fake):
        logs = {"critic_value": self.critic_value(real, fake), "generator_loss": self.generator_loss(fake, False)}
        if self.gradient_penalty is not None:
            logs["penalty"] = self.slope_penalty(real, fake, training=False)
        return logs

    def get_config(self):
        return super().get_config() | {
            "clip": self.clip,
            "critic_steps": self.critic_steps,
            "gradient_penalty": self.gradient_penalty,
        }
