r"""Linear regression with a penalty, as Keras models (§9.2)."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch01.solvers import ridge_regression
from mathdl_keras.chapters.ch02.linear import LinearModel
from mathdl_keras.chapters.ch09.regularizers import L2
from mathdl_keras.chapters.ch09.solvers import SOLVERS, lasso_path, normal_equations
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import solve_ridge
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["Lasso", "RidgeRegression"]


@dataclass(frozen=True, eq=False)
class PenalizedFit:
    """The weights of a closed form in float64: `kernel` (features, units) and `bias` (units,)."""

    kernel: np.ndarray
    bias: np.ndarray


@keras.saving.register_keras_serializable("mathdl_keras")
class RidgeRegression(RenamedArguments, LinearModel):
    r"""Linear regression with the penalty :math:`\lambda\|w\|^2` (§9.2).

    .. math:: \min_{w, b} \frac1M \|Y - Xw - b\|^2 + \lambda \|w\|^2, \qquad
        w = (X_c^\top X_c / M + \lambda I)^{-1} X_c^\top Y_c / M

    with centred data; the bias has no penalty. `(batch, features) -> (batch, units)`. `fit_closed_form` solves it in
    float64 and rounds once; `fit` descends to the same weights: compile it with `"mse"`. It is
    `sklearn.linear_model.Ridge(alpha=M * l2)`.

    Args:
        l2: Float, the penalty :math:`\lambda > 0`.
        fit_intercept: Whether there is a bias.
        units: The number of targets.
        kernel_initializer: Where `fit` starts.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, or data do not fit.

    Example:
        >>> x, y = np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0])
        >>> model = RidgeRegression(1.0)
        >>> fit = model.fit_closed_form(x, y)
        >>> round(float(fit.kernel[0, 0]), 6), round(model.effective_dof(x), 6)
        (0.5, 0.5)
    """

    renamed_arguments = {"ridge": "l2"}

    def __init__(self, l2=1.0, fit_intercept=True, units=1, kernel_initializer="glorot_uniform", **kwargs):
        if isinstance(l2, bool) or not isinstance(l2, int | float) or not 0 < l2 < float("inf"):
            raise ValueError(f"l2 must be positive and finite; received l2={l2!r}")
        super().__init__(fit_intercept, units, kernel_initializer, **kwargs)
        self.kernel_regularizer = L2(l2 / units)  # "mse" is a mean over the targets, too
        self.l2 = float(l2)

    def fit_closed_form(self, x, y):
        """Sets the weights to the minimizer, found in float64.

        Args:
            x: `(rows, features)`.
            y: `(rows,)` or `(rows, units)`.

        Returns:
            The weights in float64, `kernel` and `bias`.

        Raises:
            ValueError: If `x` or `y` do not fit the model, or are not finite.
        """
        x, y = self._data(x, y)
        with allow_float64():
            kernel, mean_x, mean_y = map(ops.convert_to_numpy, self._solve(x, y))
        fit = PenalizedFit(kernel, mean_y - mean_x @ kernel)
        self.assign(fit.kernel, fit.bias)
        return fit

    def _solve(self, x, y):
        if x.shape[1] <= len(x):
            gram, moment, mean_x, mean_y = normal_equations(x, y, self.fit_intercept)
            return solve_ridge(gram, moment, self.l2), mean_x, mean_y
        mean_x, mean_y = (v.mean(axis=0) * self.fit_intercept for v in (x, y))
        return ridge_regression(x - mean_x, y - mean_y, self.l2), mean_x, mean_y

    def effective_dof(self, x):
        r""":math:`\sum_i \frac{d_i^2}{d_i^2 + M\lambda}` with d the singular values of the centred features."""
        x = as_table(x)
        d = np.linalg.svd(x - x.mean(axis=0) * self.fit_intercept, compute_uv=False)
        return float(np.sum(d**2 / (d**2 + len(x) * self.l2)))

    def get_config(self):
        return super().get_config() | {"l2": self.l2}


@keras.saving.register_keras_serializable("mathdl_keras")
class Lasso(LinearModel):
    r"""Linear regression with the penalty :math:`\lambda\|w\|_1`: some weights are exactly zero (§9.2).

    .. math:: \min_{w, b} \frac1{2M} \|Y - Xw - b\|^2 + \lambda \|w\|_1

    `(batch, features) -> (batch, 1)`. `fit_closed_form` iterates in float64 until the optimality conditions hold, see
    `lasso_path`. `fit` gets there with `ProximalSGD(learning_rate, L1(l1))` and the loss `MeanSquaredError(scale=0.5)`.
    It is `sklearn.linear_model.Lasso(alpha=l1)`.

    Args:
        l1: :math:`\lambda \ge 0`.
        fit_intercept: Whether there is a bias.
        solver: `"fista"` or `"ista"`.
        kernel_initializer: Where `fit` starts.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, or data do not fit.

    Example:
        >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> model = Lasso(1.0)
        >>> model.fit_closed_form(x, x @ np.array([4.0, 1.0])).kernel[:, 0].round(6).tolist()
        [2.0, 0.0]
    """

    def __init__(self, l1=1.0, fit_intercept=True, solver="fista", kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(fit_intercept, 1, kernel_initializer, **kwargs)
        if isinstance(l1, bool) or not isinstance(l1, int | float) or not 0 <= l1 < float("inf"):
            raise ValueError(f"l1 must be a finite number >= 0; received l1={l1!r}")
        if solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}; received solver={solver!r}")
        self.l1, self.solver = float(l1), solver

    def fit_closed_form(self, x, y):
        """Sets the weights to the minimizer, found in float64.

        Args:
            x: `(rows, features)`.
            y: `(rows,)` or `(rows, 1)`.

        Returns:
            The weights in float64, `kernel` and `bias`.

        Raises:
            ValueError: If `x` or `y` do not fit the model, or are not finite.
        """
        path = lasso_path(*self._data(x, y), [self.l1], self.fit_intercept, self.solver)
        fit = PenalizedFit(path.kernel.T, path.bias)
        self.assign(fit.kernel, fit.bias)
        return fit

    def get_config(self):
        config = super().get_config() | {"l1": self.l1, "solver": self.solver}
        return {name: value for name, value in config.items() if name != "units"}  # always one
