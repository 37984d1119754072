r"""Products, solves, means and a cosine that keep float64 on every backend: formulas read as in the book.

.. code-block:: python

    gradient = transpose(X) @ (X @ theta - y)  # matrices: the operator
    gradient = matvec(transpose(X), matvec(X, w) - y)  # vectors: TensorFlow's operator refuses them

The functions of Keras that drop float64 where `floatx` is float32, and what to write instead:

| `keras.ops` | on | instead |
| --- | --- | --- |
| `matmul`, `dot`, `tensordot` (and `@` with a Keras variable) | PyTorch | `@` of tensors, `matmul`, `matvec`, `gram` |
| `mean`, `average` (the dtype stays, the digits go) | JAX, PyTorch | `mean` |
| `var`, `std`, `norm` | JAX, PyTorch | `var`, `norm` |
| `cos` | JAX | `cos` |
| `tanh` | JAX | `tanh`, or :math:`2S(2x) - 1` |
| `sin, sinh, cosh, arctan, arccos, arange` | JAX | constants from NumPy |
| `floor` | JAX, PyTorch | `cast` its result |
| `maximum(x, 0.0)`, `minimum(x, 1.0)` | PyTorch | `relu`, `where` |
| `cumsum, median, linspace, array` | PyTorch | NumPy, or a product with a triangle of ones |
| `logaddexp` | JAX, PyTorch | `softplus`, `logsumexp` |

`einsum, sum, exp, log, erf, sqrt, relu, sigmoid, softplus, solve, cholesky, svd, qr, where, full_like` and the
operators keep it. On TensorFlow a bare Python number is float32: `same_dtype` casts it.
"""

import math

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.precision import dtype_of

__all__ = [
    "cholesky_solve",
    "cos",
    "diagonal_matrix",
    "dot",
    "gram",
    "matmul",
    "matvec",
    "mean",
    "norm",
    "outer",
    "outer_sum",
    "same_dtype",
    "solve_ridge",
    "tanh",
    "transpose",
    "var",
]

# 2 pi in two parts; the first has 30 digits, so that its multiples are exact
TWO_PI = 6.283185310661793, -3.4822062782016664e-09
# (1 - cos x) / x^2 as a polynomial in x^2
VERSINE = [(-1) ** k / math.factorial(2 * k + 2) for k in range(8)]


def transpose(A):
    r""":math:`A^\top`: the last two axes are swapped; leading axes are replicates.

    Args:
        A: Tensor `(..., m, n)`.

    Example:
        >>> tuple(transpose(ops.ones((5, 3, 2))).shape)
        (5, 2, 3)
    """
    n = len(A.shape)  # `ops.swapaxes` refuses TensorFlow's own variables
    return ops.transpose(A, (*range(n - 2), n - 1, n - 2))


def matmul(A, B):
    """AB, as `np.matmul`: either may be a vector or an array; leading axes are replicates.

    Args:
        A: Tensor or array `(..., m, n)` or `(n,)`.
        B: Tensor or array `(..., n, k)` or `(n,)`, of the dtype of A.

    Example:
        >>> ops.convert_to_numpy(matmul(np.eye(2), np.array([1.0, 2.0]))).tolist()
        [1.0, 2.0]
    """
    A, B = ops.convert_to_tensor(A), ops.convert_to_tensor(B)
    if len(B.shape) == 1:
        return matmul(A, B[:, None])[..., 0]
    if len(A.shape) == 1:
        return (A[None, :] @ B)[..., 0, :]
    return A @ B


def matvec(A, v):
    """Av for a matrix and a vector each; leading axes are replicates.

    Args:
        A: Tensor `(..., m, n)`.
        v: Tensor `(..., n)`.

    Example:
        >>> tuple(matvec(ops.ones((5, 3, 2)), ops.ones((5, 2))).shape)
        (5, 3)
    """
    return ops.einsum("...mn,...n->...m", A, v)


def gram(X, Y=None):
    r""":math:`X^\top X`, or :math:`X^\top Y`: the inner products of the columns; leading axes are replicates.

    Args:
        X: Tensor `(..., m, n)`.
        Y: Tensor `(..., m, k)`; by default X.

    Example:
        >>> float(gram(ops.ones((3, 1)))[0, 0])
        3.0
    """
    return ops.einsum("...mi,...mj->...ij", X, X if Y is None else Y)  # eagerly, a transpose would be a copy


def outer(u, v):
    r""":math:`u v^\top`; leading axes are replicates.

    Args:
        u: Tensor `(..., m)`.
        v: Tensor `(..., n)`.

    Example:
        >>> tuple(outer(ops.ones(3), ops.ones(2)).shape)
        (3, 2)
    """
    return u[..., :, None] * v[..., None, :]


def dot(x, W):
    """Rows of x times W, `(..., D) x (D, G) -> (..., G)`, as one product of two matrices.

    Args:
        x: Tensor `(..., D)`.
        W: Tensor `(D, G)`.

    Example:
        >>> tuple(dot(ops.ones((5, 4, 3)), ops.ones((3, 2))).shape)
        (5, 4, 2)
    """
    if len(x.shape) == 2:
        return x @ W
    return ops.reshape(ops.reshape(x, (-1, W.shape[0])) @ W, (*ops.shape(x)[:-1], W.shape[1]))


