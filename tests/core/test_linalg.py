"""`core.linalg` against NumPy in float64, and in float32: the dtype and the digits, while `floatx` is float32."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core import linalg
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.linalg import cos
from mathdl_keras.core.precision import allow_float64, dtype_of, unit_roundoff

RNG = np.random.default_rng(16)
A, B, S = RNG.normal(size=(7, 5)), RNG.normal(size=(5, 3)), RNG.normal(size=(4, 7, 5))
v, w, vs = RNG.normal(size=5), RNG.normal(size=7), RNG.normal(size=(4, 5))
POSITIVE = A.T @ A
L = np.linalg.cholesky(POSITIVE)
# a function, its arguments, NumPy's value, and the same with magnitudes for entries: the size of what is rounded
PRODUCTS = {
    "transpose": (linalg.transpose, (S,), lambda S: S.swapaxes(-1, -2)),
    "matmul": (linalg.matmul, (A, B), np.matmul),
    "matmul of replicates": (linalg.matmul, (S, B), np.matmul),
    "matmul with a vector": (linalg.matmul, (A, v), np.matmul),
    "matmul of a vector": (linalg.matmul, (w, A), np.matmul),
    "matmul of vectors": (linalg.matmul, (v, v), np.matmul),
    "operator": (lambda A, B: A @ B, (A, B), np.matmul),
    "operator of a transpose": (lambda A: linalg.transpose(A) @ A, (S,), lambda A: A.swapaxes(-1, -2) @ A),
    "matvec": (linalg.matvec, (A, v), np.matmul),
    "matvec of replicates": (linalg.matvec, (S, vs), lambda S, vs: (S @ vs[..., None])[..., 0]),
    "matvec of one vector": (linalg.matvec, (S, v), np.matmul),
    "gram": (linalg.gram, (A,), lambda A: A.T @ A),
    "gram of replicates": (linalg.gram, (S,), lambda S: S.swapaxes(-1, -2) @ S),
    "gram of two": (linalg.gram, (S, S[..., :2]), lambda S, T: S.swapaxes(-1, -2) @ T),
    "outer": (linalg.outer, (v, w), np.outer),
    "outer of replicates": (linalg.outer, (vs, vs), lambda a, b: a[:, :, None] * b[:, None, :]),
    "dot": (linalg.dot, (A, B), np.matmul),
    "dot over time": (linalg.dot, (S, B), np.matmul),
    "outer_sum": (linalg.outer_sum, (S, S), lambda x, d: np.einsum("tbi,tbj->ij", x, d)),
    "diagonal_matrix": (linalg.diagonal_matrix, (v,), np.diag),
    "diagonal_matrix of replicates": (linalg.diagonal_matrix, (vs,), lambda vs: vs[:, :, None] * np.eye(5)),
    "mean": (linalg.mean, (S,), np.mean),
    "mean over an axis": (lambda S: linalg.mean(S, axis=1), (S,), lambda S: S.mean(axis=1)),
    "mean over axes": (lambda S: linalg.mean(S, (0, 2), True), (S,), lambda S: S.mean(axis=(0, 2), keepdims=True)),
    "norm": (linalg.norm, (S,), lambda S: np.sqrt(np.sum(S * S))),
    "norm over an axis": (lambda S: linalg.norm(S, axis=-1), (S,), lambda S: np.linalg.norm(S, axis=-1)),
}


def _run(function, arguments, dtype):
    """The result as NumPy, after its dtype was looked at."""
    assert keras.config.floatx() == "float32"
    with allow_float64():
        result = function(*(ops.convert_to_tensor(a.astype(dtype)) for a in arguments))
        assert dtype_of(result) == dtype
        return ops.convert_to_numpy(result).astype("float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_and_sums_round_as_often_as_they_have_terms(name, dtype):
    """A sum of n products is within n u of the exact one, relative to the sum of magnitudes (Higham 2002, 3.5)."""
    function, arguments, oracle = PRODUCTS[name]
    exact = [a.astype(dtype).astype("float64") for a in arguments]
    result = _run(function, arguments, dtype)
    terms = 2 + max(a.size for a in arguments if a.ndim) if name.startswith(("mean", "norm")) else 32
    assert result.shape == np.shape(oracle(*exact))
    limit = terms * unit_roundoff(dtype) * oracle(*map(np.abs, exact))
    assert np.all(np.abs(result - oracle(*exact)) <= limit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_variance_does_not_feel_a_shift(dtype):
    x = (S + 8).astype(dtype)
    for axis in (None, 1, (0, 2)):
        result = _run(lambda x, axis=axis: linalg.var(x, axis), (x,), dtype)
        np.testing.assert_allclose(result, np.var(x.astype("float64"), axis=axis), rtol=300 * unit_roundoff(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_solves_leave_a_residual_of_some_roundings(dtype):
    """Cholesky is backward stable: |G x - c| <= c(n) u |G| |x|, with c(n) < 100 for n = 5."""
    for function, matrix, G in (
        (linalg.cholesky_solve, L, L @ L.T),
        (lambda G, c: linalg.solve_ridge(G, c, 0.5), POSITIVE, POSITIVE + 0.5 * np.eye(5)),
    ):
        x = _run(function, (matrix, B), dtype)
        assert np.all(np.abs(G @ x - B) <= 100 * unit_roundoff(dtype) * np.abs(G).sum() * np.abs(x).max())


X = np.concatenate([np.linspace(-7, 7, 1001), np.linspace(-1e4, 1e4, 1001)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_elementary_functions_are_numpy_s_in_the_dtype_of_their_input(dtype):
    """Within 16 roundings; reducing x by multiples of 2 pi costs none of its own below 2^23 turns."""
    for ours, theirs in ((cos, np.cos), (linalg.tanh, np.tanh)):
        expected = theirs(X.astype(dtype).astype("float64"))
        np.testing.assert_allclose(_run(ours, (X,), dtype), expected, rtol=0, atol=16 * np.finfo(dtype).eps)


def test_its_derivative_is_minus_the_sine():
    with allow_float64():
        slope = ops.convert_to_numpy(grad(lambda x: ops.sum(cos(x)))(X))
    np.testing.assert_allclose(slope, -np.sin(X), atol=1e-13)


def test_a_number_takes_the_dtype_of_the_first():
    with allow_float64():
        assert [dtype_of(t) for t in linalg.same_dtype(A, 1.0, np.float32(2))] == ["float64"] * 3
