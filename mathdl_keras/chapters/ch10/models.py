r"""Networks with batch normalization, trained by a backward pass written by hand (§10.2)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.models import MLP, another_draw
from mathdl_keras.chapters.ch06.layers import Dense
from mathdl_keras.chapters.ch06.models import BackpropModel
from mathdl_keras.chapters.ch10.dense import DenseBatchNorm
from mathdl_keras.core.explicit import Chain

__all__ = ["BatchNormMLP"]


@keras.saving.register_keras_serializable("mathdl_keras")
class BatchNormMLP(BackpropModel, MLP):
    r"""A feed forward network with batch normalization before each hidden activation, its gradients by hand (§10.2).

    .. math::
        Z^\ell = H^{\ell-1} W^\ell, \qquad Y^\ell = \mathrm{BN}(Z^\ell), \qquad H^\ell = \sigma(Y^\ell), \qquad
        U = \sigma_L(H^{L-1} W^L + b)

    `(batch, n_0) -> (batch, n_L)`. In training the loss of a sample depends on the whole batch, through its moments,
    and the moving moments move; in inference they are constants. Compile it with any Keras optimizer and no loss.

    Args:
        widths: Sequence of integers :math:`(n_0, \dots, n_L)`, two or more.
        activation: :math:`\sigma`, an `Activation`, or the name of one; `relu` by default.
        output_activation: Like it, the activation of the last layer, which is not normalized; `None`, the default, is
            linear.
        loss: String or loss, what `BackpropModel` takes; `categorical_crossentropy` by default.
        momentum: Float in [0, 1], the share of the moving moments that a batch leaves; 0.99 by default. They follow the
            last 1/(1 - momentum) batches or so: train for more.
        epsilon: Float >= 0, what is added to variances; 0.001 by default.
        kernel_initializer: Initializer of each kernel, Glorot's uniform one by default.
        **kwargs: `name`, `dtype`.

    Attributes:
        dense: List of the layers: `DenseBatchNorm`, and a `Dense` at the end.

    Raises:
        ValueError: If an argument is out of range or unknown; and as in `BackpropModel`.

    Example:
        >>> import numpy as np
        >>> model = BatchNormMLP((2, 8, 8, 1), "tanh", loss="half_squared_error", momentum=0.9)
        >>> model.compile(keras.optimizers.SGD(0.1))
        >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
        >>> history = model.fit(x, x[:, :1], epochs=2, verbose=0)
        >>> [tuple(H.shape) for H in model.pre_activations(x)]
        [(4, 8), (4, 8), (4, 1)]
    """

    def __init__(
        self,
        widths,
        activation="relu",
        output_activation=None,
        loss="categorical_crossentropy",
        momentum=0.99,
        epsilon=1e-3,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        self.momentum, self.epsilon = momentum, epsilon  # before the layers are made
        network = {"widths": widths, "activation": activation, "output_activation": output_activation}
        super().__init__(loss=loss, kernel_initializer=kernel_initializer, **network, **kwargs)

    def _dense(self, k, activation):
        draw, settings = another_draw(self.kernel_initializer, k), {"dtype": self.dtype_policy}
        if k == len(self.widths) - 2:
            return Dense(self.widths[-1], activation, kernel_initializer=draw, **settings)
        return DenseBatchNorm(self.widths[k + 1], activation, self.momentum, self.epsilon, draw, **settings)

    def forward_pass(self, x, training=False):
        self.check_features(x.shape)
        return Chain(self.dense).forward_pass(x, training)

    def backward_pass(self, dU, cache):
        return Chain(self.dense).backward_pass(dU, cache)

    def pre_activations(self, x, training=False):
        r"""The list :math:`Y^1, \dots, Y^{L-1}, Z^L` of what the activations get, each `(batch, n)`."""
        cache = self.forward_pass(ops.convert_to_tensor(x, dtype=self.compute_dtype), training)[1]
        return [own[1] for own in cache]

    def get_config(self):
        return super().get_config() | {"momentum": self.momentum, "epsilon": self.epsilon}
