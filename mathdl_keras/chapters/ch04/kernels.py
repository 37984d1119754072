r"""Kernels: inner products of features that need not be written down (§4.3 to §4.5).

A kernel k is *positive semi-definite* (Mercer's condition) if the Gram matrix :math:`K_{ij} = k(x_i, x_j)` of any
points has no negative eigenvalue; then :math:`k(x, z) = \langle\varphi(x), \varphi(z)\rangle` for some features
:math:`\varphi`. Here a kernel is a small value: called on two tables of points it gives their Gram matrix, and models
and layers save it in their configuration.

| kernel | :math:`k(x, z)` |
| --- | --- |
| `LinearKernel` | :math:`\langle x, z\rangle` |
| `PolynomialKernel` | :math:`(c + \langle x, z\rangle)^p` |
| `RBFKernel` | :math:`e^{-\lVert x - z\rVert^2 / 2\ell^2}` |
| `LaplaceKernel` | :math:`e^{-\lVert x - z\rVert_1 / \ell}` |
| `ArcCosineKernel` | :math:`E\,\sigma(\langle w, x\rangle)\,\sigma(\langle w, z\rangle)`, an infinitely wide layer |
| `BrownianKernel` | :math:`\min(s, t)` |

`ArcCosineKernel` has a file of its own. All keep the dtype of their points. A function `k(X, Z)` of two tensors
serves as well, where nothing is saved.
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import check_data
from mathdl_keras.core.linalg import outer, transpose
from mathdl_keras.core.loops import scan

__all__ = [
    "BrownianKernel",
    "Kernel",
    "LaplaceKernel",
    "LinearKernel",
    "PolynomialKernel",
    "RBFKernel",
]


class Kernel:
    """A kernel: subclasses write `gram(X, Z)`, and `get_config()` if they have arguments.

    Register a subclass with `keras.saving.register_keras_serializable`, and models that hold it can be saved. Kernels
    of one class with equal arguments are equal.

    Example:
        >>> class Constant(Kernel):
        ...     def gram(self, X, Z):
        ...         return ops.ones((X.shape[0], Z.shape[0]))
        >>> Constant()(np.zeros((2, 1)), np.zeros((3, 1))).shape[1]
        3
    """

    def __call__(self, X, Z):
        """The Gram matrix (M, N) of points (M, D) and (N, D).

        Raises:
            ValueError: If the points are no tables with the same features, or a value is missing or infinite.
        """
        return self.gram(*_tables(X, Z))

    def gram(self, X, Z):
        """The Gram matrix of two tensors of one dtype."""
        raise NotImplementedError(f"{type(self).__name__} must define gram(X, Z)")

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __eq__(self, other):
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self):
        return hash(repr(self))

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.get_config().items())})"


def _tables(X, Z):
    check_data(X, "X"), check_data(Z, "Z")
    X, Z = ops.convert_to_tensor(X), ops.convert_to_tensor(Z)
    for name, points in (("X", X), ("Z", Z)):
        if len(points.shape) != 2:
            raise ValueError(f"{name} must have shape (rows, features); received shape {tuple(points.shape)}")
    if X.shape[1] != Z.shape[1]:
        raise ValueError(f"Z must have the {X.shape[1]} features of X; received shape {tuple(Z.shape)}")
    dtype = keras.backend.standardize_dtype(X.dtype)
    dtype = dtype if "float" in dtype else keras.config.floatx()
    return ops.cast(X, dtype), ops.cast(Z, dtype)


def _positive(name, value):
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be positive and finite; received {name}={value}")
    return float(value)


@keras.saving.register_keras_serializable("mathdl_keras")
class LinearKernel(Kernel):
    r"""The inner product :math:`k(x, z) = \langle x, z\rangle` (§4.3); its features are x itself.

    Example:
        >>> LinearKernel()(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])).shape[0]
        1
    """

    def gram(self, X, Z):
        return X @ transpose(Z)


@keras.saving.register_keras_serializable("mathdl_keras")
class PolynomialKernel(Kernel):
    r"""The polynomial kernel :math:`k(x, z) = (c + \langle x, z\rangle)^p` (§4.3).

    Its features are all monomials of degree at most p (exactly p, if c = 0), with binomial weights. On integers it is
    exact as long as the floating-point format holds the result.

    Args:
        degree: p, an integer.
        c: The constant, not negative: a negative one is no kernel.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> float(PolynomialKernel(3)(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))[0, 0])
        1728.0
    """

    def __init__(self, degree, c=1.0):
        if not isinstance(degree, int) or degree < 1:
            raise ValueError(f"degree must be an integer >= 1; received degree={degree!r}")
        if not 0 <= c < math.inf:
            raise ValueError(f"c must be >= 0 and finite; received c={c}")
        self.degree, self.c = degree, float(c)

    def gram(self, X, Z):
        base = self.c + X @ transpose(Z)
        return math.prod([base] * self.degree)  # products are exact on integers, `power` need not be

    def get_config(self):
        return {"degree": self.degree, "c": self.c}


@keras.saving.register_keras_serializable("mathdl_keras")
class RBFKernel(Kernel):
    r"""The Gaussian kernel :math:`k(x, z) = e^{-\lVert x - z\rVert^2 / 2\ell^2}` (§4.3).

    scikit-learn's `gamma` is :math:`1/(2\ell^2)`. The squared distances come from one matrix product, about the mean
    of Z: an offset common to all points costs no digits.

    Args:
        lengthscale: :math:`\ell > 0`.

    Raises:
        ValueError: If it is not positive and finite.

    Example:
        >>> round(float(RBFKernel(2.0)(np.array([[0.0]]), np.array([[2.0]]))[0, 0]), 4)
        0.6065
    """

    def __init__(self, lengthscale=1.0):
        self.lengthscale = _positive("lengthscale", lengthscale)

    def gram(self, X, Z):
        # -|u - v|^2 / 2 = <(u, -|u|^2 / 2, 1), (v, 1, -|v|^2 / 2)>: one product makes no large temporary arrays
        centre = ops.sum(Z, axis=0) / ops.sum(ops.ones_like(Z[:, 0]))  # their number may be known only at run time
        U, V = (X - centre) / self.lengthscale, (Z - centre) / self.lengthscale
        u, v = (-ops.sum(W * W, axis=1, keepdims=True) / 2 for W in (U, V))
        U = ops.concatenate([U, u, ops.ones_like(u)], axis=1)
        V = ops.concatenate([V, ops.ones_like(v), v], axis=1)
        return ops.exp(U @ transpose(V))

    def get_config(self):
        return {"lengthscale": self.lengthscale}


@keras.saving.register_keras_serializable("mathdl_keras")
class LaplaceKernel(Kernel):
    r"""The Laplace kernel :math:`k(x, z) = e^{-\lVert x - z\rVert_1 / \ell}` (§4.3).

    The norm is the sum of absolute values, as in scikit-learn's `laplacian_kernel`, whose `gamma` is
    :math:`1/\ell`; some authors take the Euclidean norm.

    Args:
        lengthscale: :math:`\ell > 0`.

    Raises:
        ValueError: If it is not positive and finite.

    Example:
        >>> round(float(LaplaceKernel(3.0)(np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]]))[0, 0]), 4)
        0.3679
    """

    def __init__(self, lengthscale=1.0):
        self.lengthscale = _positive("lengthscale", lengthscale)

    def gram(self, X, Z):
        def add(distance, pair):  # one feature after another: memory (M, N), not (M, N, D)
            x, z = pair
            return distance + ops.abs(x[:, None] - z[None, :]), None

        start = ops.zeros_like(outer(X[:, 0], Z[:, 0]))
        distance, _ = scan(add, start, (ops.transpose(X), ops.transpose(Z)))
        return ops.exp(-distance / self.lengthscale)

    def get_config(self):
        return {"lengthscale": self.lengthscale}


@keras.saving.register_keras_serializable("mathdl_keras")
class BrownianKernel(Kernel):
    r"""The covariance :math:`k(s, t) = \min(s, t)` of Brownian motion (§4.3); times are not negative.

    Example:
        >>> t = np.array([[1.0], [2.0]])
        >>> [[float(v) for v in row] for row in BrownianKernel()(t, t)]
        [[1.0, 1.0], [1.0, 2.0]]
    """

    def __call__(self, X, Z):
        for name, times in (("X", X), ("Z", Z)):
            if len(times.shape) != 2 or times.shape[1] != 1:
                raise ValueError(f"{name} must have shape (rows, 1), times; received shape {tuple(times.shape)}")
            if isinstance(times, np.ndarray) and np.any(times < 0):
                raise ValueError(f"{name} must hold times >= 0; received {times.min()}")
        return super().__call__(X, Z)

    def gram(self, X, Z):
        s, t = X, ops.transpose(Z)
        return ops.where(s < t, s, t)
