"""`core.loops` against NumPy recursions."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.loops import compiled, compiled_loop, scan

A = np.array([[0.9, 0.2], [-0.3, 0.8]], "float32")
XS = np.random.default_rng(0).standard_normal((7, 2)).astype("float32")
U32 = 2.0**-24


def cell(carry, x):
    """A linear recurrence whose output has another shape and structure than its carry."""
    carry = ops.einsum("ij,j->i", ops.array(A), carry) + x
    return carry, {"energy": ops.sum(carry**2), "first": carry[:1]}


def reference(xs):
    carry, states = np.zeros(2), []
    for x in xs.astype("float64"):
        carry = A.astype("float64") @ carry + x
        states.append(carry)
    return np.array(states)


def test_scan_stacks_free_outputs():
    carry, ys = scan(cell, np.zeros(2, "float32"), XS)
    states = reference(XS)
    np.testing.assert_allclose(ops.convert_to_numpy(carry), states[-1], rtol=100 * U32)
    np.testing.assert_allclose(ops.convert_to_numpy(ys["energy"]), (states**2).sum(1), rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(ys["first"]), states[:, :1], atol=1e-6)


def test_scan_runs_backwards_and_keeps_the_places():
    carry, ys = scan(cell, np.zeros(2, "float32"), XS, reverse=True)
    states = reference(XS[::-1])
    np.testing.assert_allclose(ops.convert_to_numpy(carry), states[-1], rtol=100 * U32)
    np.testing.assert_allclose(ops.convert_to_numpy(ys["first"]), states[::-1, :1], atol=1e-6)


def adjoint(xs):
    """d/dx_t of the sum over s of |c_s|^2, by the adjoint recursion."""
    gradient, dual = np.zeros_like(xs, "float64"), np.zeros(2)
    for t, c in reversed(list(enumerate(reference(xs)))):
        dual = A.T.astype("float64") @ dual + 2 * c
        gradient[t] = dual
    return gradient


def energy(xs):
    return ops.sum(scan(cell, np.zeros(2, "float32"), xs)[1]["energy"])


def test_scan_is_differentiable():
    np.testing.assert_allclose(ops.convert_to_numpy(grad(energy)(XS)), adjoint(XS), rtol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a TensorFlow graph needs TensorFlow")
@pytest.mark.parametrize("xla", [False, True])
def test_scan_is_differentiable_in_a_graph_and_under_xla(xla):
    import tensorflow as tf

    compiled = tf.function(grad(energy), jit_compile=xla)
    np.testing.assert_allclose(compiled(tf.constant(XS)).numpy(), adjoint(XS), rtol=1e-5)


def test_scan_without_inputs_or_without_outputs():
    carry, ys = scan(lambda c, _: (2 * c, c), np.float32(1), length=5)
    assert float(carry) == 32
    assert ops.convert_to_numpy(ys).tolist() == [1, 2, 4, 8, 16]
    carry, ys = scan(lambda c, x: (c + x, None), np.float32(0), np.ones(3, "float32"))
    assert float(carry) == 3 and ys is None


def test_scan_needs_one_static_length():
    for xs, length in [(None, None), (XS, 3), (None, 0), ((XS, XS[:2]), None)]:
        with pytest.raises(ValueError, match="one static number of steps"):
            scan(cell, np.zeros(2, "float32"), xs, length)


def test_compiled_loop_runs_any_number_of_steps():
    traces = []

    def newton(k, state):
        traces.append(k)
        return {"x": (state["x"] + 2 / state["x"]) / 2, "steps": state["steps"] + 1}

    run = compiled_loop(newton)
    for steps in (0, 6, 60):
        out = run({"x": np.float32(1), "steps": np.int32(0)}, steps)
        assert int(out["steps"]) == steps
    assert abs(float(out["x"]) - 2**0.5) <= 4 * U32
    if keras.backend.backend() != "torch":
        assert len(traces) <= 2  # traced, not run, and not again for another number of steps


def test_compiled_loop_sees_its_counter():
    total = compiled_loop(lambda k, s: s + ops.cast(k, "float32"))(np.float32(0), 11)
    assert float(total) == 55


def test_compiled_loop_refuses_negative_steps():
    with pytest.raises(ValueError, match="steps must be >= 0; received steps=-1"):
        compiled_loop(lambda k, s: s)(np.float32(0), -1)


def test_compiled_is_the_same_function():
    f = compiled(lambda p: {"sum": ops.sum(p["a"] * p["b"]), "a": p["a"]})
    for n in (3, 5):
        out = f({"a": ops.ones(n), "b": ops.arange(n, dtype="float32")})
        assert float(out["sum"]) == n * (n - 1) / 2 and out["a"].shape[0] == n
