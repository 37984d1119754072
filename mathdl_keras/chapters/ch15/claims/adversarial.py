"""Claims of §15.4 and §15.5 on the steps of two players, against closed forms."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch15.claims.players import Hill, Line, Points, Slope, number, train
from mathdl_keras.chapters.ch15.gan import GAN, LOSSES
from mathdl_keras.chapters.ch15.wgan import WassersteinGAN
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.claims import claim, close_to, equals
from mathdl_keras.core.loops import compiled

__all__ = ["collapse_under_fixed_critic", "dirac_gan", "generator_gradients"]


@claim(
    "15.4",
    "per sample, the minimax gradient of the generator is D/(1-D) of the nonsaturating one",
    refuted_by={
        "inverse": {"ratio": lambda D: (1 - D) / D},
        "losses exchanged": {"losses": ("nonsaturating", "minimax")},
    },
    precision="float64",
)
def generator_gradients(rng, *, ratio=lambda D: D / (1 - D), losses=("minimax", "nonsaturating")):
    D = np.array([0.01, 0.3, 0.9])
    logits = ops.convert_to_tensor(np.log(D / (1 - D)))
    first, second = compiled(lambda a: tuple(grad(LOSSES[name])(a) for name in losses))(logits)
    return equals(first / second, ratio(D), roundings=9000, label="ratio of the gradients at D = 0.01, 0.3, 0.9")


def play(update, eta, steps, start=1e-3):
    """(theta, psi) of the Dirac game after some steps, as the GAN class plays it."""
    # the only real point is 0; the generator is the point theta
    gan = GAN(Points(np.array([[start]])), Slope(0.0), 1, loss="minimax", update=update)
    gan.compile({part: keras.optimizers.SGD(eta) for part in ("generator", "discriminator")})
    gan.fit(np.zeros((steps, 1)), batch_size=1, verbose=0)
    return np.array([number(gan.generator.points[0, 0]), number(gan.discriminator.psi)])


@claim(
    "15.4",
    "Dirac's game: simultaneous steps spiral out by sqrt(1 + eta^2/4) each, alternating ones keep a quadratic form",
    refuted_by={
        "eta doubled": {"growth": lambda eta: np.sqrt(1 + eta**2)},
        "sign of the form": {"sign": 1.0},
        "alternating for simultaneous": {"updates": ("alternating", "alternating")},
    },
    precision="float64",
)
def dirac_gan(rng, *, eta=0.1, sign=-1.0, growth=lambda eta: np.sqrt(1 + eta**2 / 4),
              updates=("simultaneous", "alternating")):  # fmt: skip
    start, half = 1e-3, eta / 2

    def form(state):  # the discriminator moves first; were it the generator, the sign would be +
        theta, psi = state
        return theta**2 + psi**2 + sign * half * theta * psi

    spiral, ring = play(updates[0], eta, 100), play(updates[1], eta, 400)
    return (
        # sigmoid(u) = 1/2 + u/4 with |u| <= 1.3e-6: the speed of a step is off by at most half of that
        close_to(np.linalg.norm(spiral) / start, growth(eta) ** 100, relative=1e-5, label="radius after 100 steps"),
        # that error changes sign twice a turn, and both players share it
        close_to(form(ring) / start**2, 1.0, relative=1e-6, label="form after 400 steps"),
    )


class FixedNoise(WassersteinGAN):
    """With z = -1 and 1, which have the mean and the variance of a standard normal."""

    def noise(self, count):
        return ops.convert_to_tensor(np.array([[-1.0], [1.0]]))


@claim(
    "15.5",
    "mode collapse: against a fixed concave critic the generator gives one point for all z",
    refuted_by={"ascent for descent": {"sign": 1.0}, "rate without the square's 1/2": {"rate": 2.0}},
    precision="float64",
)
def collapse_under_fixed_critic(rng, *, eta=0.1, steps=50, best=2.0, sign=-1.0, rate=1.0):
    model = FixedNoise(Line(0.0, 1.0), Hill(best, sign), 1, critic_steps=1, gradient_penalty=0.0)
    train(model, np.zeros((2, 1)), steps, critic=0.0, generator=eta)
    left = (1 - rate * eta) ** steps
    mu, s = (ops.convert_to_tensor(v) for v in (model.generator.a, model.generator.b))
    return (
        equals(s, left, roundings=9000, label="deviation of the samples"),
        equals(mu, best * (1 - left), roundings=9000, label="mean of the samples"),
    )
