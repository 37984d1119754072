"""The perceptron against six lines of NumPy, and as a Keras model."""

import keras
import numpy as np
import pytest
from keras import ops

import mathdl_keras
from mathdl_keras.chapters.ch04.perceptron import STEPS
from mathdl_keras.kernels import LinearKernel, PolynomialKernel, train_kernel_perceptron
from mathdl_keras.linear_model import train_perceptron
from mathdl_keras.losses import PerceptronLoss
from mathdl_keras.models import KernelPerceptron, Perceptron


def rosenblatt(x, y, epochs):
    w, mistakes = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        mistakes.append([])
        for i in range(len(y)):
            if y[i] * (w @ x[i]) <= 0:
                w = w + y[i] * x[i]
                mistakes[-1].append(i)
        if not mistakes[-1]:
            break
    return w, mistakes


def sample(seed, n=40, features=3, noise=0):
    """Integers, labelled by a plane through the origin; with noise they are not separable."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-5, 6, (n, features)).astype("float64")
    score = x @ rng.integers(1, 4, features) + 0.5 + noise * rng.standard_normal(n)
    return x, np.where(score > 0, 1.0, -1.0)


CASES = [sample(0), sample(1, noise=8), sample(2, n=300, noise=20), sample(3, n=2, features=1), sample(4, features=8)]


@pytest.mark.parametrize(("x", "y"), CASES)
@pytest.mark.parametrize("epochs", [1, 7, 60])
def test_mistakes_and_weights_are_those_of_the_book(x, y, epochs):
    w, mistakes = rosenblatt(x, y, epochs)
    fit = train_perceptron(x, y, epochs)
    dual = train_kernel_perceptron(x @ x.T, y, epochs)
    for run in (fit, dual):
        assert [rows.tolist() for rows in run.mistakes] == mistakes
        assert run.converged == (mistakes[-1] == []) and run.counts == [len(rows) for rows in mistakes]
        assert run.order.tolist() == sum(mistakes, [])
    np.testing.assert_array_equal(fit.weights, w)
    np.testing.assert_array_equal(x.T @ dual.weights, w)


def test_there_is_a_case_longer_than_a_piece_of_the_loop():
    assert sum(train_perceptron(*CASES[2], 60).counts) > 2 * STEPS


BAD = [
    (np.ones((4, 2)), [1, -1, 0, 1], r"y must hold labels -1 and \+1; received 0 among them"),
    (np.ones((4, 2)), [1, 1, 1, 1], r"y must hold both labels, -1 and \+1; received only \+1"),
    (np.ones((4, 2)), [1, -1, 1], "y must have one row for each of the 4 rows of x"),
    (np.ones((4, 2)), np.ones((4, 2)), "y must have one label for each row of x"),
    (np.ones(4), [1, -1, 1, 1], r"x must have shape \(rows, features\)"),
    (np.full((2, 2), np.nan), [1, -1], "x must be finite"),
    (np.ones((2, 2)), [1, np.nan], "y must be finite"),
    (np.ones((0, 2)), [], "x must not be empty"),
    ("digits", [1, -1], "x must be an array of numbers"),
]


@pytest.mark.parametrize(("x", "y", "match"), BAD)
@pytest.mark.parametrize(
    "train", [train_perceptron, Perceptron().fit_online, KernelPerceptron(LinearKernel()).fit_online]
)
def test_bad_samples_are_one_clear_line(train, x, y, match):
    with pytest.raises(ValueError, match=match) as error:
        train(x, y)
    assert "\n" not in str(error.value)


def test_other_bad_arguments_are_one_clear_line():
    x, y = CASES[0]
    with pytest.raises(ValueError, match="epochs must be an integer >= 1; received epochs=0"):
        train_perceptron(x, y, 0)
    with pytest.raises(ValueError, match=r"K must have shape \(rows, rows\)"):
        train_kernel_perceptron(x, y)
    with pytest.raises(ValueError, match=r"x must have shape \(batch, features\)"):
        Perceptron().build((None, 2, 2))


@pytest.mark.parametrize("use_bias", [True, False])
def test_keras_fit_takes_the_same_steps(use_bias):
    x, y = CASES[1]
    online, by_keras = Perceptron(use_bias), Perceptron(use_bias)
    fit = online.fit_online(x, y, epochs=3)
    by_keras.compile(keras.optimizers.SGD(1.0), PerceptronLoss())
    by_keras.fit(x, y, epochs=3, batch_size=1, shuffle=False, verbose=0)
    assert len(fit.weights) == 3 + use_bias and len(fit.counts) == 3
    for a, b in zip(online.get_weights(), by_keras.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_bias_is_one_more_feature():
    x, y = CASES[0]
    model = Perceptron()
    model.fit_online(x, y)
    w, _ = rosenblatt(np.column_stack([x, np.ones(len(x))]), y, 100)
    np.testing.assert_array_equal(np.concatenate([w_.ravel() for w_ in model.get_weights()]), w)
    np.testing.assert_array_equal(model.predict(x, verbose=0)[:, 0], x @ w[:3] + w[3])


def test_a_second_fit_starts_from_zero():
    x, y = CASES[0]
    once, twice = Perceptron(), Perceptron()
    once.fit_online(x, y)
    twice.fit_online(*CASES[1])
    twice.fit_online(x, y)
    np.testing.assert_array_equal(once.get_weights()[0], twice.get_weights()[0])


def test_the_kernel_perceptron_finds_what_no_line_can(tmp_path):
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    y = np.array([-1.0, 1.0, 1.0, -1.0])
    machine = KernelPerceptron(PolynomialKernel(2))
    fit = machine.fit_online(x, y)
    assert fit.converged and not Perceptron().fit_online(x, y).converged
    np.testing.assert_array_equal(np.sign(machine.predict(x, verbose=0)[:, 0]), y)
    machine.save(tmp_path / "machine.keras")
    again = mathdl_keras.load_model(tmp_path / "machine.keras")
    assert again.kernel == machine.kernel
    np.testing.assert_array_equal(ops.convert_to_numpy(again.points.value), x)
    np.testing.assert_array_equal(ops.convert_to_numpy(again.coefficients.value)[:, 0], fit.weights)
    np.testing.assert_array_equal(again.predict(x, verbose=0), machine.predict(x, verbose=0))
