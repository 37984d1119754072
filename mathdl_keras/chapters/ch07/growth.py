r"""A network that grows while it is trained (§7.5).

Parameters are a flat list :math:`(W^1, b^1, \dots, W^L, b^L)`, so that (W, b1, C, b2), the shallow network, is the case
L = 2. A new hidden layer that begins as the identity changes nothing at first, for :math:`\mathrm{ReLU}(I\,
\mathrm{ReLU}(z)) = \mathrm{ReLU}(z)`: the loss does not jump, and training goes on with more parameters.

In define-by-run the next step simply has one more layer. A compiled step must be traced again.
"""

import numpy as np
from keras import ops

from mathdl_keras.core.linalg import transpose

__all__ = ["insert_identity_layer", "mlp_apply"]


def mlp_apply(theta, x):
    r"""The output of a ReLU network of any depth (§7.5): :math:`H \leftarrow \mathrm{ReLU}(HW^\top + b)`, the last
    layer linear.

    Args:
        theta: List of arrays :math:`(W^1, b^1, \dots, W^L, b^L)`, each W of shape (outputs, inputs).
        x: Array `(batch, features)`.

    Returns:
        A tensor (batch, outputs).

    Raises:
        ValueError: If `theta` is not a list of pairs.

    Example:
        >>> theta = [np.eye(2), np.zeros(2), np.array([[1.0, 10.0]]), np.ones(1)]
        >>> ops.convert_to_numpy(mlp_apply(theta, np.array([[2.0, -3.0]]))).tolist()
        [[3.0]]
    """
    if len(theta) % 2 or not len(theta):
        raise ValueError(f"theta must hold a matrix and a bias for each layer; received {len(theta)} tensors")
    theta, H = [ops.convert_to_tensor(t) for t in theta], ops.convert_to_tensor(x)
    for W, b in zip(theta[:-2:2], theta[1:-2:2], strict=True):
        H = ops.relu(H @ transpose(W) + b)
    return H @ transpose(theta[-2]) + theta[-1]


def insert_identity_layer(theta, after=1):
    r"""The parameters with one more hidden layer, W = I and b = 0, of the same ReLU network (§7.5).

    Args:
        theta: List of arrays :math:`(W^1, b^1, \dots, W^L, b^L)`.
        after: Integer in 1, ..., L - 1, the hidden layer behind which the new one comes; 1 by default.

    Returns:
        A list with two more tensors; `mlp_apply` of it is the same function.

    Raises:
        ValueError: If there is no such hidden layer.

    Example:
        >>> theta = [np.ones((3, 2)), np.zeros(3), np.ones((1, 3)), np.zeros(1)]
        >>> [tuple(t.shape) for t in insert_identity_layer(theta)]
        [(3, 2), (3,), (3, 3), (3,), (1, 3), (1,)]
    """
    layers = len(theta) // 2
    if len(theta) % 2 or not 1 <= after < layers:
        raise ValueError(f"after must be a hidden layer, 1, ..., {layers - 1}; received after={after}")
    b = ops.convert_to_tensor(theta[2 * after - 1])
    identity = ops.convert_to_tensor(np.eye(b.shape[0]), dtype=b.dtype)
    return [*theta[: 2 * after], identity, ops.zeros_like(b), *theta[2 * after :]]
