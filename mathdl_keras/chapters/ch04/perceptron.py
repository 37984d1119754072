r"""The perceptron, from mistake to mistake (§4.2 and §4.3).

The perceptron goes through the sample in order, again and again, and at each mistake, :math:`y_i f(x_i) \le 0`, adds
:math:`y_i x_i` to w. Written as :math:`w = \sum_i c_i x_i`, with :math:`c_i \to c_i + y_i` at a mistake, it needs the
points only through their inner products :math:`K_{ij}`, which may then be those of any kernel.

Between two mistakes nothing changes. So a step of the compiled loop here is not one example but one *mistake*: the
first example ahead with the wrong sign, or, if there is none, the end of the epoch.

| function | state | the prediction for all examples |
| --- | --- | --- |
| `train_perceptron` | w | :math:`f = Xw` |
| `train_kernel_perceptron` | c, f | :math:`f = Kc`, kept up to date by one row of K at each mistake |
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops, tree

from mathdl_keras.chapters.ch04.losses import require_signs
from mathdl_keras.core.checks import as_table
from mathdl_keras.core.linalg import matvec
from mathdl_keras.core.loops import compiled_loop
from mathdl_keras.core.precision import allow_float64

__all__ = ["train_kernel_perceptron", "train_perceptron"]

STEPS = 256  # of the compiled loop, between two looks from outside
EPOCH_ENDS = -1  # in the place of a mistake


@dataclass(frozen=True, eq=False)
class PerceptronFit:
    """How the training of a perceptron went.

    Attributes:
        weights: w (features,), or the coefficients c (rows,) of the kernel perceptron, float64.
        mistakes: For each epoch, which rows were misclassified, in their order. The last one is empty if it converged.
    """

    weights: np.ndarray
    mistakes: list[np.ndarray]

    @property
    def counts(self) -> list[int]:
        """The number of mistakes in each epoch."""
        return [len(rows) for rows in self.mistakes]

    @property
    def order(self) -> np.ndarray:
        """The rows that were misclassified, one mistake after another."""
        return np.concatenate(self.mistakes)

    @property
    def converged(self) -> bool:
        """Whether the last epoch was without mistakes."""
        return not self.counts[-1]


def train_perceptron(x, y, epochs=100):
    r"""The perceptron through the origin: :math:`w \to w + y_i x_i` at each mistake (§4.2).

    It stops after an epoch without mistakes. If a unit vector separates the classes with margin :math:`\gamma` and
    :math:`\lVert x_i\rVert \le R`, there are at most :math:`(R/\gamma)^2` mistakes (Novikoff). Computed in float64:
    exact on integers.

    Args:
        x: (rows, features).
        y: Labels -1 and +1, (rows,).
        epochs: Integer, the most passes over the points; 100 by default.

    Returns:
        A `PerceptronFit`: the weights w, and the mistakes of each epoch.

    Raises:
        ValueError: If shapes do not fit, a value is missing, or the labels are not -1 and +1 with both classes.

    Example:
        >>> fit = train_perceptron(np.array([[1.0, 0.0], [0.0, 1.0]]), [1, -1])
        >>> fit.counts, fit.weights.tolist()
        ([2, 0], [1.0, -1.0])
    """
    x, y = signed_table(x, y)
    return _train(_primal, np.zeros(x.shape[1]), x, y, epochs)


def train_kernel_perceptron(K, y, epochs=100):
    r"""The perceptron on a Gram matrix: :math:`c_i \to c_i + y_i` at each mistake (§4.3).

    The prediction is :math:`f(x) = \sum_i c_i\,k(x_i, x)`; the book's :math:`\alpha_i = y_i c_i` counts how often row
    i was misclassified. Computed in float64: exact where K holds integers.

    Args:
        K: The Gram matrix of the sample, (rows, rows).
        y: Labels -1 and +1, (rows,).
        epochs: Integer, the most passes over the points; 100 by default.

    Returns:
        A `PerceptronFit`: the coefficients c, and the mistakes of each epoch.

    Raises:
        ValueError: If shapes do not fit, a value is missing, or the labels are not -1 and +1 with both classes.

    Example:
        >>> fit = train_kernel_perceptron(np.eye(2), [1, -1])
        >>> fit.counts, fit.weights.tolist()
        ([2, 0], [1.0, -1.0])
    """
    K, y = signed_table(K, y)
    if K.shape[0] != K.shape[1]:
        raise ValueError(f"K must have shape (rows, rows); received shape {K.shape}")
    zeros = np.zeros(len(y))
    fit = _train(_dual, (zeros, zeros), K, y, epochs)
    return PerceptronFit(fit.weights[0], fit.mistakes)


def signed_table(x, y):
    """`x` as a float64 table and `y` as float64 labels (rows,), -1 and +1, both of them present.

    Raises:
        ValueError: If they are not.
    """
    x, y = as_table(x, y)
    if y.shape[1] != 1:
        raise ValueError(f"y must have one label for each row of x; received shape {y.shape}")
    require_signs(y)
    if np.all(y == y[0]):
        raise ValueError(f"y must hold both labels, -1 and +1; received only {y[0, 0]:+g}")
    return x, y[:, 0]


class _Sample(NamedTuple):
    """What the loop reads: rows of x or of K, labels, and the numbers of the rows and of the steps."""

    rows: Any
    y: Any
    index: Any
    steps: Any


class _Progress(NamedTuple):
    """Where the loop is.

    Attributes:
        weights: w, or (c, f).
        place: The row from which the epoch goes on.
        epochs_left: The epochs that have not ended.
        events: What each of the `STEPS` steps met: a misclassified row, or the end of an epoch.
    """

    weights: Any
    place: Any
    epochs_left: Any
    events: Any


def _step(predict, learn):
    """A step of the loop: `predict(w, rows)` for all rows, then `learn(w, row, label, hit)` from the next mistake."""

    def step(k, state):
        now, sample = state
        mistaken = (sample.y * predict(now.weights, sample.rows) <= 0) & (sample.index >= now.place)
        i = ops.cast(ops.argmax(mistaken), "int32")  # the first that is True
        found = ops.any(mistaken) & (now.epochs_left > 0)
        label = ops.where(found, ops.take(sample.y, i), ops.zeros_like(sample.y[0]))
        hit = ops.cast(sample.index == i, sample.y.dtype)
        event = ops.where(found, i, EPOCH_ENDS * ops.ones_like(i))
        return _Progress(
            weights=learn(now.weights, ops.take(sample.rows, i, axis=0), label, hit),
            place=event + 1,  # 0 where the epoch ends
            epochs_left=now.epochs_left - ops.cast(event == EPOCH_ENDS, "int32"),
            events=ops.where(sample.steps == ops.cast(k, "int32"), event, now.events),
        ), sample

    return step


def _learn_dual(weights, row, label, hit):
    c, f = weights
    return c + label * hit, f + label * row


_primal = compiled_loop(_step(lambda w, rows: matvec(rows, w), lambda w, row, label, hit: w + label * row))
_dual = compiled_loop(_step(lambda weights, rows: weights[1], _learn_dual))


def _train(loop, weights, rows, y, epochs):
    """Runs the loop, some steps at a time, until an epoch is without mistakes or all epochs are over."""
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs must be an integer >= 1; received epochs={epochs!r}")
    sample = _Sample(rows, y, *(np.arange(n, dtype="int32") for n in (len(y), STEPS)))
    state = _Progress(weights, np.int32(0), np.int32(epochs), np.zeros(STEPS, "int32")), sample
    log = np.array([], "int32")
    with allow_float64():
        while True:
            state = loop(state, STEPS)
            log = np.concatenate([log, ops.convert_to_numpy(state[0].events)])
            mistakes = _epochs(log)[:epochs]
            clean = [e for e, rows in enumerate(mistakes) if not len(rows)]
            if clean or len(mistakes) == epochs:
                weights = tree.map_structure(ops.convert_to_numpy, state[0].weights)
                return PerceptronFit(weights, mistakes[: clean[0] + 1] if clean else mistakes)


def _epochs(log):
    """The mistakes of each finished epoch."""
    ends = np.flatnonzero(log == EPOCH_ENDS)
    return [rows[rows != EPOCH_ENDS] for rows in np.split(log, ends + 1)[:-1]]
