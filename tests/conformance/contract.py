"""What a chapter says of its components, so that the contract can be tried on them: in `tests/chNN/entries.py`.

Three tables: `COMPONENTS`, layers and models, from name to `Entry`; `SCORED`, losses and metrics, from name to
`Scored`; `ELSEWHERE`, what is no function of tensors, from name to where it is tested instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Entry", "Rows", "Scored"]

PLAIN = "takes rows of a table, which Keras does not mask"
IMAGES = "takes images, which Keras does not mask"
EACH_STEP = "treats each step by itself, and hands the mask on"
ONE_STEP = "sees one step only"
BATCH = "it is normalized by its batch: tests/ch10/test_layers.py"
FLAG = {"bad": "its only argument is a flag"}

REALS = np.array([[0.5], [-1.0], [2.0], [0.0], [1.5], [-0.5]], "float32")  # six targets of a regression
SCORES = np.array([[0.3], [-0.7], [1.1], [0.4], [-0.2], [0.9]], "float32")  # six predictions or logits
BITS = np.array([[0.0], [0.0], [1.0], [0.0], [1.0], [1.0]], "float32")
SIGNS = 2 * BITS - 1


@dataclass(frozen=True)
class Rows:
    """One input.

    Attributes:
        shape: Tuple of integers, the shape of one row.
        tokens: Integer, the number of tokens it is drawn from; `None` for normal numbers.
    """

    shape: tuple[int, ...]
    tokens: int | None = None

    @property
    def dtype(self):
        return "float32" if self.tokens is None else "int32"

    def draw(self, rng, size):
        shape = (size, *self.shape)
        x = rng.standard_normal(shape) if self.tokens is None else rng.integers(self.tokens, size=shape)
        return x.astype(self.dtype)


@dataclass(frozen=True)
class Entry:
    """How a layer or a model is tested.

    Attributes:
        arguments: Mapping, the arguments of its constructor.
        inputs: Tuple of integers, the shape of a row of its one input; or a list of `Rows`, or nests of them: what it
            is called on, one after the other.
        bad: Pairs of changed arguments and what the error must say.
        skips: Mapping from the name of a check to the reason why this component cannot take it.
        make: Function that makes it from its arguments, where the arguments are not plain.
        loss: String, what a model is trained with; `None` if it has a loss of its own.
        labels: Array or sequence, the targets of a batch of four.
        fit: Function from the inputs of a batch to the arguments of `fit`; inputs and `labels` by default.
    """

    arguments: Mapping[str, Any]
    inputs: Any
    bad: tuple[tuple[Mapping[str, Any], str], ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)
    make: Callable | None = None
    loss: str | None = "binary_crossentropy"
    labels: Any = (0, 1, 0, 1)
    fit: Callable | None = None

    @property
    def called_on(self) -> list:
        """A list of `Rows`, or nests of them: the positional arguments of a call."""
        return self.inputs if isinstance(self.inputs, list) else [Rows(self.inputs)]

    def data(self, inputs) -> tuple:
        """The arguments of `fit`."""
        return self.fit(*inputs) if self.fit else (*inputs, np.array(self.labels))


@dataclass(frozen=True)
class Scored:
    """How a loss or a metric is tested.

    Attributes:
        arguments: Mapping, the arguments of its constructor.
        targets: Array, `y_true` of a batch of six.
        predictions: Array, `y_pred` of the same batch.
        bad: Pairs of changed arguments and what the error must say.
        skips: Mapping from the name of a check to the reason why this component cannot take it.
    """

    arguments: Mapping[str, Any]
    targets: np.ndarray
    predictions: np.ndarray
    bad: tuple[tuple[Mapping[str, Any], str], ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)
