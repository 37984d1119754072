r"""Penalties on weights, with their gradients and proximal maps (§9.2).

.. math:: \operatorname{prox}_{\eta R}(w) = \arg\min_u \ \tfrac12 \|u - w\|^2 + \eta R(u)
"""

import keras
from keras import ops

__all__ = ["L1", "L2", "soft_threshold"]


def soft_threshold(x, threshold):
    r"""The soft threshold :math:`\operatorname{sign}(x) \max(|x| - t, 0)`: the proximal map of :math:`t\,|x|` (§9.2).

    Args:
        x: A tensor of any shape.
        threshold: :math:`t \ge 0`, a number or a tensor that broadcasts.

    Returns:
        A tensor shaped like `x`; entries with :math:`|x| \le t` are exactly zero.

    Example:
        >>> ops.convert_to_numpy(soft_threshold(ops.array([3.0, -0.5, -2.0]), 1.0)).tolist()
        [2.0, 0.0, -1.0]
    """
    return x - ops.clip(x, -threshold, threshold)


def _penalty(name, value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a finite number >= 0; received {name}={value!r}")
    return float(value)


@keras.saving.register_keras_serializable("mathdl_keras")
class L2(keras.regularizers.L2):
    r"""The penalty :math:`\lambda \|w\|^2` (§9.2), or :math:`\frac\lambda2 \|w\|^2` with `half`.

    As `keras.regularizers.L2`, and

    .. math:: \nabla R(w) = 2\lambda w, \qquad \operatorname{prox}_{\eta R}(w) = \frac{w}{1 + 2\eta\lambda} .

    Args:
        l2: :math:`\lambda \ge 0`.
        half: Whether there is a factor 1/2; then 2λ above is λ.

    Raises:
        ValueError: If `l2` is negative or not finite.

    Example:
        >>> R, w = L2(0.5), ops.array([1.0, 2.0])
        >>> [ops.convert_to_numpy(v).tolist() for v in (R(w), R.gradient(w), R.prox(w, 1.0))]
        [2.5, [1.0, 2.0], [0.5, 1.0]]
    """

    def __init__(self, l2=0.01, half=False):
        self.l2, self.half = _penalty("l2", l2), bool(half)

    @property
    def slope(self):
        """2λ, or λ with `half`."""
        return self.l2 if self.half else 2 * self.l2

    def __call__(self, x):
        return self.slope / 2 * ops.sum(ops.square(x))

    def gradient(self, x):
        r""":math:`\nabla R(x)`."""
        return self.slope * x

    def prox(self, x, step):
        r""":math:`\operatorname{prox}_{\eta R}(x)` with :math:`\eta` = `step`."""
        return x / (1 + self.slope * step)

    def get_config(self):
        return {"l2": self.l2, "half": self.half}


@keras.saving.register_keras_serializable("mathdl_keras")
class L1(keras.regularizers.L1):
    r"""The penalty :math:`\lambda \sum_j |w_j|` (§9.2).

    As `keras.regularizers.L1`, and

    .. math:: \nabla R(w) = \lambda \operatorname{sign}(w), \qquad
        \operatorname{prox}_{\eta R}(w) = \operatorname{sign}(w) \max(|w| - \eta\lambda, 0) .

    Args:
        l1: :math:`\lambda \ge 0`.

    Raises:
        ValueError: If `l1` is negative or not finite.

    Example:
        >>> R, w = L1(0.5), ops.array([0.25, -2.0])
        >>> [ops.convert_to_numpy(v).tolist() for v in (R(w), R.gradient(w), R.prox(w, 1.0))]
        [1.125, [0.5, -0.5], [0.0, -1.5]]
    """

    def __init__(self, l1=0.01):
        self.l1 = _penalty("l1", l1)

    def gradient(self, x):
        r""":math:`\lambda \operatorname{sign}(x)`, a subgradient: 0 at 0."""
        return self.l1 * ops.sign(x)

    def prox(self, x, step):
        r""":math:`\operatorname{prox}_{\eta R}(x)` with :math:`\eta` = `step`."""
        return soft_threshold(x, self.l1 * step)
