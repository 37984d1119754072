r"""Direct solvers of least squares, and which of them to trust (§2.3).

The minimizer of :math:`\Lambda(\theta) = \frac1M \lVert X\theta - y\rVert^2` solves the normal equations
:math:`X^\top X\theta = X^\top y`. How many digits survive depends on the condition number :math:`\kappa` of X, whose
square is that of :math:`X^\top X`. With u the unit roundoff of the dtype (1.1e-16 for float64, 6e-8 for float32):

| route | cost (n rows, p features) | relative error of the kernel, about | `"auto"` takes it for |
| --- | --- | --- | --- |
| `"normal"`, Cholesky | :math:`n p^2`, one pass | :math:`\kappa^2 u` | :math:`\kappa \le u^{-1/8}` (99; 8) |
| the same, refined once | a second pass | :math:`(\kappa^2 u)^2 + \kappa u` | :math:`\kappa \le u^{-1/4}` (9,700; 64) |
| `"qr"`, Householder | :math:`2 n p^2`, slower | :math:`\kappa u`, small residuals | larger :math:`\kappa` |
| `"svd"` of the same R | a little more | the same, on the kept directions | deficient rank |
| `"gd"`, gradient descent | one pass, then steps of :math:`p^2` | :math:`\kappa^2 u` | never |

So `"auto"` promises a relative error of the order of :math:`u^{3/4}` (1e-12; 4e-6) or of what QR would give. The
bounds are those of Higham (2002), Accuracy and Stability of Numerical Algorithms, chapters 12 and 20, without their
slowly growing factors of n and p.

Before any of this, features are centred (if there is an intercept) and scaled to unit variance, which is what raw
units cost otherwise: the diabetes table as measured has :math:`\kappa = 7236` with a column of ones, and 21.7 once it
is standardised. In float32 the former leaves normal equations without a digit, the latter with four.
"""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch01.solvers import minimum_norm
from mathdl_keras.chapters.ch02.descent import gradient_descent
from mathdl_keras.core.linalg import cholesky_solve, gram, matmul, norm, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.rows import Rows

__all__ = ["LeastSquares", "least_squares", "solve_normal"]

SOLVERS = ("auto", "normal", "qr", "svd", "gd")
MOST_STEPS = 100_000


@dataclass(frozen=True)
class LeastSquares:
    """A least-squares fit, and how it was found.

    Attributes:
        kernel: Tensor (features, targets), the weights.
        bias: Tensor (targets,), zero without an intercept.
        solver: String, the route that was taken: `normal`, `qr`, `svd` or `gd`.
        condition: Float, the condition number of the features, centred (with an intercept) and scaled; infinite if
            their rank is deficient.
        rank: Integer, the rank of these features.

    Example:
        >>> least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])).solver
        'normal'
    """

    kernel: Any
    bias: Any
    solver: str
    condition: float
    rank: int


