"""What linear models have in common: a kernel, a bias, and how well they predict (§2.1)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.checks import ChecksData, as_table
from mathdl_keras.core.precision import allow_float64

__all__ = ["LinearModel"]


class LinearModel(ChecksData, keras.Model):
    r"""The model :math:`m(x; \theta) = x^\top \theta + b`, without a way to find :math:`\theta` in closed form.

    `(batch, features) -> (batch, units)`. A subclass defines `fit_closed_form(x, y)`.

    Args:
        fit_intercept: Boolean, whether there is a bias; True by default.
        units: Integer >= 1, the number of targets; 1 by default.
        kernel_initializer: Initializer of the kernel, where `fit` starts; Glorot's uniform one by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, or the input is not (batch, features).

    Example:
        >>> class Mean(LinearModel):
        ...     def fit_closed_form(self, x, y):
        ...         self.assign(np.zeros((x.shape[1], 1)), y.mean(axis=0, keepdims=True))
        >>> model, x, y = Mean(), np.array([[0.0], [1.0]]), np.array([2.0, 4.0])
        >>> model.fit_closed_form(x, y)
        >>> model.score(x, y)
        0.0
    """

    kernel_regularizer = None  # of the kernel, in `fit`

    def __init__(self, fit_intercept=True, units=1, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be an integer >= 1; received units={units!r}")
        self.fit_intercept, self.units = bool(fit_intercept), units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel = self.bias = None

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.kernel = self.add_weight(
            shape=(input_shape[1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        if self.fit_intercept:
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[1]})
        self.built = True

    def call(self, x):
        y = x @ ops.cast(self.kernel, x.dtype)
        return y if self.bias is None else y + ops.cast(self.bias, x.dtype)

    def compute_output_shape(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(f"x must have shape (batch, features); received shape {tuple(input_shape)}")
        return (input_shape[0], self.units)

    def score(self, x, y):
        r""":math:`R^2` of the predictions for `x`, averaged over the targets; as the `R2Score` metric, in float64.

        Raises:
            ValueError: If a target is constant: there is no variance to explain.
        """
        x, y = self._data(x, y)
        if constant := int(np.sum(np.ptp(y, axis=0) == 0)):
            raise ValueError(f"y must vary, or R2 has no meaning; received {constant} constant of {y.shape[1]} targets")
        with allow_float64():
            rss, tss = (ops.sum(ops.square(v), axis=0) for v in (self._residuals(x, y), y - y.mean(axis=0)))
            return float(ops.sum(1 - rss / tss)) / self.units

    def assign(self, kernel, bias=None):
        """Sets the weights to arrays (features, units) and (units,), rounded once; builds the model if need be."""
        if not self.built:
            self.build((None, kernel.shape[0]))
        self.kernel.assign(kernel)
        if self.bias is not None:
            self.bias.assign(bias)

    def _data(self, x, y):
        x, y = as_table(x, y)
        if y.shape[1] != self.units:
            raise ValueError(f"y must have units={self.units} columns; received {y.shape[1]}")
        if self.built and x.shape[1] != self.kernel.shape[0]:
            raise ValueError(f"x must have {self.kernel.shape[0]} features; received {x.shape[1]}")
        return x, y

    def _rows_of_weights(self):
        """Kernel and bias as rows, (p, units) and (1, units)."""
        if not self.built:
            raise ValueError("the model must have weights; received one that is neither fitted nor built")
        return [self.kernel.value, self.bias.value[None]] if self.fit_intercept else [self.kernel.value]

    def _residuals(self, x, y):
        """A float64 tensor, inside `allow_float64`."""
        weights = [ops.convert_to_numpy(w).astype("float64") for w in self._rows_of_weights()]
        x, y, kernel, *bias = map(ops.convert_to_tensor, (x, y, *weights))
        return y - sum(bias, x @ kernel)

    def get_config(self):
        initializer = {"kernel_initializer": keras.initializers.serialize(self.kernel_initializer)}
        return super().get_config() | initializer | {"fit_intercept": self.fit_intercept, "units": self.units}