def outer_sum(x, delta):
    r"""The sum :math:`\sum_m x_m\, \delta_m^\top` over all leading axes, as one product of two matrices.

    Args:
        x: Tensor `(..., D)`.
        delta: Tensor `(..., G)`, with the same leading axes.

    Example:
        >>> float(outer_sum(ops.ones((5, 4, 1)), ops.ones((5, 4, 1)))[0, 0])
        20.0
    """
    X, Delta = (ops.reshape(a, (-1, a.shape[-1])) for a in (x, delta))
    return ops.transpose(X) @ Delta


def diagonal_matrix(values):
    """The matrix with these values on its diagonal; leading axes are replicates.

    Args:
        values: Tensor `(..., n)`.

    Example:
        >>> ops.convert_to_numpy(diagonal_matrix(ops.array([1.0, 2.0]))).tolist()
        [[1.0, 0.0], [0.0, 2.0]]
    """
    return values[..., None] * ops.convert_to_tensor(np.eye(values.shape[-1]), dtype=values.dtype)


def cholesky_solve(L, c):
    r""":math:`(L L^\top)^{-1} c` for a lower triangular L; leading axes are replicates.

    Args:
        L: Tensor `(..., n, n)`, such as `ops.cholesky` returns.
        c: Tensor `(..., n, k)`.

    Example:
        >>> float(cholesky_solve(ops.array([[2.0]]), ops.array([[8.0]]))[0, 0])
        2.0
    """
    return ops.solve_triangular(transpose(L), ops.solve_triangular(L, c, lower=True), lower=False)


def solve_ridge(G, c, shift):
    r""":math:`(G + sI)^{-1} c` for a positive semi-definite G, by Cholesky's factor.

    Args:
        G: Tensor `(..., n, n)`.
        c: Tensor `(..., n, k)`.
        shift: The number s that is added to the diagonal.

    Example:
        >>> float(solve_ridge(ops.array([[3.0]]), ops.array([[8.0]]), 1.0)[0, 0])
        2.0
    """
    return cholesky_solve(ops.cholesky(G + shift * ops.eye(G.shape[-1], dtype=G.dtype)), c)


def mean(x, axis=None, keepdims=False):
    """The mean, in the dtype and with the digits of x.

    Args:
        x: A floating-point tensor.
        axis: Integer or tuple, the axes that go; by default all.
        keepdims: Boolean, whether they stay with size 1; False by default.

    Example:
        >>> float(mean(ops.array([1.0, 2.0])))
        1.5
    """
    total = ops.sum(x, axis=axis, keepdims=keepdims)
    return total * ops.cast(ops.size(total), x.dtype) / ops.cast(ops.size(x), x.dtype)


def var(x, axis=None, keepdims=False):
    r"""The mean square about the mean, :math:`\frac1n \sum (x - \bar x)^2`, in the dtype and with the digits of x.

    Args:
        x: A floating-point tensor.
        axis: Integer or tuple, the axes that go; by default all.
        keepdims: Boolean, whether they stay with size 1; False by default.

    Example:
        >>> float(var(ops.array([1.0, 3.0])))
        1.0
    """
    return mean(ops.square(x - mean(x, axis, keepdims=True)), axis, keepdims)


def norm(x, axis=None, keepdims=False):
    r"""The Euclidean norm :math:`\sqrt{\sum x^2}`, in the dtype and with the digits of x.

    Args:
        x: A floating-point tensor.
        axis: Integer or tuple, the axes that go; by default all.
        keepdims: Boolean, whether they stay with size 1; False by default.

    Example:
        >>> round(float(norm(ops.array([3.0, 4.0]))), 4)
        5.0
    """
    return ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keepdims))


def cos(x):
    r"""The cosine, in the dtype of x.

    In float64 on JAX: x less a multiple of :math:`2\pi`, an eighth of it, the series of :math:`v = 1 - \cos`, and three
    times :math:`v \to 2v(2 - v)`, which doubles the angle and loses no digits.

    Args:
        x: A floating-point tensor.

    Example:
        >>> round(float(cos(ops.array(1.0))), 5)
        0.5403
    """
    x = ops.convert_to_tensor(x)
    if keras.backend.backend() != "jax" or dtype_of(x) != "float64":
        return ops.cos(x)
    turns = ops.cast(ops.floor(x / (2 * math.pi) + 0.5), x.dtype)  # floor drops float64, too
    q = ops.square(((x - turns * TWO_PI[0]) - turns * TWO_PI[1]) / 8)
    series = VERSINE[-1]
    for coefficient in VERSINE[-2::-1]:
        series = coefficient + q * series
    v = q * series
    for _ in range(3):
        v = 2 * v * (2 - v)
    return 1 - v


def tanh(x):
    """The hyperbolic tangent, in the dtype of x; its error is absolute, some roundings of 1.

    Args:
        x: A floating-point tensor.

    Example:
        >>> round(float(tanh(ops.array(1.0))), 4)
        0.7616
    """
    return 2 * ops.sigmoid(2 * x) - 1


def same_dtype(first, *others):
    """Tensors of the dtype of the first: on TensorFlow a bare number would be float32.

    Args:
        first: Tensor or array.
        *others: Tensors, arrays or numbers.

    Example:
        >>> [dtype_of(v) for v in same_dtype(np.ones(2, "float32"), 1.0)]
        ['float32', 'float32']
    """
    first = ops.convert_to_tensor(first)
    dtype = keras.backend.standardize_dtype(first.dtype)
    return first, *(ops.cast(ops.convert_to_tensor(other, dtype=dtype), dtype) for other in others)
