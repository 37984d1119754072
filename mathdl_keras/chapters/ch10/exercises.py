"""Exercises of chapter 10. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.exercises import exercise, expect, expect_close


def normalized(x, epsilon):
    """x-hat, real or complex."""
    centred = x - x.mean(axis=0)
    return centred / np.sqrt((centred * centred).mean(axis=0) + epsilon)


def complex_step(f, x):
    """The gradient of f at x, entry by entry."""
    steps = 1e-30j * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([f(x + step).imag / 1e-30 for step in steps]).reshape(x.shape)


@exercise("10.2", "batchnorm_backward(g, x, gamma, epsilon) -> (dx, dgamma, dbeta)")
def batchnorm_backward(solution):
    r"""Differentiate batch normalization.

    :math:`y_b = \gamma (x_b - \mu)/\sqrt{v + \varepsilon} + \beta`, with the mean :math:`\mu` and the biased variance v
    of each column of x, (B, C); :math:`\gamma`, :math:`\beta` are (C,). From :math:`g = \partial\Lambda/\partial y`
    return the gradients of x, of :math:`\gamma` and of :math:`\beta`. Every row moves :math:`\mu` and v. They are
    compared with a complex step.
    """
    rng = np.random.default_rng(102)
    for B, C, epsilon in ((6, 2, 1e-3), (4, 3, 0.5), (1, 2, 1e-3)):
        g, x = rng.standard_normal((2, B, C))
        gamma = rng.uniform(0.5, 2.0, C)
        answer = solution(g.copy(), x.copy(), gamma.copy(), epsilon)
        expect(isinstance(answer, tuple | list) and len(answer) == 3, "return three arrays, (dx, dgamma, dbeta)")
        xhat, s = normalized(x, epsilon), np.sqrt(x.var(axis=0) + epsilon)
        dx = complex_step(lambda x: np.sum(g * gamma * normalized(x, epsilon)), x)  # noqa: B023
        expect_close(answer[2], g.sum(axis=0), "dbeta: beta is added to each row", 1e-6)
        expect_close(answer[1], np.sum(g * xhat, axis=0), "dgamma: gamma multiplies x-hat of each row", 1e-6)
        mistakes = {
            "the mean and the variance move with x, too": gamma / s * g,
            "the variance moves with x, too": gamma / s * (g - g.mean(axis=0)),
            "gamma is missing": dx / gamma,
        }
        for hint, wrong in mistakes.items():
            expect(B == 1 or not _is(answer[0], wrong), f"dx: {hint}")
        hint = "y does not depend on x" if B == 1 else "a complex step in x gives another gradient"
        expect_close(answer[0], dx, f"dx for B = {B}, epsilon = {epsilon}: {hint}", 1e-6)


def _is(answer, wrong):
    answer = np.asarray(ops.convert_to_numpy(answer))
    return answer.shape == wrong.shape and np.allclose(answer, wrong, atol=1e-6)


@exercise("10.3", "bn_moment_bias(B) -> float")
def bn_moment_bias(solution):
    r"""Find by which factor moving variances are too small.

    Batches of B independent samples have variance :math:`\sigma^2`. After many batches the moving variance of batch
    normalization is, on average, not :math:`\sigma^2` but a multiple of it. Return the factor. It is compared with
    200,000 batches, then must be exact.
    """
    rng = np.random.default_rng(103)
    for B in (2, 5, 32, 1):
        answer = solution(B)
        variances = rng.standard_normal((200_000 // B, B)).var(axis=1)
        mean, error = variances.mean(), variances.std() / np.sqrt(len(variances))
        expect(answer is not None, "it returned None: return a number")
        expect(B == 1 or np.abs(answer - 1) > 1e-9, f"B = {B}: the mean is that of the batch, not mu; it is not 1")
        expect(not np.isclose(answer, B / max(B - 1, 0.5)), f"B = {B}: that is what to multiply by, the inverse")
        expect_close(answer, mean, f"B = {B}: simulated batches have {mean:.4f}", 5 * error + 1e-12)
        expect_close(answer, (B - 1) / B, f"B = {B}: near, but simulated batches have {mean:.4f}", 1e-9)


@exercise("10.4", "layer_norm(x, gamma, beta, epsilon) -> y")
def layer_norm(solution):
    r"""Normalize across features instead of samples.

    Each row of x, (B, C), is normalized by its own mean and biased variance over the C features; then
    :math:`y = \gamma \odot \hat x + \beta` with :math:`\gamma`, :math:`\beta` of shape (C,). Transpose what batch
    normalization does. It is compared with `keras.layers.LayerNormalization`.
    """
    rng = np.random.default_rng(104)
    x = rng.normal(2.0, 3.0, (5, 4)).astype("float32")
    gamma, beta = rng.uniform(0.5, 2.0, (2, 4)).astype("float32")
    layer = keras.layers.LayerNormalization(epsilon=1e-2)
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    answer = solution(x.copy(), gamma.copy(), beta.copy(), 1e-2)
    expect(answer is not None, "it returned None: return an array shaped like x")
    expect(not _is(answer, gamma * normalized(x, 1e-2) + beta), "those are the moments of columns: that is batch norm")
    expect(not _is(answer, normalized(x.T, 1e-2).T), "scale by gamma and shift by beta, feature by feature")
    known = ops.convert_to_numpy(ops.stop_gradient(layer(x)))
    expect_close(answer, known, "it differs from LayerNormalization(epsilon=0.01) with the same weights", 1e-4)
    row = solution(x[:1].copy(), gamma.copy(), beta.copy(), 1e-2)
    expect_close(row, known[:1], "a row alone must get what it got among others", 1e-4)
