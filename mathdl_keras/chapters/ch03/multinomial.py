r"""Newton's method for softmax regression (§3.7).

With :math:`p_m = S_{\mathrm{softmax}}(W x_m)`, W of shape (K, D), the mean cross entropy has

.. math::
    \frac{\partial\Lambda}{\partial W_{kj}} = \frac1M \sum_m (p_{mk} - y_{mk})\, x_{mj}, \qquad
    \frac{\partial^2\Lambda}{\partial W_{kj}\,\partial W_{k'j'}}
    = \frac1M \sum_m \left(p_{mk}\, 1[k = k'] - p_{mk}\, p_{mk'}\right) x_{mj}\, x_{mj'}.

Adding one vector to all rows of W changes no probability: the Hessian is singular in these directions, and the gradient
is orthogonal to them. A multiple of the projection onto them makes the Hessian regular and leaves the Newton step as it
is, so :math:`\sum_k W_k = 0` all along.
"""

import functools
import math

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.newton import Objective, newton, rows
from mathdl_keras.core.linalg import diagonal_matrix, gram, transpose

__all__: list[str] = []


def softmax_newton(X, Y, l2, tolerance=0.01, max_steps=100):
    """The weights (K, D) of least mean cross entropy + the penalties' squares, as a `Solution` of K D numbers.

    Args:
        X: Array `(M, D)`, with a column of ones for an intercept.
        Y: Array `(M, K)`, one-hot labels.
        l2: Array `(D,)`, one penalty for each column of X.
        tolerance: Float, the Newton decrement from which the Hessian is kept; 0.01 by default.
        max_steps: Integer, the most evaluations; 100 by default.
    """
    X = ops.convert_to_tensor(X)
    Y = ops.convert_to_tensor(Y, dtype=X.dtype)
    K = Y.shape[1]
    return newton(_objective(K), X, Y, np.tile(l2, K), np.zeros(K * X.shape[1]), tolerance, max_steps)


@functools.cache
def _objective(K):
    return Objective(functools.partial(_logits, K), _loss, _gradient, _hessian, _margin, worst=math.log(K))


def _logits(K, X, w):
    return X @ transpose(ops.reshape(w, (K, X.shape[-1])))


def _loss(z, w, X, Y, l2):
    return -ops.sum(Y * ops.log_softmax(z)) / rows(X) + ops.sum(l2 * w * w)


def _gradient(z, w, X, Y, l2):
    return ops.reshape(gram(ops.softmax(z) - Y, X), (-1,)) / rows(X) + 2 * l2 * w


def _margin(z, w, X, Y, l2):
    others = ops.max(ops.where(Y > 0, ops.full_like(z, -math.inf), z), axis=-1)
    return ops.min(ops.sum(Y * z, axis=-1) - others)


def _hessian(z, w, X, Y, l2):
    p, M = ops.softmax(z), rows(X)
    K, D = p.shape[1], X.shape[1]
    own = gram(ops.transpose(ops.sqrt(p))[..., None] * X)  # (K, D, D): the terms with k = k'
    pairs = gram(ops.reshape(p[:, :, None] * X[:, None, :], (-1, K * D)))
    identity = ops.convert_to_tensor(np.eye(K), dtype=X.dtype)
    hessian = ops.reshape(identity[:, None, :, None] * own[:, :, None, :], (K * D, K * D)) - pairs
    # the projection onto what softmax does not see, as large as the curvature of each column
    unseen = np.kron(np.full((K, K), 1 / K), np.eye(D))
    size = ops.tile(ops.sum(ops.diagonal(own, axis1=-2, axis2=-1), axis=0) / K, (K,))
    hessian = hessian + ops.convert_to_tensor(unseen, dtype=X.dtype) * size
    return hessian / M + diagonal_matrix(2 * l2)
