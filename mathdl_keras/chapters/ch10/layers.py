r"""Batch normalization as a layer that trains by its hand-written derivative (§10.2, §10.3).

In training a channel is normalized by the moments of its batch, and moving averages of them are kept; in inference by
those averages, so that the prediction for one sample does not depend on the others.
"""

import functools

import keras
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import cost_of, free_cost
from mathdl_keras.chapters.ch10.normalization import (
    batch_norm_backward,
    batch_norm_forward,
    rows_of,
    scale_and_shift,
    shaped_like,
)
from mathdl_keras.core.checks import without_defaults
from mathdl_keras.core.choices import Choices
from mathdl_keras.core.explicit import ExplicitLayer

__all__ = ["BatchNormalization"]


@keras.saving.register_keras_serializable("mathdl_keras")
class BatchNormalization(Choices, ExplicitLayer):
    r"""Batch normalization with its derivative written by hand (§10.2, §10.3).

    In training, with :math:`\mu` and v the mean and the biased variance of the batch over all axes but one,

    .. math::
        y = \gamma\,\frac{x - \mu}{\sqrt{v + \varepsilon}} + \beta, \qquad
        \bar\mu \leftarrow m\,\bar\mu + (1 - m)\,\mu, \qquad \bar v \leftarrow m\,\bar v + (1 - m)\,v;

    in inference :math:`\bar\mu` and :math:`\bar v` stand for :math:`\mu` and v. `(B, ..., C) -> (B, ..., C)`. Where a
    mask comes with x, the moments of a batch are those of the steps that are there; the others are normalized, too.

    A drop-in for `keras.layers.BatchNormalization`: the same arguments, and the same weights in the same order,
    `gamma`, `beta`, `moving_mean`, `moving_variance`, each (C,). With `trainable = False` it is in inference mode, even
    in training. In mixed precision it computes in float32.

    A batch of one row has v = 0: in training y is :math:`\beta`, the gradient of x is 0 and nothing before the layer
    learns, and the moving variance falls by the factor m. As in Keras, there is no warning: use more rows. (One image
    has as many rows as pixels.)

    Args:
        axis: Integer, the axis of the channels; -1, the last one, by default.
        momentum: Float m in [0, 1]; 0.99 by default.
        epsilon: Float :math:`\varepsilon \ge 0`, 0.001 by default; with 0 a constant channel is 0/0.
        center: Boolean, whether to add :math:`\beta`; True by default.
        scale: Boolean, whether to multiply by :math:`\gamma`; True by default.
        beta_initializer: Initializer of :math:`\beta`, zeros by default.
        gamma_initializer: Initializer of :math:`\gamma`, ones by default.
        moving_mean_initializer: Initializer of :math:`\bar\mu`, zeros by default.
        moving_variance_initializer: Initializer of :math:`\bar v`, ones by default.
        beta_regularizer: Penalty on :math:`\beta`; none by default.
        gamma_regularizer: Penalty on :math:`\gamma`; none by default.
        beta_constraint: Constraint on :math:`\beta`; none by default.
        gamma_constraint: Constraint on :math:`\gamma`; none by default.
        **kwargs: `name`, `dtype`, `trainable`; renormalization (`renorm`) and moments of several devices
            (`synchronized`) are not taken.

    Raises:
        ValueError: If an argument is out of range, or inputs or a mask do not have the shape that it needs.

    Example:
        >>> layer = BatchNormalization(momentum=0.5, epsilon=0.0)
        >>> y, cache = layer.forward_pass(ops.array([[1.0], [5.0]]), training=True)
        >>> ops.convert_to_numpy(y).ravel().tolist(), float(layer.moving_mean[0]), float(layer.moving_variance[0])
        ([-1.0, 1.0], 1.5, 2.5)
        >>> dx, (dgamma, dbeta) = layer.backward_pass(ops.array([[1.0], [2.0]]), cache)
        >>> float(dgamma[0]), float(dbeta[0])
        (1.0, 3.0)
    """

    wide = True

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        renormalization = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99}
        super().__init__(**without_defaults(kwargs, synchronized=False, **renormalization))
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise ValueError(f"axis must be an integer; received axis={axis!r}")
        if not isinstance(momentum, int | float) or not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be in [0, 1]; received momentum={momentum!r}")
        if not isinstance(epsilon, int | float) or not 0 <= epsilon < float("inf"):
            raise ValueError(f"epsilon must be >= 0 and finite; received epsilon={epsilon!r}")
        self.axis, self.momentum, self.epsilon = axis, float(momentum), float(epsilon)
        self.center, self.scale = center, scale
        self.choose(
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.supports_masking = True

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        channels = input_shape[self.axis]
        if len(input_shape) < 2 or channels is None:
            raise ValueError(f"x must have shape (batch, ..., channels); received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(ndim=len(input_shape), axes={self.axis: channels})

        # float32 in mixed precision, so that moments keep their digits
        make = functools.partial(self.weight, shape=(channels,), autocast=False)
        self.gamma = make("gamma") if self.scale else None
        self.beta = make("beta") if self.center else None
        self.moving_mean = make("moving_mean", trainable=False)
        self.moving_variance = make("moving_variance", trainable=False)
        self.built = True

    def call(self, inputs, training=False, mask=None):
        return self.by_hand(inputs, training=training, **({} if mask is None else {"mask": mask}))

    def forward_pass(self, x, training=False, mask=None):
        """`y`, and what `backward_pass` needs; in training the moving moments move.

        Args:
            x: Tensor (B, ..., C), or with its channels on the axis that was chosen.
            training: Boolean, whether the moments are those of the batch; False by default.
            mask: Tensor of booleans, shaped like x without its last axis, which steps are there; by default, all.
        """
        x = self.read(x)
        present = () if mask is None else (self._last(self._spread(mask, x)),)
        x = self._last(x)
        weights, of_batch = self._weights(x.dtype), self._uses_batch(training)
        if of_batch:
            (y, mean, variance), cache = self._normalize(x, *weights, self.epsilon, *present)
            self._move(mean, variance)
        else:
            mean, variance = map(self.value_of, (self.moving_mean, self.moving_variance))
            y, cache = scale_and_shift(rows_of(x) - mean, variance, *weights, self.epsilon)
            y = shaped_like(y, x)
        return self.narrow(self._back(y)), (cache, of_batch)

    def backward_pass(self, dy, cache):
        r"""`(dx, (dgamma, dbeta))` from :math:`\partial\Lambda/\partial y`, without a weight that is not there.

        In inference mode the moments are constants: :math:`\partial x = (\gamma/s)\,\partial y`.
        """
        cache, of_batch = cache
        dx, dgamma, dbeta = (self._pull_back if of_batch else pull_back_affine)(self._last(self.read(dy)), cache)
        used = (dgamma, self.scale), (dbeta, self.center)
        return self.narrow(self._back(dx)), tuple(gradient for gradient, there in used if there)

    def compute_output_shape(self, input_shape):
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ValueError(f"axis must be an axis of x; received axis={self.axis} for shape {tuple(input_shape)}")
        return tuple(input_shape)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("axis", "momentum", "epsilon", "center", "scale")}
        return super().get_config() | own | self.chosen()

    def _last(self, x):
        """x with its channels last."""
        return x if self.axis in (-1, len(x.shape) - 1) else ops.moveaxis(x, self.axis, -1)

    def _back(self, y):
        """y with its channels where they are in x."""
        return y if self.axis in (-1, len(y.shape) - 1) else ops.moveaxis(y, -1, self.axis)

    def _spread(self, mask, x):
        """The mask shaped like x, which steps are there."""
        if len(mask.shape) != len(x.shape) - 1:
            raise ValueError(
                f"mask must be shaped like x without its last axis; received {tuple(mask.shape)} for {tuple(x.shape)}"
            )
        return ops.broadcast_to(ops.cast(mask, "bool")[..., None], ops.shape(x))

    def _uses_batch(self, training):
        return bool(training) and self.trainable

    def _weights(self, dtype):
        """gamma and beta, or the constants in their place."""
        shape = self.moving_mean.shape
        gamma = self.value_of(self.gamma) if self.scale else ops.ones(shape, dtype)
        return gamma, self.value_of(self.beta) if self.center else ops.zeros(shape, dtype)

    _normalize = staticmethod(batch_norm_forward)
    _pull_back = staticmethod(batch_norm_backward)

    def _move(self, mean, variance):
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(self.momentum * self.value_of(moving) + (1 - self.momentum) * new)


def pull_back_affine(dy, cache):
    """`(dx, dgamma, dbeta)` where the moments are constants."""
    centred, inverse, gamma = cache
    g = rows_of(dy)
    return dy * (gamma * inverse), inverse * ops.sum(g * centred, axis=0), ops.sum(g, axis=0)


cost_of.register(BatchNormalization, free_cost)
