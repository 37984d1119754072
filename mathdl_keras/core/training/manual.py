"""Models whose gradients are formulas written by hand."""

import keras

from mathdl_keras.core.training.step import StepModel

__all__ = ["ManualGradientModel"]


class ManualGradientModel(StepModel):
    r"""A model that trains by gradients written by hand, with any Keras optimizer on every backend (§6.4).

    A subclass writes the formulas in `loss_and_gradients`; nothing on this path is differentiated automatically. The
    loss belongs to the model, so `compile` takes the optimizer and metrics and no loss.

    Raises:
        ValueError: If `compile` receives a loss, or a layer of the model adds one (a regularizer): its gradient would
            be missing.

    Example:
        >>> import numpy as np
        >>> class Line(ManualGradientModel):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.w = self.add_weight(shape=(), initializer="zeros")
        ...     def call(self, x):
        ...         return self.w * x
        ...     def loss_and_gradients(self, x, y, sample_weight=None, training=True):
        ...         y_pred = self(x)
        ...         loss = keras.ops.mean((y_pred - y) ** 2) / 2
        ...         return loss, y_pred, [(keras.ops.mean((y_pred - y) * x), self.w)]
        >>> model = Line()
        >>> model.compile(keras.optimizers.SGD(0.5))
        >>> x = np.array([[1.0], [-1.0]], "float32")
        >>> history = model.fit(x, 2 * x, verbose=0)
        >>> float(model.w)
        1.0
    """

    def loss_and_gradients(self, x, y, sample_weight=None, training=True):
        """The loss, the prediction, and pairs `(gradient, variable)`, one for each trainable variable."""
        raise NotImplementedError(f"{type(self).__name__} must define loss_and_gradients")

    def training_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if not self.built:  # TensorFlow and PyTorch build a model in its first call
            self(x)
        loss, y_pred, pairs = self.loss_and_gradients(x, y, sample_weight)
        if self.losses:
            raise ValueError(
                f"{type(self).__name__} differentiates by hand and knows no gradient of the added losses; "
                f"received {len(self.losses)} of them (a regularizer?)"
            )
        self.apply_gradients(self._in_order(pairs))
        return self.supervised_logs(loss, x, y, y_pred, sample_weight)

    def _in_order(self, pairs):
        gradients = {id(variable): gradient for gradient, variable in pairs}
        if missing := [v.path for v in self.trainable_variables if id(v) not in gradients]:
            raise ValueError(f"loss_and_gradients must pair each trainable variable; received none for {missing}")
        return [gradients[id(v)] for v in self.trainable_variables]

    def evaluation_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        loss, y_pred, _ = self.loss_and_gradients(x, y, sample_weight, training=False)
        return self.supervised_logs(loss, x, y, y_pred, sample_weight)

    def compile(self, optimizer="rmsprop", loss=None, *args, **kwargs):
        if loss is not None:
            raise ValueError(
                f"loss belongs to {type(self).__name__}, whose gradient is written by hand; received loss={loss!r}"
            )
        super().compile(optimizer, None, *args, **kwargs)