def least_squares(x, y, solver="auto", fit_intercept=True):
    r"""The minimizer of :math:`\lVert X\theta + b - y\rVert^2`, by the route that the condition number allows (§2.3).

    Rows are read in blocks, so that memory does not grow with them beyond the table itself. The table in this module's
    description says what each route costs and promises. Computed in the dtype of `x`: for float64 on JAX, call it
    inside `core.precision.allow_float64`.

    Args:
        x: Array or tensor (n, p), the features.
        y: Array or tensor (n,) or (n, K), the targets.
        solver: String, a route, `"normal"`, `"qr"`, `"svd"` or `"gd"`; or `"auto"`, the default, to choose one.
        fit_intercept: Boolean, whether to fit b; True by default. The norm that `"svd"` minimises is that of the kernel
            alone.

    Returns:
        A `LeastSquares`, with tensors.

    Raises:
        ValueError: If the data are not a finite table, or the features are collinear or constant and the solver asked
            for is not one that copes (`"auto"`, `"svd"`). Those warn, and return the kernel of smallest norm (in units
            of one deviation of each feature, where the scales of x are so far apart that rounding would decide).

    Example:
        >>> fit = least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
        >>> round(float(fit.kernel[0, 0]), 5), round(float(fit.bias[0]), 5)
        (2.0, 1.0)
    """
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(SOLVERS)}; received solver={solver!r}")
    rows = Rows(x, y, fit_intercept)
    if solver in ("normal", "gd") or (solver == "auto" and rows.count > rows.features + fit_intercept):
        found = _from_moments(rows, solver)
        if found is not None:
            return found
    triangle = rows.triangle()
    rank = find_rank(triangle.x, rows.count, rows.noise_floor(), rows.u)
    if not rank.full and solver == "qr":
        raise ValueError(
            f"solver='qr' needs linearly independent features; received {_deficiency(rows, rank)}: use 'svd'"
        )
    if rank.full and solver != "svd":
        kernel, route = ops.solve_triangular(triangle.x, triangle.y, lower=False), "qr"
    else:
        kernel, route = smallest_kernel(triangle.y, rank, _units(rank, rows.u)), "svd"
    if not rank.full:
        units = " in units of one deviation, for the scales of x lie far apart," * _lie_apart(rank, rows.u)
        text = f"x has {_deficiency(rows, rank)}; the kernel of smallest norm{units} is returned"
        warnings.warn(text, stacklevel=3)
    return LeastSquares(kernel, rows.bias(triangle, kernel), route, rank.condition, rank.value)


def solve_normal(gram, moment):
    r"""Solves :math:`G\theta = c`, the normal equations, by Cholesky's factor of G scaled to unit diagonal (§2.3).

    Scaling costs nothing and is nearly the best that any scaling can do for the condition number (van der Sluis 1969).

    Args:
        gram: Tensor :math:`G = X^\top X`, (..., p, p), positive definite; leading axes are replicates.
        moment: Tensor :math:`c = X^\top y`, (..., p, K).

    Returns:
        A tensor (..., p, K).

    Example:
        >>> G, c = np.array([[4.0, 0.0], [0.0, 1e6]]), np.array([[8.0], [1e6]])
        >>> [round(float(v), 4) for v in solve_normal(G, c)[:, 0]]
        [2.0, 1.0]
    """
    gram, moment = ops.convert_to_tensor(gram), ops.convert_to_tensor(moment)
    d = ops.sqrt(ops.diagonal(gram, axis1=-2, axis2=-1))[..., None]  # (..., p, 1)
    L = ops.cholesky(gram / (d * transpose(d)))
    return cholesky_solve(L, moment / d) / d


_solve = compiled(solve_normal)


def _from_moments(rows, solver):
    """By normal equations or gradient descent; None where `"auto"` should not trust them."""
    moments = rows.moments()
    norms = ops.convert_to_numpy(ops.diagonal(moments.xx)).clip(0) ** 0.5
    d = np.where(norms > rows.noise_floor(), norms, np.inf)  # constant columns become zero
    scale = rows.tensor(1 / d)
    C, c, spectrum = _standardised(moments.xx, moments.xy, scale)
    smallest, largest = (float(spectrum[i]) for i in (0, -1))
    noise = rows.u * max(rows.features, 4)  # of an eigenvalue, relative to the largest
    condition = math.sqrt(largest / smallest) if smallest > noise * largest else math.inf
    if solver == "auto" and condition > rows.u**-0.25:
        return None
    if condition == math.inf:
        raise ValueError(
            f"solver={solver!r} needs linearly independent features; received {rows.features}, of which "
            f"{_count(d == np.inf, 'constant column')}, with condition number {rows.u**-0.5:.1g} or more: use 'svd'"
        )
    if solver == "gd":
        kernel = scale[:, None] * _descend(C, c, condition, (smallest, largest), rows.u)
    else:
        kernel = _solve(moments.xx, moments.xy)
        if condition > rows.u**-0.125:
            kernel = kernel + _solve(moments.xx, rows.slope(moments, kernel))
    bias = moments.mean_y - matmul(moments.mean_x, kernel)
    return LeastSquares(kernel, bias, "gd" if solver == "gd" else "normal", condition, rows.features)


