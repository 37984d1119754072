r"""A constraint that keeps a recurrent network stable (§13.6)."""

import keras
from keras import ops

from mathdl_keras.core.serial import RenamedArguments

__all__ = ["MaxSpectralNorm"]


@keras.saving.register_keras_serializable("mathdl_keras", name="SpectralNormConstraint")
class MaxSpectralNorm(RenamedArguments, keras.constraints.Constraint):
    r"""Keeps :math:`\|W\|_2 \le c`: after each update, the nearest such matrix (§13.6).

    .. math:: W = U \operatorname{diag}(\sigma) V^\top \quad\to\quad U \operatorname{diag}(\min(\sigma, c))\, V^\top

    As a `recurrent_constraint` with c < 1 and an activation whose slope is at most 1, two states that see the same
    inputs approach each other: :math:`\|h_t - h_t'\| \le c^t \|h_0 - h_0'\|`.

    Args:
        max_value: Float, the largest singular value c that is allowed; 1 by default.

    Raises:
        ValueError: If max_value is not positive, or W is not a matrix.

    Example:
        >>> W = MaxSpectralNorm(0.5)(ops.array([[2.0, 0.0], [0.0, 0.25]]))
        >>> ops.convert_to_numpy(W).round(4).tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """

    renamed_arguments = {"c": "max_value"}

    def __init__(self, max_value=1.0):
        number = isinstance(max_value, int | float) and not isinstance(max_value, bool)
        if not number or not 0 < max_value < float("inf"):
            raise ValueError(f"max_value must be positive and finite; received max_value={max_value!r}")
        self.max_value = float(max_value)

    def __call__(self, w):
        w = ops.convert_to_tensor(w)
        if len(w.shape) != 2:
            raise ValueError(f"w must be a matrix; received shape {tuple(w.shape)}")
        U, sigma, V = ops.svd(w, full_matrices=False)
        return ops.einsum("ik,k,kj->ij", U, ops.clip(sigma, 0, self.max_value), V)

    def get_config(self):
        return {"max_value": self.max_value}
