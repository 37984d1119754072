r"""Kernel machines: the kernel perceptron, and ridge regression with a kernel (§4.3 and §4.4).

Both predict :math:`f(x) = \sum_i c_i\,k(x_i, x)`. They carry their training points :math:`x_i` with them, as weights
that do not train; so these are saved and loaded with the coefficients c.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch04.layers import gram, require_kernel
from mathdl_keras.chapters.ch04.perceptron import signed_table, train_kernel_perceptron
from mathdl_keras.chapters.ch04.regression import kernel_ridge
from mathdl_keras.core.checks import ChecksData, as_table
from mathdl_keras.core.precision import allow_float64

__all__ = ["KernelPerceptron", "KernelRidge"]


class _KernelMachine(ChecksData, keras.Model):
    """A function of a kernel's space: weights `points` (N, D), which do not train, and `coefficients` (N, targets)."""

    def __init__(self, kernel, **kwargs):
        super().__init__(**kwargs)
        self.kernel = require_kernel(kernel)
        self.points = self.coefficients = self._sizes = None

    def adapt(self, x, targets=1):
        """Takes the points x (N, D) of the sample, with coefficients zero; fitting does so by itself.

        Raises:
            ValueError: If x is no table, or the model already holds points of another shape.
        """
        x = as_table(x)
        if self.points is None:
            self._sizes = (*x.shape, targets)
            self.build((None, x.shape[1]))
        if (*x.shape, targets) != self._sizes:
            raise ValueError(
                f"x must have {self._sizes[:2]} points and y {self._sizes[2]} targets, as this model was fitted "
                f"before: make a new model; received {x.shape} and {targets}"
            )
        self.points.assign(x)
        self.coefficients.assign(np.zeros(self.coefficients.shape))

    def build(self, input_shape):
        if self._sizes is None:
            raise ValueError(
                f"{type(self).__name__} must be fitted, or adapt(x), before it is called; received no points"
            )
        rows, features, targets = self._sizes
        if tuple(input_shape)[1:] != (features,):
            raise ValueError(f"x must have shape (batch, {features}); received shape {tuple(input_shape)}")
        if self.points is None:
            self.points = self.add_weight(shape=(rows, features), initializer="zeros", trainable=False, name="points")
            self.coefficients = self.add_weight(
                shape=(rows, targets), initializer="zeros", regularizer=self._penalty(), name="coefficients"
            )

    def _penalty(self):
        return None

    def call(self, x):
        K = gram(self.kernel, x, self.points, self.compute_dtype)
        f = K @ ops.cast(self.coefficients, K.dtype)
        return ops.cast(f, self.compute_dtype)

    def fit(self, x=None, y=None, *args, **kwargs):
        """As `keras.Model.fit`, on the coefficients; the first call takes x as the points."""
        if self.points is None:
            self.adapt(x, 1 if np.ndim(y) < 2 else np.shape(y)[1])
        return super().fit(x, y, *args, **kwargs)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1 if self._sizes is None else self._sizes[2])

    def get_build_config(self):
        return None if self._sizes is None else {"sizes": self._sizes}

    def build_from_config(self, config):
        self._sizes = tuple(config["sizes"])
        self.build((None, self._sizes[1]))

    def get_config(self):
        return super().get_config() | {"kernel": keras.saving.serialize_keras_object(self.kernel)}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"kernel": keras.saving.deserialize_keras_object(config["kernel"])})


