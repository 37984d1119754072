r"""What a network with dropout predicts: with scaled weights, or averaged over masks (§9.3)."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.boolean import boolean_inputs
from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.core.checks import check_data
from mathdl_keras.core.graph import layers_of

__all__ = ["DropoutPrediction", "MCDropoutPredictor", "geometric_mean_ensemble", "scale_dropout_weights"]

MOST_UNITS = 16
ROWS = 8192  # of a batch: rows times masks


@dataclass(frozen=True, eq=False)
class DropoutPrediction:
    """The mean of predictions over masks, their variance, and the standard error of the mean: float64 arrays.

    Example:
        >>> prediction = DropoutPrediction(np.zeros(1), np.full(1, 4.0), np.full(1, 0.2))
        >>> float(prediction.variance[0])
        4.0
    """

    mean: np.ndarray
    variance: np.ndarray
    standard_error: np.ndarray


class MCDropoutPredictor:
    r"""Predictions of any Keras model with dropout, averaged over random masks (§9.3).

    .. math:: \bar f(x) = \frac1n \sum_i f(x; \xi_i), \qquad s^2(x) = \frac1{n-1} \sum_i (f(x; \xi_i) - \bar f(x))^2

    Args:
        model: A Keras model. Batch normalization is refused: in training mode it changes.
        samples: n, at least 2.
        batch_size: Rows at a time.

    Raises:
        ValueError: If an argument is out of range, or the model holds batch normalization.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dropout(0.5, seed=1)])
        >>> prediction = MCDropoutPredictor(model, samples=400).predict(np.ones((1, 1), "float32"))
        >>> bool(abs(prediction.mean[0, 0] - 1) < 5 * prediction.standard_error[0, 0])
        True
    """

    def __init__(self, model, samples=100, batch_size=1024):
        for name, value, least in (("samples", samples, 2), ("batch_size", batch_size, 1)):
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be an integer >= {least}; received {name}={value!r}")
        for layer in layers_of(model):
            if "BatchNormalization" in type(layer).__name__:
                raise ValueError(f"model must not hold batch normalization; received the layer {layer.name}")
        self.model, self.samples, self.batch_size = model, samples, batch_size

    def predict(self, x):
        """A `DropoutPrediction` for rows `x`."""
        x = np.asarray(x)
        check_data(x)
        starts = range(0, len(x), self.batch_size)
        batches = [self._draw(x[start : start + self.batch_size]) for start in starts]
        return DropoutPrediction(*map(np.concatenate, zip(*batches, strict=True)))

    def _draw(self, x):
        x = ops.convert_to_tensor(x)
        runs = [ops.convert_to_numpy(ops.stop_gradient(self.model(x, training=True))) for _ in range(self.samples)]
        runs = np.array(runs, "float64")
        variance = np.var(runs, axis=0, ddof=1)
        return np.mean(runs, axis=0), variance, np.sqrt(variance / self.samples)


def scale_dropout_weights(model):
    r"""The network without dropout that inference computes (§9.3): :math:`W^{\ell+1} \leftarrow p_\ell W^{\ell+1}`.

    Inverted dropout has scaled in training: then the weights stay as they are.

    Args:
        model: A `DropoutMLP`.

    Returns:
        A `MLP`.

    Example:
        >>> from mathdl_keras.models import DropoutMLP
        >>> model = DropoutMLP((2, 4, 1), rate=0.5, mode="standard", kernel_initializer="ones")
        >>> x = np.ones((1, 2), "float32")
        >>> [ops.convert_to_numpy(f(x)).tolist() for f in (model, scale_dropout_weights(model))]
        [[[4.0]], [[4.0]]]
    """
    plain = MLP(model.widths, model.activation, model.output_activation, dtype=model.dtype_policy)
    for ours, theirs, drop in zip(plain.dense, model.dense, model.dropout, strict=True):
        ours.kernel.assign(theirs.kernel * drop.scale)
        ours.bias.assign(theirs.bias)
    return plain


def geometric_mean_ensemble(model, x):
    r"""The normalized geometric mean of the probabilities over *all* masks, each weighted by its probability (§9.3).

    .. math:: P(c \mid x) \propto \prod_\xi P(c \mid x; \xi)^{P(\xi)}
        \;=\; \operatorname{softmax}_c \sum_\xi P(\xi)\, U(x; \xi)

    for logits U; with one output it is the logistic function of their mean. If only the last layer is dropped, that is
    the network with scaled weights, exactly.

    Args:
        model: A `DropoutMLP` with linear outputs and at most 16 units that can be dropped.
        x: Rows.

    Returns:
        Probabilities, `(rows, outputs)`: a tensor.

    Raises:
        ValueError: If there are more units, or the outputs are not linear.

    Example:
        >>> from mathdl_keras.models import DropoutMLP
        >>> model = DropoutMLP((3, 2), rate=[0.5], kernel_initializer="ones")
        >>> ops.convert_to_numpy(geometric_mean_ensemble(model, ops.ones((1, 3)))).tolist()
        [[0.5, 0.5]]
    """
    units = [n if drop.rate else 0 for n, drop in zip(model.widths, model.dropout, strict=False)]
    if not 0 < sum(units) <= MOST_UNITS:
        raise ValueError(f"model must have 1 to {MOST_UNITS} units that can be dropped; received {sum(units)}")
    if type(model.dense[-1].activation).__name__ != "Linear":
        raise ValueError(f"model must have linear outputs; received {type(model.dense[-1].activation).__name__}")
    x = ops.convert_to_numpy(x)
    rates = np.repeat([drop.rate for drop in model.dropout], units)
    bits, logits = boolean_inputs(sum(units)), 0
    for chunk in np.array_split(bits, max(1, len(bits) * len(x) // ROWS)):
        U = _logits(model, x, chunk, np.cumsum(units)[:-1])
        logits = logits + ops.einsum(
            "k,kbo->bo", np.prod(np.where(chunk > 0, 1 - rates, rates), axis=1).astype(x.dtype), U
        )
    return ops.softmax(logits) if model.widths[-1] > 1 else ops.sigmoid(logits)


def _logits(model, x, bits, cuts):
    """Of every row for every mask, `(masks, rows, outputs)`: all in one batch."""
    masks = [np.repeat(part, len(x), axis=0) for part in np.split(bits, cuts, axis=1)]
    masks = [ops.convert_to_tensor(part) if part.size else None for part in masks]
    rows = ops.convert_to_tensor(np.tile(x, (len(bits), 1)))
    U = model.forward_pass(rows, training=True, masks=masks)[0]
    return ops.reshape(U, (len(bits), len(x), -1))
