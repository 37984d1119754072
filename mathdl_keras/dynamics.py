"""Linear plants, their observers, and the stability of recurrences: `from mathdl_keras.dynamics import kalman_gain`."""

from mathdl_keras.chapters.ch13.observers.plants import (
    LinearPlant,
    kalman_error_covariance,
    kalman_gain,
)
from mathdl_keras.chapters.ch13.stability.stability import (
    lyapunov_exponent,
    spectral_radius,
    state_jacobians,
)
