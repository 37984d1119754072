r"""The kernels of infinitely wide random layers (§4.5).

They need the angle between two points, in double precision where the points are, and with a finite derivative. But
`ops.arccos` returns float32 on JAX, and its derivative is infinite at :math:`\pm1`, that is, on the diagonal of every
Gram matrix; so the angle is computed here, from square roots.
"""

import math

import keras
from keras import ops

from mathdl_keras.chapters.ch04.kernels import Kernel
from mathdl_keras.core.linalg import outer, transpose

__all__ = ["ArcCosineKernel"]

# arcsin(s) / s as a polynomial in s^2: (2k)! / (4^k k!^2 (2k + 1))
ARCSIN = [math.comb(2 * k, k) / (4**k * (2 * k + 1)) for k in range(9)]


def root(v):
    """The square root of v >= 0, with derivative 0 at 0; rounding below 0 counts as 0."""
    positive = v > 0
    return ops.where(positive, ops.sqrt(ops.where(positive, v, ops.ones_like(v))), ops.zeros_like(v))


def angle(cosine):
    r"""The angle in :math:`[0, \pi]` of a cosine in [-1, 1].

    With :math:`q = \sin^2(\theta/2)`, each step :math:`q \to q / (2 + 2\sqrt{1 - q})` halves the angle; four of them
    leave :math:`q < 0.0025`, where nine terms of the series of the arcsine are exact to rounding.
    """
    q = (1 - cosine) / (4 + 4 * root((1 + cosine) / 2))  # the first step; 1 - q would cancel near pi
    for _ in range(3):
        q = q / (2 + 2 * root(1 - q))
    series = ARCSIN[-1]
    for coefficient in ARCSIN[-2::-1]:
        series = coefficient + q * series
    return 32 * root(q) * series


@keras.saving.register_keras_serializable("mathdl_keras")
class ArcCosineKernel(Kernel):
    r"""What a random layer of infinite width computes (§4.5; Cho and Saul, 2009).

    With w standard normal and :math:`\theta` the angle between x and z,

    .. math::
        E\,1[\langle w, x\rangle > 0]\,1[\langle w, z\rangle > 0] = \frac{\pi - \theta}{2\pi}, \qquad
        E\,\sigma(\langle w, x\rangle)\,\sigma(\langle w, z\rangle)
        = \frac{\lVert x\rVert \lVert z\rVert}{2\pi} \big(\sin\theta + (\pi - \theta)\cos\theta\big)

    for steps (order 0) and ReLUs (order 1). Cho and Saul's kernels are twice these means.

    Args:
        order: 0 or 1.

    Raises:
        ValueError: If it is another.

    Example:
        >>> x, z = ops.array([[2.0, 0.0]]), ops.array([[0.0, 3.0]])
        >>> [round(float(ArcCosineKernel(order)(x, z)[0, 0]), 4) for order in (0, 1)]
        [0.25, 0.9549]
    """

    def __init__(self, order=1):
        if order not in (0, 1):
            raise ValueError(f"order must be 0 or 1; received order={order!r}")
        self.order = int(order)

    def gram(self, X, Z):
        norms = [root(ops.sum(W * W, axis=1)) for W in (X, Z)]
        U, V = (W / ops.where(n > 0, n, ops.ones_like(n))[:, None] for W, n in zip((X, Z), norms, strict=True))
        cosine = ops.clip(U @ transpose(V), -1.0, 1.0)
        theta = angle(cosine)
        if self.order == 0:
            present = [ops.cast(n > 0, n.dtype) for n in norms]  # a step is 0 at 0
            return outer(*present) * (math.pi - theta) / (2 * math.pi)
        sine = root(1 - cosine * cosine)
        return outer(*norms) * (sine + (math.pi - theta) * cosine) / (2 * math.pi)

    def get_config(self):
        return {"order": self.order}
