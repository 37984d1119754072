r"""Gradient descent on the squared error, and everything that linear algebra says about it (§2.3 and §2.5).

For :math:`\Lambda(\theta) = \frac1M\lVert X\theta - y\rVert^2` the gradient is affine and the Hessian H constant, so
that :math:`\theta_{k+1} = \theta_k - \eta\nabla\Lambda(\theta_k)` has the closed form

.. math:: \theta_k = \theta^* + (I - \eta H)^k (\theta_0 - \theta^*), \qquad H = \frac2M X^\top X .

It converges where :math:`0 < \eta < 2/\lambda_{\max}(H)`; the factor 2 of H is that of the square.
"""

import numpy as np
from keras import ops

from mathdl_keras.core.linalg import gram, matmul, transpose
from mathdl_keras.core.loops import compiled, compiled_loop, scan

__all__ = ["gradient_descent", "mse_gradient", "mse_hessian", "gd_error_theory", "stable_learning_rate"]


def mse_gradient(x, y, theta):
    r"""The gradient :math:`\frac2M X^\top(X\theta - y)` of the mean squared error (§2.3).

    Args:
        x: Array or tensor (M, D), the features, with a column of ones if there is an intercept.
        y: Array or tensor (M,) or (M, K), the targets.
        theta: Array or tensor (D,) or (D, K), the parameters, with an axis of targets if y has one.

    Returns:
        A tensor shaped like theta. For K targets the loss is summed over them.

    Raises:
        ValueError: If y and theta do not both have, or both lack, an axis of targets.

    Example:
        >>> X, y = np.array([[1.0], [2.0]]), np.array([1.0, 2.0])
        >>> float(mse_gradient(X, y, np.zeros(1))[0])
        -5.0
    """
    X, y, theta = map(ops.convert_to_tensor, (x, y, theta))
    if y.shape[1:] != theta.shape[1:]:
        raise ValueError(
            f"y and theta must have the same axes after the first; received {tuple(y.shape)}, {tuple(theta.shape)}"
        )
    residual = matmul(X, theta) - y
    return (2 / X.shape[0]) * matmul(transpose(X), residual)


def mse_hessian(x):
    r"""The Hessian :math:`H = \frac2M X^\top X` of the mean squared error (§2.3).

    Args:
        x: Array or tensor (M, D), the features, with a column of ones if there is an intercept.

    Returns:
        A tensor (D, D).

    Example:
        >>> float(mse_hessian(np.array([[1.0], [2.0]]))[0, 0])
        5.0
    """
    X = ops.convert_to_tensor(x)
    return (2 / X.shape[0]) * gram(X)


def stable_learning_rate(H):
    r"""The learning rate :math:`2/\lambda_{\max}(H)` at and above which gradient descent does not converge (§2.3).

    Args:
        H: Array or tensor (D, D), a Hessian, symmetric and positive semi-definite.

    Returns:
        A scalar tensor.

    Example:
        >>> round(float(stable_learning_rate(np.diag([4.0, 1.0]))), 6)
        0.5
    """
    return 2 / ops.eigh(ops.convert_to_tensor(H))[0][-1]


def gradient_descent(grad, theta0, learning_rate, steps, callback=None, trajectory=False):
    r""":math:`\theta_{k+1} = \theta_k - \eta\,\nabla\Lambda(\theta_k)`, in one compiled loop (§2.5).

    Args:
        grad: Function :math:`\theta \mapsto \nabla\Lambda(\theta)` in `keras.ops`, such as
            `functools.partial(mse_gradient, X, y)`.
        theta0: Array or tensor, the start.
        learning_rate: Float :math:`\eta > 0`.
        steps: Integer >= 0, the number of steps.
        callback: Function `callback(k, theta)`, called with each iterate from :math:`\theta_0` on; the loop then runs
            in Python. None by default.
        trajectory: Boolean, whether to return all iterates; False by default.

    Returns:
        The last iterate, or all of them, (steps + 1, ...).

    Raises:
        ValueError: If the learning rate is not positive or `steps` is negative.

    Example:
        >>> theta = gradient_descent(lambda t: 2 * t, np.array([8.0]), 0.25, 3, trajectory=True)
        >>> [float(v) for v in theta[:, 0]]
        [8.0, 4.0, 2.0, 1.0]
    """
    if not float(learning_rate) > 0:
        raise ValueError(f"learning_rate must be positive; received learning_rate={float(learning_rate)}")
    if steps < 0:
        raise ValueError(f"steps must be >= 0; received steps={steps}")
    theta = ops.convert_to_tensor(theta0)
    eta = ops.convert_to_tensor(learning_rate, dtype=theta.dtype)

    def step(theta):
        return theta - eta * grad(theta)

    if callback is None and not trajectory:
        return compiled_loop(lambda k, theta: step(theta))(theta, steps)
    if callback is None and steps:
        iterates = compiled(lambda theta: scan(lambda t, _: (step(t), t), theta, length=steps + 1)[1])
        return iterates(theta)
    return _in_python(step, theta, steps, callback, trajectory)


def _in_python(step, theta, steps, callback, trajectory):
    iterates = [theta]
    for k in range(steps + 1):
        if callback is not None:
            callback(k, theta)
        if k < steps:
            theta = step(theta)
            iterates = [*iterates, theta] if trajectory else [theta]
    return ops.stack(iterates) if trajectory else theta


def gd_error_theory(H, learning_rate, error, steps):
    r"""The errors :math:`(I - \eta H)^k\,(\theta_0 - \theta^*)` for k = 0, ..., steps, by the spectrum of H (§2.3).

    Args:
        H: Array or tensor (D, D), the Hessian.
        learning_rate: Float, the step size :math:`\eta`.
        error: Array or tensor :math:`\theta_0 - \theta^*`, (D,) or (D, K).
        steps: Integer, the last k.

    Returns:
        A tensor (steps + 1, D) or (steps + 1, D, K).

    Example:
        >>> errors = gd_error_theory(np.array([[2.0]]), 0.25, np.array([8.0]), 3)
        >>> [round(float(v), 5) for v in errors[:, 0]]
        [8.0, 4.0, 2.0, 1.0]
    """
    H, error = ops.convert_to_tensor(H), ops.convert_to_tensor(error)
    spectrum, V = ops.eigh(H)
    k = ops.convert_to_tensor(np.arange(steps + 1.0)[:, None], dtype=H.dtype)
    factors = ops.power(1 - learning_rate * spectrum, k)  # (steps + 1, D)
    return ops.einsum("ij,kj,j...->ki...", V, factors, ops.einsum("ij,i...->j...", V, error))
