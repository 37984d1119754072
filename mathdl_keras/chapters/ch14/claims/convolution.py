"""Claims of §14.1 and §14.4 to §14.6: the algebra of convolution, and what the layers do."""

import keras
import numpy as np
from keras import ops
from scipy import signal

from mathdl_keras.chapters.ch14.convolution import conv2d_backward, conv2d_forward
from mathdl_keras.chapters.ch14.geometry import conv_output_size, toeplitz_matrix
from mathdl_keras.chapters.ch14.geometry import receptive_field as width_of
from mathdl_keras.chapters.ch14.layers import Conv2D
from mathdl_keras.core.autodiff import grad, vjp
from mathdl_keras.core.claims import claim, equals, exactly
from mathdl_keras.core.loops import compiled


def flipped_backward(delta, x, kernel, strides, padding):
    """The derivative with the kernel turned around."""
    return conv2d_backward(delta, x, ops.flip(kernel, axis=(0, 1)), strides, padding)


@claim(
    "14.5",
    "convolution is a cross-correlation, and its hand-written derivatives are its adjoints and autodiff's",
    refuted_by={"flipped forward": {"oracle": signal.convolve2d}, "flipped backward": {"backward": flipped_backward}},
    precision="float64",
)
def conv_backprop(rng, *, size=8, oracle=signal.correlate2d, backward=conv2d_backward):
    # n terms of order one: the rounding of their sum is at most n * sum|terms| <= 72 * 72 roundings
    x, K = (ops.convert_to_tensor(rng.standard_normal(shape)) for shape in ((2, size, size, 3), (3, 2, 3, 4)))
    verdicts = [_forward_is(oracle, x, K)]
    for stride, padding in [(1, 0), (2, 1), (3, 2)]:
        sizes = conv_output_size(size, 3, stride, padding), conv_output_size(size, 2, stride, padding)
        delta = ops.convert_to_tensor(rng.standard_normal((2, *sizes, 4)))
        z, dx, dK, auto_dx, auto_dK = _derivatives(x, K, delta, stride, padding, backward)
        power, scale = np.sum(z * ops.convert_to_numpy(delta)), np.sum(np.abs(z * ops.convert_to_numpy(delta)))
        where = f"stride {stride}, padding {padding}"
        verdicts += [
            equals(dx, auto_dx, roundings=5000, label=f"dX, {where}"),
            equals(dK, auto_dK, roundings=5000, label=f"dK, {where}"),
            equals(ops.sum(dx * x), power, roundings=300, scale=scale, label=f"<dX, X> = <delta, Z>, {where}"),
            equals(ops.sum(dK * K), power, roundings=300, scale=scale, label=f"<dK, K> = <delta, Z>, {where}"),
        ]
    return verdicts


def _derivatives(x, K, delta, stride, padding, backward):
    """Z as an array, the gradients by hand, and those of automatic differentiation as arrays."""

    def run(x, K, delta):
        z, pullback = vjp(lambda p: conv2d_forward(*p, None, stride, padding), (x, K))
        return z, *backward(delta, x, K, stride, padding)[:2], *pullback(delta)

    z, dx, dK, *auto = compiled(run)(x, K, delta)
    return ops.convert_to_numpy(z), dx, dK, *map(ops.convert_to_numpy, auto)


def _forward_is(oracle, x, K):
    images, kernel = ops.convert_to_numpy(x), ops.convert_to_numpy(K)
    expected = [
        [sum(oracle(image[..., c], kernel[..., c, f], "valid") for c in range(3)) for f in range(4)] for image in images
    ]
    measured = conv2d_forward(x, K)
    return equals(measured, np.transpose(expected, (0, 2, 3, 1)), roundings=5000, label="Z")


@claim(
    "14.4",
    "a kernel of size k fits floor((n + 2p - k)/s) + 1 times",
    refuted_by={"ceiling": {"size": lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1}},
)
def output_size(rng, *, size=conv_output_size):
    cases = [
        (n, k, s, p) for n in range(1, 13) for k in range(1, 6) for s in range(1, 4) for p in range(3) if k <= n + 2 * p
    ]
    counted = [sum(1 for start in range(0, n + 2 * p, s) if start + k <= n + 2 * p) for n, k, s, p in cases]
    return exactly(np.array([size(*case) for case in cases]), counted, label="sizes")


