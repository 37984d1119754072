r"""What logistic and softmax regression have in common: a kernel, a bias, labels, and what can be wrong with data."""

import warnings

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch03.labels import check_labels
from mathdl_keras.chapters.ch03.newton import on_host
from mathdl_keras.chapters.ch03.separation import SeparableDataWarning
from mathdl_keras.core.checks import ChecksData, as_table, check_data

__all__: list[str] = []

SEPARABLE = "the data are separable (§3.6)"
NO_BEST = "Without a penalty no weights are best: set l2 > 0"


class LinearClassifier(ChecksData, keras.Model):
    """A kernel and a bias under a link function; subclasses say which, and how to solve."""

    def build(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(f"x must have shape (batch, features); received shape {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[1]})
        self.kernel = self.add_weight(
            shape=(input_shape[1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.regularizer,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def logits(self, x):
        """The logits `xW + b`, `(batch, units)`."""
        x = ops.convert_to_tensor(x)
        return x @ ops.cast(self.kernel, x.dtype) + ops.cast(self.bias, x.dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def fit(self, x=None, y=None, *args, **kwargs):
        """As `keras.Model.fit`, after a look at data and labels that are arrays."""
        check_data(x)
        if isinstance(y, np.ndarray) and y.shape[1:] in ((), (1,)):
            if self.units > 1:
                check_labels(y, self.units)
            elif not np.all((y >= 0) & (y <= 1)):
                raise ValueError(
                    f"y must hold labels, or probabilities in [0, 1]; received {y[~((y >= 0) & (y <= 1))][0]}"
                )
        return super().fit(x, y, *args, **kwargs)

    def score(self, x, y):
        """The accuracy: the fraction of rows whose most probable class is the true one, as in scikit-learn.

        Args:
            x: Array `(rows, features)`.
            y: Integer labels `(rows,)`.

        Raises:
            ValueError: If the data are not finite, shapes do not fit, or a label is unknown.
        """
        x, labels = self._rows(x, y)
        z = self._design(x) @ self._coefficients()
        return float(np.mean((z.argmax(axis=1) if self.units > 1 else z[:, 0] > 0) == labels))

    def _rows(self, x, y):
        x, y = as_table(x, y)
        if y.shape[1] != 1:
            raise ValueError(f"y must have shape (rows,) or (rows, 1), labels; received shape {y.shape}")
        return x, check_labels(y[:, 0], max(self.units, 2))

    def _design(self, x, centre=0.0):
        """The features and a column of ones, which the rows of the coefficients belong to."""
        if self.built and x.shape[1] != self.kernel.shape[0]:
            raise ValueError(f"x must have {self.kernel.shape[0]} features; received {x.shape[1]}")
        X = np.empty((len(x), x.shape[1] + 1))
        np.subtract(x, centre, out=X[:, :-1])
        X[:, -1] = 1
        return X

    def _coefficients(self):
        """Kernel and bias in one matrix, float64."""
        if not self.built:
            raise ValueError(f"{type(self).__name__} must be fitted first; received no data yet")
        return np.vstack([np.asarray(ops.convert_to_numpy(v), "float64") for v in (self.kernel, self.bias[None])])

    def _penalties(self, value, features):
        """One penalty for each feature, none for the intercept."""
        return np.append(np.full(features, float(value)), 0.0)

    def _adopt(self, solution, x, centre, by_newton=True):
        """Takes the weights of a solution for centred features, and warns where there is no best one."""
        solution = on_host(solution)
        penalised = self.l2 or self.l1
        if not penalised and (solution.singular or solution.separated or not by_newton):
            check_independent(x)
        if solution.separated:
            _warn(SEPARABLE + ": the weights returned are a certificate. " + NO_BEST, SeparableDataWarning)
        elif by_newton and not penalised and (solution.singular or not solution.converged):
            _warn(SEPARABLE + " in part: some weights grow without end. " + NO_BEST, SeparableDataWarning)
        elif not solution.converged:
            text = f"after {solution.steps} steps the gradient is still {solution.gradient_norm:.1g}: standardise x"
            _warn(text, UserWarning)
        weights = solution.weights.reshape(self.units, -1).copy()
        weights[:, -1] -= weights[:, :-1] @ centre
        if not self.built:
            self.build((None, len(centre)))
        self.kernel.assign(weights[:, :-1].T)
        self.bias.assign(weights[:, -1])
        return solution._replace(weights=weights.reshape(solution.weights.shape))


def _warn(text, category):
    warnings.warn(text, category, stacklevel=4)


def check_penalty(name, value):
    if not value >= 0 or not np.isfinite(value):
        raise ValueError(f"{name} must be >= 0 and finite; received {name}={value}")


def check_independent(x):
    """Raises if features, or features and the intercept, depend on each other: then the best weights are not unique.

    Raises:
        ValueError: If a column is constant, columns are collinear, or there are too few rows.
    """
    constant = np.ptp(x, axis=0) == 0
    if not constant.any():
        correlation = np.corrcoef(x, rowvar=False).reshape(x.shape[1], x.shape[1])
        if len(x) > x.shape[1] and np.linalg.eigvalsh(correlation)[0] > 64 * len(correlation) * 2.0**-53:
            return
    what = f"column {int(np.argmax(constant))}, constant" if constant.any() else f"shape {x.shape} that is not so"
    raise ValueError(
        f"x must have independent columns, none constant, and more rows than columns, or l2 > 0; received {what}"
    )


def penalty_of(l2, l1=0.0):
    """The penalty of the kernel as Keras adds it, made of numbers: `L1` would keep a tensor, of one dtype."""
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None
