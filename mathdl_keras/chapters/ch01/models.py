r"""Linear models in fixed features, fitted in closed form (§1.5, §1.6)."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch01.solvers import minimum_norm, normal_equations, ridge_regression
from mathdl_keras.core.checks import ChecksData, as_table
from mathdl_keras.core.linalg import solve_ridge
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["MinimumNormRegressor"]


@dataclass(frozen=True, eq=False)
class Fit:
    r"""How a closed form was computed.

    Attributes:
        kernel: :math:`\theta`, `(features, targets)`, float64.
        solver: `svd` (minimum norm), `primal` or `dual` (ridge regression).
    """

    kernel: np.ndarray
    solver: str


@keras.saving.register_keras_serializable("mathdl_keras")
class MinimumNormRegressor(RenamedArguments, ChecksData, keras.Model):
    r"""Least squares in given features: of all solutions the one of smallest norm (§1.6).

    .. math:: m(x; \theta) = \varphi(x)\,\theta, \qquad \theta = \Phi^+ Y
              \quad\text{or}\quad (\Phi^\top\Phi + M\lambda I)^{-1}\Phi^\top Y

    `fit_closed_form` computes :math:`\theta`. Built-in `fit` starts from zero, and gradient descent on the squared
    loss has the same limit (§1.5, inductive bias). There is no intercept: let the features have a constant one.

    `(batch, inputs) -> (batch, units)`.

    Args:
        units: The number of targets.
        features: :math:`\varphi`, a Keras layer such as `RandomFeatures`; by default the identity.
        l2: Float, the penalty :math:`\lambda \ge 0`; the training loss of `fit` does not contain it.
        rcond: The relative size below which a singular value counts as zero, where `l2` is 0.
        kernel_initializer: Where built-in `fit` starts; what lies in the null space of the features stays.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> x = np.array([[1.0, 1.0]])
        >>> model = MinimumNormRegressor()
        >>> fit = model.fit_closed_form(x, [2.0])
        >>> fit.solver, [round(float(v), 5) for v in model.get_weights()[0][:, 0]]
        ('svd', [1.0, 1.0])
    """

    renamed_arguments = {"ridge": "l2"}

    def __init__(self, units=1, features=None, l2=0.0, rcond=None, kernel_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be an integer >= 1; received units={units!r}")
        if not l2 >= 0:
            raise ValueError(f"l2 must be >= 0; received l2={l2}")
        if rcond is not None and not 0 <= rcond < 1:
            raise ValueError(f"rcond must be in [0, 1); received rcond={rcond}")
        self.units, self.features, self.l2, self.rcond = units, features, l2, rcond
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        if len(input_shape) != 2:
            raise ValueError(f"x must have shape (batch, inputs); received {tuple(input_shape)}")
        shape = input_shape
        if self.features is not None:
            if not self.features.built:
                self.features.build(input_shape)
            shape = self.features.compute_output_shape(input_shape)
        self.kernel = self.add_weight(shape=(shape[-1], self.units), initializer=self.kernel_initializer, name="kernel")

    def call(self, x):
        phi = x if self.features is None else self.features(x)
        return ops.cast(phi, self.compute_dtype) @ ops.cast(self.kernel, self.compute_dtype)

    def fit_closed_form(self, x, y):
        """Solves for the kernel, in float64 on every backend.

        With `l2` and no more features than rows it goes through the rows in blocks: memory does not grow with them.

        Args:
            x: `(rows, inputs)`.
            y: `(rows,)` or `(rows, units)`.

        Returns:
            A `Fit`: the kernel in float64, and the solver that was chosen.

        Raises:
            ValueError: If shapes do not fit, or a value is missing or infinite.
        """
        x, y = as_table(x, y)
        if y.shape[1] != self.units:
            raise ValueError(f"y must have {self.units} targets, as units says; received shape {y.shape}")
        if not self.built:
            self.build(x.shape)
        with allow_float64():
            kernel, solver = self._solve(x, y)
            kernel = ops.convert_to_numpy(kernel)
        self.kernel.assign(kernel.astype(self.kernel.dtype))
        return Fit(kernel, solver)

    def _solve(self, x, y):
        if self.l2 and self.kernel.shape[0] <= len(x):
            return solve_ridge(*normal_equations(x, y, self.features), self.l2 * len(x)), "primal"
        phi = self._phi(x)
        if self.l2:
            return ridge_regression(phi, y, self.l2), "dual"
        return minimum_norm(phi, y, self.rcond), "svd"

    def _phi(self, x):
        return ops.convert_to_tensor(x) if self.features is None else ops.cast(self.features(x), "float64")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        features = None
        if self.features is not None:
            features = keras.saving.serialize_keras_object(self.features)
            features.pop("build_config", None)  # `build` builds the features
        return super().get_config() | {
            "units": self.units,
            "features": features,
            "l2": self.l2,
            "rcond": self.rcond,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    @classmethod
    def from_config(cls, config):
        features = config["features"]
        if features is not None:
            features = keras.saving.deserialize_keras_object(features)
        return super().from_config(config | {"features": features})
