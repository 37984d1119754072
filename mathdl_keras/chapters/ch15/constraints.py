r"""The constraint that makes a critic Lipschitz, if roughly (§15.5)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.layers import clipping_function

__all__ = ["ClipValue"]


@keras.saving.register_keras_serializable("mathdl_keras", name="WeightClip")
class ClipValue(keras.constraints.Constraint):
    r"""Keeps every weight in [-c, c], by the clipping function of §5.2 (§15.5).

    A network whose weights are bounded is Lipschitz with some constant K, and the critic of a Wasserstein GAN needs no
    more: it finds K times the distance.

    .. math:: w \to \max(-c, \min(w, c))

    Args:
        c: Positive float, the largest absolute value that is allowed; 0.01 by default.

    Raises:
        ValueError: If c is not positive and finite.

    Example:
        >>> ops.convert_to_numpy(ClipValue(0.5)(ops.array([-2.0, 0.25, 0.75]))).tolist()
        [-0.5, 0.25, 0.5]
    """

    def __init__(self, c=0.01):
        if isinstance(c, bool) or not isinstance(c, int | float) or not 0 < c < float("inf"):
            raise ValueError(f"c must be positive and finite; received c={c!r}")
        self.c = float(c)

    def __call__(self, w):
        return clipping_function(ops.convert_to_tensor(w), -self.c, self.c)

    def get_config(self):
        return {"c": self.c}
