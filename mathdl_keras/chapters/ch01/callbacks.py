"""What training does to risk on data that it does not see (§1.5)."""

import keras

from mathdl_keras.chapters.ch01.risk import empirical_risk

__all__ = ["GeneralizationGap"]


class GeneralizationGap(keras.callbacks.Callback):
    r"""Measures training risk, test risk and their difference after each epoch (§1.5).

    The `loss` that `fit` shows is an average over the epoch, while the weights moved. Here both risks belong to the
    weights at its end; they join the logs as `train_risk`, `test_risk` and `generalization_gap`.

    Args:
        train: The training data, `(x, y)`.
        test: Data of the same law that training does not see, `(x, y)`.
        loss: A Keras loss or its name.
        batch_size: Rows at a time.

    Raises:
        ValueError: If rows are missing or do not match.

    Example:
        >>> import numpy as np
        >>> x = np.ones((4, 1), "float32")
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> gap = GeneralizationGap((x, x), (x, 3 * x), "mse")
        >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[gap]).history
        >>> sorted(history)
        ['generalization_gap', 'loss', 'test_risk', 'train_risk']
    """

    def __init__(self, train, test, loss, batch_size=1024):
        super().__init__()
        self.train, self.test, self.loss, self.batch_size = train, test, loss, batch_size

    def on_epoch_end(self, epoch, logs=None):
        train, test = (empirical_risk(self.model, self.loss, *xy, self.batch_size) for xy in (self.train, self.test))
        logs.update(train_risk=train, test_risk=test, generalization_gap=test - train)
