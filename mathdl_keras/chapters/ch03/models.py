r"""Logistic regression and softmax regression as Keras models (§3.2, §3.6 and §3.7).

.. math:: P(y = 1 \mid x) = S(w^\top x + b), \qquad P(y = k \mid x) = S_{\mathrm{softmax}}(W x + b)_k

`fit` trains them as it trains any Keras model; `fit_closed_form` finds the minimiser itself, in float64, and rounds it
once. Both minimise the mean cross entropy plus a penalty of the kernel, not of the bias,

.. math:: \frac1M \sum_m \ell_m + \lambda_2 |W|^2 + \lambda_1 |W|_1 ,

with the numbers `l2` and `l1`, as Keras' regularizers; scikit-learn's C is :math:`1/(2M\lambda_2)`, or
:math:`1/(M\lambda_1)`.
"""

import keras
import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.chapters.ch03.classifier import LinearClassifier, check_independent, check_penalty, penalty_of
from mathdl_keras.chapters.ch03.descent import settle
from mathdl_keras.chapters.ch03.labels import check_every_class
from mathdl_keras.chapters.ch03.multinomial import softmax_newton
from mathdl_keras.chapters.ch03.solvers import fisher_information, irls
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.precision import allow_float64
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["LogisticRegression", "SoftmaxRegression"]


@keras.saving.register_keras_serializable("mathdl_keras")
class LogisticRegression(LinearClassifier):
    r"""Logistic regression (§3.2): :math:`P(y = 1 \mid x) = S(w^\top x + b)`.

    `(batch, features) -> (batch, 1)`, the probability. Compile it with a binary cross entropy and train it with `fit`,
    or solve it with `fit_closed_form`.

    Args:
        l2: Float, the penalty :math:`\lambda |w|^2` beside the *mean* cross entropy; the bias is not penalised. 0, the
            default, is none.
        l1: Float, the penalty :math:`\lambda_1 |w|_1`, likewise: some weights are exactly zero.
        solver: String, how `fit_closed_form` solves: `irls` (Newton), or `gd` (accelerated proximal gradient descent;
            standardise the features first). `None`, the default, for `gd` with `l1`, else `irls`.
        kernel_initializer: Initializer of w; zeros by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, or they do not fit together.

    Example:
        >>> x, y = np.array([[0.0], [0.0], [1.0], [1.0], [1.0]]), [0, 1, 0, 1, 1]
        >>> model = LogisticRegression()
        >>> bool(model.fit_closed_form(x, y).converged)  # the frequencies are 1/2 and 2/3
        True
        >>> model.predict(np.array([[0.0], [1.0]]), verbose=0)[:, 0].round(4).tolist()[0], model.score(x, y)
        (0.5, 0.6)
    """

    units = 1

    def __init__(self, l2=0.0, l1=0.0, solver=None, kernel_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        check_penalty("l2", l2)
        check_penalty("l1", l1)
        if solver not in (None, "gd", *([] if l1 else ["irls"])):
            raise ValueError(f"solver must be None, 'gd' or, without l1, 'irls'; received solver={solver!r}")
        self.l2, self.l1, self.solver = l2, l1, solver
        self.regularizer = penalty_of(l2, l1)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def call(self, inputs):
        return ops.sigmoid(self.logits(inputs))

    def fit_closed_form(self, x, y):
        """Sets kernel and bias to the minimiser, found in float64.

        Args:
            x: Array `(rows, features)`.
            y: Array `(rows,)`, labels 0 or 1.

        Returns:
            A named tuple: `weights` in float64, `steps`, `gradient_norm`, `converged`, `separated`, `singular`.

        Raises:
            ValueError: If the data are not finite, shapes do not fit, labels are not 0 and 1, or, without a penalty,
                columns of `x` depend on each other.

        Warns:
            SeparableDataWarning: If there is no penalty and the data are separable: there is no minimiser (§3.6), and
                the weights are then some that separate them.
        """
        x, labels = self._rows(x, y)
        check_every_class(labels)
        centre, l2 = x.mean(axis=0), self._penalties(self.l2, x.shape[1])
        X = self._design(x, centre)
        with allow_float64():
            if self.solver == "gd" or self.l1:
                l1 = self._penalties(self.l1, x.shape[1])
                return self._adopt(settle(X, labels, l2, l1), x, centre, by_newton=False)
            return self._adopt(irls(X, labels, l2), x, centre)

    def fisher_information(self, x):
        r"""The Fisher information of rows (§3.2), :math:`\tilde X^\top \mathrm{diag}(p(1-p))\, \tilde X`.

        Args:
            x: Array `(rows, features)`; a column of ones for the bias is appended.

        Returns:
            NumPy array `(features + 1, features + 1)`; the last row and column belong to the bias.
        """
        X, w = self._design(as_table(x)), self._coefficients()[:, 0]
        with allow_float64():
            return ops.convert_to_numpy(fisher_information(X, w))

    def wald_interval(self, x, level=0.95):
        r"""Confidence intervals of the weights (§3.2): :math:`w_j \pm z \sqrt{(I(\hat w)^{-1})_{jj}}`.

        Valid for the unpenalised estimate from many rows; a penalty biases it.

        Args:
            x: Array `(rows, features)`, the rows of the fit.
            level: Float in (0, 1), the coverage; 0.95 by default.

        Returns:
            NumPy array `(features + 1, 2)`: lower and upper end; the last row belongs to the bias.

        Raises:
            ValueError: If the level is out of range, the model has a penalty, or columns depend on each other.
        """
        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1); received level={level}")
        if self.l2 or self.l1:
            raise ValueError(
                f"l2 and l1 must be 0 for a Wald interval: a penalty biases the weights; "
                f"received l2={self.l2}, l1={self.l1}"
            )
        check_independent(as_table(x))
        information = self.fisher_information(x)
        scale = 1 / np.sqrt(np.diag(information))
        error = scale * np.sqrt(np.diag(np.linalg.inv(information * scale[:, None] * scale)))
        return self._coefficients() + stats.norm.ppf((1 + level) / 2) * error[:, None] * np.array([-1.0, 1.0])

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        names = ("l2", "l1", "solver")
        return super().get_config() | {n: getattr(self, n) for n in names} | {"kernel_initializer": initializer}

    @classmethod
    def from_config(cls, config):
        """Reads earlier files, too: they hold `penalty` and `lam`, with half the square of the weights."""
        config = dict(config)
        kind, lam = config.pop("penalty", None), config.pop("lam", 0.0)
        return super().from_config(config | ({"l1": lam} if kind == "l1" else {"l2": lam / 2} if kind == "l2" else {}))


