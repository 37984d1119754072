"""A table of features and targets, read in blocks of rows: the sums and the triangle that linear solvers need.

Memory stays at one block and a square matrix, however many rows there are, and converting a block costs little. All
rows are read as differences from one shift: the medians of some 500 rows spread over the table. A median is within one
standard deviation of the mean, so that centring afterwards loses no digits; and a constant column becomes exactly
zero.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_data
from mathdl_keras.core.linalg import gram, matmul, outer
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of, unit_roundoff

BLOCK = 8192  # rows: large enough for the matrix product, small enough for the cache
SAMPLE = 500  # rows whose medians are the shift


def in_blocks(count):
    """Slices of at most 8,192 rows that together hold `count` of them.

    Example:
        >>> [(block.start, block.stop) for block in in_blocks(10_000)]
        [(0, 8192), (8192, 16384)]
    """
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))


def medians(v):
    """The medians of some 500 rows of an array (..., n, p), spread over it: (..., p)."""
    return np.median(v[..., :: max(1, v.shape[-2] // SAMPLE), :], axis=-2)


@dataclass(frozen=True)
class Moments:
    """Means, and sums of products about them; leading axes are replicates.

    Attributes:
        mean_x: (..., p).
        mean_y: (..., targets).
        xx: (..., p, p).
        xy: (..., p, targets).
    """

    mean_x: object
    mean_y: object
    xx: object
    xy: object


def about_means(count, sum_x, sum_y, xx, xy):
    """The means, and the sums of products about them, from sums about zero: arrays or tensors, as `Moments` has them.

    Example:
        >>> x, y = np.array([[1.0], [3.0]]), np.array([[2.0], [6.0]])
        >>> [v.tolist() for v in about_means(np.array(2.0), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y)]
        [[2.0], [4.0], [[2.0]], [[4.0]]]
    """
    mean_x, mean_y = sum_x / count[..., None], sum_y / count[..., None]
    return mean_x, mean_y, xx - outer(sum_x, mean_x), xy - outer(sum_x, mean_y)


@dataclass(frozen=True)
class Triangle:
    """R of [1, x - s, y - t] = QR, about the shifts s and t, in parts.

    Attributes:
        x: Columns of the features, (p, p).
        y: Columns of the targets in the same rows, (p, targets).
        top: The row of the column of ones, (1 + p + targets,); `None` without an intercept.
    """

    x: object
    y: object
    top: object


class Rows:
    """Features (n, p) and targets (n, K), arrays or tensors, checked and read in blocks.

    Without an intercept the shift is zero, and moments are about zero.
    """

    def __init__(self, x, y, fit_intercept):
        self.x, self.y, self.fit_intercept = _table(x, "x"), _table(y, "y"), fit_intercept
        self.y = self.y[:, None] if len(self.y.shape) == 1 else self.y
        if len(self.x.shape) != 2 or 0 in self.x.shape:
            raise ValueError(f"x must have shape (rows, features), at least one each; received {tuple(self.x.shape)}")
        self.count, self.features = self.x.shape
        if len(self.y.shape) != 2 or self.y.shape[0] != self.count:
            raise ValueError(f"y must have {self.count} rows, as x has; received shape {tuple(self.y.shape)}")
        if self.count < 1 + fit_intercept:
            raise ValueError(f"x must have at least 2 rows to fit an intercept; received {self.count}")
        self.dtype = dtype_of(ops.convert_to_tensor(self.x[:1]))  # JAX makes float32 of float64 unless it is allowed
        self.u = unit_roundoff(self.dtype)
        self.shift_x, self.shift_y = (self._shift(v) for v in (self.x, self.y))

    def _shift(self, v):
        if not self.fit_intercept:
            return self.tensor(np.zeros(v.shape[1]))
        return self.tensor(medians(ops.convert_to_numpy(v[:: max(1, self.count // SAMPLE)])))

    def tensor(self, v):
        return ops.convert_to_tensor(v, dtype=self.dtype)

    def blocks(self):
        for block in in_blocks(self.count):
            yield tuple(self.tensor(v[block]) for v in (self.x, self.y))

    def moments(self):
        """Means and centred products, in one pass."""
        p, K = self.features, self.y.shape[1]
        sums = [self.tensor(np.zeros(shape)) for shape in (p, K, (p, p), (p, K))]
        for x, y in self.blocks():
            sums = _add(sums, x, y, self.shift_x, self.shift_y)
        self.require_finite(*sums[2:])
        if not self.fit_intercept:
            return Moments(self.shift_x, self.shift_y, *sums[2:])
        mean_x, mean_y, xx, xy = _about_means(self.tensor(self.count), *sums)
        return Moments(self.shift_x + mean_x, self.shift_y + mean_y, xx, xy)

    def slope(self, moments, kernel):
        """`sum_m x_m (y_m - x_m kernel)` about the means: the residual of the normal equations, from the data."""
        total = self.tensor(np.zeros(tuple(kernel.shape)))
        for x, y in self.blocks():
            total = _add_slope(total, x, y, moments.mean_x, moments.mean_y, kernel)
        return total

    def triangle(self):
        """R of [1, x - shift, y - shift] = Q R (without 1 if there is no intercept), from the R of each block."""
        fold = _fold if self.fit_intercept else _fold_from_zero
        folded: list = []
        for x, y in self.blocks():
            folded = [fold(folded, x, y, self.shift_x, self.shift_y)]
        (R,) = folded
        self.require_finite(R * R)
        first, p = int(self.fit_intercept), self.features
        inner = R[first : first + p]
        return Triangle(inner[:, first : first + p], inner[:, first + p :], R[0] if self.fit_intercept else None)

    def bias(self, triangle, kernel):
        """The bias that belongs to a kernel, (targets,): the intercept about the shifts, then about zero."""
        if not self.fit_intercept:
            return ops.zeros_like(kernel[0])
        first, x, y = triangle.top[0], triangle.top[1 : self.features + 1], triangle.top[self.features + 1 :]
        return (y - matmul(x, kernel)) / first + self.shift_y - matmul(self.shift_x, kernel)

    def noise_floor(self):
        """Column norms that rounding of the data alone can cause: a column below is constant."""
        return 4 * self.u * self.count**0.5 * np.abs(ops.convert_to_numpy(self.shift_x))

    def require_finite(self, *results):
        if all(np.isfinite(float(ops.sum(result))) for result in results):
            return
        for name, v in (("x", self.x), ("y", self.y)):
            check_data(ops.convert_to_numpy(v), name)
        raise ValueError(f"x and y must have squares that {self.dtype} can hold; received larger values: rescale them")


def _table(v, name):
    """A floating-point array or tensor; what is neither float32 nor float64 becomes Keras' default."""
    v = v if ops.is_tensor(v) else np.asarray(v)
    if isinstance(v, np.ndarray) and v.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be an array of numbers; received dtype {v.dtype}")
    if dtype_of(v) in ("float32", "float64"):
        return v
    floatx = keras.config.floatx()
    return v.astype(floatx) if isinstance(v, np.ndarray) else ops.cast(v, floatx)


@compiled
def _add(sums, x, y, shift_x, shift_y):
    x, y = x - shift_x, y - shift_y
    terms = ops.sum(x, axis=0), ops.sum(y, axis=0), gram(x), gram(x, y)
    return [total + term for total, term in zip(sums, terms, strict=True)]


_about_means = compiled(about_means)


@compiled
def _add_slope(total, x, y, mean_x, mean_y, kernel):
    x = x - mean_x
    return total + gram(x, y - mean_y - x @ kernel)


@compiled
def _fold(R, x, y, shift_x, shift_y):
    """R of the rows so far (a list, empty at first), and those of another block, [1, x, y] about the shifts."""
    return _fold_columns(R, [ops.ones_like(x[:, :1]), x - shift_x, y - shift_y])


@compiled
def _fold_from_zero(R, x, y, shift_x, shift_y):
    """The same without the column of ones."""
    return _fold_columns(R, [x - shift_x, y - shift_y])


def _fold_columns(R, columns):
    return ops.qr(ops.concatenate([*R, ops.concatenate(columns, axis=1)], axis=0))[1]