def wrapped(x, k):
    """Images continued periodically by k - 1 pixels."""
    return np.pad(x, ((0, 0), (0, k - 1), (0, k - 1), (0, 0)), mode="wrap")


def zero_padded(x, k):
    """Images continued by zeros."""
    return np.pad(x, ((0, 0), (0, k - 1), (0, k - 1), (0, 0)))


@claim(
    "14.4",
    "circular shifts commute with convolution at stride 1, multiples of s at stride s; zeros break it at borders",
    refuted_by={"zero padding": {"continued": zero_padded}},
    precision="float64",
)
def equivariance(rng, *, size=12, k=3, stride=3, continued=wrapped):
    x = rng.standard_normal((1, size, size, 2))
    layers = {s: Conv2D(4, k, strides=s) for s in (1, stride)}

    def outputs(shift, s, continued):
        return layers[s](continued(np.roll(x, shift, axis=(1, 2)), k))

    def error(shift, s, continued):
        """Of convolving after a shift against shifting after convolving, a row each."""
        moved = outputs((shift, 0), s, continued)
        expected = np.roll(ops.convert_to_numpy(outputs((0, 0), s, continued)), shift // s, axis=1)
        return np.abs(ops.convert_to_numpy(moved) - expected).max(axis=(0, 2, 3))

    base = ops.convert_to_numpy(outputs((0, 0), 1, continued))
    strided = ops.convert_to_numpy(outputs((0, 0), stride, continued))
    broken = error(1, 1, zero_padded) > 1e-3
    return (
        equals(outputs((5, 2), 1, continued), np.roll(base, (5, 2), (1, 2)), roundings=900, label="stride 1"),
        equals(
            outputs((stride, 2 * stride), stride, continued),
            np.roll(strided, (1, 2), (1, 2)),
            roundings=900,
            label="stride s, shift s",
        ),
        exactly(error(1, stride, continued).max() > 1e-3, True, label="stride s, shift 1 differs"),
        exactly(broken, np.isin(np.arange(size), [0, *range(size - k + 1, size)]), label="rows broken by zeros"),
    )


@claim(
    "14.1",
    "a convolution is a sparse matrix with shared entries: k^2 C_in C_out + C_out parameters",
    refuted_by={"flipped kernel": {"kernel_of": lambda K: K[::-1, ::-1]}},
    precision="float64",
)
def toeplitz(rng, *, size=7, k=3, strides=2, padding=1, kernel_of=lambda K: K):
    layer = Conv2D(4, k, strides=strides, padding=padding)
    x = rng.standard_normal((1, size, size, 3))
    z = layer(x)
    T = toeplitz_matrix(kernel_of(ops.convert_to_numpy(layer.kernel.value)), (size, size, 3), strides, padding)
    weights = layer.count_params()
    return (
        equals(ops.reshape(z, (-1,)), T @ x.ravel(), roundings=900, label="T vec(x)"),
        exactly(weights, k * k * 3 * 4 + 4, label="parameters"),
    )


STACKS = ([(3, 1), (3, 1)], [(3, 2), (3, 1), (2, 2)], [(5, 1), (2, 3), (3, 2), (3, 1)])


@claim(
    "14.4",
    "one output sees 1 + sum_l (k_l - 1) prod_{i<l} s_i inputs",
    refuted_by={"strides ignored": {"width": lambda stack: 1 + sum(k - 1 for k, _ in stack)}},
)
def receptive_field(rng, *, length=48, width=width_of):
    widths = [int(np.sum(_sensitivity(stack, length) > 0)) for stack in STACKS]
    return exactly(np.array(widths), [width(stack) for stack in STACKS], label="support of d out / d in")


def _sensitivity(stack, length):
    """d out / d in of one output of convolutions with positive kernels: nothing can cancel."""
    layers = [Conv2D(1, (1, k), strides=(1, s), kernel_initializer="ones") for k, s in stack]
    network = keras.Sequential([keras.Input((1, length, 1)), *layers])
    first = compiled(grad(lambda x: network(x)[0, 0, 0, 0]))
    return ops.convert_to_numpy(first(ops.ones((1, 1, length, 1)))).ravel()
