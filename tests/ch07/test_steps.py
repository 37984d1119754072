"""Steps, learning rates and the covariance of the noise against NumPy, Keras, SciPy and simulation."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from scipy import linalg

from mathdl_keras.chapters.ch07.noise import minibatch_gradient_covariance, sgd_stationary_covariance
from mathdl_keras.chapters.ch07.optimizers import RobbinsMonro
from mathdl_keras.chapters.ch07.sampling import sample_minibatches
from mathdl_keras.chapters.ch07.steps import sgd_replicas, sgd_step
from mathdl_keras.core.precision import allow_float64, dtype_of

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((9, 3)), rng.standard_normal(9)
RESIDUAL = Y - X @ np.linalg.lstsq(X, Y)[0]


def numpy(x):
    return ops.convert_to_numpy(x)


def test_a_step_keeps_structure_and_dtype():
    theta = {"W": np.ones((2, 3), "float32"), "b": [np.ones(2, "float32")]}
    new = sgd_step(theta, {"W": np.full((2, 3), 2, "float32"), "b": [np.ones(2, "float32")]}, 0.25)
    assert numpy(new["W"]).tolist() == [[0.5] * 3] * 2 and numpy(new["b"][0]).tolist() == [0.75] * 2
    assert dtype_of(new["W"]) == "float32"


def test_each_replica_may_have_its_own_learning_rate():
    g = rng.standard_normal((2, 3, 4)).astype("float32")
    new = numpy(sgd_step(np.zeros_like(g), g, np.array([1.0, 0.5])))
    np.testing.assert_array_equal(new, -g * np.array([1, 0.5], "float32")[:, None, None])


def test_as_many_gradients_as_parameters():
    with pytest.raises(ValueError):
        sgd_step([np.ones(2), np.ones(2)], [np.ones(2)], 0.1)


def descend(theta, batches, rates):
    for rows, eta in zip(batches, rates, strict=True):
        theta = theta - eta * X[rows].T @ (X[rows] @ theta - Y[rows]) / len(rows)
    return theta


def test_replicas_are_runs_side_by_side():
    start, batches = rng.standard_normal((4, 3)), sample_minibatches(rng, 9, 2, (7, 4))
    rates = np.linspace(0.3, 0.1, 7)
    expected = [descend(start[r], batches[:, r], rates) for r in range(4)]
    with allow_float64():
        theta = sgd_replicas(X, Y, start, batches, rates)
        assert dtype_of(theta) == "float64"
        np.testing.assert_allclose(numpy(theta), expected, rtol=1e-12)
    theta = sgd_replicas(X, Y, start.astype("float32"), batches, rates)
    np.testing.assert_allclose(numpy(theta), expected, atol=1e-5)


def test_replicas_may_share_their_batches():
    start, batches = rng.standard_normal((4, 3)).astype("float32"), sample_minibatches(rng, 9, 2, (7,))
    theta = numpy(sgd_replicas(X, Y, start, batches, 0.2))
    np.testing.assert_allclose(theta, [descend(t, batches, [0.2] * 7) for t in start], atol=1e-5)


def test_schedule_of_robbins_and_monro():
    k = np.arange(6)
    np.testing.assert_allclose(numpy(RobbinsMonro(3.0, k0=2.0, power=0.75)(k)), 3 / (k + 2) ** 0.75, rtol=1e-6)
    twin = keras.optimizers.schedules.InverseTimeDecay(3.0 / 2.0, decay_steps=2, decay_rate=1.0)
    np.testing.assert_allclose(numpy(RobbinsMonro(3.0, k0=2.0)(k)), [float(twin(j)) for j in k], rtol=1e-6)


def test_an_optimizer_keeps_the_schedule_and_follows_it():
    optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(keras.optimizers.SGD(RobbinsMonro(1.0))))
    theta, x = keras.Variable([5.0]), [2.0, 4.0, 9.0]
    for value in x:
        optimizer.apply([theta - value], [theta])
    assert abs(numpy(theta)[0] - np.mean(x)) < 1e-6


def noise(gradients, batches):
    return np.cov(gradients[batches].mean(axis=1).T, bias=True)


@pytest.mark.parametrize("batch_size", [1, 4, 9])
def test_covariance_of_minibatches_by_enumeration(batch_size):
    g = X.astype("float32")
    batches = np.array(list(itertools.combinations(range(9), batch_size)))
    covariance = numpy(minibatch_gradient_covariance(g, batch_size))
    np.testing.assert_allclose(covariance, noise(X, batches), atol=1e-6)
    alone = numpy(minibatch_gradient_covariance(g, 1))
    np.testing.assert_allclose(numpy(minibatch_gradient_covariance(g, 4, replace=True)), alone / 4, atol=1e-6)


def lyapunov(batches, eta):
    """C = E[A C A'] + E[n n'] by iteration, the expectation over all batches."""
    A = np.eye(3) - eta * np.einsum("bmi,bmj->bij", X[batches], X[batches]) / batches.shape[1]
    n = eta * np.einsum("bm,bmi->bi", RESIDUAL[batches], X[batches]) / batches.shape[1]
    C = np.zeros((3, 3))
    for _ in range(500):
        C = (np.einsum("bij,jk,blk->il", A, C, A) + n.T @ n) / len(batches)
    return C


@pytest.mark.parametrize("replace", [False, True])
def test_stationary_covariance_by_enumeration(replace):
    draws = itertools.product(range(9), repeat=3) if replace else itertools.combinations(range(9), 3)
    expected = lyapunov(np.array(list(draws)), 0.2)
    np.testing.assert_allclose(sgd_stationary_covariance(X, RESIDUAL, 0.2, 3, replace), expected, rtol=1e-10)


def test_a_full_batch_makes_no_noise_and_a_small_rate_only_additive_noise():
    np.testing.assert_array_equal(sgd_stationary_covariance(X, RESIDUAL, 0.2, 9), np.zeros((3, 3)))
    A, eta = np.eye(3) - 1e-4 * X.T @ X / 9, 1e-4
    N = eta**2 / 2 * (7 / 8) * (X.T * RESIDUAL**2) @ X / 9
    C = sgd_stationary_covariance(X, RESIDUAL, eta, 2)
    np.testing.assert_allclose(C, linalg.solve_discrete_lyapunov(A, N), rtol=1e-2)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: RobbinsMonro(0.0), "C must be positive and finite; received C=0.0"),
        (lambda: RobbinsMonro(1.0, k0=-1.0), "k0 must be positive and finite; received k0=-1.0"),
        (lambda: RobbinsMonro(1.0, power=0.5), r"power must be in \(1/2, 1\].*; received power=0.5"),
        (lambda: RobbinsMonro(1.0, power=1.5), r"power must be in \(1/2, 1\]"),
        (lambda: replicas(learning_rate=0.0), "learning_rate must be positive; received learning_rate=0.0"),
        (lambda: replicas(learning_rate=np.ones(3)), r"learning_rate must be a number or have shape \(2,\)"),
        (lambda: replicas(learning_rate=np.nan), "learning_rate must be finite"),
        (lambda: replicas(batches=np.full((2, 1), 9)), "batches must hold row numbers 0, ..., 8; received 9 to 9"),
        (lambda: replicas(batches=np.full((2, 1), -1)), "batches must hold row numbers"),
        (lambda: replicas(batches=np.ones((2, 1))), "batches must be integers"),
        (lambda: replicas(batches=np.ones((2, 3, 1), int)), r"shape \(steps, 4, B\) or \(steps, B\); received int64"),
        (lambda: replicas(theta0=np.zeros((4, 2))), "x, y and theta0 must have shapes"),
        (lambda: minibatch_gradient_covariance(np.ones(3), 1), r"must have shape \(M, d\); received shape \(3,\)"),
        (lambda: minibatch_gradient_covariance(np.ones((3, 1)), 4), "batch_size must be an integer in 1, ..., 3"),
        (lambda: sgd_stationary_covariance(X, RESIDUAL, -0.1, 3), "learning_rate must be positive and finite"),
        (lambda: sgd_stationary_covariance(X, RESIDUAL, 5.0, 3), "learning_rate must be so small that .* radius"),
        (lambda: sgd_stationary_covariance(X, Y, 0.1, 3), "r must be the residuals of least squares, X'r = 0"),
        (lambda: sgd_stationary_covariance(X, X, 0.1, 3), r"r must have shape \(9,\); received shape \(9, 3\)"),
        (lambda: sgd_stationary_covariance(X, RESIDUAL, 0.1, 0), "batch_size must be an integer"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make()
    assert "\n" not in str(error.value)


def replicas(**changes):
    arguments = {"theta0": np.zeros((4, 3)), "batches": np.zeros((2, 1), int), "learning_rate": 0.1}
    return sgd_replicas(X, Y, **arguments | changes)
