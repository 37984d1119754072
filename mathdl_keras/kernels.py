"""Kernels, their spectra and features: `from mathdl_keras.kernels import RBFKernel`."""

from mathdl_keras.chapters.ch04.arc_cosine import (
    ArcCosineKernel,
)
from mathdl_keras.chapters.ch04.kernels import (
    BrownianKernel,
    Kernel,
    LaplaceKernel,
    LinearKernel,
    PolynomialKernel,
    RBFKernel,
)
from mathdl_keras.chapters.ch04.perceptron import (
    train_kernel_perceptron,
)
from mathdl_keras.chapters.ch04.regression import (
    kernel_ridge,
)
from mathdl_keras.chapters.ch04.spectrum import (
    is_psd,
    mercer_spectrum,
    nystrom_features,
    require_psd,
)
