"""Exercises of chapter 11. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np

from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("11.5", "loocv_ridge(X, y, alpha) -> float")
def loocv_ridge(solution):
    r"""Compute leave-one-out cross-validation of ridge regression from a single fit.

    X is (M, p), y is (M,), and :math:`\hat\theta` minimises :math:`\lVert y - X\theta\rVert^2 + \alpha \lVert\theta
    \rVert^2`, with the same :math:`\alpha` whatever the number of rows. Return the mean over i of the squared error
    at row i of the model that was fitted to the others. It is compared with M refits, and X with 3,000 rows must
    not take a refit for each.
    """
    rng = np.random.default_rng(111)
    for M, p, alpha in ((12, 3, 0.0), (9, 4, 0.7), (30, 12, 20.0), (6, 10, 0.5)):
        X, y = rng.standard_normal((M, p)), rng.standard_normal(M)
        fit = X.T @ X + alpha * np.eye(p)
        residuals, errors = y - X @ np.linalg.lstsq(fit, X.T @ y, rcond=None)[0], []
        for i in range(M):
            A, b = np.delete(X, i, axis=0), np.delete(y, i)
            errors.append(y[i] - X[i] @ np.linalg.solve(A.T @ A + alpha * np.eye(p), A.T @ b))
        expected, leverages = np.mean(np.square(errors)), np.einsum("ij,ji->i", X, np.linalg.solve(fit, X.T))
        hints = {
            np.mean(residuals**2): "that is the training error",
            expected * M: "that is the sum: take the mean",
            np.mean((residuals / (1 - leverages)) ** 2 * (1 - leverages)): "1 - h counts twice",
            np.mean(residuals**2) / (1 - leverages.mean()) ** 2: "that is generalised cross-validation",
            np.mean(errors): "square the errors",
        }
        answer = solution(X.copy(), y.copy(), alpha)
        at = f"M = {M}, p = {p}, alpha = {alpha:g}: "
        for value, hint in hints.items():
            expect(not _near(answer, value) or _near(answer, expected), at + hint)
        expect_close(answer, expected, f"{at}{M} refits have {expected:.6g}", 1e-8 * (1 + expected))
    count = CountsSolves()
    X, y = rng.standard_normal((3000, 2)), rng.standard_normal(3000)
    with count:
        solution(X, y, 1.0)
    expect(count.solves < 100, f"3,000 rows took {count.solves} solutions: one fit is enough")


class CountsSolves:
    """How often NumPy solves a system inside the region; it gives up after 100."""

    NAMES = ("solve", "lstsq", "inv", "qr", "svd", "cholesky", "pinv")

    def __enter__(self):
        self.solves, self._kept = 0, {name: getattr(np.linalg, name) for name in self.NAMES}
        for name, function in self._kept.items():
            setattr(np.linalg, name, self._counted(function))

    def _counted(self, function):
        def counted(*arguments, **settings):
            self.solves += 1
            expect(self.solves < 100, "3,000 rows took 100 solutions and more: one fit is enough")
            return function(*arguments, **settings)

        return counted

    def __exit__(self, *error):
        for name, function in self._kept.items():
            setattr(np.linalg, name, function)


def _near(answer, value):
    return np.ndim(answer) == 0 and answer is not None and abs(float(answer) - value) <= 1e-8 * (1 + abs(value))


# Means, standard errors and the answer are written out: each table is (candidates, folds), risks, simplest first.
TABLES = (
    ([[9.0, 11.0], [4.0, 6.0], [4.5, 4.7], [5.0, 5.2]], 2, "the best has mean 4.6, SE 0.1: 5.0 is too far"),
    ([[9.0, 11.0], [4.0, 6.0], [3.6, 5.6], [5.0, 5.2]], 1, "the best has mean 4.6, SE 1.0: 5.0 is within it"),
    ([[4.0, 6.0, 5.0, 5.0], [3.5, 5.5, 4.0, 5.0], [2.5, 6.5, 3.5, 5.5]], 1, "the SE is s / sqrt(k), s with k - 1"),
    ([[5.0, 15.0], [4.9, 5.1], [4.8, 5.0]], 1, "the SE is the best candidate's, not each one's own"),
    ([[6.0, 6.2], [1.0, 5.0], [5.0, 5.2], [3.4, 3.4]], 1, "the best is candidate 1 itself: its mean is 3.0"),
    ([[3.0, 5.0], [8.0, 9.0], [2.5, 5.0]], 0, "the simplest within one SE may lie far from the best"),
    ([[7.0, 7.0], [5.0, 5.0], [5.0, 5.0]], 1, "of equal ones the simplest"),
)


@exercise("11.5", "one_se_rule(scores) -> int")
def one_se_rule(solution):
    r"""Choose the simplest candidate that the data cannot tell from the best.

    `scores` is an array (candidates, folds) of validation risks; candidates come from the simplest to the most complex.
    Let b be the one with the least mean, and :math:`\mathrm{SE}_b` the standard error of that mean over the folds.
    Return the index of the first candidate whose mean is at most :math:`\bar s_b + \mathrm{SE}_b`.
    """
    for table, expected, hint in TABLES:
        answer = solution(np.array(table))
        expect(answer is not None, "it returned None: return an index")
        expect(np.ndim(answer) == 0 and answer == expected, f"scores {table}: {hint}; received {answer}")


class Watched:
    """One candidate of many: it votes by the sign of a feature, or against it. It notes the rows that it has seen."""

    def __init__(self, feature):
        self.feature, self.seen = feature, []

    def __call__(self, x, y):
        self.seen.append(frozenset(x[:, 0].astype(int).tolist()))
        column = x[:, self.feature]
        sign = 1 if np.mean((column > 0) == y) >= 0.5 else -1
        return lambda x_new: (sign * x_new[:, self.feature] > 0).astype(int)


@exercise("11.5", "nested_cv(x, y, learners, outer, inner) -> (outer_accuracy, inner_accuracy)")
def nested_cv(solution):
    r"""Estimate what a model is worth that was itself chosen by cross-validation.

    `learners` are functions: `predict = learner(x, y)` trains, `predict(x)` gives classes. `outer` is a list of pairs
    of training and validation indices; `inner(n)` gives such a list for n rows. For each outer pair choose, *on its
    training rows alone*, the learner with the best mean accuracy over the inner folds; train it on all outer training
    rows, and score it on the outer validation rows. Return the mean of these scores, and the mean of the best inner
    accuracies. The labels are pure noise: the first must be 1/2 within 4 standard errors, the second above.
    """
    rng, found = np.random.default_rng(113), []
    for _ in range(40):
        x, y = rng.standard_normal((60, 11)), rng.integers(0, 2, 60)
        x[:, 0] = np.arange(60)  # the number of each row: learners see by it who trains them
        learners, outer = [Watched(feature) for feature in range(1, 11)], list(_folds(60, 5))
        answer = solution(x, y, learners, outer, lambda n: list(_folds(n, 4)))
        expect(np.shape(answer) == (2,), "return two numbers: the outer accuracy and the inner one")
        _expect_nested(learners, outer)
        found.append(np.asarray(answer, "float64"))
    (outer_mean, inner_mean), errors = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(40)
    expect(
        inner_mean > 0.5 + 4 * errors[1], f"the best inner accuracy has mean {inner_mean:.3f}: it should be above 1/2"
    )
    expect(np.all(errors > 0), "the accuracies are equal for all data")
    hint = f"the outer accuracy has mean {outer_mean:.3f} on noise: no model can be better than 1/2 there"
    expect(abs(outer_mean - 0.5) <= 4 * errors[0], hint)


def _folds(n, k):
    fold = np.arange(n) % k
    return ((np.flatnonzero(fold != j), np.flatnonzero(fold == j)) for j in range(k))


def _expect_nested(learners, outer):
    """Every training was on an outer training set, or on an inner one inside it."""
    sets = [frozenset(train.tolist()) for train, _ in outer]
    inner = {frozenset(train[rows].tolist()) for train, _ in outer for rows, _ in _folds(len(train), 4)}
    seen = [rows for learner in learners for rows in learner.seen]
    expect(len(seen) > 0, "no learner was trained")
    for rows in seen:
        expect(rows in inner or rows in sets, "a learner was trained on rows that are no training set, inner or outer")
    finals = sum(rows in sets for rows in seen)
    expect(all(rows in seen for rows in sets), "train the chosen learner on all rows of the outer training set")
    expect(finals == len(outer), "the outer training sets as a whole train the chosen learner alone")
    for learner in learners:
        expect(inner <= set(learner.seen), "try every learner on every inner training set")
