r"""Feed forward networks trained by backpropagation written by hand (§6.4).

With :math:`H^0 = x`, :math:`Z^\ell = H^{\ell-1} W^\ell + b^\ell` and :math:`H^\ell = \sigma(Z^\ell)`, the gradients
follow from the last layer to the first:

.. math::
    \delta^L = \frac{\partial\Lambda}{\partial H^L} \odot \sigma'(Z^L), \qquad
    \delta^\ell = \big(\delta^{\ell+1} (W^{\ell+1})^\top\big) \odot \sigma'(Z^\ell), \qquad
    \frac{\partial\Lambda}{\partial W^\ell} = (H^{\ell-1})^\top \delta^\ell, \qquad
    \frac{\partial\Lambda}{\partial b^\ell} = \sum_m \delta^\ell_m .
"""

import inspect

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch02.losses import MeanSquaredError
from mathdl_keras.chapters.ch03.labels import check_labels, one_hot
from mathdl_keras.chapters.ch03.losses import CategoricalCrossentropy, reads_last_axis
from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch06.callbacks import TerminateOnNonFinite
from mathdl_keras.chapters.ch06.layers import Dense
from mathdl_keras.core.checks import ChecksData, check_data
from mathdl_keras.core.explicit import Chain
from mathdl_keras.core.training import ManualGradientModel

__all__ = ["BackpropMLP", "BackpropModel"]

LOSSES = {
    "categorical_crossentropy": lambda: CategoricalCrossentropy(from_logits=True),
    "half_squared_error": lambda: MeanSquaredError(scale=0.5),
    "mse": MeanSquaredError,
}


class BackpropModel(ChecksData, ManualGradientModel):
    r"""A model with a forward and a backward pass, and a loss that knows its derivative (§6.3).

    A subclass defines `forward_pass(x) -> (U, cache)` and `backward_pass(dU, cache) -> [(gradient, variable), ...]`.
    One that behaves differently in training takes `forward_pass(x, training=False)`, as `call` in Keras.
    The loss of a batch is :math:`\Lambda = \frac1M \sum_m \ell_{y_m}(U_m)`, each term times its sample weight.

    Args:
        loss: `categorical_crossentropy`, the default (of logits, with one-hot rows or integer labels),
            `half_squared_error`, `mse`, or a loss of this package with a method `gradient(y_true, y_pred)`.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the loss is unknown, or has no `gradient` or another axis than the last; if the learning rate is
            not positive; if labels are out of range or data are not finite.

    Example:
        >>> class Line(BackpropModel):
        ...     def __init__(self):
        ...         super().__init__("half_squared_error")
        ...         self.w = self.add_weight(shape=(), initializer="zeros")
        ...     def forward_pass(self, x):
        ...         return self.w * x, x
        ...     def backward_pass(self, dU, x):
        ...         return [(ops.sum(dU * x), self.w)]
        ...     def compute_output_shape(self, input_shape):
        ...         return input_shape
        >>> model, x = Line(), np.array([[1.0], [-1.0]], "float32")
        >>> model.compile(keras.optimizers.SGD(0.5))
        >>> history = model.fit(x, 2 * x, verbose=0)
        >>> float(model.w)
        1.0
    """

    def __init__(self, loss="categorical_crossentropy", **kwargs):
        super().__init__(**kwargs)
        self.loss_function = _loss(loss)
        self._has_mode = "training" in inspect.signature(self.forward_pass).parameters

    def forward_pass(self, x):
        """The output U, and what the backward pass needs."""
        raise NotImplementedError(f"{type(self).__name__} must define forward_pass")

    def backward_pass(self, dU, cache):
        """Pairs of a gradient and its variable, from the gradient of U."""
        raise NotImplementedError(f"{type(self).__name__} must define backward_pass")

    def call(self, inputs, training=False):
        return self._forward(inputs, training)[0]

    def _forward(self, x, training):
        mode = {"training": training} if self._has_mode else {}
        return self.forward_pass(ops.cast(x, self.compute_dtype), **mode)

    def loss_and_gradients(self, x, y, sample_weight=None, training=True):
        U, cache = self._forward(x, training)
        loss, dU = self.loss_and_slope(y, U, sample_weight)
        return loss, U, self.backward_pass(dU, cache)

    def loss_and_slope(self, y, U, sample_weight=None):
        r""":math:`\Lambda` and :math:`\partial\Lambda/\partial U`, the latter shaped like U."""
        scores = ops.cast(U, "float32") if self.compute_dtype in ("float16", "bfloat16") else U
        y = self._targets(y, scores)
        rows = ops.cast(ops.shape(scores)[0], scores.dtype)
        weight = 1 / rows if sample_weight is None else ops.cast(sample_weight, scores.dtype) / rows
        loss = ops.sum(weight * self.loss_function.call(y, scores))
        slope = weight if sample_weight is None else ops.reshape(weight, (-1, 1))
        return loss, ops.cast(slope * self.loss_function.gradient(y, scores), U.dtype)

    def _targets(self, y, U):
        """Integer labels become one-hot rows where the loss is a cross entropy."""
        labels = isinstance(self.loss_function, CategoricalCrossentropy) and y.shape[1:] in ((), (1,))
        return ops.cast(one_hot(ops.reshape(y, (-1,)), U.shape[-1]) if labels else y, U.dtype)

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **kwargs):
        """As `keras.Model.fit`, after a look at data and labels that are arrays; it stops if the loss is not finite."""
        x, y = (np.asarray(v) if isinstance(v, list | tuple) else v for v in (x, y))  # one array, not many
        check_data(x)
        self._check_targets(y)
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.tree.flatten(callbacks or [])
            if not any(isinstance(callback, TerminateOnNonFinite) for callback in callbacks):
                callbacks = [*callbacks, TerminateOnNonFinite()]
        return super().fit(x, y, batch_size, epochs, verbose, callbacks, **kwargs)

    def _check_targets(self, y):
        check_data(y, "y")
        if isinstance(y, np.ndarray) and isinstance(self.loss_function, CategoricalCrossentropy):
            classes = self.compute_output_shape((None,))[-1]
            if y.shape[1:] in ((), (1,)):
                check_labels(y, classes)
            elif y.shape[1:] != (classes,):
                raise ValueError(f"y must hold labels, or rows of {classes}; received shape {y.shape}")

    def compile(self, optimizer="rmsprop", *args, **kwargs):
        super().compile(optimizer, *args, **kwargs)
        plain = getattr(self.optimizer, "inner_optimizer", self.optimizer)  # one that scales the loss has no rate
        rate = getattr(plain, "_learning_rate", None)
        if isinstance(rate, keras.Variable) and not float(ops.convert_to_numpy(rate)) > 0:
            raise ValueError(f"learning_rate must be positive; received learning_rate={float(rate)}")

    def get_config(self):
        return super().get_config() | {"loss": keras.saving.serialize_keras_object(self.loss_function)}


