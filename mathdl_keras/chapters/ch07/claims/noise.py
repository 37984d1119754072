"""Claims of §7.3: what minibatches do on average, how much noise they add, and what becomes of the noise."""

import itertools

import numpy as np
from keras import ops
from scipy import linalg

from mathdl_keras.chapters.ch05.activations import Tanh
from mathdl_keras.chapters.ch07.claims import oracle
from mathdl_keras.chapters.ch07.noise import minibatch_gradient_covariance, sgd_stationary_covariance
from mathdl_keras.chapters.ch07.optimizers import RobbinsMonro
from mathdl_keras.chapters.ch07.sampling import MinibatchSampler, sample_minibatches
from mathdl_keras.chapters.ch07.shallow_gradients import shallow_gradients
from mathdl_keras.chapters.ch07.steps import sgd_replicas, sgd_step
from mathdl_keras.core.claims import claim, equals, exactly, mean_equals, rate
from mathdl_keras.core.loops import compiled, scan

RUNNING_MEAN = RobbinsMonro(1.0)


def all_batches(M, B, replace):
    """Every batch that may come, all equally likely."""
    draws = itertools.product(range(M), repeat=B) if replace else itertools.combinations(range(M), B)
    return np.array(list(draws))


def covariance(samples):
    """Of equally likely vectors, the rows."""
    centred = samples - samples.mean(axis=0)
    return centred.T @ centred / len(samples)


def no_factor(gradients, batch_size, replace):
    """The finite-population factor forgotten."""
    return minibatch_gradient_covariance(gradients, batch_size, replace=True)


@claim(
    "7.3",
    "over all 56 batches of 3 of 8 the mean gradient is the full one, with covariance (M-B)/(M-1) S/B",
    refuted_by={"finite-population factor missing": {"formula": no_factor}},
    precision="float64",
)
def minibatch_unbiased(rng, *, M=8, B=3, formula=minibatch_gradient_covariance):
    theta, x, y = oracle.random_theta(rng, 2, 3, 2), rng.standard_normal((M, 2)), rng.integers(2, size=M)
    per_sample = np.array([oracle.flat(oracle.gradients(theta, x[m : m + 1], y[m : m + 1])) for m in range(M)])
    batches = all_batches(M, B, False)
    gradients = compiled(lambda x, y: shallow_gradients(theta, x, y, Tanh())[1])
    by_batch = gradients(*map(ops.convert_to_tensor, (x[batches], y[batches])))
    mean = ops.concatenate([ops.reshape(ops.sum(g, axis=0), (-1,)) for g in by_batch]) / len(batches)
    verdicts = [equals(mean, per_sample.mean(axis=0), roundings=200, label="mean of all batches")]
    for replace in (False, True):
        enumerated = covariance(per_sample[all_batches(M, B, replace)].mean(axis=1))
        label = f"covariance, {'with' if replace else 'without'} replacement"
        verdicts.append(equals(formula(per_sample, B, replace), enumerated, roundings=200, label=label))
    return verdicts


@claim(
    "7.3",
    "an epoch with replacement sees a fraction 1 - (1-1/M)^M of the sample, one without sees all of it",
    refuted_by={"no replacement": {"replace": False}},
)
def epoch_coverage(rng, *, M=1000, epochs=400, replace=True):
    seed = int(rng.integers(2**31))
    with_replacement, without = (MinibatchSampler(M, 30, r, seed=seed) for r in (replace, False))
    seen = np.array([len(np.unique(np.concatenate(with_replacement.epoch(k)))) for k in range(epochs)]) / M
    every = [np.sort(np.concatenate(without.epoch(k))) for k in range(5)]
    missed, both = (1 - 1 / M) ** M, (1 - 2 / M) ** M  # that one given row is missed; that two are
    variance = missed / M + (1 - 1 / M) * both - missed**2
    return (
        mean_equals(seen, 1 - missed, standard_error=np.sqrt(variance / epochs), label="rows seen, with replacement"),
        exactly(np.array(every), np.tile(np.arange(M), (5, 1)), label="rows seen, without"),
        exactly(sum(map(len, with_replacement.epoch(0))), M, label="draws in an epoch"),
    )


def sample_of_variance(rng, M, s2):
    """M numbers of mean 0 and variance s2."""
    z = rng.standard_normal(M)
    return np.sqrt(s2) * (z - z.mean()) / z.std()


@claim(
    "7.3",
    "SGD on (theta - x)^2 / 2 settles with variance eta s^2 / (B (2 - eta))",
    refuted_by={"loss without the 1/2": {"factor": 2.0}},
)
def stationary_variance(rng, *, eta=0.2, B=4, s2=2.0, chains=2000, steps=60, factor=1.0):
    y = sample_of_variance(rng, 100, s2)
    batches = sample_minibatches(rng, 100, B, (steps, chains), replace=True)
    # without the 1/2 the gradient is twice as large, and so is each step
    theta = sgd_replicas(np.ones((100, 1)), y, np.zeros((chains, 1), "float32"), batches, factor * eta)
    predicted = eta * s2 / (B * (2 - eta))
    return (
        mean_equals(theta[:, 0], 0.0, standard_error=np.sqrt(predicted / chains), label="mean"),
        mean_equals(ops.square(theta[:, 0]), predicted, label="variance"),  # 0.8^120 of it is still missing
    )


