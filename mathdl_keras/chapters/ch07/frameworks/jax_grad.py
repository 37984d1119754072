"""The training step of the shallow network in JAX (§7.5)."""

import numpy as np

from mathdl_keras.chapters.ch07.frameworks.checks import checked

__all__ = ["training_step"]


def training_step(theta, x, y, learning_rate):
    """One step of stochastic gradient descent, by `jax.value_and_grad`.

    Args:
        theta: List of arrays (W, b1, C, b2), shaped as in `shallow_gradients`.
        x: Array `(batch, features)`.
        y: Array `(batch,)`, integer labels.
        learning_rate: Positive float.

    Returns:
        `(theta, loss)`: new arrays, and the mean cross entropy before the step.

    Raises:
        ImportError: If JAX is not installed.
        ValueError: If a label is out of range or the learning rate is not positive.
    """
    theta, x, y = checked(theta, x, y, learning_rate)
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        raise ImportError('this step needs JAX; pip install "mathdl_keras[jax]" brings it') from None

    def loss_of(theta):
        W, b1, C, b2 = theta
        H = jax.nn.relu(x @ W.T + b1)
        U = H @ C.T + b2
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(U), y[:, None], axis=1))

    with jax.enable_x64(True):  # else JAX makes float32 of float64
        loss, gradients = jax.value_and_grad(loss_of)(theta)
        new = jax.tree.map(lambda t, g: t - learning_rate * g, theta, gradients)
        return [np.array(t) for t in new], np.array(loss)
