"""Claims of §15.5: the Wasserstein distance, against SciPy and linear programming, and the clipped critic."""

import keras
import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch15.claims.players import train
from mathdl_keras.chapters.ch15.games import jensen_shannon
from mathdl_keras.chapters.ch15.transport import wasserstein_1d, wasserstein_discrete
from mathdl_keras.chapters.ch15.wgan import WassersteinGAN
from mathdl_keras.core.claims import claim, equals
from mathdl_keras.core.linalg import matvec
from mathdl_keras.core.loops import compiled

__all__ = ["wasserstein"]


class Cloud(keras.Layer):
    """A generator of fixed rows."""

    def __init__(self, rows):
        super().__init__()
        self.rows = self.add_weight(shape=rows.shape)
        self.rows.assign(rows)

    def call(self, z):
        return self.rows

    def compute_output_spec(self, z, **kwargs):
        return keras.KerasTensor((z.shape[0], self.rows.shape[1]), dtype=self.compute_dtype)


class Linear(keras.Layer):
    """(n, 1): w.x + b."""

    def __init__(self, features):
        super().__init__()
        self.w, self.b = self.add_weight(shape=(features,)), self.add_weight(shape=(1,))
        self.w.assign(0 * self.w)

    def call(self, x):
        return matvec(x, self.w)[:, None] + self.b


class ClipsBiases(WassersteinGAN):
    def clip_critic(self):
        self.critic.b.assign(self.constraint(self.critic.b))


def unsorted(x, y):
    return ops.sum(ops.abs(x - y)) / x.shape[0]


@claim(
    "15.5",
    "W_1 is the mean gap of ordered samples and grows where JSD cannot; a clipped linear critic finds an L1 distance",
    refuted_by={
        "samples not sorted": {"distance": unsorted},
        "JSD doubled": {"divergence": lambda p, q: 2 * jensen_shannon(p, q)},
        "clip on biases only": {"model": ClipsBiases},
        "L2 for L1": {"order": 2},
    },
    precision="float64",
)
def wasserstein(
    rng, *, n=40, c=0.01, distance=wasserstein_1d, divergence=jensen_shannon, model=WassersteinGAN, order=1
):
    x, y = rng.standard_normal(n), 0.5 + 1.3 * rng.standard_normal(n)
    w = compiled(distance)(*map(ops.convert_to_tensor, (x, y)))
    plan = wasserstein_discrete(np.full(n, 1 / n), np.full(n, 1 / n), np.abs(x[:, None] - y))[0]
    gaps = np.array([0.5, 1.0, 3.0])
    moved = compiled(wasserstein_1d)(ops.zeros((3, 1), "float64"), ops.convert_to_tensor(gaps[:, None]))
    apart = divergence(np.tile(np.eye(4)[0], (3, 1)), np.eye(4)[1:])  # a point, and one that is 1, 2 or 3 atoms away
    real, fake = rng.standard_normal((50, 4)), 0.3 + rng.standard_normal((50, 4))
    difference = real.mean(axis=0) - fake.mean(axis=0)
    gan = model(Cloud(fake), Linear(4), 1, clip=c, critic_steps=1)
    train(gan, real, 1, critic=1e3, generator=0.0)  # one long step goes past the bound in each coordinate
    return (
        equals(w, stats.wasserstein_distance(x, y), roundings=900, label="W_1 of two samples, by SciPy"),
        equals(w, plan, roundings=900, label="W_1 of two samples, by linear programming"),
        equals(moved, gaps, roundings=900, label="W_1 of two points"),
        equals(apart, np.full(3, np.log(2)), roundings=900, label="JSD of two points"),
        equals(np.sort(np.abs(ops.convert_to_numpy(gan.critic.w))), c, roundings=1, scale=c, label="|w| of the critic"),
        equals(gan.critic_value(*map(ops.convert_to_tensor, (real, fake))), c * np.linalg.norm(difference, order),
               roundings=9000, label="value of the clipped critic"),
    )  # fmt: skip
