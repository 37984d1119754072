"""`core.precision`: float64 regions hold on the backend at hand and leave no trace."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.precision import dtype_of, float64, require_float64, unit_roundoff


def test_a_float64_region_computes_in_float64():
    with float64():
        dense = keras.layers.Dense(3)
        dense.build((None, 4))
        third = ops.convert_to_tensor(np.ones(1)) / 3
        assert dtype_of(third) == "float64"
        assert abs(float(ops.convert_to_numpy(third)[0]) - 1 / 3) <= 2.0**-54
        assert dtype_of(ops.einsum("ij,jk->ik", np.ones((2, 4)), dense.kernel)) == "float64"
        assert dtype_of(keras.Variable(np.zeros(2))) == "float64"


def test_a_float64_region_restores_what_was():
    with pytest.raises(RuntimeError):
        with float64():
            raise RuntimeError
    assert keras.config.floatx() == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert dtype_of(ops.convert_to_tensor(1.0)) == "float32"


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_unit_roundoff_is_half_of_numpys_epsilon(dtype):
    assert unit_roundoff(np.zeros(1, dtype)) == np.finfo(dtype).eps / 2
    assert unit_roundoff(dtype) == np.finfo(dtype).eps / 2


def test_unit_roundoff_of_tensors():
    assert unit_roundoff(ops.ones((2,), "bfloat16")) == 2.0**-8
    assert unit_roundoff(keras.Variable(1.0)) == 2.0**-24
    with pytest.raises(ValueError, match="floating-point dtype; received dtype=int"):
        unit_roundoff(ops.ones((2,), "int32"))


def test_require_float64_notices_a_leak():
    with pytest.raises(TypeError, match="loss must be float64; received float32"):
        require_float64(np.float32(1), "loss")
    assert require_float64(np.float64(1)) == 1
