"""Float64 where it is wanted, and the unit roundoff of a result: `from mathdl_keras.precision import float64`."""

from mathdl_keras.core.precision import (
    allow_float64,
    dtype_of,
    float64,
    require_float64,
    unit_roundoff,
)