@keras.saving.register_keras_serializable("mathdl_keras")
class SoftmaxRegression(RenamedArguments, LinearClassifier):
    r"""Softmax regression (§3.7): :math:`P(y = k \mid x) = S_{\mathrm{softmax}}(W x + b)_k`.

    `(batch, features) -> (batch, classes)`, the probabilities. Compile it with a categorical cross entropy and train it
    with `fit`, or solve it with `fit_closed_form`: Newton's method, which forms a Hessian of :math:`((D + 1) K)^2`
    entries, 650 by 650 for 8 x 8 digits. Of the weights that give the same probabilities it finds those of sum 0 over
    the classes.

    Args:
        num_classes: Integer, the number K of classes.
        l2: Float, the penalty :math:`\lambda |W|^2` beside the mean cross entropy; the bias is not penalised. 0, the
            default, is none.
        kernel_initializer: Initializer of W; zeros by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> x, y = np.array([[0.0], [0.0], [0.0], [0.0], [1.0], [1.0], [1.0]]), [0, 1, 2, 2, 0, 1, 2]
        >>> model = SoftmaxRegression(3)
        >>> bool(model.fit_closed_form(x, y).converged)
        True
        >>> [round(float(p), 4) for p in model.predict(np.array([[0.0]]), verbose=0)[0]]
        [0.25, 0.25, 0.5]
    """

    l1 = 0.0
    renamed_arguments = {"classes": "num_classes"}

    def __init__(self, num_classes, l2=0.0, kernel_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(num_classes, int) or num_classes < 2:
            raise ValueError(f"num_classes must be an integer >= 2; received num_classes={num_classes!r}")
        check_penalty("l2", l2)
        self.num_classes, self.units, self.l2 = num_classes, num_classes, l2
        self.regularizer = penalty_of(l2)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def call(self, inputs):
        return ops.softmax(self.logits(inputs))

    def fit_closed_form(self, x, y):
        """Sets kernel and bias to the minimiser, found in float64.

        Args:
            x: Array `(rows, features)`.
            y: Array `(rows,)`, labels 0, ..., K-1.

        Returns:
            A named tuple: `weights` in float64, `steps`, `gradient_norm`, `converged`, `separated`, `singular`.

        Raises:
            ValueError: If the data are not finite, shapes do not fit, a class is missing, or, without a penalty,
                columns of `x` depend on each other.

        Warns:
            SeparableDataWarning: If there is no penalty and the data are separable (§3.6).
        """
        x, labels = self._rows(x, y)
        check_every_class(labels, self.num_classes)
        centre, hot = x.mean(axis=0), np.eye(self.num_classes)[labels]
        with allow_float64():
            return self._adopt(
                softmax_newton(self._design(x, centre), hot, self._penalties(self.l2, x.shape[1])), x, centre
            )

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return super().get_config() | {
            "num_classes": self.num_classes,
            "l2": self.l2,
            "kernel_initializer": initializer,
        }

    @classmethod
    def from_config(cls, config):
        """Reads earlier files, too: they hold `lam`, with half the square of the weights."""
        earlier = {"l2": config["lam"] / 2} if "lam" in config else {}
        return super().from_config({k: v for k, v in config.items() if k != "lam"} | earlier)