@compiled
def _standardised(xx, xy, scale):
    """Correlations of the features, their scaled moments with y, and the eigenvalues, ascending."""
    C = xx * scale[:, None] * scale
    return C, scale[:, None] * xy, ops.eigh(C)[0]


def _descend(C, c, condition, ends, u):
    """Steps at the best constant rate 2/(l_1 + l_p), which contracts by (k^2 - 1)/(k^2 + 1), until u is left."""
    contraction = (condition**2 - 1) / (condition**2 + 1)
    steps = math.ceil(math.log(u) / math.log(contraction)) if contraction > u else 1
    if steps > MOST_STEPS:
        raise ValueError(
            f"solver='gd' takes at most {MOST_STEPS} steps; received a condition number {condition:.3g} "
            f"that needs {steps}: use 'qr'"
        )
    start = ops.zeros_like(c)
    return gradient_descent(lambda theta: C @ theta - c, start, 2 / sum(ends), steps)


@dataclass(frozen=True)
class Rank:
    """The rank of features, from the singular values of their triangle with columns of norm 1.

    Attributes:
        value: Integer, the rank: the number of singular values that count.
        norms: Array (p,), the norms of the columns; zero for a constant one.
        factors: Tuple of arrays: U, the singular values, and V', of the scaled triangle.
    """

    value: int
    norms: np.ndarray
    factors: tuple

    @property
    def full(self):
        return self.value == len(self.norms)

    @property
    def condition(self):
        s = self.factors[1]
        return float(s[0] / s[-1]) if self.full else math.inf


def find_rank(R, count, floor, u):
    """The `Rank` of a triangle R (p, p) of `count` rows.

    Columns of a norm up to `floor` are constant. The threshold is that of `np.linalg.matrix_rank`, doubled.
    """
    norms = ops.convert_to_numpy(norm(R, axis=0))
    norms = np.where(norms > floor, norms, 0)
    scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    factors = ops.svd(R * ops.convert_to_tensor(scale, dtype=R.dtype), full_matrices=False)
    spectrum = ops.convert_to_numpy(factors[1])
    value = int(np.sum(spectrum > 2 * u * max(count, len(norms)) * spectrum[0]))
    return Rank(value, norms, tuple(factors))


def smallest_kernel(z, rank, units):
    """The solution of R theta = z, in the directions that count, of smallest norm in these units of the features."""
    U, s, Vt = rank.factors
    b = gram(U[:, : rank.value], z) / s[: rank.value, None]
    scale, units = (ops.convert_to_tensor(v, dtype=z.dtype) for v in (rank.norms / units, units[:, None]))
    A = Vt[: rank.value] * scale
    kernel = minimum_norm(A, b, rcond=0) if rank.value else ops.zeros((A.shape[1], b.shape[1]), dtype=b.dtype)
    return kernel / units


def _units(rank, u):
    """In which the norm of the kernel is taken; it matters where there is a choice of kernels."""
    if rank.full or _lie_apart(rank, u):
        return np.where(rank.norms > 0, rank.norms, 1)
    return np.ones_like(rank.norms)


def _lie_apart(rank, u):
    """Whether the scales of the features are so far apart that rounding would decide between kernels."""
    varying = rank.norms[rank.norms > 0]
    return bool(varying.size and varying.max() > u**-0.5 * varying.min())


def _deficiency(rows, rank):
    """Why the rank is not full, in words."""
    p, constant = rows.features, int(np.sum(rank.norms == 0))
    collinear = max(min(p, rows.count - rows.fit_intercept) - rank.value - constant, 0)
    causes = [_count(constant, "constant column"), _count(collinear, "collinear column")]
    if rows.count <= p:
        causes.insert(0, f"only {rows.count} rows")
    return f"{p} features of rank {rank.value}: {', '.join(causes)}"


def _count(number, what):
    number = int(np.sum(number))
    return f"{number} {what}{'' if number == 1 else 's'}"
