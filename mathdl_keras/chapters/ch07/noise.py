r"""The noise of minibatch gradients, and where it leaves stochastic gradient descent (§7.3).

The gradient of a minibatch is right on average; its covariance is that of one sample's gradient, over B:

.. math:: E\,g_b = \nabla\Lambda, \qquad
    \mathrm{Cov}\,g_b = \frac cB\,\Sigma, \qquad
    \Sigma = \frac1M \sum_m (\nabla\ell_m - \nabla\Lambda)(\nabla\ell_m - \nabla\Lambda)^\top,

with c = 1 for draws with replacement, and the finite-population factor :math:`c = (M-B)/(M-1)` without. At a constant
learning rate this noise is never forgotten: the iterates settle to a law around the minimum, not to the minimum.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch07.sampling import check_batch_size
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import gram

__all__ = ["minibatch_gradient_covariance", "sgd_stationary_covariance"]


def minibatch_gradient_covariance(per_sample_gradients, batch_size, replace=False):
    r"""The covariance :math:`\frac cB \Sigma` of the gradient of a random minibatch (§7.3).

    Args:
        per_sample_gradients: Floating-point array `(M, d)`, :math:`\nabla\ell_m`.
        batch_size: Integer, the number B of samples of a batch; at most M without replacement.
        replace: Boolean, whether the samples of a batch are drawn with replacement; False by default.

    Returns:
        A tensor (d, d), in the dtype of the gradients.

    Raises:
        ValueError: If the gradients are not of shape (M, d), or the batch size is out of range.

    Example:
        >>> g = np.array([[1.0], [3.0]], "float32")  # of variance 1
        >>> [float(minibatch_gradient_covariance(g, B, replace)[0, 0]) for B, replace in ((1, False), (2, False))]
        [1.0, 0.0]
        >>> float(minibatch_gradient_covariance(g, 2, replace=True)[0, 0])
        0.5
    """
    g = ops.convert_to_tensor(per_sample_gradients)
    if len(g.shape) != 2:
        raise ValueError(f"per_sample_gradients must have shape (M, d); received shape {tuple(g.shape)}")
    M = g.shape[0]
    noise = g - ops.sum(g, axis=0) / M
    return _factor(M, batch_size, replace) / M * gram(noise)


def _factor(M, B, replace):
    """c / B."""
    check_batch_size(M, B, most=None if replace else M)
    return (1 if replace else (M - B) / max(M - 1, 1)) / B


def sgd_stationary_covariance(x, r, learning_rate, batch_size, replace=False):
    r"""The stationary covariance C of least squares by SGD, exactly (§7.3).

    For :math:`y = X\theta^* + r` with :math:`X^\top r = 0` a step with independent batches takes the error :math:`e =
    \theta - \theta^*` to :math:`A_b e + n_b`, where :math:`A_b = I - \frac\eta B \sum x_m x_m^\top` and :math:`n_b =
    \frac\eta B \sum r_m x_m`. So C solves the discrete Lyapunov equation

    .. math:: C = E[A_b C A_b^\top] + E[n_b n_b^\top],

    a linear system with :math:`d^2` unknowns, solved on the host. The noise is both additive and multiplicative:

    .. math:: E[A_b \otimes A_b] = A \otimes A + \frac{\eta^2 c}B \Big(\frac1M \sum_m S_m \otimes S_m - H \otimes
        H\Big), \qquad S_m = x_m x_m^\top,\quad H = \frac1M \sum_m S_m,\quad A = I - \eta H .

    For one parameter and X = 1, where r has variance :math:`s^2`: :math:`C = \eta s^2 c/(B(2 - \eta))`.

    Args:
        x: Array `(M, d)`.
        r: Array `(M,)`, the residuals of least squares.
        learning_rate: Positive float, :math:`\eta` for the loss :math:`\frac1{2M}\lVert X\theta - y\rVert^2`, with its
            1/2.
        batch_size: Integer, the number B of samples of a batch; at most M without replacement.
        replace: Boolean, whether the samples of a batch are drawn with replacement; False by default.

    Returns:
        A float64 NumPy array (d, d).

    Raises:
        ValueError: If shapes do not fit, the batch size or learning rate is out of range, r is not orthogonal to X, or
            the learning rate is so large that the second moments of the iterates grow for ever.

    Example:
        >>> C = sgd_stationary_covariance(np.ones((2, 1)), np.array([-1.0, 1.0]), 0.5, 1)
        >>> round(float(C[0, 0]), 4)  # 0.5 / (2 - 0.5)
        0.3333
    """
    X, r = _least_squares(x, r, learning_rate)
    (M, d), eta, factor = X.shape, learning_rate, _factor(len(X), batch_size, replace)
    H = X.T @ X / M
    A = np.eye(d) - eta * H
    S = np.einsum("mi,mj->mij", X, X).reshape(M, d * d)
    T = np.kron(A, A) + eta**2 * factor * (S.T @ S / M - np.kron(H, H))
    radius = np.linalg.eigvalsh(T)[-1]
    if not radius < 1:
        raise ValueError(
            f"learning_rate must be so small that second moments stay bounded (E[A (x) A] has spectral radius < 1); "
            f"received learning_rate={eta}, radius {radius:.4g}"
        )
    N = eta**2 * factor / M * (X.T * r**2) @ X
    return np.linalg.solve(np.eye(d * d) - T, N.ravel()).reshape(d, d)


def _least_squares(X, r, learning_rate):
    """X and r as float64, (M, d) and (M,), if r is what least squares leaves."""
    X, r = as_table(X, r)
    if r.shape[1] != 1:
        raise ValueError(f"r must have shape ({len(X)},); received shape {r.shape}")
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be positive and finite; received learning_rate={learning_rate}")
    products = X * r
    if np.max(np.abs(products.sum(axis=0))) > 1e-4 * np.max(np.abs(products).sum(axis=0)):
        off = np.max(np.abs(products.sum(axis=0)))
        raise ValueError(f"r must be the residuals of least squares, X'r = 0; received max |X'r| = {off:.3g}")
    return X, r[:, 0]
