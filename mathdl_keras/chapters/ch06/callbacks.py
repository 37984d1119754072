r"""What training looks like from inside: the gradients of each layer, and where numbers stop being finite (§6.6)."""

import contextlib
import warnings

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch06.gradients import layer_gradients, layers_with_kernel
from mathdl_keras.core.checks import check_data
from mathdl_keras.core.graph import leaves, replaced

__all__ = ["GradientNorms", "TerminateOnNonFinite"]


class GradientNorms(keras.callbacks.Callback):
    r"""Records the size of what backpropagation brings to each layer (§6.6), of any Keras model.

    Before training and after each epoch, on a batch that is kept,

    .. math:: \Big\|\frac{\partial\Lambda}{\partial W^\ell}\Big\|_F \qquad\text{and}\qquad
        \Big(\frac1M \sum_m \|\delta^\ell_m\|^2\Big)^{1/2},

    with :math:`\delta^\ell_m` the gradient of the loss of sample m with respect to :math:`Z^\ell_m`. Gradients that
    fall from layer to layer towards the input are the vanishing gradients of §6.6.

    Attributes:
        layers: List of strings, the names of the layers, from the input on.
        kernels: Array `(epochs + 1, layers)`, the norms of the kernels' gradients.
        deltas: Array `(epochs + 1, layers)`, the root mean squares of the :math:`\delta`; NaN for a layer without
            activation.

    Args:
        x: Array, the inputs of the batch.
        y: Array, the targets of the batch.

    Raises:
        ValueError: If data are not finite, or no layer has a kernel.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")
        >>> norms = GradientNorms(x, y)
        >>> _ = model.fit(x, y, epochs=2, verbose=0, callbacks=[norms])
        >>> norms.kernels.shape, norms.deltas.shape
        ((3, 2), (3, 2))
    """

    def __init__(self, x, y):
        super().__init__()
        check_data(x)
        check_data(y, "y")
        self.x, self.y = x, y

    def on_train_begin(self, logs=None):
        if not self.model.built:
            self.model(self.x[:1])
        self._rows = []
        self._record()

    def on_epoch_end(self, epoch, logs=None):
        self._record()

    def _record(self):
        found = layer_gradients(self.model, self.x, self.y)
        self.layers = [layer.name for layer in found]
        self._rows.append([[np.linalg.norm(layer.kernel), _rms(layer.delta)] for layer in found])
        self.kernels, self.deltas = np.moveaxis(np.array(self._rows), -1, 0)


def _rms(delta):
    """The root mean square over samples: the loss of a batch of M is a mean, so each row is 1/M of a sample's."""
    return np.sqrt(len(delta)) * np.linalg.norm(delta) if delta.size else np.nan


