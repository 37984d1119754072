r"""Precision: float64 regions, and the unit roundoff of what a computation really returned.

A rounding claim compares :math:`|m - p|` with :math:`c\,u`, where :math:`u = \varepsilon/2` is the unit roundoff
of the *result's* dtype. Off TensorFlow some Keras operations quietly return float32 even where float64 is asked
for, so a claim that needs float64 asserts it (`require_float64`) instead of hoping.
"""

import contextlib

import keras
import numpy as np
from keras import ops

__all__ = ["allow_float64", "dtype_of", "float64", "require_float64", "unit_roundoff"]

DIGITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


@contextlib.contextmanager
def float64():
    """A region in which `floatx`, the dtype policy and the backend itself are float64.

    Layers and variables made inside keep float64 for good; settings are restored on leaving. On JAX, which
    truncates to float32 unless told otherwise, 64-bit types are switched on for the region, so results should
    be turned into NumPy before leaving it. On TensorFlow a bare Python number becomes float32 even here: start
    from NumPy arrays.

    Example:
        >>> with float64():
        ...     dtype_of(keras.ops.sqrt(np.ones(3)))
        'float64'
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    with allow_float64():
        try:
            keras.config.set_floatx("float64")
            keras.config.set_dtype_policy("float64")
            yield
        finally:
            keras.config.set_floatx(floatx)
            keras.config.set_dtype_policy(policy)


def allow_float64():
    """A region in which float64 arrays stay float64 on the backend; no setting of Keras is touched.

    Direct solvers run in it: a float32 model is fitted in float64 and its weights are rounded once, at the end. On
    JAX, results must be turned into NumPy before leaving it.

    Example:
        >>> with allow_float64():
        ...     dtype_of(keras.ops.einsum("ij->i", np.ones((2, 2))))
        'float64'
    """
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


def dtype_of(x) -> str:
    """The dtype of a tensor, variable, array or number, by its standard name.

    Example:
        >>> dtype_of(np.float32(1)), dtype_of(1.0)
        ('float32', 'float64')
    """
    if isinstance(x, float | int | np.ndarray | np.generic | list | tuple):
        return np.asarray(x).dtype.name
    return keras.backend.standardize_dtype(ops.convert_to_tensor(x).dtype)


def unit_roundoff(x) -> float:
    r"""The unit roundoff :math:`u = 2^{-t}` of a result's actual dtype, t its binary digits.

    Args:
        x: A floating-point tensor, array or number, or the name of a dtype.

    Raises:
        ValueError: If the dtype is not a floating-point one.

    Example:
        >>> unit_roundoff("float32") == 2.0**-24
        True
    """
    dtype = x if isinstance(x, str) else dtype_of(x)
    if dtype not in DIGITS:
        raise ValueError(f"x must have a floating-point dtype; received dtype={dtype}")
    return 2.0 ** -DIGITS[dtype]


def require_float64(x, name="x"):
    """`x` itself, if it is float64.

    Raises:
        TypeError: If an operation on the way has dropped to a lower precision.
    """
    if dtype_of(x) != "float64":
        raise TypeError(f"{name} must be float64; received {dtype_of(x)}: an operation lost precision")
    return x
