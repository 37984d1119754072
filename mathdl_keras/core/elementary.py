"""Elementary functions that keep float64: `ops.cos` returns float32 on JAX, whatever it is given."""

import math

import keras
from keras import ops

from mathdl_keras.core.precision import dtype_of

__all__ = ["cos"]

# 2 pi in two parts; the first has 30 digits, so that its multiples are exact
TWO_PI = 6.283185310661793, -3.4822062782016664e-09
# (1 - cos x) / x^2 as a polynomial in x^2
VERSINE = [(-1) ** k / math.factorial(2 * k + 2) for k in range(8)]


def cos(x):
    r"""The cosine, in the dtype of x.

    In float64 on JAX: x less a multiple of :math:`2\pi`, an eighth of it, the series of :math:`v = 1 - \cos`, and three
    times :math:`v \to 2v(2 - v)`, which doubles the angle and loses no digits.

    Args:
        x: A floating-point tensor.

    Example:
        >>> round(float(cos(ops.array(1.0))), 5)
        0.5403
    """
    x = ops.convert_to_tensor(x)
    if keras.backend.backend() != "jax" or dtype_of(x) != "float64":
        return ops.cos(x)
    turns = ops.cast(ops.floor(x / (2 * math.pi) + 0.5), x.dtype)  # floor drops float64, too
    q = ops.square(((x - turns * TWO_PI[0]) - turns * TWO_PI[1]) / 8)
    series = VERSINE[-1]
    for coefficient in VERSINE[-2::-1]:
        series = coefficient + q * series
    v = q * series
    for _ in range(3):
        v = 2 * v * (2 - v)
    return 1 - v
