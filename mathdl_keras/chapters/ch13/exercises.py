"""Exercises of chapter 13. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import itertools

import numpy as np
from keras import ops

from mathdl_keras.core.exercises import exercise, expect, expect_close


def known_attention(Q, K, V, mask):
    scores = Q @ np.swapaxes(K, 1, 2) / np.sqrt(Q.shape[-1])
    scores = np.where(mask, scores, -1e9)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.where(mask, weights / weights.sum(axis=-1, keepdims=True), 0) @ V


def array(answer, shape, what):
    """The answer as a float64 array, if it has the shape."""
    expect(answer is not None, f"it returned None: return {what}")
    answer = np.asarray(ops.convert_to_numpy(answer), "float64")
    expect(answer.shape == shape, f"shape {answer.shape}, expected {shape}: return {what}")
    expect(np.all(np.isfinite(answer)), "not all finite: subtract a row's largest score before exp; hide keys by -1e9")
    return answer


@exercise("13.5", "bptt_scalar(a, x) -> float")
def bptt_scalar(solution):
    r"""Differentiate the last state of a linear network through time.

    :math:`h_t = a\,h_{t-1} + x_t` for t = 1, ..., T, from :math:`h_0 = 0`; x is an array (T,). Return
    :math:`\partial h_T/\partial a`, without a table of powers of a: run forward and keep the states, then run back.
    """
    rng = np.random.default_rng(131)
    for a, T in ((0.5, 2), (0.9, 6), (-0.7, 5), (0.0, 4), (1.3, 7), (0.8, 1)):
        x = rng.standard_normal(T)
        answer = solution(a, x.copy())
        expect(answer is not None, "it returned None: return the derivative")
        k = np.arange(1, T)
        expected = float(np.sum(k * a ** (k - 1.0) * x[T - 1 - k]))
        state = float(np.sum(a ** np.arange(T) * x[::-1]))
        shifted = float(np.sum(a ** (k - 1.0) * k * x[T - k])) if T > 1 else 0.0
        one_step = float(np.sum(a ** np.arange(T - 1) * x[T - 2 :: -1])) if T > 1 else 0.0
        hints = {
            "that is the state h_T itself": state,
            "that looks back one step only: carry delta on, delta_{t-1} = a delta_t": one_step,
            "pair delta_t with the state before the step, h_{t-1}": shifted,
            "the sign is wrong": -expected,
        }
        close = [hint for hint, value in hints.items() if np.isclose(answer, value, rtol=1e-6)]
        hint = f"a = {a}, T = {T}: {close[0] if close else 'it differs'}"
        expect_close(np.float64(answer), expected, hint, 1e-6)


@exercise("13.9", "attention(Q, K, V, mask) -> O")
def attention(solution):
    r"""Write scaled dot product attention.

    Q is (B, n, d), K is (B, m, d), V is (B, m, v), tokens are rows. The boolean mask, (n, m), is true where query i may
    see key j; a query that may see no key gets 0. Return
    :math:`\mathrm{softmax}(QK^\top/\sqrt{d})\,V`, (B, n, v), the softmax over the keys. It is checked for what
    attention
    must do: weights of a row sum to 1, permuted keys change nothing, permuted tokens permute, hidden keys do not
    matter, and large scores do not overflow.
    """
    rng = np.random.default_rng(132)
    B, n, d, v = 2, 5, 4, 3

    def answer(Q, K, V, mask):
        shape = (len(Q), Q.shape[1], V.shape[2])
        return array(solution(Q.copy(), K.copy(), V.copy(), mask.copy()), shape, "O, one row of values a query")

    X, Q, K = rng.standard_normal((3, B, n, d))
    V, full, past = rng.standard_normal((B, n, v)), np.ones((n, n), bool), np.tri(n, dtype=bool)
    rows = answer(Q, K, np.ones((B, n, 1)), full)
    expect_close(
        rows,
        np.ones((B, n, 1)),
        "all values 1 must give 1: weights of a row sum to 1 over the keys; True is what may be seen",
        1e-5,
    )
    order = np.array([1, 2, 0, 4, 3])
    hint = "keys and values in another order must give the same: each value goes with its key"
    expect_close(answer(Q, K[:, order], V[:, order], full), answer(Q, K, V, full), hint, 1e-5)
    hint = "self-attention must be permutation equivariant: Z(XP) = Z(X)P"
    expect_close(answer(X[:, order], X[:, order], X[:, order], full), answer(X, X, X, full)[:, order], hint, 1e-5)
    changed = np.where(past[2][:, None], V, V + 10)
    hint = "with a causal mask a token must not see those after it: True in the mask is what may be seen"
    expect_close(answer(Q, K, changed, past)[:, :3], answer(Q, K, V, past)[:, :3], hint, 1e-5)
    plain, known = answer(Q, K, V, full), known_attention(Q, K, V, full)
    same = np.allclose(plain, known_attention(Q * np.sqrt(d), K, V, full), atol=1e-6)
    expect(not same, "the scores are not divided by the root of d")
    same = np.allclose(plain, known_attention(Q / np.sqrt(d), K, V, full), atol=1e-6)
    expect(not same, "the scores are divided by d: it must be its root")
    expect_close(plain, known, "it differs from softmax(QK^T/sqrt(d))V", 1e-5)
    expect_close(answer(Q, K, V, past), known_attention(Q, K, V, past), "with a causal mask it differs", 1e-5)
    few = rng.standard_normal((B, 3, d))
    hint = "three queries of five keys: it differs"
    expect_close(answer(few, K, V, full[:3]), known_attention(few, K, V, full[:3]), hint, 1e-5)
    large = answer(100 * Q, 100 * K, V, full)
    expect_close(large, known_attention(100 * Q, 100 * K, V, full), "large scores: subtract the largest of a row", 1e-5)
    hint = "a query that may see no key must get 0"
    none = past & (np.arange(n) != 0)[:, None]
    expect_close(answer(Q, K, V, none)[:, 0], np.zeros((B, v)), hint, 1e-5)


@exercise("13.9", "rotary(x, base) -> y")
def rotary(solution):
    r"""Encode positions by rotation.

    x is (n, d) with d even; row t is the token at place t = 0, 1, ... Rotate the pair :math:`(x_{t,2i}, x_{t,2i+1})` by
    the angle :math:`t\,\omega_i`, :math:`\omega_i = \text{base}^{-2i/d}`, anticlockwise:

    .. math:: y_{t,2i} = x_{t,2i} \cos t\omega_i - x_{t,2i+1} \sin t\omega_i, \qquad
        y_{t,2i+1} = x_{t,2i} \sin t\omega_i + x_{t,2i+1} \cos t\omega_i

    and return y, (n, d). Rotate queries and keys so, and their scores depend on the distance t - s alone. That is what
    is checked, first.
    """
    rng = np.random.default_rng(133)
    n, d = 9, 6
    for base in (10_000.0, 10.0):

        def answer(x, base=base):
            return array(solution(x.copy(), base), x.shape, "y, shaped like x")

        q, k = rng.standard_normal((2, d))
        Q, K = answer(np.tile(q, (n, 1))), answer(np.tile(k, (n, 1)))
        expect_close(Q[0], q, "the token at place 0 must stay as it is: t starts at 0", 1e-5)
        hint = "the length of a token must not change: it is rotated, nothing is added"
        expect_close(np.linalg.norm(Q, axis=1), np.full(n, np.linalg.norm(q)), hint, 1e-5)
        scores = Q @ K.T
        for s, t in itertools.combinations(range(n - 1), 2):
            hint = f"the score of places {t} and {s} must be that of {t + 1} and {s + 1}: it depends on t - s alone"
            expect_close(scores[t, s], scores[t + 1, s + 1], hint, 1e-5)
        expect(np.ptp(scores[:, 0]) > 1e-3, "the scores do not depend on the distance: nothing is rotated")
        x = rng.standard_normal((n, d))
        angles = np.arange(n)[:, None] * base ** (-np.arange(0, d, 2) / d)
        turned = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles)
        y, hint = answer(x), f"base = {base:g}: the first pair must be turned by t, the next by t base^(-2/d)"
        back = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(-1j * angles)
        expect(not np.allclose(y[:, 0::2] + 1j * y[:, 1::2], back, atol=1e-6), "it turns clockwise: look at the signs")
        expect_close(y, np.stack([turned.real, turned.imag], axis=-1).reshape(n, d), hint, 1e-5)
