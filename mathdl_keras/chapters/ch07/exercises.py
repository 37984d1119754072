"""Exercises of chapter 7. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import itertools

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch07.sampling import sample_minibatches
from mathdl_keras.chapters.ch07.steps import sgd_replicas
from mathdl_keras.core.exercises import exercise, expect, expect_close


@exercise("7.3", "sgd_noise_floor(lr, B, s2) -> float")
def sgd_noise_floor(solution):
    r"""Say how much noise is left at a constant learning rate.

    SGD looks for the mean of x: :math:`\theta \leftarrow \theta - \eta\,(\theta - \bar x_B)`, where :math:`\bar x_B` is
    the mean of B independent draws from a sample of variance :math:`s^2`. Return the variance to which
    :math:`\theta` settles. Hint: take the variance of both sides. Your answer is compared with 4,000 simulated runs,
    within four standard errors.
    """
    rng = np.random.default_rng(71)
    sample = np.arange(16.0)
    sample = (sample - sample.mean()) / sample.std()
    for eta, B, s2 in ((0.1, 1, 1.0), (0.5, 4, 2.0), (1.0, 2, 0.5), (1.6, 1, 3.0)):
        batches = sample_minibatches(rng, len(sample), B, (60, 4000), replace=True)
        start = np.zeros((4000, 1), "float32")
        theta = sgd_replicas(np.ones((16, 1)), np.sqrt(s2) * sample, start, batches, eta)
        squares = ops.convert_to_numpy(theta)[:, 0].astype("float64") ** 2
        error = 4 * squares.std() / np.sqrt(4000)
        hint = f"lr={eta}, B={B}, s2={s2}: 4,000 runs have the variance {squares.mean():.4f}, give or take {error:.4f}"
        expect_close(solution(eta, B, s2), squares.mean(), hint, error)
    small = solution(1e-3, 1, 1.0)
    expect_close(solution(1e-3, 10, 1.0), small / 10, "ten times the batch, a tenth of the variance", 1e-9)
    expect_close(small, 1e-3 / 2, "for a small learning rate it is about lr s2 / (2 B)", 1e-6)


@exercise("7.3", "importance_gradient(gradients, p, batch) -> array")
def importance_gradient(solution):
    r"""Draw some samples more often than others, and stay right on average.

    `gradients` (M, d) holds :math:`\nabla\ell_m` of every sample, and `batch` the numbers of B samples, drawn with
    replacement and with probabilities :math:`p_m`. Return an estimate (d,) of the full gradient :math:`\frac1M
    \sum_m \nabla\ell_m` from the gradients of the batch, such that its mean is exactly that. The check goes through all
    batches that can come, and weighs each with its probability.
    """
    rng = np.random.default_rng(72)
    for M, B in ((3, 1), (4, 2), (3, 3)):
        gradients, p = rng.standard_normal((M, 2)), rng.dirichlet(np.full(M, 3.0))
        mean = np.zeros(2)
        for batch in itertools.product(range(M), repeat=B):
            answer = solution(gradients.copy(), p.copy(), np.array(batch))
            expect(answer is not None, "it returned None: return an array (d,)")
            answer = np.asarray(ops.convert_to_numpy(answer), "float64")
            expect(answer.shape == (2,), f"return an array of shape (2,), as one gradient; received {answer.shape}")
            others = gradients.copy()
            others[[m for m in range(M) if m not in batch]] += 1.0
            blind = np.asarray(ops.convert_to_numpy(solution(others, p.copy(), np.array(batch))), "float64")
            expect(np.array_equal(answer, blind), "it looks at gradients of samples that are not in the batch")
            mean += np.prod(p[list(batch)]) * answer
        hint = (
            f"over all batches of {B} of {M} its mean is {mean.round(3)}, and the gradient {gradients.mean(0).round(3)}"
        )
        expect_close(mean, gradients.mean(axis=0), hint, 1e-6)


@exercise("7.3", "polyak_average(x, lr) -> array")
def polyak_average(solution):
    r"""Keep the learning rate constant, and average the iterates.

    `x` (k, R) holds k draws for each of R runs. Each run begins at :math:`\theta_0 = 0` and steps :math:`\theta_j =
    \theta_{j-1} - \eta\,(\theta_{j-1} - x_j)`. Return the averages :math:`\frac1k (\theta_1 + \dots + \theta_k)`, (R,).
    Their variance is about :math:`s^2/k`, as with the learning rates 1/k, while that of the last iterate stays at
    :math:`\eta s^2/(2-\eta)`: the check looks at 4,000 runs, and before that at a few numbers.
    """
    x = np.array([[4.0, 0.0], [0.0, 8.0], [2.0, 0.0]])
    answer = solution(x.copy(), 0.5)
    # of the first run the iterates are 2, 1, 1.5, of the second 0, 4, 2
    expect_close(answer, [1.5, 2.0], "for x = [[4, 0], [0, 8], [2, 0]] and lr = 0.5 it is [1.5, 2]", 1e-6)
    expect_close(solution(x.copy(), 1.0), [2.0, 8 / 3], "with lr = 1 the iterates are the draws", 1e-6)
    rng = np.random.default_rng(73)
    k, runs, s2 = 1000, 4000, 2.0
    averages = np.asarray(ops.convert_to_numpy(solution(np.sqrt(s2) * rng.standard_normal((k, runs)), 0.1)), "float64")
    expect(averages.shape == (runs,), f"return one average for each of {runs} runs; received shape {averages.shape}")
    variance = np.mean(averages**2)
    within = 4 * np.sqrt(2 / runs) + 0.1  # four standard errors, and 10 % for finite k
    hint = f"the variance of {runs} averages is {variance:.5f}; it should be about s^2/k = {s2 / k:.5f}"
    expect_close(variance, s2 / k, hint, within * s2 / k)
