"""Training against its closed form (§2.3)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch02.descent import gd_error_theory, mse_hessian
from mathdl_keras.chapters.ch02.solvers import least_squares
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.graph import leaves
from mathdl_keras.core.precision import allow_float64

__all__ = ["ErrorEnvelope"]


class ErrorEnvelope(keras.callbacks.Callback):
    r"""Records the errors of a linear layer in full-batch training, beside what theory predicts (§2.3).

    With plain gradient descent on the squared error,

    .. math:: \theta_k - \theta^* = (I - \eta H)^k (\theta_0 - \theta^*), \qquad H = \frac{2c}{MK} X^\top X ,

    for M samples, K targets and a loss with factor c. After `fit` with `SGD` and `batch_size=len(x)`:

    Attributes:
        measured: Array (steps + 1, P, K), what training gave; the last row of the P parameters is the bias.
        predicted: Array like it, what the formula gives, in float64.
        optimum: Array :math:`\theta^*`, (P, K).
        hessian: Array H, (P, P).

    Args:
        x: Array (M, p), the features trained on.
        y: Array (M,) or (M, K), the targets.
        scale: Positive float, the factor c of the loss: 1, the default, for `"mse"` and `MeanSquaredError()`, 1/2 for
            `MeanSquaredError(scale=0.5)`.

    Raises:
        ValueError: At the start of training, if it is not plain full-batch descent on one linear layer.

    Example:
        >>> x = np.array([[-1.0], [1.0]], "float32")
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(keras.optimizers.SGD(0.25), "mse")
        >>> envelope = ErrorEnvelope(x, 8 * x)
        >>> _ = model.fit(x, 8 * x, epochs=3, batch_size=2, verbose=0, callbacks=[envelope])
        >>> [round(float(e), 4) for e in envelope.measured[:, 0, 0]]
        [-8.0, -4.0, -2.0, -1.0]
        >>> bool(np.allclose(envelope.measured, envelope.predicted))
        True
    """

    def __init__(self, x, y, scale=1.0):
        super().__init__()
        if not scale > 0:
            raise ValueError(f"scale must be positive; received scale={scale}")
        self.x, self.y = as_table(x, y)
        self.scale = scale

    def on_train_begin(self, logs=None):
        if not self.model.built:  # on TensorFlow and PyTorch the first step builds it
            self.model(self.x[:1].astype(keras.config.floatx()))
        layers = [layer for layer in leaves(self.model) if layer.trainable_variables]
        if len(layers) != 1 or len(getattr(layers[0], "kernel", np.zeros(0)).shape) != 2:
            raise ValueError(f"model must have one layer with weights, a linear one; received {len(layers)} of them")
        self.layer = layers[0]
        optimizer = self.model.optimizer
        if not isinstance(optimizer, keras.optimizers.SGD) or optimizer.momentum:
            raise ValueError(f"optimizer must be SGD without momentum; received {type(optimizer).__name__}")
        if (self.params or {}).get("steps") not in (1, None):
            raise ValueError(
                f"batch_size must be the number of samples, {len(self.x)}; received {self.params['steps']} batches"
            )
        self.learning_rate = float(ops.convert_to_numpy(optimizer.learning_rate))
        self._iterates = [self._theta()]

    def on_epoch_end(self, epoch, logs=None):
        self._iterates.append(self._theta())

    def on_train_end(self, logs=None):
        bias = self.layer.bias is not None
        X = np.hstack([self.x, np.ones((len(self.x), 1))]) if bias else self.x
        with allow_float64():
            best = least_squares(self.x, self.y, fit_intercept=bias)
            parts = [best.kernel, best.bias[None]] if bias else [best.kernel]
            self.optimum = np.concatenate([ops.convert_to_numpy(part) for part in parts])
            H = mse_hessian(X) * (self.scale / self.y.shape[1])
            error = self._iterates[0] - self.optimum
            predicted = gd_error_theory(H, self.learning_rate, error, len(self._iterates) - 1)
            self.hessian, self.predicted = map(ops.convert_to_numpy, (H, predicted))
        self.measured = np.stack(self._iterates) - self.optimum

    def _theta(self):
        """Kernel and bias, (P, K), in float64."""
        weights = [self.layer.kernel] if self.layer.bias is None else [self.layer.kernel, self.layer.bias[None]]
        return np.concatenate([ops.convert_to_numpy(w) for w in weights]).astype("float64")
