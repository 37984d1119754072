"""Exercises of chapter 3. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

from decimal import Decimal, localcontext

import numpy as np
from keras import ops
from scipy import special

from mathdl_keras.core import datasets
from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("3.2", "stable_bce(z, y) -> array")
def stable_bce(solution):
    r"""Compute the cross entropy from logits without losing a digit.

    For arrays of logits z and labels y in {0, 1}, return :math:`-y \log S(z) - (1 - y) \log(1 - S(z))`, with
    :math:`S(z) = 1/(1 + e^{-z})`, to a relative accuracy of :math:`10^{-6}`, also at z = 30, where S(z) is nearly 1,
    and at :math:`z = \pm 1000`, where :math:`e^{|z|}` overflows.
    """
    z, y = np.repeat([-1000.0, -30.0, -0.5, 0.0, 0.5, 30.0, 1000.0], 2), np.tile([0.0, 1.0], 7)
    answer = solution(z.copy(), y.copy())
    expect(answer is not None, "return an array, one loss for each logit")
    answer = np.asarray(ops.convert_to_numpy(answer), "float64")
    expect(answer.shape == z.shape, f"return an array of shape {z.shape}; received shape {answer.shape}")
    with localcontext(prec=500):
        exact = [(1 + Decimal(-v if label else v).exp()).ln() for v, label in zip(z, y, strict=True)]
    for z_m, y_m, loss, right in zip(z, y, answer, map(float, exact), strict=True):
        here = f"at z = {z_m:g}, y = {y_m:g} the loss is {right:.6g}"
        expect(np.isfinite(loss), f"{here}; received {loss}: something overflowed")
        expect(abs(loss - right) <= 1e-6 * right, f"{here}; received {loss:.6g}")


@exercise("3.5", "unscale(w, b, mu, s) -> (w_raw, b_raw)")
def unscale(solution):
    r"""Translate weights for standardised features into weights for raw ones.

    A model was fitted to :math:`z_j = (x_j - \mu_j)/s_j` and gives :math:`S(w^\top z + b)`. Return the weights and the
    bias with :math:`S(w_{\mathrm{raw}}^\top x + b_{\mathrm{raw}})` equal to it for every x.
    """
    rng = np.random.default_rng(3)
    for features in (1, 4):
        mu, s = 10 * rng.standard_normal(features), rng.uniform(0.5, 20, features)
        w, b = rng.standard_normal(features), float(rng.standard_normal())
        answer = solution(w.copy(), b, mu.copy(), s.copy())
        expect(isinstance(answer, tuple | list) and len(answer) == 2, "return a pair, (w_raw, b_raw)")
        w_raw, b_raw = (np.asarray(ops.convert_to_numpy(a), "float64") for a in answer)
        expect(w_raw.shape == w.shape, f"w_raw must have the shape of w, {w.shape}; received {w_raw.shape}")
        expect(b_raw.size == 1, f"b_raw must be a number; received shape {b_raw.shape}")
        x = mu + s * rng.standard_normal((20, features))
        before, after = special.expit((x - mu) / s @ w + b), special.expit(x @ w_raw + b_raw.ravel())
        at_mean = special.expit(mu @ w_raw + b_raw.ravel()[0])
        expect_close(at_mean, special.expit(b), "at x = mu, where z = 0, the probability is no longer S(b)", 1e-5)
        expect_close(after, before, "the probabilities are not the same", 1e-5)


@exercise("3.6", "separability_certificate(X, y) -> w or None")
def separability_certificate(solution):
    r"""Find a hyperplane that separates the labels, or say that there is none.

    X is `(M, D)`, and y holds labels 0 and 1. Return w of D + 1 numbers, the last of them the intercept, with
    :math:`(2 y_m - 1)(w_1 x_{m1} + \dots + w_D x_{mD} + w_{D+1}) > 0` for all m, or `None` where no w has that. A
    linear programme decides it (`scipy.optimize.linprog`); the perceptron finds w, but cannot tell that there is none.
    """
    data = datasets.breast_cancer()
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    corners, rng = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.random.default_rng(36)
    far = rng.standard_normal((30, 2)) + 100
    cases = {
        "AND": (corners, [0, 0, 0, 1], True),
        "OR": (corners, [0, 1, 1, 1], True),
        "XOR": (corners, [0, 1, 1, 0], False),
        "points far from the origin": (far, far[:, 0] + far[:, 1] > 200, True),
        "breast cancer, 30 standardised features": (x, data.y, True),
        "breast cancer, 3 of them": (x[:, [0, 1, 4]], data.y, False),
    }
    for name, (X, y, separable) in cases.items():
        y = np.array(y, "int64")
        w = solution(X.copy(), y.copy())
        if not separable:
            expect(w is None, f"{name}: there is no such hyperplane; return None")
            continue
        expect(w is not None, f"{name}: there is such a hyperplane; received None")
        w = np.asarray(ops.convert_to_numpy(w), "float64")
        expect(w.shape == (X.shape[1] + 1,), f"{name}: w must have {X.shape[1] + 1} numbers; received shape {w.shape}")
        margins = (2 * y - 1) * (X @ w[:-1] + w[-1])
        wrong = int(np.sum(~(margins > 0)))
        expect(wrong == 0, f"{name}: {wrong} of {len(y)} margins are not positive")
