"""Polynomial regression as a Keras model (§11.2)."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch11.layers import PolynomialFeatures1D, check_polynomial, polynomial_features
from mathdl_keras.chapters.ch11.risk import smoother
from mathdl_keras.core.checks import ChecksData, as_table
from mathdl_keras.core.linalg import gram, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["PolynomialRegression"]


_solve = compiled(lambda Q, R, y: ops.solve_triangular(R, gram(Q, y), lower=False))


@keras.saving.register_keras_serializable("mathdl_keras")
class PolynomialRegression(RenamedArguments, ChecksData, keras.Model):
    r"""A polynomial of degree P, fitted by least squares (§11.2, §11.3).

    .. math:: m(x; \theta) = \sum_{n=0}^P \theta_n\, p_n(x), \qquad
              \hat\theta = \arg\min_\theta \frac1M \sum_m (y_m - m(x_m; \theta))^2 + \lambda \sum_{n \ge 1} \theta_n^2

    The basis changes neither the class of functions nor, for :math:`\lambda = 0`, the fit; it changes the condition
    number, and with it the digits of the solution and, by its square, the speed of gradient descent. The penalty
    depends on the basis. The constant is not penalised.

    `(batch, 1) -> (batch, units)`. `fit` trains by gradients, as any Keras model, towards the weights that
    `fit_closed_form` computes (with `mse`, and for `l2 = 0`).

    Args:
        degree: P >= 0.
        basis: `legendre`, `chebyshev` or `monomial`.
        l2: Float, the penalty :math:`\lambda \ge 0`, of `fit_closed_form`.
        domain: [a, b], where the data lie; it becomes [-1, 1].
        units: The number of targets.
        kernel_initializer: Where `fit` starts.

    Raises:
        ValueError: If an argument is out of range, or the input is not (batch, 1).

    Example:
        >>> x = np.linspace(-1, 1, 9)[:, None]
        >>> model = PolynomialRegression(2, "monomial")
        >>> [round(float(v), 4) for v in model.fit_closed_form(x, 1 - 3 * x**2)[:, 0] + 0.0]
        [1.0, 0.0, -3.0]
    """

    renamed_arguments = {"ridge": "l2"}

    def __init__(self, degree, basis="legendre", l2=0.0, domain=(-1.0, 1.0), units=1, kernel_initializer="zeros",
                 **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.degree, self.basis, self.domain = check_polynomial(degree, basis, domain)
        if not 0 <= l2 < float("inf"):
            raise ValueError(f"l2 must be finite and >= 0; received l2={l2}")
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be an integer >= 1; received units={units!r}")
        self.l2, self.units = l2, units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.features = PolynomialFeatures1D(degree, basis, self.domain, dtype=self.dtype_policy)
        self.kernel = None

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        shape = (self.degree + 1, self.units)
        self.kernel = self.add_weight(shape=shape, initializer=self.kernel_initializer, name="kernel")
        self.features.build(input_shape)
        self.built = True

    def call(self, x):
        phi = self.features(x)
        return phi @ ops.cast(self.kernel, phi.dtype)

    def compute_output_shape(self, input_shape):
        return (self.features.compute_output_shape(input_shape)[0], self.units)

    def design(self, x):
        """The features of `x`, (n, degree + 1), as a float64 array."""
        x = as_table(x)
        self.compute_output_shape(x.shape)
        with allow_float64():
            return ops.convert_to_numpy(polynomial_features(x[:, 0], self.degree, self.basis, self.domain))

    def fit_closed_form(self, x, y):
        """Sets the kernel to the minimizer, found in float64 by Householder's triangle of the features.

        Args:
            x: Inputs (n, 1).
            y: Targets (n,) or (n, units).

        Returns:
            The kernel in float64, (degree + 1, units).

        Raises:
            ValueError: If `x` or `y` do not fit the model; or without a penalty, if the inputs do not have more
                distinct values than the degree.
        """
        x, y = as_table(x, y)
        if y.shape[1] != self.units:
            raise ValueError(f"y must have units={self.units} columns; received {y.shape[1]}")
        phi = self._checked_design(x)
        with allow_float64():
            Q, R = smoother(phi, self._penalties(len(x)))
            kernel = ops.convert_to_numpy(_solve(Q, R, ops.convert_to_tensor(y)))
        if not self.built:
            self.build(x.shape)
        self.kernel.assign(kernel)
        return kernel

    def hat_matrix(self, x):
        r"""The matrix :math:`H = \Phi(\Phi^\top\Phi + M\lambda D)^{-1}\Phi^\top` that makes fits of targets, (n, n).

        D is the identity with a zero for the constant. The trace of H is the number of parameters, P + 1, or less if
        there is a penalty.
        """
        phi = self._checked_design(as_table(x))
        with allow_float64():
            Q, _ = smoother(phi, self._penalties(len(phi)))
            return ops.convert_to_numpy(Q @ transpose(Q))

    def _checked_design(self, x):
        phi, distinct = self.design(x), len(np.unique(x))
        if not self.l2 and distinct <= self.degree:
            raise ValueError(f"x must have more than degree={self.degree} distinct values; received {distinct}")
        return phi

    def _penalties(self, n):
        return n * self.l2 * (np.arange(self.degree + 1) > 0)

    def get_config(self):
        names = ("degree", "basis", "l2", "domain", "units")
        initializer = {"kernel_initializer": keras.initializers.serialize(self.kernel_initializer)}
        return super().get_config() | initializer | {name: getattr(self, name) for name in names}
