r"""Classifiers of several layers, trained by stochastic gradient descent (§8.2 and §8.5)."""

import keras

from mathdl_keras.chapters.ch06.models import BackpropMLP

__all__ = ["MLPClassifier"]


@keras.saving.register_keras_serializable("mathdl_keras", name="MultiLayerSGD")
class MLPClassifier(BackpropMLP):
    r"""A classifier of several layers with its own stochastic gradient descent (§8.2).

    For batches of B samples with labels y, as integers or one-hot rows, and logits :math:`Z^L`,

    .. math::
        \delta^L = \frac1B \big(\mathrm{softmax}(Z^L) - y\big), \qquad
        \delta^\ell = \big(\delta^{\ell+1} (W^{\ell+1})^\top\big) \odot \sigma'(Z^\ell), \qquad
        W^\ell \leftarrow W^\ell - \eta\, (H^{\ell-1})^\top \delta^\ell, \qquad
        b^\ell \leftarrow b^\ell - \eta \sum_m \delta^\ell_m .

    A `BackpropMLP` with the cross entropy of a softmax, compiled from the start with plain SGD, accuracy as its
    metric; compile it again for another optimizer. `(batch, n_0) -> (batch, n_L)`, the logits.

    Args:
        widths: Sequence of integers, :math:`(n_0, \dots, n_L)`; the last one is the number of classes.
        activation: `Activation` or its name, :math:`\sigma` of the hidden layers; `relu` by default.
        learning_rate: Positive float, :math:`\eta`; 0.1 by default.
        batch_size: Integer, the number B of samples of a batch in `fit` where `fit` is given none; 32 by default.
        kernel_initializer: Initializer of the kernels, each of which gets a draw of its own; Glorot's uniform one by
            default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> model = MLPClassifier((2, 8, 2), "tanh", learning_rate=1.0, batch_size=4)
        >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
        >>> history = model.fit(x, np.array([0, 1, 1, 0]), epochs=3, verbose=0)
        >>> sorted(history.history), int(model.optimizer.iterations)
        (['accuracy', 'loss'], 3)
    """

    def __init__(
        self, widths, activation="relu", learning_rate=0.1, batch_size=32, kernel_initializer="glorot_uniform", **kwargs
    ):
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be an integer >= 1; received batch_size={batch_size!r}")
        if not isinstance(learning_rate, int | float):
            raise ValueError(f"learning_rate must be a number; received learning_rate={learning_rate!r}")
        super().__init__(widths, activation, kernel_initializer=kernel_initializer, **kwargs)
        self.learning_rate, self.batch_size = float(learning_rate), batch_size
        self.compile(keras.optimizers.SGD(self.learning_rate), metrics=["accuracy"])

    def fit(self, x=None, y=None, batch_size=None, *args, **kwargs):
        """As `keras.Model.fit`, with the batch size of the model; a data set (without `y`) has its own."""
        if y is not None:
            batch_size = batch_size or self.batch_size
        return super().fit(x, y, batch_size, *args, **kwargs)

    def get_config(self):
        config = super().get_config() | {"learning_rate": self.learning_rate, "batch_size": self.batch_size}
        return {key: value for key, value in config.items() if key not in ("output_activation", "loss")}
