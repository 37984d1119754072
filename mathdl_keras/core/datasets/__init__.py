"""Real data for every chapter in one catalogue: tables, images, series and texts, one loader each.

The default runs need no download: most sets ship inside scikit-learn, and 5,000 real MNIST digits, the flow of the Nile
and a book inside this package. `mnist`, `fashion_mnist` and `cifar10` come through `keras.datasets`; they are an
opt-in, because they need a network the first time. `sp500` ships inside an optional package.

Each loader returns fresh arrays: writing into them changes nobody else's data.
"""

from mathdl_keras.core.datasets.content import DatasetUnavailable
from mathdl_keras.core.datasets.images import china, cifar10, digits, fashion_mnist, mnist, mnist5k
from mathdl_keras.core.datasets.series import nile, sp500
from mathdl_keras.core.datasets.tables import breast_cancer, diabetes, iris
from mathdl_keras.core.datasets.texts import alice
from mathdl_keras.core.datasets.types import Dataset, Image, Series, Split, Text

__all__ = [
    "CATALOGUE",
    "DOWNLOADS",
    "Dataset",
    "DatasetUnavailable",
    "Image",
    "Series",
    "Split",
    "Text",
    "alice",
    "breast_cancer",
    "china",
    "cifar10",
    "diabetes",
    "digits",
    "fashion_mnist",
    "iris",
    "load",
    "mnist",
    "mnist5k",
    "nile",
    "sp500",
]

CATALOGUE = {
    loader.__name__: loader
    for loader in (digits, breast_cancer, diabetes, iris, mnist5k, china, nile, sp500, alice)
    + (mnist, fashion_mnist, cifar10)
}
DOWNLOADS = ("mnist", "fashion_mnist", "cifar10")


def load(name: str) -> Dataset | Image | Series | Text:
    """Load a data set by its name.

    Args:
        name: String, one of the names in `CATALOGUE`.

    Returns:
        A `Dataset` of rows and targets, an `Image`, a `Series` or a `Text`.

    Raises:
        ValueError: If there is no such data set.
        DatasetUnavailable: If it has to be downloaded, or needs an optional package, and cannot be had.

    Example:
        >>> load("iris").x.shape
        (150, 4)
    """
    if name not in CATALOGUE:
        raise ValueError(f"dataset must be one of {', '.join(CATALOGUE)}; received dataset={name!r}")
    return CATALOGUE[name]()
