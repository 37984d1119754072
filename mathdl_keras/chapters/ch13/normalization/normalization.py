r"""Layer normalization with its derivative by hand (§13.8).

Batch normalization needs a batch, and a recurrent network has other moments at each step. Layer normalization takes
the moments of one sample at one step over its n features instead:

.. math::
    \hat x = \frac{x - \mu}{s}, \qquad \mu = \frac1n \sum_i x_i, \qquad
    s^2 = \frac1n \sum_i (x_i - \mu)^2 + \varepsilon, \qquad y = \gamma \odot \hat x + \beta .

From :math:`g = \partial\Lambda/\partial y`, with :math:`k = \gamma \odot g`,

.. math::
    \frac{\partial\Lambda}{\partial x} = \frac1s \Big(k - \frac1n \sum_i k_i
        - \hat x\, \frac1n \sum_i k_i \hat x_i\Big), \qquad
    \frac{\partial\Lambda}{\partial\gamma} = \sum g \odot \hat x, \qquad
    \frac{\partial\Lambda}{\partial\beta} = \sum g,

the sums over samples and steps. There is nothing to remember from training: inference is the same function.
"""

import functools

import keras
from keras import ops

from mathdl_keras.chapters.ch08.costs import cost_of, free_cost
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["LayerNormalization"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LayerNormalization(ExplicitLayer):
    r"""Layer normalization over the last axis, with its derivative by hand (§13.8).

    .. math:: y = \gamma \odot \frac{x - \mu}{\sqrt{v + \varepsilon}} + \beta

    with the mean and the biased variance of the last axis. `(B, ..., C) -> (B, ..., C)`. A drop-in for
    `keras.layers.LayerNormalization`: the same arguments, and the same weights in the same order, `gamma` and `beta`,
    each (C,). In mixed precision it computes in float32.

    Args:
        axis: Of the features: -1, the last.
        epsilon: :math:`\varepsilon \ge 0`.
        center: Whether to add :math:`\beta`.
        scale: Whether to multiply by :math:`\gamma`.
        beta_initializer: Of :math:`\beta`.
        gamma_initializer: Of :math:`\gamma`.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is out of range, or inputs are not of shape (batch, ..., features).

    Example:
        >>> layer = LayerNormalization(epsilon=0.0)
        >>> y, cache = layer.forward_pass(ops.array([[1.0, 3.0], [8.0, 4.0]]))
        >>> ops.convert_to_numpy(y).round(4).tolist()
        [[-1.0, 1.0], [1.0, -1.0]]
        >>> dx, (dgamma, dbeta) = layer.backward_pass(ops.ones((2, 2)), cache)
        >>> [ops.convert_to_numpy(v).round(4).tolist() for v in (dx + 0.0, dbeta)]
        [[[0.0, 0.0], [0.0, 0.0]], [2.0, 2.0]]
    """

    wide = True

    def __init__(
        self,
        axis=-1,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if axis not in (-1, [-1], (-1,)):
            raise ValueError(f"axis must be -1, the last; received axis={axis!r}")
        if not isinstance(epsilon, int | float) or not 0 <= epsilon < float("inf"):
            raise ValueError(f"epsilon must be >= 0 and finite; received epsilon={epsilon!r}")
        self.axis, self.epsilon, self.center, self.scale = -1, float(epsilon), center, scale
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"x must have shape (batch, ..., features); received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.units = input_shape[-1]
        shape = (self.units,)  # float32 in mixed precision
        weight = functools.partial(self.add_weight, shape, autocast=False)
        self.gamma = weight(self.gamma_initializer, name="gamma") if self.scale else None
        self.beta = weight(self.beta_initializer, name="beta") if self.center else None
        self.built = True

    def forward_pass(self, x, training=False):
        """`y`, and what `backward_pass` needs."""
        x = self.read(x)
        y, cache = layer_norm_forward(x, *self._weights(x.dtype), self.epsilon)
        return self.narrow(y), cache

    def backward_pass(self, dy, cache):
        r"""`(dx, (dgamma, dbeta))` from :math:`\partial\Lambda/\partial y`, without a weight that is not there."""
        dx, dgamma, dbeta = layer_norm_backward(self.read(dy), cache)
        used = (dgamma, self.scale), (dbeta, self.center)
        return self.narrow(dx), tuple(gradient for gradient, there in used if there)

    def get_config(self):
        return (
            super().get_config()
            | {name: getattr(self, name) for name in ("axis", "epsilon", "center", "scale")}
            | {
                f"{name}_initializer": keras.initializers.serialize(getattr(self, f"{name}_initializer"))
                for name in ("beta", "gamma")
            }
        )

    def _weights(self, dtype):
        """gamma and beta, or the constants in their place."""
        gamma = self.value_of(self.gamma) if self.scale else ops.ones((self.units,), dtype)
        return gamma, self.value_of(self.beta) if self.center else ops.zeros((self.units,), dtype)


def layer_norm_forward(x, gamma, beta, epsilon=1e-3):
    r""":math:`\gamma \odot (x - \mu)/\sqrt{v + \varepsilon} + \beta` over the last axis, and the cache."""
    n = x.shape[-1]
    centred = x - ops.sum(x, axis=-1, keepdims=True) / n
    inverse = ops.rsqrt(ops.sum(centred * centred, axis=-1, keepdims=True) / n + epsilon)
    xhat = centred * inverse
    return xhat * gamma + beta, (xhat, inverse, gamma)


def layer_norm_backward(dy, cache):
    """`(dx, dgamma, dbeta)`."""
    xhat, inverse, gamma = cache
    n, rows = dy.shape[-1], tuple(range(len(dy.shape) - 1))
    k, along = dy * gamma, dy * xhat
    mean = ops.sum(k, axis=-1, keepdims=True) / n
    component = ops.sum(along * gamma, axis=-1, keepdims=True) / n
    return inverse * (k - mean - xhat * component), ops.sum(along, axis=rows), ops.sum(dy, axis=rows)


cost_of.register(LayerNormalization, free_cost)
