"""`core.elementary`: NumPy's values in the dtype of the input, and finite derivatives."""

import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.elementary import cos
from mathdl_keras.core.precision import allow_float64, dtype_of

X = np.concatenate([np.linspace(-7, 7, 1001), np.linspace(-1e4, 1e4, 1001)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cos_is_numpy_s_in_the_dtype_of_its_input(dtype):
    """Within 16 roundings; reducing x by multiples of 2 pi costs none of its own below 2^23 turns."""
    x = X.astype(dtype)
    with allow_float64():
        y = cos(ops.convert_to_tensor(x))
        assert dtype_of(y) == dtype
        y = ops.convert_to_numpy(y)
    np.testing.assert_allclose(y, np.cos(x.astype("float64")), atol=16 * np.finfo(dtype).eps)


def test_its_derivative_is_minus_the_sine():
    with allow_float64():
        slope = ops.convert_to_numpy(grad(lambda x: ops.sum(cos(x)))(X))
    np.testing.assert_allclose(slope, -np.sin(X), atol=1e-13)
