"""The counters of the frameworks, on programs whose cost is known."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch08.profilers import compiled_flops, measured_flops
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.loops import compiled, scan

BACKEND = keras.backend.backend()
rng = np.random.default_rng(0)
A, B = rng.standard_normal((4, 3)).astype("float32"), rng.standard_normal((3, 5)).astype("float32")
STACK = rng.standard_normal((2, 4, 3)).astype("float32")
SQUARE = rng.standard_normal((3, 3)).astype("float32")


@pytest.mark.parametrize(
    ("fn", "args", "products"),
    [
        (lambda a, b: ops.matmul(a, b), (A, B), 4 * 3 * 5),
        (lambda a, b: ops.matmul(ops.transpose(b), ops.transpose(a)), (A, B), 4 * 3 * 5),
        (lambda s, b: ops.matmul(s, b), (STACK, B), 2 * 4 * 3 * 5),
        (lambda a, b: ops.einsum("ij,jk->ik", a, b), (A, B), 4 * 3 * 5),
        (lambda s: ops.einsum("bij,bkj->bik", s, s), (STACK,), 2 * 4 * 4 * 3),
        (lambda a: ops.einsum("ij->i", a), (A,), 0),
        (lambda a: ops.exp(a) * a + 1, (A,), 0),
        (lambda a, b: compiled(lambda a: ops.matmul(a, b))(a), (A, B), 4 * 3 * 5),
        (lambda a, b: grad(lambda a: ops.sum(ops.square(ops.matmul(a, b))))(a), (A, B), 2 * 4 * 3 * 5),
    ],
)
def test_products_are_counted(fn, args, products):
    assert measured_flops(fn, *args) == 2 * products


def powers(x, steps=6):
    return scan(lambda x, _: (ops.matmul(x, SQUARE), None), x, length=steps)[0]


def test_a_loop_counts_as_often_as_it_runs_or_is_refused():
    if BACKEND == "tensorflow":
        with pytest.raises(ValueError, match="loops of known length only; received a while loop"):
            measured_flops(powers, SQUARE)
    else:
        assert measured_flops(powers, SQUARE) == 6 * 2 * 27


@pytest.mark.skipif(BACKEND != "jax", reason="branches and open loops of a traced program: JAX")
def test_of_branches_the_dearest_counts_and_open_loops_are_refused():
    def branches(x):
        return ops.cond(x[0, 0] > 0, lambda: ops.matmul(x, ops.matmul(x, x)), lambda: ops.matmul(x, x))

    def search(x):
        return ops.while_loop(lambda x: ops.sum(x) < 9, lambda x: (ops.matmul(x, x),), (x,))

    assert measured_flops(branches, SQUARE) == 2 * 2 * 27
    with pytest.raises(ValueError, match="received a while loop"):
        measured_flops(search, SQUARE)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="names of the operations of a graph: TensorFlow")
def test_products_that_are_not_known_are_refused():
    image, kernel = np.ones((1, 6, 6, 2), "float32"), np.ones((3, 3, 2, 1), "float32")
    with pytest.raises(ValueError, match="received DepthwiseConv2dNative"):
        measured_flops(ops.depthwise_conv, image, kernel)
    with pytest.raises(ValueError, match="einsum without dots"):
        measured_flops(lambda s: ops.einsum("...ij,...kj->...ik", s, s), STACK)


def test_xla_counts_at_least_the_products():
    total = compiled_flops(lambda a, b: ops.exp(ops.matmul(a, b)) + 1, A, B)
    if BACKEND == "jax":
        assert 120 + 20 <= total <= 120 + 3 * 20  # a sum for each of 20 entries, and perhaps the exponential
    else:
        assert total is None


def test_nests_are_arguments_too():
    assert measured_flops(lambda pair: {"product": ops.matmul(*pair)}, (A, B)) == 120
