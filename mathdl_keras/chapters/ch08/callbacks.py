r"""Whether gradients reach the first layers: what training shows, beside what theory predicts (§8.4)."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch06.callbacks import GradientNorms
from mathdl_keras.chapters.ch08.propagation import signal_propagation

__all__ = ["VanishingGradientReport"]


class VanishingGradientReport(GradientNorms):
    r"""Records the size of the gradient in each layer, beside the prediction for random weights (§8.4).

    Before training and after each epoch, on a batch that is kept, :math:`\log_{10}` of the root mean square over the
    samples of :math:`\|\delta^\ell_m\|`. For a `MLP` the weights at the start are random: theory predicts the
    line

    .. math:: \log_{10} \|\delta^\ell\| = \log_{10} \|\delta^L\| + \frac12 \sum_{k=\ell}^{L-1} \log_{10} \chi_k

    from :math:`\sigma_w^2 = n_{\ell-1}\,\mathrm{mean}(W^2)` of each kernel, from the biases and from the inputs; it
    starts at the last layer as measured. Printed, a table; `GradientNorms` has the other attributes.

    Attributes:
        measured: Array `(epochs + 1, layers)`, the logarithms; `-inf` where a gradient is 0, NaN for a layer without
            activation.
        predicted: Array `(layers,)`, the prediction at the start; `None` for a model that is not a `MLP`.

    Args:
        x: Array, the inputs of the batch.
        y: Array, the targets of the batch.

    Raises:
        ValueError: If data are not finite, or no layer has a kernel.

    Example:
        >>> from mathdl_keras.chapters.ch08.models import MLPClassifier
        >>> model = MLPClassifier((4, 16, 16, 2), "sigmoid")
        >>> x, y = np.ones((8, 4), "float32"), np.arange(8) % 2
        >>> report = VanishingGradientReport(x, y)
        >>> _ = model.fit(x, y, epochs=2, verbose=0, callbacks=[report])
        >>> report.measured.shape, report.predicted.shape
        ((3, 3), (3,))
        >>> bool(report.measured[0, 0] < report.measured[0, 2])  # the first layer and the last one
        True
    """

    predicted = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if isinstance(self.model, MLP):
            self.predicted = self.measured[0, -1] + _logarithm(self._theory().gradients) / 2

    @property
    def measured(self):
        return _logarithm(self.deltas)

    def _theory(self):
        model = self.model
        kernels, biases = (
            [_numpy(v) for v in vs] for vs in zip(*((d.kernel, d.bias) for d in model.dense), strict=True)
        )
        sigma_w2 = [len(W) * np.mean(W**2) for W in kernels]
        sigma_b2 = [np.mean(b**2) for b in biases]
        return signal_propagation(model.activation, sigma_w2, sigma_b2, len(kernels), np.mean(_numpy(self.x) ** 2))

    def __str__(self):
        columns = {"layer": self.layers, "start": self.measured[0], "end": self.measured[-1]}
        if self.predicted is not None:
            columns["predicted"] = self.predicted
        return "log10 of the gradients\n" + "\n".join(
            map(_line, [tuple(columns), *zip(*columns.values(), strict=True)])
        )


def _logarithm(values):
    with np.errstate(divide="ignore"):
        return np.log10(values)


def _numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def _line(row):
    name, *values = row
    return f"{name:20}" + "".join(f"{v:>10}" if isinstance(v, str) else f"{v:10.2f}" for v in values)
