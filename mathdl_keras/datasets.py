"""Real data, most of which need no download: `from mathdl_keras.datasets import load`."""

from mathdl_keras.core.datasets import (
    Dataset,
    DatasetUnavailable,
    Image,
    Split,
    breast_cancer,
    china,
    cifar10,
    diabetes,
    digits,
    fashion_mnist,
    iris,
    load,
    mnist,
    mnist5k,
)
from mathdl_keras.core.series import Series, Text, alice, nile, sp500
