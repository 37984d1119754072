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
import math

import keras
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import cost_of, free_cost
from mathdl_keras.core.checks import without_defaults
from mathdl_keras.core.choices import Choices
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["LayerNormalization"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LayerNormalization(Choices, ExplicitLayer):
    r"""Layer normalization with its derivative by hand (§13.8).

    .. math:: y = \gamma \odot \frac{x - \mu}{\sqrt{v + \varepsilon}} + \beta

    with the mean and the biased variance of each sample over one axis or several, the last by default. `(B, ..., C) ->
    (B, ..., C)`. A drop-in for `keras.layers.LayerNormalization`: the same arguments in the same order, and the same
    weights, `gamma` and `beta`, each of the sizes of those axes. In mixed precision it computes in float32.

    Args:
        axis: Integer or list of integers, the axes that are normalized, without that of the batch; -1, the last, by
            default.
        epsilon: Float :math:`\varepsilon \ge 0`; 0.001 by default.
        center: Boolean, whether to add :math:`\beta`; `True` by default.
        scale: Boolean, whether to multiply by :math:`\gamma`; `True` by default.
        beta_initializer: Initializer of :math:`\beta`; "zeros" by default.
        gamma_initializer: Initializer of :math:`\gamma`; "ones" by default.
        beta_regularizer: Regularizer of :math:`\beta`; none by default.
        gamma_regularizer: Regularizer of :math:`\gamma`; none by default.
        beta_constraint: Constraint on :math:`\beta`; none by default.
        gamma_constraint: Constraint on :math:`\gamma`; none by default.
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
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(**without_defaults(kwargs, rms_scaling=False))
        if not isinstance(epsilon, int | float) or not 0 <= epsilon < float("inf"):
            raise ValueError(f"epsilon must be >= 0 and finite; received epsilon={epsilon!r}")
        self.axis, self.epsilon, self.center, self.scale = _integers(axis), float(epsilon), center, scale
        self.choose(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True

    def build(self, input_shape):
        rank, given = len(input_shape), self.axis if isinstance(self.axis, list) else [self.axis]
        if rank < 2:
            raise ValueError(f"x must have shape (batch, ..., features); received shape {tuple(input_shape)}")
        self.axes = tuple(a if a < 0 else a - rank for a in given)  # from the end
        if not all(-rank < a < 0 for a in self.axes) or len(set(self.axes)) < len(given):
            raise ValueError(f"axis must be axes of x after the first; received axis={self.axis} of {rank} axes")
        shape = tuple(input_shape[a] for a in self.axes)
        if None in shape:
            raise ValueError(f"x must have shape (batch, ..., features); received shape {tuple(input_shape)}")
        sizes = dict(zip(self.axes, shape, strict=True))
        self.input_spec = keras.layers.InputSpec(min_ndim=1 - min(self.axes), axes=sizes)
        make = functools.partial(self.weight, shape=shape, autocast=False)  # float32 in mixed precision
        self.gamma = make("gamma") if self.scale else None
        self.beta = make("beta") if self.center else None
        self.built = True

    def forward_pass(self, x, training=False):
        """`y`, and what `backward_pass` needs."""
        x = self.read(x)
        gamma, beta = (v if v is None else self._along(v, x) for v in (self.gamma, self.beta))
        y, cache = layer_norm_forward(x, gamma, beta, self.epsilon, self.axes)
        return self.narrow(y), cache

    def backward_pass(self, dy, cache):
        r"""`(dx, (dgamma, dbeta))` from :math:`\partial\Lambda/\partial y`, without a weight that is not there."""
        dx, *gradients = layer_norm_backward(self.read(dy), cache, self.axes)
        used = zip(gradients, (self.gamma, self.beta), strict=True)
        return self.narrow(dx), tuple(ops.reshape(d, v.shape) for d, v in used if v is not None)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("axis", "epsilon", "center", "scale")}
        return super().get_config() | own | self.chosen()

    def _along(self, variable, x):
        """The value of a weight, with the rank of x where its axes are not the last of x."""
        weight, rank = self.value_of(variable), len(x.shape)
        if self.axes == (-1,):
            return weight
        return ops.reshape(weight, [n if a - rank in self.axes else 1 for a, n in enumerate(x.shape)])


def layer_norm_forward(x, gamma, beta, epsilon=1e-3, axes=(-1,)):
    r""":math:`\gamma \odot (x - \mu)/\sqrt{v + \varepsilon} + \beta` over some axes, and the cache.

    Args:
        x: Tensor (B, ...).
        gamma: Tensor that broadcasts to x; `None` for 1.
        beta: Tensor that broadcasts to x; `None` for 0.
        epsilon: Float, what is added to the variance; 0.001 by default.
        axes: Tuple of negative integers, the axes, counted from the end; the last by default.
    """
    n = math.prod(x.shape[a] for a in axes)
    centred = x - ops.sum(x, axis=axes, keepdims=True) / n
    inverse = ops.rsqrt(ops.sum(centred * centred, axis=axes, keepdims=True) / n + epsilon)
    xhat = centred * inverse
    y = xhat if gamma is None else xhat * gamma
    return y if beta is None else y + beta, (xhat, inverse, gamma)


def layer_norm_backward(dy, cache, axes=(-1,)):
    """`(dx, dgamma, dbeta)`."""
    xhat, inverse, gamma = cache
    rank, n = len(dy.shape), math.prod(dy.shape[a] for a in axes)
    rows = tuple(a for a in range(rank) if a - rank not in axes)
    k, along = dy if gamma is None else dy * gamma, dy * xhat
    mean = ops.sum(k, axis=axes, keepdims=True) / n
    component = ops.sum(along if gamma is None else along * gamma, axis=axes, keepdims=True) / n
    return inverse * (k - mean - xhat * component), ops.sum(along, axis=rows), ops.sum(dy, axis=rows)


def _integers(axis):
    """An integer, or a list of them."""
    several = list(axis) if isinstance(axis, list | tuple) else [axis]
    if not several or any(isinstance(a, bool) or not isinstance(a, int) or a == 0 for a in several):
        raise ValueError(f"axis must be an integer, not 0, or a list of them; received axis={axis!r}")
    return several if isinstance(axis, list | tuple) else axis


cost_of.register(LayerNormalization, free_cost)
