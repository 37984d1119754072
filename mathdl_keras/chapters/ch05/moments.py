r"""Gaussian moments of activations (§5.4).

In a wide random layer the pre-activations are nearly normal, so what happens from layer to layer is a matter of
:math:`E\,\sigma(\sqrt q Z)^2` and :math:`E\,\sigma'(\sqrt q Z)^2`: chapters 8, 16 and 19 ask for them.
"""

import numpy as np
from keras import ops

from mathdl_keras.core.precision import allow_float64

__all__ = ["gaussian_moment"]

FAR = 39.0  # beyond, the normal density is 0 in float64
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(24)
# Ends of panels that shrink towards a kink by halves: whatever the scale of fn, some panels have the same.
GRADES = FAR * 0.5 ** np.arange(48)


def gaussian_moment(fn, q=1.0, kinks=None):
    r"""The expectation :math:`E\,f(\sqrt q\,Z)` for a standard normal Z, by quadrature (§5.4).

    Gauss-Legendre rules of 24 points on panels that shrink by halves towards 0 and each kink, so that a kink costs no
    digit: errors are below 1e-12 for activations, their powers and their derivatives, from small q to large.

    Args:
        fn: Function f of an array to an array of the same shape: an `Activation`, its `derivative`, any function in
            `keras.ops` or NumPy. It is given float64 and should keep it (`keras.ops.tanh` does not on JAX).
        q: Number or array of any shape, the variance, >= 0; 1 by default.
        kinks: Sequence of numbers at which f or its derivative jumps; `None`, the default, for those of the
            `Activation`, if fn is one. 0 always counts as one.

    Returns:
        A float, or an array shaped like q.

    Raises:
        ValueError: If q is negative or not finite, or f gives another shape.

    Example:
        >>> from mathdl_keras.chapters.ch05.activations import ReLU, Tanh
        >>> round(gaussian_moment(lambda x: np.maximum(x, 0) ** 2), 6), round(gaussian_moment(ReLU()), 6)
        (0.5, 0.398942)
        >>> round(gaussian_moment(lambda x: Tanh()(x) ** 2), 6)
        0.394294
    """
    variances = np.asarray(q, "float64")
    if not np.all(np.isfinite(variances) & (variances >= 0)):
        raise ValueError(f"q must be finite and >= 0; received q={q!r}")
    kinks = {0.0, *(getattr(fn, "kinks", ()) if kinks is None else kinks)}
    moments = np.array([_moment(fn, np.sqrt(v), kinks) for v in variances.ravel()])
    return moments.reshape(variances.shape) if variances.ndim else float(moments[0])


def _moment(fn, scale, kinks):
    centres = [0.0] if scale == 0 else [k / scale for k in kinks if abs(k) < FAR * scale]
    ends = np.concatenate([centres, *(np.concatenate([m - GRADES, m + GRADES]) for m in centres)])
    ends = np.unique(np.clip(ends, -FAR, FAR))
    middle, half = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / 2
    z = (middle[:, None] + half[:, None] * POINTS).ravel()
    weights = (half[:, None] * WEIGHTS).ravel() * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    with allow_float64():
        values = ops.convert_to_numpy(fn(scale * z)).astype("float64")
    if values.shape != z.shape:
        raise ValueError(f"fn must keep the shape {z.shape}; received shape {values.shape}")
    return weights @ values
