r"""Shapley values of predictions, for users: `shapley_values(model, x, background)` (§12.3).

To 15 features all coalitions are formed. Beyond, the interventional game is taken apart: it is a mean of games, one for
each row b of the background, in which the coalition S is worth :math:`f(x_S, b_{\bar S})`. Each of them is sampled with
pairs of opposite orders *of its own*, so that the errors of B games average out; a new order costs d - 1 predictions,
not (d - 1) B. Where only pairs of features interact, opposite orders are exact.

.. math:: \hat\varphi = \frac1B \sum_{b=1}^B \frac1m \sum_{i=1}^m \hat\varphi_{b,\pi_{bi}}, \qquad
          \mathrm{SE}^2 = \frac1{B^2} \sum_b \frac{s_b^2}{m} .
"""

from dataclasses import dataclass

import numpy as np

from mathdl_keras.chapters.ch12.feature_checks import check_features, feature_names
from mathdl_keras.chapters.ch12.games import InterventionalGame
from mathdl_keras.chapters.ch12.importance_report import ImportanceReport
from mathdl_keras.chapters.ch12.prediction import ENTRIES, as_prediction
from mathdl_keras.chapters.ch12.shapley import MOST_PLAYERS, random_ranks, shapley_exact
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.progress import shown

__all__ = ["Explanation", "shapley_values"]

LONG = 10_000_000  # predictions after which a progress bar is shown
METHODS = ("auto", "exact", "sampling")


@dataclass(frozen=True)
class Explanation:
    """Why a model predicts what it does; printed, the mean absolute values.

    Attributes:
        values: `(rows, d)`, or `(rows, d, outputs)`. With the base value they add up to the predictions.
        standard_errors: The same shape; 0 where values are exact.
        base_value: The mean prediction over the background, a number or `(outputs,)`.
        predictions: `(rows,)` or `(rows, outputs)`.
        x: `(rows, d)`, what was explained.
        names: Strings, the names of the features.
        method: String, `exact` or `sampling`.

    Example:
        >>> zeros = np.zeros((1, 1))
        >>> print(Explanation(np.array([[0.5]]), zeros, 0.0, np.array([0.5]), zeros, ("age",), "exact"))
        feature   mean |value|   std. error
        age                0.5            0
    """

    values: np.ndarray
    standard_errors: np.ndarray
    base_value: np.ndarray
    predictions: np.ndarray
    x: np.ndarray
    names: tuple[str, ...]
    method: str

    @property
    def efficiency_gap(self):
        """The largest distance of base value and values from the predictions."""
        return float(np.max(np.abs(self.base_value + self.values.sum(axis=1) - self.predictions)))

    def importance(self):
        """The mean of the absolute values over rows (and outputs), an `ImportanceReport`.

        Its standard errors are those of the sampling, not of the choice of rows, and a bound for each.
        """
        axes = tuple(k for k in range(self.values.ndim) if k != 1)
        n = self.values.size / self.values.shape[1]
        error = np.sqrt(np.sum(self.standard_errors**2, axis=axes)) / n
        values = np.mean(np.abs(self.values), axis=axes)
        return ImportanceReport({"mean |value|": values}, self.names, {"mean |value|": error})

    def __str__(self):
        return str(self.importance())


