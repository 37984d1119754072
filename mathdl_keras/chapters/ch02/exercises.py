"""Exercises of chapter 2. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops

from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("2.3", "ols_qr(X, y) -> theta")
def ols_qr(solution):
    r"""Solve least squares without squaring the condition number.

    Return the minimizer :math:`\theta`, shape `(p,)`, of :math:`\lVert X\theta - y\rVert^2` for X of shape `(n, p)` and
    y of shape `(n,)`, from the factorisation :math:`X = QR`. X may have a condition number of :math:`10^7`: then
    :math:`X^\top X` has :math:`10^{14}`, and its equations leave two or three digits of sixteen. NumPy or `keras.ops`
    in float64.
    """
    rng = np.random.default_rng(2)
    for condition in (3.0, 1e7):
        X, theta = _table(rng, condition)
        residual = rng.standard_normal(len(X))
        residual -= X @ np.linalg.lstsq(X, residual, rcond=None)[0]
        y = X @ theta + residual / condition
        answer = np.asarray(ops.convert_to_numpy(solution(X.copy(), y.copy())), "float64")
        expect(answer.shape == theta.shape, f"theta must have shape {theta.shape}; received {answer.shape}")
        # |X| = 1. A route by the pseudo-inverse rounds its entries, as large as cond, to u cond: so does it X'r
        size = max(1e-13, 10 * condition * 2.0**-53) * np.linalg.norm(y)
        expect_close(X.T @ (y - X @ answer), np.zeros_like(theta), "residuals are not orthogonal to X", size)
        expected = np.linalg.lstsq(X, y, rcond=None)[0]
        # QR loses cond * u = 1e-9 of theta, the normal equations cond^2 u = 1e-2
        tolerance = 10 * condition * 2.0**-53 * np.linalg.norm(theta)
        hint = f"at condition number {condition:.0e} theta differs from least squares by more than QR would"
        expect_close(answer, expected, hint, max(tolerance, 1e-13))


def _table(rng, condition, n=60, p=6):
    U, V = (np.linalg.qr(rng.standard_normal(shape))[0] for shape in ((n, p), (p, p)))
    return U * np.geomspace(1, 1 / condition, p) @ V.T, rng.standard_normal(p)


@exercise("2.3", "steps_to_tolerance(H, learning_rate, error, tolerance) -> int")
def steps_to_tolerance(solution):
    r"""Predict how many steps gradient descent takes.

    For a loss with constant Hessian H and a learning rate :math:`\eta < 2/\lambda_{\max}`, return the smallest k with
    :math:`\lVert\theta_k - \theta^*\rVert \le` tolerance, where :math:`\theta_0 - \theta^*` is the vector `error`. One
    step too many or too few is accepted. The slowest direction does not always decide: look at what `error` is made of.
    """
    rng = np.random.default_rng(23)
    V = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    spectrum = np.array([0.02, 0.5, 1.0, 4.0])
    H = V * spectrum @ V.T
    cases = {
        "an error of all directions": (0.25, V @ [1.0, 1, 1, 1], 1e-3),
        "an error of two fast directions": (0.2, V @ [0.0, 0, 2, 1], 1e-6),
        "a small part in the slowest direction": (0.25, V @ [1e-3, 1, 1, 1], 1e-4),
        "a learning rate near the threshold": (0.49, V @ [0.0, 1, 1, 3], 1e-5),
        "an error that is small enough": (0.25, V @ [0.1, 0, 0, 0], 1.0),
    }
    for name, (rate, error, tolerance) in cases.items():
        counted = _count(H, rate, error, tolerance)
        answer = solution(H.copy(), rate, error.copy(), tolerance)
        expect(np.ndim(answer) == 0 and answer is not None, f"return one number; received {answer!r}")
        right = np.isfinite(answer) and abs(answer - counted) <= 1 and answer >= 0 and answer == int(answer)
        expect(right, f"{name}: descent takes {counted} steps; received {answer!r}")


def _count(H, rate, error, tolerance):
    """By descent itself."""
    k = 0
    while np.linalg.norm(error) > tolerance:
        error, k = error - rate * H @ error, k + 1
    return k


@exercise("2.4", "r2_streaming(batches) -> float")
def r2_streaming(solution):
    r"""Compute :math:`R^2` of data that do not fit into memory.

    `batches` yields pairs of arrays (y, prediction), each of shape `(m,)`, and can be read once. Return
    :math:`1 - \sum (y - \hat y)^2 / \sum (y - \bar y)^2` over all of them, whatever their sizes, also if the mean of y
    is a hundred million times its deviation: differences of sums of squares have no digits left there.
    """
    rng = np.random.default_rng(24)
    for offset, tolerance in ((0.0, 1e-12), (3.0, 1e-12), (1e8, 1e-6)):
        y = offset + rng.standard_normal(60) + np.linspace(0, 3, 60)  # means drift from batch to batch
        prediction = y + 0.5 * rng.standard_normal(60)
        expected = 1 - np.sum((y - prediction) ** 2) / np.sum((y - y.mean()) ** 2)
        for sizes in ([60], [20, 20, 20], [1, 40, 2, 17], [1] * 60):
            parts = np.split(np.arange(60), np.cumsum(sizes)[:-1])
            answer = solution((y[part].copy(), prediction[part].copy()) for part in parts)
            expect_close(answer, expected, f"batches of {_short(sizes)}, mean {offset:g}: R2 is wrong", tolerance)


def _short(sizes):
    return f"{sizes[0]}" if len(set(sizes)) == 1 else ", ".join(map(str, sizes))
