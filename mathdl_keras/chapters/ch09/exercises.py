"""Exercises of chapter 9. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np

from mathdl_keras.chapters.ch05.boolean import boolean_inputs
from mathdl_keras.chapters.ch09.solvers import optimality_gap
from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("9.3", "dropout_ridge_lambda(keep, X) -> (features,)")
def dropout_ridge_lambda(solution):
    r"""Find the penalty that dropout adds.

    The features of a linear model are dropped, inverted, with keep probability p: :math:`\tilde x_{mj} = x_{mj}
    \xi_{mj}/p`. Averaged over the masks, the loss :math:`\frac1M \sum_m (y_m - \tilde x_m \cdot w)^2` is that without
    dropout and :math:`\sum_j \lambda_j w_j^2`. Return the :math:`\lambda_j`. X is (rows, features). The check averages
    over all masks.
    """
    rng = np.random.default_rng(91)
    for keep, rows, features in ((0.7, 5, 3), (0.5, 1, 2), (0.9, 8, 4), (1.0, 4, 2)):
        X = rng.standard_normal((rows, features))
        expected, shape = enumerated_penalty(keep, X), f"p = {keep}, {rows} rows"
        answer = solution(keep, X.copy())
        expect(answer is not None and np.shape(answer) == (features,), f"{shape}: one number for each feature")
        size = np.mean(X**2, axis=0)
        hints = {
            "the inputs were divided by p: what is the variance of a mask divided by p?": keep * (1 - keep) * size,
            "that swaps p and 1 - p": keep / max(1 - keep, 1e-9) * size,
            "the loss is a mean over the rows, not a sum": (1 - keep) / keep * np.sum(X**2, axis=0),
            "each feature has its own size, mean x_j^2": np.full(features, (1 - keep) / keep),
            "the second moment of x_j, not its variance: zero is what a dropped feature becomes": (1 - keep)
            / keep
            * np.var(X, axis=0),
        }
        for hint, wrong in hints.items():
            if np.allclose(answer, wrong) and not np.allclose(answer, expected):
                expect(False, f"{shape}: {hint}")
        expect_close(answer, expected, f"{shape}: compare with the average over all masks", 1e-9)


def enumerated_penalty(keep, X):
    """For w = e_j and y = 0: the mean loss over all masks of a column, less that without dropout."""
    masks = boolean_inputs(len(X)).astype("float64")
    probability = np.prod(np.where(masks > 0, keep, 1 - keep), axis=1)
    losses = np.mean((X[None] * masks[:, :, None] / keep) ** 2, axis=1)
    return probability @ losses - np.mean(X**2, axis=0)


@exercise("9.2", "ista_step(w, G, c, penalty, step) -> (features,)")
def ista_step(solution):
    r"""Take one step of proximal gradient descent on the lasso.

    The loss is :math:`\frac12 w^\top G w - c^\top w + \lambda \sum_j |w_j|`, with :math:`\lambda` = `penalty` and step
    t: descend on the smooth part, then apply the soft threshold :math:`\operatorname{sign}(u) \max(|u| - \tau, 0)` with
    the right :math:`\tau`. Your step is repeated until nothing moves, and must satisfy the optimality conditions within
    1e-8, with exact zeros.
    """
    rng = np.random.default_rng(92)
    for features, share in ((3, 0.6), (6, 0.6), (6, 0.0)):  # 0.6: some weights are zero, and some are not
        A = rng.standard_normal((4 * features, features))
        G, c = A.T @ A / len(A), rng.standard_normal(features)
        penalty = round(share * np.abs(c).max(), 3)
        step, w = 1 / np.linalg.eigvalsh(G)[-1], np.zeros(features)
        for _ in range(2000):
            w = solution(w.copy(), G.copy(), c.copy(), penalty, step)
            expect(w is not None and np.shape(w) == (features,), "it must return weights shaped like w")
            w = np.asarray(w, "float64")
            expect(np.all(np.isfinite(w)) and np.abs(w).max() < 1e6, "the steps run away: check the sign of the slope")
        gap = optimality_gap(w[:, None], G, c[:, None], penalty)[0]
        hint = f"lambda = {penalty}: after 2000 steps the conditions are off by {gap:.1e}"
        if penalty:
            hint += "; the threshold is the step times lambda, applied after the descent"
        expect(gap < 1e-8, hint)


@exercise("9.3", "equivalent_noise(keep) -> float")
def equivalent_noise(solution):
    r"""Replace dropout by Gaussian noise.

    Inputs are multiplied by independent normal variables of mean 1 and variance :math:`s^2`, in the place of inverted
    masks with keep probability p. For which :math:`s^2` do both add the same penalty to the loss of a linear model?
    Both are simulated with your answer.
    """
    rng = np.random.default_rng(93)
    for keep in (0.5, 0.8, 0.3):
        s2 = solution(keep)
        expect(isinstance(s2, int | float | np.floating) and s2 >= 0, f"p = {keep}: a number >= 0, received {s2!r}")
        losses = [(1 + np.sqrt(s2) * rng.standard_normal(40_000)) ** 2, (rng.random(40_000) < keep) ** 2 / keep**2]
        gap = np.mean(losses[0]) - np.mean(losses[1])
        error = np.sqrt(sum(np.var(loss) for loss in losses) / 40_000)
        hint = f"p = {keep}: noise of that variance and masks differ by {gap:.3f} in the mean loss"
        if np.isclose(s2, keep * (1 - keep)):
            hint = f"p = {keep}: the masks are divided by p, and their variance by p^2"
        if np.isclose(s2, np.sqrt((1 - keep) / keep)) and not np.isclose(s2, 1):
            hint = f"p = {keep}: that is s, not s^2"
        expect(abs(gap) < 5 * error, hint)
        expect_close(s2, (1 - keep) / keep, f"{hint}; close, but the two variances are not equal", 1e-9)
