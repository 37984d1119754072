r"""A constraint that keeps a recurrent network stable (section 13.6)."""

import keras
from keras import ops

__all__ = ["MaxSpectralNorm"]


@keras.saving.register_keras_serializable("mathdl_keras", name="SpectralNormConstraint")
class MaxSpectralNorm(keras.constraints.Constraint):
    r"""Keeps :math:`\|W\|_2 \le c`: after each update, the nearest such matrix (§13.6).

    .. math:: W = U \operatorname{diag}(\sigma) V^\top \quad\to\quad U \operatorname{diag}(\min(\sigma, c))\, V^\top

    As a `recurrent_constraint` with c < 1 and an activation whose slope is at most 1, two states that see the same
    inputs approach each other: :math:`\|h_t - h_t'\| \le c^t \|h_0 - h_0'\|`.

    Args:
        c: The largest singular value that is allowed.

    Raises:
        ValueError: If c is not positive, or W is not a matrix.

    Example:
        >>> W = MaxSpectralNorm(0.5)(ops.array([[2.0, 0.0], [0.0, 0.25]]))
        >>> ops.convert_to_numpy(W).round(4).tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """

    def __init__(self, c=1.0):
        if isinstance(c, bool) or not isinstance(c, int | float) or not 0 < c < float("inf"):
            raise ValueError(f"c must be positive and finite; received c={c!r}")
        self.c = float(c)

    def __call__(self, w):
        w = ops.convert_to_tensor(w)
        if len(w.shape) != 2:
            raise ValueError(f"w must be a matrix; received shape {tuple(w.shape)}")
        U, sigma, V = ops.svd(w, full_matrices=False)
        return ops.einsum("ik,k,kj->ij", U, ops.clip(sigma, 0, self.c), V)

    def get_config(self):
        return {"c": self.c}
