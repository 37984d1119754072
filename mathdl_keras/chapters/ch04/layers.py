r"""Kernels as layers: the Gram matrix with fixed landmarks, and random features whose kernel is known (§4.5)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch01.layers import RandomFeatures
from mathdl_keras.core.checks import ChecksData, as_table

__all__ = ["GramMatrix", "RandomFourierFeatures"]


@keras.saving.register_keras_serializable("mathdl_keras")
class GramMatrix(ChecksData, keras.layers.Layer):
    r"""The Gram matrix as a layer (§4.3): each point's kernel with each landmark.

    .. math:: \varphi(x)_j = k(x, z_j), \qquad j = 1, \dots, N

    A dense layer on top of it is a kernel machine, :math:`f(x) = \sum_j c_j\,k(x, z_j)`, whose landmarks need not be
    the sample. Without landmarks it is called on a pair of tables. In half precision it computes in float32.

    `(B, D) -> (B, N)`, or `[(M, D), (N, D)] -> (M, N)`.

    Args:
        kernel: A `Kernel`, or a function of two tables of points.
        landmarks: The points z, (N, D), which are saved with the layer; None for calls on pairs.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the kernel is no function, or the points do not fit.

    Example:
        >>> from mathdl_keras.chapters.ch04.kernels import RBFKernel
        >>> layer = GramMatrix(RBFKernel(1.0), landmarks=[[0.0], [2.0]])
        >>> [round(float(v), 4) for v in layer(ops.array([[1.0]]))[0]]
        [0.6065, 0.6065]
    """

    def __init__(self, kernel, landmarks=None, **kwargs):
        super().__init__(**kwargs)
        self.kernel = require_kernel(kernel)
        self.landmarks = None if landmarks is None else as_table(landmarks)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)

    def call(self, inputs):
        x, z = inputs if self.landmarks is None else (inputs, self.landmarks)
        return ops.cast(gram(self.kernel, x, z, self.compute_dtype), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        if self.landmarks is None:
            x, z = input_shape
        else:
            x, z = input_shape, self.landmarks.shape
        if len(x) != 2 or len(z) != 2 or x[1] != z[1]:
            raise ValueError(f"x must have shape (batch, {z[-1]}), as the landmarks; received shape {tuple(x)}")
        return (x[0], z[0])

    def get_config(self):
        landmarks = None if self.landmarks is None else self.landmarks.tolist()
        kernel = keras.saving.serialize_keras_object(self.kernel)
        return super().get_config() | {"kernel": kernel, "landmarks": landmarks}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"kernel": keras.saving.deserialize_keras_object(config["kernel"])})


def require_kernel(kernel):
    """The kernel itself, if it can be called.

    Raises:
        ValueError: If it cannot.
    """
    if not callable(kernel):
        raise ValueError(f"kernel must be a Kernel or a function k(X, Z); received kernel={kernel!r}")
    return kernel


def gram(kernel, x, z, dtype):
    """The Gram matrix in a dtype, but at least in float32: distances are differences of larger numbers."""
    dtype = "float32" if dtype in ("float16", "bfloat16") else dtype
    return kernel(ops.cast(x, dtype), ops.cast(z, dtype))


@keras.saving.register_keras_serializable("mathdl_keras")
class RandomFourierFeatures(RandomFeatures):
    r"""A random layer whose inner products tend to the Gaussian kernel (§4.5; Rahimi and Recht, 2007).

    .. math::
        \varphi(x) = \sqrt{2/N}\,\cos(xW + b), \quad W_{ij} \sim N(0, \ell^{-2}),\ b_j \sim U(0, 2\pi), \qquad
        E\,\langle\varphi(x), \varphi(z)\rangle = e^{-\lVert x - z\rVert^2 / 2\ell^2}

    The error of one inner product is of size :math:`1/\sqrt N`. Linear regression on these features costs
    :math:`O(MN^2)` for M samples, the kernel itself :math:`O(M^3)`: this is how kernels reach large samples.

    `(..., inputs) -> (..., units)`.

    Args:
        units: Integer, the number N of features.
        lengthscale: Float, :math:`\ell > 0`, as in `RBFKernel`; 1 by default.
        seed: Integer, seed of NumPy's generator, so that the weights are the same on every backend; 0 by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> phi = RandomFourierFeatures(100_000, seed=1)(ops.array([[0.0], [1.0]]))  # exp(-1/2) = 0.607
        >>> round(float(ops.sum(phi[0] * phi[1])), 1)
        0.6
    """

    def __init__(self, units, lengthscale=1.0, seed=0, **kwargs):
        if not 0 < lengthscale < float("inf"):
            raise ValueError(f"lengthscale must be positive and finite; received lengthscale={lengthscale}")
        super().__init__(units, "fourier", scale=1 / lengthscale, seed=seed, **kwargs)
        self.lengthscale = lengthscale

    def get_config(self):
        config = super().get_config()
        config = {key: value for key, value in config.items() if key not in ("activation", "scale", "bias_scale")}
        return config | {"lengthscale": self.lengthscale}
