"""What a loader returns: values, and what they mean."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

__all__ = ["Dataset", "Image", "Series", "Split", "Text"]


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test rows of a data set."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows, targets, and what the numbers mean.

    Attributes:
        name: String, the name of the loader.
        x: Array `(rows, ..., features)`, the inputs. Images are channels-last, float32 in [0, 1].
        y: Array `(rows,)`, the targets: int64 class indices, or float64 for a regression.
        feature_names: Tuple of strings, what the last axis of `x` holds.
        target_names: Tuple of strings, the class names, by index; for a regression, the name of the target.
        units: Tuple of strings, one for each feature; "" where the feature is dimensionless or its source states no
            unit.
        source: String, where the data comes from.
        licence: String, the licence of the data.
        test: Pair `(x_test, y_test)` of an official split, whose training rows are `x` and `y`; `None`, the default,
            without one.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    units: tuple[str, ...]
    source: str
    licence: str
    test: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def is_classification(self) -> bool:
        """Whether `y` holds class indices."""
        return np.issubdtype(self.y.dtype, np.integer)

    def split(self, test_size: float = 0.2, seed: int = 0, stratify: bool | None = None) -> Split:
        """Divide the rows into a training and a test part.

        An official split is kept as it is: then no argument has an effect.

        Args:
            test_size: Float in (0, 1), the fraction of rows to test on; 0.2 by default.
            seed: Integer, seed of the random division; 0 by default.
            stratify: Boolean, whether each class keeps its share in both parts; `None`, the default, for
                classifications only.

        Returns:
            The four arrays.

        Raises:
            ValueError: If `test_size` is outside (0, 1), or a regression is to be stratified.

        Example:
            >>> from mathdl_keras.datasets import iris
            >>> iris().split(test_size=0.2).x_test.shape
            (30, 4)
        """
        if not 0.0 < test_size < 1.0:
            raise ValueError(f"test_size must be in (0, 1); received test_size={test_size!r}")
        if stratify and not self.is_classification:
            raise ValueError(f"stratify must be None or False for a regression; received stratify={stratify!r}")
        if self.test is not None:
            return Split(self.x, self.y, *self.test)
        classes = self.y if stratify is not False and self.is_classification else None
        x_train, x_test, y_train, y_test = train_test_split(
            self.x, self.y, test_size=test_size, random_state=seed, stratify=classes
        )
        return Split(x_train, y_train, x_test, y_test)


@dataclass(frozen=True, eq=False)
class Image:
    """One grayscale picture: `pixels` is `(height, width)`, float32 in [0, 1]."""

    name: str
    pixels: np.ndarray
    source: str
    licence: str


@dataclass(frozen=True, eq=False)
class Series:
    """Quantities measured one time after another.

    Attributes:
        name: String, the name of the loader.
        time: Array `(steps,)`, the times of the measurements: years, or NumPy days.
        values: Dictionary from each quantity's name to its values, a float64 array `(steps,)`.
        units: Dictionary from each quantity's name to its unit.
        source: String, where the data comes from.
        licence: String, the licence of the data.
    """

    name: str
    time: np.ndarray
    values: dict[str, np.ndarray]
    units: dict[str, str]
    source: str
    licence: str


@dataclass(frozen=True)
class Text:
    """One long text: `text` has lines that end in a line feed."""

    name: str
    text: str
    source: str
    licence: str