def shapley_values(
    model,
    x,
    background,
    *,
    names=None,
    method="auto",
    pairs=2,
    tolerance=None,
    most_pairs=256,
    seed=0,
    correlation_threshold=0.8,
    progress=None,
):
    r"""The Shapley values of the features in predictions, with standard errors (§12.3).

    .. math:: f(x) = \frac1B \sum_b f(X_b) + \sum_j \varphi_j(x)

    Args:
        model: A Keras model, or a function of rows `(n, d)` that returns `(n,)` or `(n, outputs)`.
        x: `(rows, d)`, or one row `(d,)`: what to explain.
        background: `(B, d)`: what stands for an unknown feature. A hundred rows of the data are usual.
        names: Strings, the names of the features; `x0`, `x1`, ... by default.
        method: String: `exact` (to 15 features), `sampling`, or `auto`, the default, which is
            exact where that is possible.
        pairs: Integer >= 2, the pairs of opposite orders that each row of the background gets at first; 2 by default.
        tolerance: Float, orders are added until each standard error is at most this; `None`, the default, for no more
            than the first.
        most_pairs: Integer, the most pairs for each row of the background, where the tolerance is not reached; 256 by
            default.
        seed: Integer, seed of the random orders; 0 by default.
        correlation_threshold: Float, pairs of features with a larger correlation are warned of; 0.8 by default, `None`
            for no warning.
        progress: Boolean, whether to show a bar; `None`, the default, for one over long work.

    Returns:
        An `Explanation`.

    Raises:
        ValueError: If there are too many features for `exact`, shapes differ, data or predictions are not finite.

    Warns:
        CorrelatedFeaturesWarning: If features of the background go together.
        ConstantFeaturesWarning: If a feature is constant in background and rows.

    Example:
        >>> found = shapley_values(lambda rows: rows @ [1.0, 2.0], np.array([[1.0, 1.0]]), np.zeros((3, 2)),
        ...                        correlation_threshold=None)
        >>> found.values.tolist(), float(found.base_value)
        ([[1.0, 2.0]], 0.0)
    """
    predict = as_prediction(model)
    x, background = as_table(np.atleast_2d(x)), as_table(background)
    d = x.shape[1]
    if background.shape[1] != d:
        raise ValueError(f"background must have the {d} features of x; received shape {background.shape}")
    if method not in METHODS or (method == "exact" and d > MOST_PLAYERS):
        raise ValueError(
            f"method must be one of {', '.join(METHODS)}, exact to {MOST_PLAYERS} features; received {method!r} for {d}"
        )
    if not 2 <= pairs <= most_pairs:
        raise ValueError(f"pairs must be from 2 to most_pairs={most_pairs}; received {pairs}")
    names = feature_names(names, d)
    check_features(np.concatenate([background, x]), names, correlation_threshold)
    game = InterventionalGame(predict, background)
    x = x.astype(predict.dtype)
    predictions = predict(x)  # once: in float32 they depend on the batch, in the last digits
    exact = d <= MOST_PLAYERS if method == "auto" else method == "exact"
    if exact:
        values, errors = _exact(game, x, predictions, progress)
    else:
        rng = np.random.default_rng(seed)
        bar = _shown(list(zip(x, predictions, strict=True)), progress, len(background) * pairs * 2 * d)
        found = [_sampled(game, *row, pairs, tolerance, most_pairs, rng) for row in bar]
        values, errors = (np.stack(parts) for parts in zip(*found, strict=True))
    method = "exact" if exact else "sampling"
    return Explanation(values, errors, game.base_value, predictions, x, names, method)


def _shown(items, progress, each):
    return shown(items, "Shapley values", progress, long=len(items) * each >= LONG)


def _exact(game, x, predictions, progress):
    """All rows share their coalitions; as many go together as fit into memory."""
    d, B = x.shape[1], len(game.background)
    step = max(1, ENTRIES // (d * B))
    parts = []
    for start in _shown(range(0, len(x), step), progress, min(step, len(x)) * B * 2**d):
        part = slice(start, start + step)
        parts.append(np.swapaxes(shapley_exact(game.at(x[part], predictions[part]), d), 0, 1))
    values = np.concatenate(parts)
    return values, np.zeros_like(values)


def _sampled(game, row, full, pairs, tolerance, most_pairs, rng):
    """The values of one row and their standard errors, `(d, ...)`."""
    total = squares = 0.0
    m, more = 0, pairs
    while True:
        gains = np.stack([_pair_of_orders(game, row, full, rng) for _ in range(more)])  # (more, B, d, ...)
        total, squares, m = total + gains.sum(axis=0), squares + (gains**2).sum(axis=0), m + more
        variance = np.maximum(squares - total**2 / m, 0) / (m - 1)  # (B, d, ...), of a pair
        error = np.sqrt(variance.sum(axis=0) / m) / len(total)
        if tolerance is None or error.max() <= tolerance or m >= most_pairs:
            return (total / m).mean(axis=0), error
        wanted = int(np.ceil(1.1 * m * (error.max() / tolerance) ** 2))
        more = max(min(wanted, 2 * m, most_pairs) - m, 1)


def _pair_of_orders(game, row, full, rng):
    """For each row of the background, what each feature adds, `(B, d, ...)`: the mean over an order and its reverse."""
    B, d = game.background.shape
    rank = random_ranks(rng, B, d)
    full = np.broadcast_to(full, game.predictions.shape)
    step, found = max(1, ENTRIES // (2 * d * d)), []
    for start in range(0, B, step):
        part = slice(start, start + step)
        found.append(_walk(game, row, rank[part], game.background[part], full[part], game.predictions[part]))
    return np.concatenate(found)


def _walk(game, row, rank, background, full, empty):
    """Predictions along both orders: d - 1 rows between the background's and the explained one, and back."""
    n, d = rank.shape
    known = rank[:, None, :] < np.arange(1, d)[:, None]  # (n, d - 1, d)
    forward = np.where(known, row, background[:, None])
    backward = np.where(known, background[:, None], row)  # the reverse order, from its end to its beginning
    f = game.predict(np.concatenate([forward, backward]).reshape(-1, d))
    f = f.reshape(2, n, d - 1, *f.shape[1:])
    up = np.concatenate([empty[:, None], f[0], full[:, None]], axis=1)
    down = np.concatenate([full[:, None], f[1], empty[:, None]], axis=1)
    steps = (np.diff(up, axis=1) - np.diff(down, axis=1)) / 2
    return steps[np.arange(n)[:, None], rank]
