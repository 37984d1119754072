r"""Games that explain a model (§12.3): what is a prediction worth when only some features are known?

| value of a coalition S | class |
| --- | --- |
| the mean of :math:`f(x_S, X_{\bar S})` over a background, as if features were independent | `InterventionalGame` |
| how much of the loss the known features save, over many rows | `LossReductionGame` |
| :math:`E[f(X) \mid X_S = x_S]` for normal features | `ConditionalGaussianGame` |
| the :math:`R^2` of a regression on the features of S alone | `RefitR2Game` |

The last two are in `conditional_game` and `refit_game`.
"""

import numpy as np

from mathdl_keras.chapters.ch12.prediction import ENTRIES, as_prediction
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.measures import as_loss

__all__ = ["InterventionalGame", "LossReductionGame"]


class InterventionalGame:
    r"""The mean prediction with known features in place of the background's (§12.3).

    .. math:: v_x(S) = \frac1B \sum_{b=1}^B f(x_S, X_{b, \bar S})

    Coalitions, rows and background go through the model together. The empty coalition and the full one cost nothing.

    Args:
        model: A Keras model, or a function of rows.
        background: `(B, d)`, the rows that stand for what is unknown.

    Attributes:
        predictions: `(B, ...)`, of the background.
        base_value: Float or `(outputs,)`, the mean prediction over the background.

    Example:
        >>> value = InterventionalGame(lambda rows: rows @ [2.0, 3.0], background=np.zeros((4, 2)))
        >>> value.at(np.ones(2))(np.array([[True, False], [True, True]]))
        array([2., 5.])
    """

    def __init__(self, model, background):
        self.predict = as_prediction(model)
        self.background = as_table(background).astype(self.predict.dtype)
        self.predictions = self.predict(self.background)
        self.base_value = self.predictions.mean(axis=0)

    def at(self, x, predictions=None):
        """The game of one row `(d,)`, or the games of several `(rows, d)`; their predictions, if they are known.

        Returns:
            A function of coalitions: booleans `(n, d)` to `(n, ...)`; the dots are the rows if there are several, then
            the outputs if there are several.

        Raises:
            ValueError: If x has not the features of the background, or is not finite.
        """
        single = np.ndim(x) == 1
        x = as_table(np.atleast_2d(x)).astype(self.predict.dtype)
        if x.shape[1] != self.background.shape[1]:
            raise ValueError(
                f"background must have the {x.shape[1]} features of x; received shape {self.background.shape}"
            )
        full = self.predict(x) if predictions is None else predictions

        def value(masks):
            masks = np.asarray(masks, bool)
            found = np.empty((len(masks), *full.shape))
            empty, whole = ~masks.any(axis=1), masks.all(axis=1)
            found[empty], found[whole] = self.base_value, full
            between = np.flatnonzero(~empty & ~whole)
            step = max(1, ENTRIES // (x.size * len(self.background)))
            for start in range(0, len(between), step):
                part = between[start : start + step]
                found[part] = self._means(masks[part], x)
            return found[:, 0] if single else found

        return value

    def _means(self, masks, x):
        """The means over the background, `(coalitions, rows, ...)`; features are written one after another."""
        B = self.background
        table = np.empty((x.shape[1], len(masks), len(x), len(B)), B.dtype)
        for column, known, own, unknown in zip(table, masks.T, x.T, B.T, strict=True):
            column[:] = unknown
            column[known] = own[:, None]
        found = self.predict(table.reshape(len(table), -1).T)
        return found.reshape(len(masks), len(x), len(B), *found.shape[1:]).mean(axis=2)


class LossReductionGame:
    r"""How much of the loss the known features save, a game about all rows (§12.4).

    .. math:: v(S) = \Lambda\big(y, v_x(\varnothing)\big) - \Lambda\big(y, v_x(S)\big),

    with :math:`v_x` the interventional values. Its Shapley values divide what the model gains over its mean prediction
    among the features (Covert, Lundberg and Lee 2020, SAGE).

    Args:
        model: A Keras model, or a function of rows.
        background: `(B, d)`.
        x: `(M, d)`.
        y: `(M,)` or `(M, targets)`.
        loss: Loss, metric or function, as in `permutation_importance`; "mse" by default.
        greater_is_better: Boolean, whether more of it is better, as in `permutation_importance`.

    Example:
        >>> x = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> square = lambda y, p: (y - p) ** 2
        >>> value = LossReductionGame(lambda rows: 3 * rows[:, 0], x, x, 3 * x[:, 0], square, False)
        >>> value(np.array([[False, True], [True, False]]))
        array([0., 9.])
    """

    def __init__(self, model, background, x, y, loss="mse", greater_is_better=None):
        self.score = as_loss(loss, greater_is_better)
        self.y = np.asarray(y)
        x = as_table(x)
        if self.y.shape[:1] != (len(x),):
            raise ValueError(f"y must have one row for each of the {len(x)} rows of x; received shape {self.y.shape}")
        game = InterventionalGame(model, background)
        self.value = game.at(x)
        self.rows = len(x)
        self.baseline = self.score(self.y, self._all_rows(game.base_value))

    def _all_rows(self, prediction):
        return np.broadcast_to(prediction, (self.rows, *np.shape(prediction))).copy()

    def __call__(self, masks):
        """From coalitions `(n, d)` to what they save, `(n,)`."""
        losses = np.array([self.score(self.y, prediction) for prediction in self.value(masks)])
        return self.score.sign * (self.baseline - losses)
