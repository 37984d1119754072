r"""Piecewise linear networks (§5.1): a network of rectified units is linear between finitely many points.

N hidden units in one layer make at most N + 1 pieces on the line. Layers multiply: each composition with a zigzag of
two pieces doubles their number, so that L layers of two units make :math:`2^L` pieces, and depth buys what width
cannot.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.activations import PIECEWISE_LINEAR
from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.core.precision import allow_float64

__all__ = ["LinearRegions", "linear_regions_1d", "sawtooth_network"]

ROUNDING = 1e-12  # of ends and slopes, relative to the largest


@dataclass(frozen=True, eq=False)
class LinearRegions:
    """A piecewise linear function of one variable (§5.1).

    Attributes:
        ends: Array `(pieces + 1,)`, where the pieces begin and end.
        slopes: Array `(pieces, outputs)`, the slope of each piece.
        intercepts: Array `(pieces, outputs)`, the value of each piece if it is continued to 0.

    Example:
        >>> LinearRegions(np.array([-1.0, 0.0, 1.0]), np.array([[0.0], [1.0]]), np.zeros((2, 1))).count
        2
    """

    ends: np.ndarray
    slopes: np.ndarray
    intercepts: np.ndarray

    @property
    def count(self) -> int:
        """The number of pieces."""
        return len(self.slopes)


def linear_regions_1d(model, lo, hi):
    r"""The pieces on [lo, hi] of a piecewise linear network of one variable (§5.1).

    From layer to layer, each unit's slope and intercept on each piece: where :math:`z(t) = at + c` meets a kink of the
    activation, the piece is divided; within a piece the activation is linear. Nothing is sampled, so no piece is
    missed. Neighbours with the same slopes are one piece.

    Args:
        model: `MLP` with one input and piecewise linear activations.
        lo: Float, the left end of the interval.
        hi: Float, the right end of the interval.

    Returns:
        `LinearRegions`, in float64.

    Raises:
        ValueError: If the interval is empty, the model has several inputs, or an activation is curved.

    Example:
        >>> linear_regions_1d(sawtooth_network(3), 0.0, 1.0).ends.tolist()
        [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]
    """
    if not (np.isfinite([lo, hi]).all() and lo < hi):
        raise ValueError(f"lo must be below hi, both finite; received lo={lo}, hi={hi}")
    if not isinstance(model, MLP) or model.widths[0] != 1:
        raise ValueError(f"model must be a MLP with one input; received {model!r}")
    ends, a, c = np.array([lo, hi], "float64"), np.ones((1, 1)), np.zeros((1, 1))  # t itself
    for layer in model.dense:
        W, b = (ops.convert_to_numpy(w).astype("float64") for w in (layer.kernel, layer.bias))
        ends, a, c = _activated(ends, a @ W, c @ W + b, layer.activation)
    new = np.any(np.abs(np.diff(a, axis=0)) > ROUNDING * np.abs(a).max(), axis=1)  # not the slopes of the piece before
    first = np.append(True, new)
    return LinearRegions(np.append(ends[:-1][first], hi), a[first], c[first])


def _activated(ends, a, c, sigma):
    """The pieces of sigma(at + c) from those of at + c; a and c are (pieces, units)."""
    kinks, slopes, offsets = _pieces_of(sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (kinks[:, None, None] - c) / a  # (kinks, pieces, units)
    crossings = np.sort(t[(t > ends[:-1, None]) & (t < ends[1:, None])])
    finer = np.sort(np.concatenate([ends, crossings]))
    apart = np.diff(finer) > ROUNDING * (ends[-1] - ends[0])  # two crossings that differ by rounding are one
    finer = np.append(finer[:-1][apart], ends[-1])
    finer[0] = ends[0]
    middle = (finer[1:] + finer[:-1]) / 2
    piece = np.searchsorted(ends, middle) - 1
    a, c = a[piece], c[piece]
    segment = np.searchsorted(kinks, a * middle[:, None] + c)
    return finer, slopes[segment] * a, slopes[segment] * c + offsets[segment]


def _pieces_of(sigma):
    """The kinks of a piecewise linear activation, and its slopes and intercepts between them."""
    if not isinstance(sigma, tuple(PIECEWISE_LINEAR.values())):
        raise ValueError(f"activation must be piecewise linear; received {sigma!r}")
    kinks = np.array(sigma.kinks)
    z = np.concatenate([kinks[:1] - 1, (kinks[1:] + kinks[:-1]) / 2, kinks[-1:] + 1]) if len(kinks) else np.zeros(1)
    with allow_float64():
        values, slopes = (ops.convert_to_numpy(f(ops.convert_to_tensor(z))) for f in (sigma, sigma.derivative))
    return kinks, slopes, values - slopes * z


def sawtooth_network(depth):
    r"""The tent map, iterated: :math:`2^L` pieces by L layers of two units (§5.1; Telgarsky, 2016).

    .. math:: f = g \circ \dots \circ g, \qquad g(x) = 2\,\mathrm{ReLU}(x) - 4\,\mathrm{ReLU}(x - \tfrac12)

    On [0, 1] it goes up and down between 0 and 1, with slopes :math:`\pm 2^L`. All weights are powers of 2 or halves of
    1: on fractions of a power of 2 it is exact.

    Args:
        depth: Integer >= 1, the number L of hidden layers.

    Returns:
        A `MLP` of widths (1, 2, ..., 2, 1).

    Raises:
        ValueError: If `depth` is not an integer >= 1.

    Example:
        >>> saw = sawtooth_network(2)
        >>> ops.convert_to_numpy(saw(ops.array([[0.0], [0.25], [0.5], [0.625]])))[:, 0].tolist()
        [0.0, 1.0, 0.0, 0.5]
    """
    if not isinstance(depth, int) or depth < 1:
        raise ValueError(f"depth must be an integer >= 1; received depth={depth!r}")
    model = MLP((1, *[2] * depth, 1), "relu", kernel_initializer="zeros")
    tent, shift = np.array([[2.0], [-4.0]]), np.array([0.0, -0.5])
    inner = [weight for _ in range(depth - 1) for weight in (np.hstack([tent, tent]), shift)]
    model.set_weights([np.ones((1, 2)), shift, *inner, tent, np.zeros(1)])
    return model
