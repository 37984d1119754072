r"""The shallow network as formulas, forward and backward (§7.4).

.. math:: Z = Wx + b^1, \qquad H = \sigma(Z), \qquad U = CH + b^2

and, with :math:`\rho` the loss of one example and :math:`\odot` the product of entries,

.. math::
    \frac{\partial\rho}{\partial C} = \frac{\partial\rho}{\partial U} H^\top, \qquad
    \frac{\partial\rho}{\partial b^2} = \frac{\partial\rho}{\partial U}, \qquad
    \delta = C^\top \frac{\partial\rho}{\partial U}, \qquad
    \frac{\partial\rho}{\partial b^1} = \delta \odot \sigma'(Z), \qquad
    \frac{\partial\rho}{\partial W} = (\delta \odot \sigma'(Z))\, x^\top .

For the cross entropy of logits U, :math:`\partial\rho/\partial U = \mathrm{softmax}(U) - e_y`. Every tensor may have
more axes in front: one for replicas of :math:`\theta`, or for batches of x.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.labels import one_hot
from mathdl_keras.chapters.ch03.losses import CategoricalCrossentropy, reads_last_axis
from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.core.linalg import gram, transpose

__all__ = ["shallow_gradients"]


def forward(theta, x, sigma):
    """U, and what the backward pass needs: x, Z and H."""
    W, b1, C, b2 = theta
    Z = x @ transpose(W) + b1[..., None, :]
    H = sigma(Z)
    U = H @ transpose(C) + b2[..., None, :]
    return U, (x, Z, H)


def backward(theta, dU, cache, sigma):
    r"""The gradients of W, b1, C and b2, summed over the batch, from :math:`\partial\rho/\partial U`."""
    (_, _, C, _), (x, Z, H) = theta, cache
    delta = dU @ C
    dZ = delta * sigma.derivative(Z)
    dW = gram(dZ, x)
    dC = gram(dU, H)
    return dW, ops.sum(dZ, axis=-2), dC, ops.sum(dU, axis=-2)


def shallow_gradients(theta, x, y, activation="relu", loss=None):
    r"""The mean loss of a shallow network on a batch, and its gradient, as a pure function (§7.4).

    Args:
        theta: List of arrays (W, b1, C, b2), of shapes (hidden, features), (hidden,), (outputs, hidden), (outputs,).
            With R replicas each has a first axis R.
        x: Array `(batch, features)`; or `(R, batch, features)`, a batch for each replica, or for one theta R batches.
        y: Array of labels 0, ..., outputs - 1, or of one-hot rows or targets, with as many leading axes as x.
        activation: `Activation` or its name, :math:`\sigma`; `relu` by default.
        loss: Loss of this package with a method `gradient`; `None`, the default, for the cross entropy of logits.

    Returns:
        `(loss, gradients)`: the mean over the batch, a scalar or (R,), and the gradients of W, b1, C and b2.

    Raises:
        ValueError: If the activation is unknown, or a label (of an array or list) is out of range.

    Example:
        >>> import numpy as np
        >>> theta = [np.zeros((3, 2)), np.zeros(3), np.zeros((2, 3)), np.zeros(2)]
        >>> loss, (dW, db1, dC, db2) = shallow_gradients(theta, np.ones((4, 2)), [0, 0, 0, 1])
        >>> round(float(loss), 4), ops.convert_to_numpy(db2).round(4).tolist()  # log 2, and 1/2 - 3/4, 1/2 - 1/4
        (0.6931, [-0.25, 0.25])
    """
    theta, x = [ops.convert_to_tensor(t) for t in theta], ops.convert_to_tensor(x)
    y = y if ops.is_tensor(y) else np.asarray(y)
    sigma = activations.get(activation)
    loss = CategoricalCrossentropy(from_logits=True) if loss is None else reads_last_axis(loss)
    U, cache = forward(theta, ops.cast(x, theta[0].dtype), sigma)
    y = _targets(y, x, U, theta[3].shape[-1] if isinstance(loss, CategoricalCrossentropy) else None)
    M = ops.cast(ops.shape(U)[-2], U.dtype)
    return ops.sum(loss.call(y, U), axis=-1) / M, backward(theta, loss.gradient(y, U) / M, cache, sigma)


def _targets(y, x, U, classes):
    """y shaped like U: labels as one-hot rows, and the same targets for all replicas."""
    if classes and len(y.shape) == len(x.shape) - 1:
        y = one_hot(y, classes)
    y = ops.convert_to_tensor(y, dtype=U.dtype)
    return y + ops.zeros_like(U) if len(x.shape) < len(U.shape) else y
