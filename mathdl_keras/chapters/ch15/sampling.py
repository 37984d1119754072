r"""Gradients of expectations :math:`E_q f(z)` in the parameters of q (§15.2).

| estimator | one draw gives | needs |
| --- | --- | --- |
| reparameterisation | :math:`f'(\mu + \sigma\varepsilon)\ (1,\ \sigma\varepsilon/2)` | the derivative of f |
| score function | :math:`f(z)\ \nabla \log q(z)` | only values of f, and many more draws |

Both are unbiased; gradients are in the mean and in the log-variance.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch15.gaussians import DiagonalGaussian
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.checks import ChecksData

__all__ = ["GaussianSampling", "reparameterized_gradient", "score_function_gradient"]


@keras.saving.register_keras_serializable("mathdl_keras", name="ReparameterizedSampling")
class GaussianSampling(ChecksData, keras.layers.Layer):
    r"""Draws from N(mean, exp(log-variance)) by reparameterisation (§15.2).

    .. math:: z = \mu + e^{\lambda/2} \varepsilon, \qquad \varepsilon \sim N(0, I)

    Takes a pair `(mean, log_variance)` of equal shapes and gives z of that shape, in training and in inference; the
    gradient goes through to both.

    Args:
        seed: Integer, seed of the noise; `None`, the default, for another stream each time.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the inputs are not a pair of equal shapes.

    Example:
        >>> import numpy as np
        >>> layer = GaussianSampling(seed=0)
        >>> z = layer([np.ones((2, 3), "float32"), np.full((2, 3), -100.0, "float32")])
        >>> float(ops.convert_to_numpy(z).sum())
        6.0
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        self._check(input_shape)
        self.built = True

    def _check(self, shapes):
        pair = (
            isinstance(shapes, list | tuple) and len(shapes) == 2 and all(isinstance(s, list | tuple) for s in shapes)
        )
        if not pair or tuple(shapes[0]) != tuple(shapes[1]):
            raise ValueError(f"inputs must be a mean and a log-variance of equal shapes; received shapes {shapes}")

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return DiagonalGaussian(mean, log_variance).sample(noise)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return tuple(input_shape[0])

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


def reparameterized_gradient(f, mean, log_variance, noise):
    r"""One unbiased estimate of :math:`\nabla E_q f(z)` for each draw, through the draw (§15.2).

    .. math:: \hat g_\mu = \nabla f(z), \qquad
        \hat g_\lambda = \tfrac12 \sigma \varepsilon\, \nabla f(z), \qquad z = \mu + \sigma \varepsilon

    Args:
        f: Differentiable function of draws `(n, k)` with values `(n,)`.
        mean: Array `(k,)`, :math:`\mu`.
        log_variance: Array `(k,)`, :math:`\lambda = \log\sigma^2`.
        noise: Array `(n, k)`, standard normal :math:`\varepsilon`.

    Returns:
        Gradients in the mean and in the log-variance, each `(n, k)`.

    Example:
        >>> import numpy as np
        >>> zero, two = np.zeros(1, "float32"), np.full((1, 1), 2.0, "float32")
        >>> gradients = reparameterized_gradient(lambda z: ops.sum(z**2, axis=-1), zero, zero, two)
        >>> [float(ops.convert_to_numpy(g)[0, 0]) for g in gradients]
        [4.0, 4.0]
    """
    z = DiagonalGaussian(mean, log_variance).sample(noise)
    slope = grad(f)(z)
    return slope, slope * (z - ops.cast(mean, z.dtype)) / 2


def score_function_gradient(f, mean, log_variance, noise):
    r"""One unbiased estimate of :math:`\nabla E_q f(z)` for each draw, from values of f alone (§15.2).

    .. math:: \hat g_\mu = f(z)\, \varepsilon/\sigma, \qquad \hat g_\lambda = \tfrac12 f(z)\, (\varepsilon^2 - 1)

    Args:
        f: Function of draws `(n, k)` with values `(n,)`; it need not be differentiable.
        mean: Array `(k,)`, :math:`\mu`.
        log_variance: Array `(k,)`, :math:`\lambda = \log\sigma^2`.
        noise: Array `(n, k)`, standard normal :math:`\varepsilon`.

    Returns:
        Gradients in the mean and in the log-variance, each `(n, k)`.

    Example:
        >>> import numpy as np
        >>> zero, two = np.zeros(1, "float32"), np.full((1, 1), 2.0, "float32")
        >>> gradients = score_function_gradient(lambda z: ops.sum(z**2, axis=-1), zero, zero, two)
        >>> [float(ops.convert_to_numpy(g)[0, 0]) for g in gradients]
        [8.0, 6.0]
    """
    q = DiagonalGaussian(mean, log_variance)
    z = q.sample(noise)
    epsilon = (z - q.mean) * ops.exp(-q.log_variance / 2)
    value = ops.expand_dims(f(z), -1)
    return value * epsilon * ops.exp(-q.log_variance / 2), value * (epsilon**2 - 1) / 2
