"""Exercises of chapter 4. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch04.perceptron import train_kernel_perceptron
from mathdl_keras.core.exercises import exercise, expect, expect_close


def quadratic_kernel(X, Z):
    """1 + <x, z> + the inner product of all squares and products; it computes with halves without rounding."""
    s, q = X @ Z.T, (X * X) @ (Z * Z).T
    return 1 + s + (s * s + q) / 2


@exercise("4.3", "kernel_perceptron_step(alpha, y, K, i) -> alpha")
def kernel_perceptron_step(solution):
    r"""Let the kernel perceptron look at one example.

    Each :math:`\alpha_j` counts how often example j was misclassified, and :math:`f(x_i) = \sum_j \alpha_j y_j K_{ji}`.
    Return the counts, a new array, after example i was looked at: there is one more mistake where :math:`y_i f(x_i) \le
    0`. The labels are -1 and +1. The check runs your step over a sample until an epoch has no mistakes, and compares
    who was misclassified, and in which order.
    """
    rng = np.random.default_rng(43)
    x = rng.integers(-6, 7, (60, 2)) / 2
    y = np.where(x[:, 0] ** 2 + x[:, 0] * x[:, 1] + 2 * x[:, 1] ** 2 - x[:, 0] > 5.6, 1.0, -1.0)
    K = quadratic_kernel(x, x)
    fit, alpha = train_kernel_perceptron(K, y, 1000), np.zeros(len(y))
    for epoch, rows in enumerate(fit.mistakes):
        for i in range(len(y)):
            answer = solution(alpha.copy(), y.copy(), K.copy(), i)
            expect(answer is not None, "it returned None: return the counts, a new array")
            answer = np.asarray(ops.convert_to_numpy(answer), "float64")
            expect(answer.shape == alpha.shape, f"return counts of shape {alpha.shape}; received {answer.shape}")
            expected = alpha + (np.arange(len(y)) == i) * (i in rows)
            place = f"epoch {epoch + 1}, example {i}, with f = {np.sum(alpha * y * K[:, i]):g} and y = {y[i]:g}"
            changed = "one more mistake of example i" if i in rows else "no mistake: alpha stays"
            expect(np.array_equal(answer, expected), f"{place}: expected {changed}")
            alpha = answer


@exercise("4.3", "is_mercer(k, points) -> bool")
def is_mercer(solution):
    r"""Decide whether a function is a kernel, as far as some points can tell.

    :math:`k(X, Z)` takes arrays of points, (M, D) and (N, D), and returns the array :math:`k(x_i, z_j)`, (M, N).
    Return whether Mercer's condition holds on the points, (N, D): the matrix is symmetric and has no negative
    eigenvalue. Rounding may make a zero eigenvalue slightly negative; points may occur twice.
    """
    rng = np.random.default_rng(44)
    times, points = rng.uniform(0, 3, (30, 1)), rng.standard_normal((25, 2))
    twice = np.concatenate([points, points[:5]])
    cases = [
        ("min(s, t)", lambda X, Z: np.minimum(X, Z.T), times, True),
        ("the Gaussian kernel", lambda X, Z: np.exp(-(_distances(X, Z) ** 2) / 2), points, True),
        ("the Gaussian kernel, points twice", lambda X, Z: np.exp(-(_distances(X, Z) ** 2) / 2), twice, True),
        ("exp(-|x - z|)", lambda X, Z: np.exp(-_distances(X, Z)), points, True),
        ("1e-12 times <x, z>, of rank 2", lambda X, Z: 1e-12 * X @ Z.T, points, True),
        ("1e6 times <x, z>^3", lambda X, Z: 1e6 * (X @ Z.T) ** 3, twice, True),
        ("tanh(<x, z> - 1)", lambda X, Z: np.tanh(X @ Z.T - 1), points, False),
        ("max(s, t)", lambda X, Z: np.maximum(X, Z.T), times, False),
        ("-|x - z|", lambda X, Z: -_distances(X, Z), points, False),
        ("1e-12 times (<x, z> - 1)", lambda X, Z: 1e-12 * (X @ Z.T - 1), points, False),
        (
            "1 + <x, z> - 0.01 (x_1 z_1)^3",
            lambda X, Z: 1 + X @ Z.T - 0.01 * np.outer(X[:, 0], Z[:, 0]) ** 3,
            points,
            False,
        ),
        ("<x, z> + x_1 z_2, not symmetric", lambda X, Z: X @ Z.T + np.outer(X[:, 0], Z[:, 1]), points, False),
    ]
    for name, k, at, expected in cases:
        answer = solution(k, at.copy())
        expect(answer is not None, "return True or False; received None")
        expect(bool(answer) == expected, f"{name} is {'a kernel' if expected else 'no kernel'}; received {answer!r}")


def _distances(X, Z):
    return np.linalg.norm(X[:, None] - Z[None], axis=-1)


@exercise("4.5", "arc_cosine_0(x, z) -> float")
def arc_cosine_0(solution):
    r"""Find the kernel of an infinitely wide layer of steps.

    For w standard normal return :math:`E\,1[\langle w, x\rangle > 0]\,1[\langle w, z\rangle > 0]`, the probability
    that both points are on the positive side of a random hyperplane; x and z are arrays (D,), not zero. First it is
    compared with 100,000 random hyperplanes, within four standard errors, then with what holds for all angles.
    """
    rng = np.random.default_rng(45)
    for d in (2, 3, 10):
        x, z = rng.standard_normal((2, d))
        w = rng.standard_normal((100_000, d))
        both = (w @ x > 0) & (w @ z > 0)
        error = 4 * np.sqrt(np.mean(both) * (1 - np.mean(both)) / len(both))
        answer = solution(x.copy(), z.copy())
        expect_close(answer, np.mean(both), f"of 100,000 hyperplanes in {d} dimensions {np.mean(both):.4f} did", error)
        scaled = solution(3 * x, 0.2 * z)
        expect_close(scaled, answer, "lengths do not matter, only the angle", 1e-6)
    e1, e2 = np.eye(3)[:2]
    expect_close(solution(e1, 7 * e1), 0.5, "points in one direction: half of all hyperplanes", 1e-6)
    expect_close(solution(0.1 * e1, -e1), 0.0, "opposite points are never on one side", 1e-6)
    expect_close(solution(e1, e2), 0.25, "orthogonal points: a quarter", 1e-6)
    expect_close(solution(e1, e1 + e2), 0.375, "at 45 degrees: 3/8", 1e-6)
