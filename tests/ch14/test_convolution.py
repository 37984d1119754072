"""Convolution and pooling by hand against loops, SciPy, the adjoint identity and Keras' layers."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from scipy import signal

from mathdl_keras.chapters.ch14.convolution import conv2d_backward, conv2d_forward, im2col
from mathdl_keras.chapters.ch14.geometry import conv_output_size, receptive_field, toeplitz_matrix
from mathdl_keras.chapters.ch14.pooling import max_pool2d_backward, max_pool2d_forward
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.precision import float64, require_float64

# Sums of at most 2·56·9 products of standard normals in float64, u = 1.1e-16: some 1e-13 at worst.
TOLERANCE = 1e-12
CASES = [
    *itertools.product([(3, 3)], (1, 2, 3), ("valid", "same", 1, 2, (0, 2))),
    *itertools.product([(2, 1), (1, 4)], (1, (2, 1), 3), ("same", (2, 0))),
]


def numpy(x):
    return np.asarray(ops.convert_to_numpy(require_float64(x)))


def zeros_around(padding, sizes, kernel, strides):
    """Written out from Keras' documentation, not from the package."""
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, kernel, strides, strict=True)]
        return [(t // 2, t - t // 2) for t in total]
    padding = 0 if padding == "valid" else padding
    return [(p, p) for p in np.broadcast_to(padding, 2)]


def brute_force(x, K, delta_of, strides, padding, dilation=1):
    """Z, dX and dK by loops over every index, in the definition's own words."""
    (sh, sw), (dh, dw) = np.broadcast_to(strides, 2), np.broadcast_to(dilation, 2)
    window = (K.shape[0] - 1) * dh + 1, (K.shape[1] - 1) * dw + 1
    pads = zeros_around(padding, x.shape[1:3], window, (sh, sw))
    padded = np.pad(x, ((0, 0), *pads, (0, 0)))
    rows = (padded.shape[1] - window[0]) // sh + 1
    columns = (padded.shape[2] - window[1]) // sw + 1
    Z = np.zeros((len(x), rows, columns, K.shape[3]))
    dX, dK = np.zeros_like(padded), np.zeros_like(K)
    delta = delta_of(Z.shape)
    for n, i, j, a, b in np.ndindex(len(x), rows, columns, *K.shape[:2]):
        seen = padded[n, i * sh + a * dh, j * sw + b * dw]
        Z[n, i, j] += seen @ K[a, b]
        dX[n, i * sh + a * dh, j * sw + b * dw] += K[a, b] @ delta[n, i, j]
        dK[a, b] += np.outer(seen, delta[n, i, j])
    (top, _), (left, _) = pads
    return Z, delta, dX[:, top : top + x.shape[1], left : left + x.shape[2]], dK


@pytest.mark.parametrize(("kernel_size", "strides", "padding"), CASES)
def test_convolution_and_its_derivatives_against_loops(kernel_size, strides, padding):
    rng = np.random.default_rng(0)
    x, K = rng.normal(size=(2, 7, 8, 3)), rng.normal(size=(*kernel_size, 3, 4))
    Z, delta, dX, dK = brute_force(x, K, lambda s: rng.normal(size=s), strides, padding)
    with float64():
        bias = np.arange(4.0)
        forward = numpy(conv2d_forward(x, K, bias, strides, padding))
        dx, dkernel, dbias = map(numpy, conv2d_backward(delta, x, K, strides, padding))
        rows = numpy(im2col(x, kernel_size, strides, padding))
    np.testing.assert_allclose(forward, Z + bias, atol=TOLERANCE)
    np.testing.assert_allclose(rows @ K.reshape(-1, 4), Z, atol=TOLERANCE)
    np.testing.assert_allclose(dx, dX, atol=TOLERANCE)
    np.testing.assert_allclose(dkernel, dK, atol=TOLERANCE)
    np.testing.assert_allclose(dbias, delta.sum((0, 1, 2)), atol=TOLERANCE)
    # the adjoint identity: <delta, conv x> = <dX, x> = <dK, K>
    inner = (delta * Z).sum()
    assert abs((dx * x).sum() - inner) < 1e-11
    assert abs((dkernel * K).sum() - inner) < 1e-11


GAPS = [
    *itertools.product([(3, 2)], [1], ("valid", "same", (0, 2)), (2, (1, 3)), (1, 3)),
    *itertools.product([(2, 3)], (2, (2, 1)), ("valid", "same", 1), [1], (3, 6)),
]


@pytest.mark.parametrize(("kernel_size", "strides", "padding", "dilation", "groups"), GAPS)
def test_gaps_and_groups_against_loops(kernel_size, strides, padding, dilation, groups):
    """A kernel of groups is one of all channels that is zero between groups."""
    rng = np.random.default_rng(0)
    x, K = rng.normal(size=(2, 7, 8, 6)), rng.normal(size=(*kernel_size, 6 // groups, 6))
    blocks = np.kron(np.eye(groups), np.ones((6 // groups, 6 // groups)))
    Z, delta, dX, dK = brute_force(
        x, np.tile(K, (groups, 1)) * blocks, lambda s: rng.normal(size=s), strides, padding, dilation
    )
    dK = (dK * blocks).reshape(*kernel_size, groups, 6 // groups, 6).sum(axis=2)
    with float64():
        forward = numpy(conv2d_forward(x, K, None, strides, padding, dilation, groups))
        dx, dkernel, _ = map(numpy, conv2d_backward(delta, x, K, strides, padding, dilation, groups))
        rows = numpy(im2col(x, kernel_size, strides, padding, dilation))
    np.testing.assert_allclose(forward, Z, atol=TOLERANCE)
    np.testing.assert_allclose(dx, dX, atol=TOLERANCE)
    np.testing.assert_allclose(dkernel, dK, atol=TOLERANCE)
    np.testing.assert_allclose(rows @ (np.tile(K, (groups, 1)) * blocks).reshape(-1, 6), Z, atol=TOLERANCE)
    T = toeplitz_matrix(np.tile(K, (groups, 1)) * blocks, (7, 8, 6), strides, padding, dilation)
    np.testing.assert_allclose(x.reshape(2, -1) @ T.T, Z.reshape(2, -1), atol=TOLERANCE)


@pytest.mark.parametrize(("mode", "padding"), [("valid", "valid"), ("full", 2)])
def test_forward_is_scipys_cross_correlation_and_not_its_convolution(mode, padding):
    rng = np.random.default_rng(1)
    x, K = rng.normal(size=(6, 7)), rng.normal(size=(3, 3))
    with float64():
        Z = numpy(conv2d_forward(x[None, ..., None], K[..., None, None], padding=padding))[0, ..., 0]
    np.testing.assert_allclose(Z, signal.correlate2d(x, K, mode), atol=TOLERANCE)
    assert abs(Z - signal.convolve2d(x, K, mode)).max() > 1


def test_input_derivative_is_the_full_correlation_with_the_flipped_kernel():
    rng = np.random.default_rng(2)
    x, K, delta = rng.normal(size=(6, 7)), rng.normal(size=(3, 2)), rng.normal(size=(2, 3))
    spread = np.zeros((4, 6))
    spread[::3, ::2][:2, :3] = delta  # strides 3 and 2
    expected = signal.correlate2d(spread[:, :5], K[::-1, ::-1], "full")
    with float64():
        dx, _, _ = conv2d_backward(delta[None, ..., None], x[None, ..., None], K[..., None, None], (3, 2))
        dx = numpy(dx)[0, ..., 0]
    np.testing.assert_allclose(dx[:, :6], expected, atol=TOLERANCE)
    assert not dx[:, 6].any()  # no window reaches the last column


def test_input_derivative_is_keras_conv2dtranspose():
    rng = np.random.default_rng(3)
    x, delta = rng.normal(size=(2, 9, 9, 3)), rng.normal(size=(2, 4, 4, 5))
    with float64():
        layer = keras.layers.Conv2DTranspose(3, 3, 2, use_bias=False, dtype="float64")
        expected = numpy(layer(ops.convert_to_tensor(delta)))
        dx = numpy(conv2d_backward(delta, x, layer.kernel, 2)[0])
    np.testing.assert_allclose(dx, expected, atol=TOLERANCE)


@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (2, "same"), (2, 1), ((1, 2), (2, 0))])
def test_toeplitz_matrix_is_the_convolution(strides, padding):
    rng = np.random.default_rng(4)
    x, K = rng.normal(size=(2, 5, 6, 2)), rng.normal(size=(3, 2, 2, 3))
    Z, *_ = brute_force(x, K, np.zeros, strides, padding)
    T = toeplitz_matrix(K, (5, 6, 2), strides, padding)
    np.testing.assert_allclose(x.reshape(2, -1) @ T.T, Z.reshape(2, -1), atol=TOLERANCE)


def test_toeplitz_matrix_is_sparse():
    T = toeplitz_matrix(np.ones((3, 3, 2, 4)), (6, 6, 2))
    assert T.shape == (4 * 4 * 4, 72)
    assert (np.count_nonzero(T, axis=1) == 3 * 3 * 2).all()


def test_output_size_counts_the_windows():
    counted = 0
    for n, k, s, p, d in itertools.product(range(1, 13), range(1, 6), (1, 2, 3), range(3), (1, 2)):
        extent = d * (k - 1) + 1
        starts = [t for t in range(0, n + 2 * p, s) if t + extent <= n + 2 * p]
        if starts:
            assert conv_output_size(n, k, s, p, d) == len(starts)
            counted += d == 1
        else:
            with pytest.raises(ValueError, match="kernel_size must not exceed"):
                conv_output_size(n, k, s, p, d)
    assert counted == 501


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("s", (1, 2, 3))
def test_same_padding_gives_ceil_n_over_s(n, s):
    assert conv_output_size(n, 3, s, "same") == -(-n // s)


def test_receptive_field_is_what_an_output_depends_on():
    layers = [(3, 1), (2, 2), (3, 2, 2), (2, 1)]
    n, taps = 40, {20}
    # walk back from one output: the inputs that each layer's windows touch
    for k, s, *d in reversed(layers):
        taps = {t * s + a * (d[0] if d else 1) for t in taps for a in range(k)}
    assert receptive_field(layers) == max(taps) - min(taps) + 1 < n


def test_receptive_field_reads_keras_layers():
    layers = [
        keras.layers.Conv2D(4, (3, 5)),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(4, 3, dilation_rate=2),
    ]
    assert receptive_field(layers) == (3 + 1 + 4 * 2, 5 + 1 + 4 * 2)
    assert receptive_field([keras.layers.Conv1D(1, 7)]) == 7
    with pytest.raises(ValueError, match="layers must be"):
        receptive_field([keras.layers.Flatten()])


POOLS = [(2, None, "valid"), (3, 2, "same"), ((2, 3), (1, 2), "valid"), (2, 3, "same"), (3, 1, 1)]


@pytest.mark.parametrize(("pool", "strides", "padding"), POOLS)
def test_max_pooling_against_loops_with_ties(pool, strides, padding):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 3, size=(2, 7, 8, 3)).astype("float64")  # three values only: many ties
    kernel = np.broadcast_to(pool, 2)
    steps = kernel if strides is None else np.broadcast_to(strides, 2)
    pads = zeros_around(padding, (7, 8), kernel, steps)
    padded = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=-np.inf)
    with float64():
        Z, winner = max_pool2d_forward(x, pool, strides, padding)
        delta = rng.normal(size=tuple(Z.shape))
        dx = numpy(max_pool2d_backward(delta, winner, (7, 8), pool, strides, padding))
        Z = numpy(Z)
    expected, back = np.zeros_like(Z), np.zeros_like(padded)
    for n, i, j, c in np.ndindex(Z.shape):
        y0, x0 = i * steps[0], j * steps[1]
        window = padded[n, y0 : y0 + kernel[0], x0 : x0 + kernel[1], c]
        first = np.unravel_index(window.argmax(), window.shape)  # NumPy: the first, row by row
        expected[n, i, j, c] = window.max()
        back[n, y0 + first[0], x0 + first[1], c] += delta[n, i, j, c]
    (top, _), (left, _) = pads
    np.testing.assert_array_equal(Z, expected)
    np.testing.assert_allclose(dx, back[:, top : top + 7, left : left + 8], atol=1e-14)


@pytest.mark.parametrize(("pool", "strides", "padding"), POOLS[:4])
def test_max_pooling_is_keras_max_pooling(pool, strides, padding):
    x = np.random.default_rng(6).normal(size=(2, 7, 8, 3))
    with float64():
        layer = keras.layers.MaxPooling2D(pool, strides, padding, dtype="float64")
        Z, winner = max_pool2d_forward(x, pool, strides, padding)
        expected = numpy(layer(ops.convert_to_tensor(x)))
        weights = ops.convert_to_tensor(np.random.default_rng(7).normal(size=tuple(Z.shape)))
        dx = numpy(max_pool2d_backward(weights, winner, (7, 8), pool, strides, padding))
        by_autodiff = numpy(grad(lambda x: ops.sum(layer(x) * weights))(ops.convert_to_tensor(x)))
    np.testing.assert_array_equal(numpy_or_array(Z), expected)
    np.testing.assert_allclose(dx, by_autodiff, atol=1e-14)


def numpy_or_array(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 1)])
def test_a_nan_shows_in_its_maximum_and_nowhere_else(place):
    x = np.ones((1, 2, 4, 1), "float32")
    x[0, place[0], place[1], 0] = np.nan
    Z, _ = max_pool2d_forward(ops.convert_to_tensor(x))  # as an array it would be refused
    np.testing.assert_array_equal(numpy_or_array(Z)[0, 0, :, 0], [np.nan, 1.0])


IMAGE, KERNEL = np.zeros((1, 5, 5, 2), "float32"), np.zeros((3, 3, 2, 1), "float32")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conv2d_forward(IMAGE[0], KERNEL), "x must have shape"),
        (
            lambda: conv2d_forward(IMAGE, KERNEL[:, :, :1]),
            r"kernel must have shape \(kh, kw, 2, fil",
        ),
        (
            lambda: conv2d_forward(IMAGE, KERNEL, groups=2),
            r"kernel must have shape \(kh, kw, 1, filters\), filters a multiple of groups=2; received \(3, 3, 2, 1\)",
        ),
        (
            lambda: conv2d_forward(IMAGE, KERNEL, strides=2, dilation_rate=2),
            "strides must be 1 where dilation_rate is not; received strides=2 and dilation_rate=2",
        ),
        (
            lambda: conv2d_forward(IMAGE, KERNEL, strides=0),
            "strides must be an integer of at least 1",
        ),
        (lambda: conv2d_forward(IMAGE, KERNEL, padding="full"), 'padding must be "valid", "same"'),
        (
            lambda: conv2d_forward(IMAGE, KERNEL, padding=-1),
            "padding must be an integer of at least 0",
        ),
        (
            lambda: conv2d_forward(IMAGE[:, :2], KERNEL),
            "kernel_size must not exceed the padded input",
        ),
        (
            lambda: conv2d_backward(IMAGE, IMAGE, KERNEL),
            r"delta must have shape \(batch, 3, 3, 1\)",
        ),
        (
            lambda: im2col(IMAGE, (3, 3, 3)),
            "kernel_size must be an integer of at least 1, or a pair",
        ),
        (lambda: max_pool2d_forward(IMAGE, 6), "kernel_size must not exceed"),
        (lambda: toeplitz_matrix(KERNEL, (5, 5, 1)), "kernel must have shape"),
        (lambda: conv_output_size(5, 2.5), "kernel_size must be an integer"),
    ],
)
def test_bad_arguments_say_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
