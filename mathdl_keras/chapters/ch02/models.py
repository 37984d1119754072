"""Linear regression as a Keras model (§2.1 to §2.5)."""

from dataclasses import replace

import keras
import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch02 import inference
from mathdl_keras.chapters.ch02.linear import LinearModel
from mathdl_keras.chapters.ch02.solvers import SOLVERS, least_squares
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import transpose
from mathdl_keras.core.precision import allow_float64

__all__ = ["LinearRegression"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LinearRegression(LinearModel):
    r"""The model :math:`m(x; \theta) = x^\top \theta + b`, and what statistics says about it (§2.3).

    `(batch, features) -> (batch, units)`. `fit` trains by gradients, as any Keras model, towards the same weights that
    `fit_closed_form` computes: compile it with `MeanSquaredError` or `"mse"`. Statistics are methods of the data and
    take the weights that are there, so that they also work after `fit` and after loading; they are computed in float64.
    In them the parameters of a target are its kernel, then its bias, as in `get_weights()`.

    Features in raw units make `fit` slow, for the condition number of the Hessian is :math:`\kappa^2`, and in float32
    they can leave it without a correct digit: standardise them. `fit_closed_form` scales them itself, solves in
    float64, and rounds once.

    Args:
        fit_intercept: Boolean, whether there is a bias; True by default.
        solver: String, the route of `fit_closed_form`: `"auto"`, the default, chooses by the condition number;
            `"normal"`, `"qr"`, `"svd"` and `"gd"` (gradient descent) insist. `least_squares` says what each costs and
            promises.
        units: Integer >= 1, the number of targets; 1 by default.
        kernel_initializer: Initializer of the kernel, where `fit` starts; Glorot's uniform one by default.

    Raises:
        ValueError: If an argument is out of range, or the input is not (batch, features).

    Example:
        >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 3.0, 5.0, 7.5])
        >>> model = LinearRegression()
        >>> model.fit_closed_form(x, y).solver
        'normal'
        >>> [round(float(w.item()), 4) for w in model.get_weights()], round(model.score(x, y), 4)
        ([2.15, 0.9], 0.9968)
    """

    def __init__(self, fit_intercept=True, solver="auto", units=1, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(fit_intercept, units, kernel_initializer, **kwargs)
        if solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}; received solver={solver!r}")
        self.solver = solver

    def fit_closed_form(self, x, y):
        """Sets the weights to the minimizer of the squared error, found in float64.

        Args:
            x: Array (n, p), the features.
            y: Array (n,) or (n, units), the targets.

        Returns:
            A `LeastSquares`: the weights in float64, the route that was taken, condition number and rank.

        Raises:
            ValueError: As `least_squares` does; and if `x` or `y` do not fit the model.
        """
        x, y = self._data(x, y)
        with allow_float64():
            found = least_squares(x, y, self.solver, self.fit_intercept)
            kernel, bias = (ops.convert_to_numpy(v) for v in (found.kernel, found.bias))
        self.assign(kernel, bias)
        return replace(found, kernel=kernel, bias=bias)

    def covariance(self, x, y):
        r"""The covariance :math:`\hat\sigma^2 (X^\top X)^{-1}` of the parameters, X with a column of ones at the end.

        Args:
            x: Array (n, p), the features, n > P, linearly independent.
            y: Array (n,) or (n, units), the targets.

        Returns:
            A float64 array (P, P) if `y` has rank 1, else (units, P, P).

        Raises:
            ValueError: If there are not more rows than parameters, or features are collinear or constant.
        """
        single, (x, y) = np.ndim(y) == 1, self._data(x, y)
        A = self._design(x)
        with allow_float64():
            variance = inference.residual_variance(self._residuals(x, y), A.shape[1])
            covariance = ops.convert_to_numpy(inference.coefficient_covariance(A, 1.0) * variance[:, None, None])
        return covariance[0] if single else covariance

    def confint(self, x, y, level=0.95):
        r"""Confidence intervals :math:`\hat\theta_j \pm t_{n-P}\,\hat\sigma\sqrt{(X^\top X)^{-1}_{jj}}`.

        They cover the truth with probability `level` if the noise is Gaussian.

        Args:
            x: Array (n, p), the features, n > P, linearly independent.
            y: Array (n,) or (n, units), the targets.
            level: Float in (0, 1), the probability that an interval holds its parameter; 0.95 by default.

        Returns:
            A float64 array of lower and upper ends, (P, 2) if `y` has rank 1, else (units, P, 2).
        """
        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1); received level={level}")
        theta = np.concatenate([ops.convert_to_numpy(w) for w in self._rows_of_weights()]).astype("float64").T
        variances = np.diagonal(self.covariance(x, y), axis1=-2, axis2=-1)
        theta = theta[0] if variances.ndim == 1 else theta
        t = stats.t.ppf((1 + level) / 2, len(x) - theta.shape[-1])
        return theta[..., None] + t * np.sqrt(variances)[..., None] * np.array([-1, 1])

    def hat_matrix(self, x):
        r"""The projection :math:`H = X(X^\top X)^{-1}X^\top` that makes predictions of targets, (n, n).

        It takes :math:`8n^2` bytes, 800 MB for 10,000 rows; its diagonal alone is `leverage_scores(x)`.
        """
        with allow_float64():
            Q = ops.qr(ops.convert_to_tensor(self._design(as_table(x))))[0]
            return ops.convert_to_numpy(Q @ transpose(Q))

    def leverage_scores(self, x):
        r"""The diagonal of the hat matrix, (n,): in [0, 1], with sum P."""
        with allow_float64():
            return ops.convert_to_numpy(inference.leverage_scores(self._design(as_table(x))))

    def _design(self, x):
        """[x, 1], if its columns are independent and fewer than its rows."""
        A = np.hstack([x, np.ones((len(x), 1))]) if self.fit_intercept else x
        n, P = A.shape
        if n <= P:
            raise ValueError(f"x must have more rows than the {P} parameters; received {n}")
        norms = np.linalg.norm(A, axis=0)
        R = np.linalg.qr(A / np.where(norms > 0, norms, 1), mode="r")
        rank = np.linalg.matrix_rank(R, rtol=n * np.finfo("float64").eps)
        if rank < P:
            raise ValueError(f"x must have no constant or collinear features; received rank {rank} for {P} parameters")
        return A

    def get_config(self):
        return super().get_config() | {"solver": self.solver}