@keras.saving.register_keras_serializable("mathdl_keras")
class KernelPerceptron(_KernelMachine):
    r"""The perceptron in the feature space of a kernel (§4.3).

    .. math:: f(x) = \sum_i c_i\,k(x_i, x), \qquad c_i \to c_i + y_i \text{ where } y_i f(x_i) \le 0

    Features are never written down. The book's :math:`\alpha_i = y_i c_i` counts the mistakes at row i; rows
    with :math:`\alpha_i = 0` have no part in f. `fit_online` runs these steps; Keras' `fit` moves the coefficients
    down the gradient of any compiled loss, which is another algorithm: its step for one row moves all of c by
    :math:`y_i K_{i\cdot}`.

    `(B, D) -> (B, 1)`. Labels are -1 and +1.

    Args:
        kernel: A `Kernel`, or a function of two tables of points.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the kernel is no function.

    Example:
        >>> from mathdl_keras.chapters.ch04.kernels import PolynomialKernel
        >>> x, y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([-1, 1, 1, -1])
        >>> model = KernelPerceptron(PolynomialKernel(2))
        >>> model.fit_online(x, y).converged
        True
        >>> [bool(f > 0) for f in model(x)[:, 0]]
        [False, True, True, False]
    """

    def fit_online(self, x, y, epochs=100):
        """Goes through the rows in order and learns from each mistake, until an epoch has none.

        Args:
            x: (rows, features).
            y: Labels -1 and +1, (rows,).
            epochs: Integer, the most passes over the points; 100 by default.

        Returns:
            The rows misclassified in each epoch: `mistakes`, `counts`, `order`, `converged`; and `weights`, c.

        Raises:
            ValueError: If shapes do not fit, a value is missing, or the labels are not -1 and +1 with both classes.
        """
        x, y = signed_table(x, y)
        with allow_float64():
            K = ops.convert_to_numpy(self.kernel(x, x))
        fit = train_kernel_perceptron(K, y, epochs)
        self.adapt(x)
        self.coefficients.assign(fit.weights[:, None])
        return fit


@keras.saving.register_keras_serializable("mathdl_keras")
class KernelRidge(_KernelMachine):
    r"""Ridge regression in the feature space of a kernel (§4.4).

    .. math:: f(x) = \sum_i c_i\,k(x_i, x), \qquad c = (K + \lambda I)^{-1} y, \qquad \lambda = M\,\text{l2}

    f minimizes :math:`\frac1M \sum_i (y_i - f(x_i))^2 + \text{l2}\,\lVert f\rVert^2`. Keras' `fit` with the mean
    squared error descends to the same c: the penalty :math:`\text{l2}\; c^\top K c` belongs to the model. Predictions
    are sums of large numbers of both signs where l2 is small or the kernel's values are large: scale the inputs, or
    give the model `dtype="float64"`.

    `(B, D) -> (B, targets)`.

    Args:
        kernel: A `Kernel`, or a function of two tables of points.
        l2: Float >= 0, the penalty beside the mean squared error; scikit-learn's `alpha` is M times it; 0.01 by
            default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the kernel is no function, or l2 is negative.

    Example:
        >>> from mathdl_keras.chapters.ch04.kernels import RBFKernel
        >>> x = np.linspace(0, 3, 20)[:, None]
        >>> model = KernelRidge(RBFKernel(1.0), l2=1e-4)
        >>> c = model.fit_closed_form(x, np.sin(x))
        >>> round(float(model.predict(np.array([[1.5]]), verbose=0)[0, 0]), 2)
        1.0
    """

    _ridge = None  # M l2, from a file of an earlier version, until M is known

    def __init__(self, kernel, l2=0.01, **kwargs):
        super().__init__(kernel, **kwargs)
        if not 0 <= l2 < float("inf"):
            raise ValueError(f"l2 must be >= 0 and finite; received l2={l2}")
        self.l2 = l2

    def fit_closed_form(self, x, y):
        """Solves for the coefficients, in float64 on every backend.

        Args:
            x: (rows, features).
            y: (rows,) or (rows, targets).

        Returns:
            The coefficients (rows, targets), float64.

        Raises:
            ValueError: If shapes do not fit, a value is missing, or the kernel's matrix is not positive definite.
        """
        x, y = as_table(x, y)
        l2 = self.l2 if self._ridge is None else self._ridge / len(x)
        with allow_float64():
            c = ops.convert_to_numpy(kernel_ridge(self.kernel, x, y, l2))
        self.adapt(x, y.shape[1])
        self.coefficients.assign(c)
        return c

    def _penalty(self):
        def penalty(c):
            K = gram(self.kernel, self.points, self.points, c.dtype)
            return (self.l2 / c.shape[1]) * ops.sum(c * (K @ c))

        return penalty

    def get_config(self):
        return super().get_config() | ({"l2": self.l2} if self._ridge is None else {"ridge": self._ridge})

    @classmethod
    def from_config(cls, config):
        """Reads earlier files, too: they hold `ridge`, which is M l2."""
        model = super().from_config({k: v for k, v in config.items() if k != "ridge"})
        model._ridge = config.get("ridge")
        return model

    def build(self, input_shape):
        super().build(input_shape)
        if self._ridge is not None:
            self.l2, self._ridge = self._ridge / self._sizes[0], None