@keras.saving.register_keras_serializable("mathdl_keras")
class BackpropMLP(BackpropModel, MLP):
    r"""A feed forward network trained by backpropagation written by hand (§6.4).

    `(batch, n_0) -> (batch, n_L)`; nothing is differentiated automatically. Compile it with any Keras optimizer and no
    loss: the loss, whose derivative starts the backward pass, belongs to the model.

    Args:
        widths: Sequence of integers, :math:`(n_0, \dots, n_L)`, as in `MLP`.
        activation: `Activation` or its name, the activation of the hidden layers; `relu` by default.
        output_activation: `Activation` or its name, the activation of the last layer; `None`, the default, is linear.
        loss: Name of a loss, or a loss of this package, as in `BackpropModel`; the cross entropy of logits by default.
        kernel_initializer: Initializer of the kernels, each of which gets a draw of its own; Glorot's uniform one by
            default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range or unknown.

    Example:
        >>> model = BackpropMLP((2, 8, 1), "tanh", loss="half_squared_error")
        >>> model.compile(keras.optimizers.Adam(0.01))
        >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
        >>> history = model.fit(x, x[:, :1], epochs=2, verbose=0)
        >>> [tuple(delta.shape) for delta in model.deltas(x, x[:, :1])]
        [(4, 8), (4, 1)]
    """

    layer_class = Dense

    def __init__(self, widths, activation="relu", output_activation=None, loss="categorical_crossentropy", **kwargs):
        network = {"widths": widths, "activation": activation, "output_activation": output_activation}
        super().__init__(loss=loss, **network, **kwargs)

    @property
    def chain(self):
        """The layers in their order."""
        return Chain(self.dense)

    def forward_pass(self, x, training=False):
        self.check_features(x.shape)
        return self.chain.forward_pass(x, training)

    def backward_pass(self, dU, cache):
        return self.chain.backward_pass(dU, cache)

    def deltas(self, x, y):
        r"""The list :math:`\delta^1, \dots, \delta^L` of the mean loss, each `(batch, n)`."""
        U, caches = self.forward_pass(ops.convert_to_tensor(x, dtype=self.compute_dtype))
        upstreams = self.chain.upstreams(self.loss_and_slope(ops.convert_to_tensor(y), U)[1], caches)
        parts = zip(self.chain.layers, upstreams, caches, strict=True)
        return [layer.delta(dH, cache[1]) for layer, dH, cache in parts if isinstance(layer, Dense)]


def _loss(loss):
    if isinstance(loss, dict):
        loss = keras.saving.deserialize_keras_object(loss)
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]()
    if not hasattr(loss, "gradient"):
        raise ValueError(f"loss must have a method gradient or be one of {', '.join(LOSSES)}; received {loss!r}")
    return reads_last_axis(loss)
