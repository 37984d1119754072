r"""Many small networks at once: one hidden layer, trained from many starts (§5.3).

How well can n hidden units do? One training says little: it may end in a local minimum. So the same network

.. math:: f(x; \theta) = \sum_j c_j\,\sigma(x \cdot w_j + b_j) + a, \qquad \theta = (w, b, c, a)

is trained from many starts, each a row of an array, in the same operations. For samples as small as a truth table
the method of Levenberg and Marquardt goes to the minimum, where gradient descent would take very many steps.
"""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.core.linalg import gram, matvec, transpose
from mathdl_keras.core.loops import compiled_loop
from mathdl_keras.core.precision import allow_float64

__all__: list[str] = []

DAMPING = 1e-12, 1e4  # its least and largest, relative to |J|^2: above roundings, so that no system is singular


class Replicas:
    r"""Networks with one hidden layer on one sample, in float64 (§5.3).

    On JAX all methods but `minimize`, which sees to it itself, must be called where float64 is allowed.

    Args:
        x: Array `(M, D)`, inputs.
        y: Array `(M,)`, targets.
        units: Integer, the number n of hidden units.
        activation: `Activation` or its name, :math:`\sigma`.
    """

    def __init__(self, x, y, units, activation):
        self.x, self.y = (np.asarray(v, "float64") for v in (x, y))  # tensors where they are used
        self.units, self.sigma = units, activations.get(activation)

    def start(self, rng, count):
        """Standard normal parameters, `(count, n(D + 2) + 1)`."""
        return rng.standard_normal((count, self.units * (self.x.shape[1] + 2) + 1))

    def split(self, theta):
        """`W (count, D, n)`, `b (count, n)`, `c (count, n)` and `a (count, 1)`."""
        D, n = self.x.shape[1], self.units
        theta = ops.convert_to_tensor(theta)
        W, b, c, a = (theta[:, i:j] for i, j in ((0, D * n), (D * n, D * n + n), (D * n + n, -1), (-1, None)))
        return ops.reshape(W, (-1, D, n)), b, c, a

    def forward(self, theta):
        """`Z (count, M, n)`, the pre-activations, and f(x) - y, `(count, M)`."""
        W, b, c, a = self.split(theta)
        Z = ops.einsum("md,rdn->rmn", ops.convert_to_tensor(self.x), W) + b[:, None, :]
        return Z, matvec(self.sigma(Z), c) + a - ops.convert_to_tensor(self.y)

    def jacobian(self, theta, Z):
        r""":math:`\partial f(x_m)/\partial\theta`, `(count, M, parameters)`."""
        c, (M, D) = self.split(theta)[2], self.x.shape
        delta = c[:, None, :] * self.sigma.derivative(Z)  # (count, M, n)
        dW = ops.einsum("md,rmn->rmdn", ops.convert_to_tensor(self.x), delta)
        dW = ops.reshape(dW, (-1, M, D * self.units))
        return ops.concatenate([dW, delta, self.sigma(Z), ops.ones_like(delta[:, :, :1])], axis=2)

    def losses(self, theta):
        """The mean squared errors, `(count,)`."""
        return ops.sum(ops.square(self.forward(theta)[1]), axis=1) / len(self.y)

    def gradients(self, theta):
        """The gradients of the mean squared errors, shaped like theta."""
        Z, r = self.forward(theta)
        return matvec(transpose(self.jacobian(theta, Z)), r) * (2 / len(self.y))

    def minimize(self, theta, steps):
        r"""Levenberg-Marquardt steps :math:`-(J^\top J + \mu (1 + |J|^2) I)^{-1} J^\top r`, kept where the loss falls.

        Args:
            theta: Array `(count, n(D + 2) + 1)`, the starts.
            steps: Integer >= 1, the number of steps.

        Returns:
            Where they end, shaped like theta, and the losses there: NumPy arrays.
        """
        identity, ones = np.eye(theta.shape[1]), np.ones(len(theta))

        def body(k, state):
            theta, mu, _ = state
            Z, r = self.forward(theta)
            J, loss = self.jacobian(theta, Z), ops.sum(ops.square(r), axis=1) / len(self.y)
            damping = mu * (1 + ops.sum(ops.square(J), axis=(1, 2)))
            A = gram(J) + damping[:, None, None] * ops.convert_to_tensor(identity)
            step = ops.solve(A, matvec(transpose(J), r)[:, :, None])[:, :, 0]
            tried = self.losses(theta - step)
            better = tried < loss
            mu = ops.clip(ops.where(better, mu / 3, mu * 4), *DAMPING)
            return ops.where(better[:, None], theta - step, theta), mu, ops.where(better, tried, loss)

        with allow_float64():
            theta, _, losses = map(ops.convert_to_numpy, compiled_loop(body)((theta, ones, ones), steps))
        return theta, losses

    def network(self, theta):
        """One replica as a Keras model, from its row of theta."""
        model = MLP((self.x.shape[1], self.units, 1), self.sigma)
        W, b, c, a = (ops.convert_to_numpy(part)[0] for part in self.split(np.asarray(theta)[None]))
        model.set_weights([W, b, c[:, None], a])
        return model