def enumerated_covariance(X, r, eta, B):
    """The solution of C = E[A C A'] + E[n n'], both expectations over all batches."""
    rows = all_batches(len(X), B, False)
    A = np.eye(X.shape[1]) - eta / B * np.einsum("bmi,bmj->bij", X[rows], X[rows])
    n = eta / B * np.einsum("bm,bmi->bi", r[rows], X[rows])
    T = np.mean([np.kron(a, a) for a in A], axis=0)
    N = np.mean([np.outer(v, v) for v in n], axis=0)
    return np.linalg.solve(np.eye(len(T)) - T, N.ravel()).reshape(N.shape)


def additive_noise_only(X, r, eta, B):
    """As if every batch had the Hessian of the sample."""
    A = np.eye(X.shape[1]) - eta * X.T @ X / len(X)
    N = eta**2 * covariance((r[:, None] * X)[all_batches(len(X), B, False)].mean(axis=1))
    return linalg.solve_discrete_lyapunov(A, N)


@claim(
    "7.3",
    "the error of SGD for least squares settles with the C of C = E[A C A'] + E[n n'], so that E e'C^-1 e = d",
    refuted_by={
        "additive noise only": {"solve": additive_noise_only},
        "covariance with replacement": {"solve": lambda X, r, eta, B: sgd_stationary_covariance(X, r, eta, B, True)},
    },
    precision="float64",
)
def sgd_lyapunov(rng, *, M=12, B=3, d=2, eta=0.3, chains=4000, steps=300, solve=sgd_stationary_covariance):
    X, y = rng.standard_normal((M, d)), rng.standard_normal(M)
    best = np.linalg.lstsq(X, y)[0]
    C = solve(X, y - X @ best, eta, B)
    batches = sample_minibatches(rng, M, B, (steps, chains))
    e = ops.convert_to_numpy(sgd_replicas(X, y, np.tile(best, (chains, 1)), batches, eta)) - best
    quadratic = np.einsum("ri,ij,rj->r", e, np.linalg.inv(C), e)
    expected = enumerated_covariance(X, y - X @ best, eta, B)
    return (
        equals(C, expected, roundings=1000, scale=np.max(np.abs(expected)), label="C, by enumeration"),
        mean_equals(quadratic, d, label="e'C^-1 e"),
    )


@claim(
    "7.3",
    "with eta_k = 1/(k+1) SGD on (theta - x)^2 / 2 is the running mean, exactly",
    refuted_by={"1/(k+2)": {"schedule": RobbinsMonro(1.0, k0=2.0)}},
    precision="float64",
)
def robbins_monro_is_averaging(rng, *, steps=50, schedule=RUNNING_MEAN):
    x = rng.standard_normal(steps)

    def step(state, x_k):
        k, theta = state
        theta = sgd_step(theta, theta - x_k, schedule(k))
        return (k + 1, theta), theta

    start = np.float64(0), np.float64(7)  # the first step forgets where it began
    theta = compiled(lambda x: scan(step, start, x)[1])(ops.convert_to_tensor(x))
    # three roundings a step, of which a share j/k of those of step j is left in step k
    means = np.cumsum(x) / np.arange(1, steps + 1)
    return equals(theta, means, roundings=2 * steps, scale=np.max(np.abs(x)), label="theta_k")


def second_moments(rates, start=1.0):
    """v <- (1 - eta)^2 v + eta^2, for x of mean 0 and variance 1."""
    v = [start]
    for eta in rates:
        v.append((1 - eta) ** 2 * v[-1] + eta**2)
    return np.array(v)


def robbins_monro(C, steps):
    """The rates min(C / (k + 1), 1)."""
    return np.minimum(ops.convert_to_numpy(RobbinsMonro(C)(np.arange(steps))), 1)


@claim(
    "7.3",
    "with eta_k = C/(k+1) the second moment is C^2 / ((2C-1) k) for C > 1/2, and falls as k^(-2C) for C < 1/2",
    refuted_by={"1/sqrt(k)": {"rates": lambda C, steps: np.minimum(C / np.sqrt(1 + np.arange(steps)), 1)}},
)
def step_constant(rng, *, steps=2000, chains=4000, rates=robbins_monro):
    # signs +-1 have mean 0 and variance 1; every chain begins at 1
    x, y, start = np.ones((2, 1)), np.array([-1.0, 1.0]), np.ones((chains, 1), "float32")
    batches = sample_minibatches(rng, 2, 1, (steps, chains), replace=True)
    verdicts, squares = [], {}
    for C in (0.25, 1.0, 2.0):
        theta = sgd_replicas(x, y, start, batches, rates(C, steps))
        squares[C] = ops.convert_to_numpy(theta)[:, 0] ** 2
        exact = second_moments(np.minimum(C / (1 + np.arange(steps)), 1))[-1]
        verdicts.append(mean_equals(squares[C], exact, label=f"C = {C:g}, by recursion"))
    for C in (1.0, 2.0):
        # the next term is of relative order 1/k
        verdicts.append(mean_equals(squares[C], C**2 / ((2 * C - 1) * steps), label=f"C = {C:g}, asymptotically"))
    early = sgd_replicas(x, y, start, batches[: steps // 16], rates(0.25, steps // 16))
    slow = [np.mean(ops.convert_to_numpy(early)[:, 0] ** 2), np.mean(squares[0.25])]
    return (*verdicts, rate([steps / 16, steps], slow, slope=-0.5, within=0.1, label="C = 0.25, as k grows"))
