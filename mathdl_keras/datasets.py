"""Real data, most of which need no download: `from mathdl_keras.datasets import load`."""

from mathdl_keras.core.datasets import (
    Dataset,
    DatasetUnavailable,
    Image,
    Series,
    Split,
    Text,
    alice,
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
    nile,
    sp500,
)