class TerminateOnNonFinite(keras.callbacks.Callback):
    """Stops training when a logged quantity is no longer finite, says which, when and where, and undoes the damage.

    Keras' `TerminateOnNaN` stops, too, but by then all weights are NaN. This one puts back the weights before the bad
    step or epoch, whose copies cost little beside most batches, but not nothing: without inputs and without `restore`
    there is none, and only the step is named. `BackpropModel.fit` adds that one by itself; `GAN.fit` and
    `WassersteinGAN.fit` add one that restores the epoch.

    Args:
        x: Array, rows of inputs such as a batch of the training data, with which to look for the first layer whose
            output is not finite; none by default.
        restore: `"batch"`, `"epoch"` or `None`: the weights to go back to, those after the last batch, or epoch, that
            was finite. By default `"batch"` where there are inputs, else `None`.

    Attributes:
        found: String that says what happened, or `None`.

    Raises:
        ValueError: If `x` is not finite, or `restore` is unknown.

    Warns:
        RuntimeWarning: When it stops training.

    Example:
        >>> x = np.ones((4, 1), "float32")
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones", name="d")])
        >>> model.compile(keras.optimizers.SGD(1e30), "mse")
        >>> guard = TerminateOnNonFinite(x)
        >>> with warnings.catch_warnings(action="ignore"):
        ...     _ = model.fit(x, 0 * x, epochs=9, verbose=0, callbacks=[guard])
        >>> guard.found[:31], bool(np.all(np.isfinite(model.predict(x, verbose=0))))
        ('loss is inf in epoch 2, batch 1', True)
    """

    def __init__(self, x=None, restore=None):
        super().__init__()
        check_data(x)
        if restore not in (None, "batch", "epoch"):
            raise ValueError(f"restore must be None, 'batch' or 'epoch'; received restore={restore!r}")
        self.x, self.found = x, None
        self.restore = "batch" if restore is None and x is not None else restore
        self.async_safe = self.restore is None  # it only reads logs: Keras may look at them while the next batch runs

    def on_train_begin(self, logs=None):
        self.found, self._bad = None, []
        if self.x is not None and not self.model.built:
            self.model(self.x[:1])
        if self.restore:
            self._keep()

    def on_train_batch_end(self, batch, logs=None):
        bad = [(batch + 1, name, float(value)) for name, value in logs.items() if not np.isfinite(float(value))]
        if bad and not self._bad and self.restore == "batch":
            self._put_back()
        elif not bad and self.restore == "batch":
            self._keep()
        if bad:
            self._bad += bad
            self._model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if not self._bad and self.restore == "epoch":
            self._keep()
        elif self._bad and self.found is None:
            batch, name, value = min(self._bad, key=lambda bad: bad[0])
            self.found = f"{name} is {value} in epoch {epoch + 1}, batch {batch}: {self._where()}"
            if self.restore == "epoch":
                self._put_back()
            undone = {None: "", "batch": ", that step undone", "epoch": ", weights are those before this epoch"}
            message = f"{self.found}; training stopped{undone[self.restore]}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def _keep(self):
        self._weights = [ops.copy(v) for v in self.model.weights]

    def _put_back(self):
        for variable, value in zip(self.model.weights, self._weights, strict=True):
            variable.assign(value)

    def _where(self):
        if self.x is not None:
            return first_nonfinite_layer(self.model, self.x) or _largest_weight(self.model)
        if self.restore == "epoch":
            return nonfinite_weights(self.model) or "all weights are finite"
        return "add TerminateOnNonFinite(x) to see in which layer, and to keep the weights before that step"


def nonfinite_weights(model):
    """A line that names the layers with weights that are not finite, or `None`."""
    weights = [(layer.name, v) for layer in leaves(model) for v in layer.trainable_weights]
    names = dict.fromkeys(name for name, v in weights if not _all_finite(v))
    return f"weights are not finite in {', '.join(names)}" if names else None


def _all_finite(x):
    return np.all(np.isfinite(ops.convert_to_numpy(ops.cast(x, "float32"))))


def first_nonfinite_layer(model, x):
    """A line that names the first layer whose output for `x` is not finite, or `None`."""
    with _recording(model) as outputs:
        model(x, training=False)
    for layer, output in outputs:
        if not _all_finite(output):
            return f"the output of layer {layer} is not finite"
    return None


def _largest_weight(model):
    name, size = max(
        ((layer.name, np.max(np.abs(ops.convert_to_numpy(layer.kernel)))) for layer in layers_with_kernel(model)),
        key=lambda pair: pair[1],
    )
    return f"the largest weight, {size:.3g}, is in layer {name}"


@contextlib.contextmanager
def _recording(model):
    """The list of pairs (name, output) of what the layers with no layers in them give meanwhile."""
    outputs = []

    def recorded(layer, function):
        def run(*args, **kwargs):
            output = function(*args, **kwargs)
            outputs.extend((layer.name, tensor) for tensor in keras.tree.flatten(output))
            return output

        return run

    # a model may use a layer's weights and its activation without calling it
    with replaced(leaves(model), "call", recorded), replaced(leaves(model), "activation", recorded):
        yield outputs
