"""Plants and observers against SciPy's equations and a loop in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import linalg

from mathdl_keras.chapters.ch13.observers.observers import Observer
from mathdl_keras.chapters.ch13.observers.plants import LinearPlant, kalman_error_covariance, kalman_gain
from mathdl_keras.core.loops import compiled

RNG = np.random.default_rng(13)
A, B, C = np.array([[0.9, 0.4], [-0.4, 0.8]]), np.array([[0.0], [1.0]]), np.array([[1.0, 0.5]])
Q, R = np.array([[0.1, 0.02], [0.02, 0.3]]), np.array([[0.5]])
PLANT = LinearPlant(A, B, C, Q, R)
L = np.array([[0.3], [0.1]])


class Still:
    """A generator of zeros: then the plant has no noise."""

    def standard_normal(self, shape):
        return np.zeros(shape)


def test_a_plant_without_noise_is_its_equation():
    u, x = RNG.standard_normal((3, 4, 1)), RNG.standard_normal((3, 2))
    states, outputs = PLANT.simulate(Still(), 4, 3, inputs=u, initial_states=x)
    assert states.dtype == outputs.dtype == np.float64
    for t in range(4):
        np.testing.assert_allclose(states[:, t], x, atol=1e-14)
        np.testing.assert_allclose(outputs[:, t], x @ C.T, atol=1e-14)
        x = x @ A.T + u[:, t] @ B.T
    np.testing.assert_allclose(states[:, 4], x, atol=1e-14)


def test_noise_has_the_covariances_and_is_reproducible():
    states, outputs = PLANT.simulate(np.random.default_rng(1), 1, 20_000)
    again = PLANT.simulate(np.random.default_rng(1), 1, 20_000)
    np.testing.assert_array_equal(states, again[0])
    for found, known in ((states[:, 1], Q), (outputs[:, 0], R)):
        products = found[:, :, None] * found[:, None, :]
        error = products.std(axis=0) / np.sqrt(len(products))
        assert np.all(np.abs(products.mean(axis=0) - known) <= 4 * error)


@pytest.mark.parametrize("unstable", [False, True])
def test_covariances_and_gain_solve_the_equations_of_scipy(unstable):
    plant = LinearPlant(
        1.2 * A if unstable else A, B, C, Q, R
    )  # moduli of 1.13: Kalman's observer is stable all the same
    P = linalg.solve_discrete_are(plant.A.T, C.T, Q, R)
    np.testing.assert_allclose(kalman_error_covariance(plant), P, rtol=1e-12)
    known = plant.A @ P @ C.T @ np.linalg.inv(C @ P @ C.T + R)
    np.testing.assert_allclose(kalman_gain(plant), known, rtol=1e-12)
    np.testing.assert_allclose(kalman_error_covariance(plant, known), P, rtol=1e-10)
    F = A - L @ C
    by_lyapunov = linalg.solve_discrete_lyapunov(F, Q + L @ R @ L.T)
    np.testing.assert_allclose(kalman_error_covariance(PLANT, L), by_lyapunov, rtol=1e-12)
    assert np.all(np.linalg.eigvalsh(by_lyapunov - kalman_error_covariance(PLANT)) > 0)  # none is better than Kalman's


def test_an_observer_in_an_rnn_is_the_loop():
    y, u, x = RNG.standard_normal((3, 5, 1)), RNG.standard_normal((3, 5, 1)), np.zeros((3, 2))
    cells = Observer(PLANT, L), Observer(PLANT, L, forecast=True)
    given = np.concatenate([y, u], axis=2).astype("float32")
    layers = [keras.layers.RNN(cell, return_sequences=True) for cell in cells]
    for layer in layers:
        layer.build(given.shape)
    found = compiled(lambda y: [layer(y) for layer in layers])(ops.convert_to_tensor(given))
    found = [ops.convert_to_numpy(f) for f in found]
    for t in range(5):
        x = x @ A.T + u[:, t] @ B.T + (y[:, t] - x @ C.T) @ L.T
        np.testing.assert_allclose(found[0][:, t], x, atol=1e-5)
        np.testing.assert_allclose(found[1][:, t], x @ C.T, atol=1e-5)


def test_fit_moves_the_gain_towards_a_better_one_and_a_frozen_one_has_none_to_move():
    _, y = PLANT.simulate(np.random.default_rng(2), 11, 16)
    y = np.concatenate([y, np.zeros_like(y)], axis=2).astype("float32")
    cell = Observer(PLANT, [[0.0], [0.0]], forecast=True)
    model = keras.Sequential([keras.layers.RNN(cell, return_sequences=True)])
    model.compile(keras.optimizers.SGD(0.02), "mse")
    losses = model.fit(y[:, :-1], y[:, 1:, :1], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and np.any(ops.convert_to_numpy(cell.gain))
    frozen = Observer(PLANT, L, trainable=False)
    frozen.build((None, 2))
    assert not frozen.trainable_variables and len(frozen.weights) == 1


def test_a_config_brings_the_observer_back():
    loaded = Observer.from_config(Observer(PLANT).get_config())
    loaded.build((None, 2))
    np.testing.assert_allclose(loaded.get_weights()[0], kalman_gain(PLANT), rtol=1e-6)
    assert loaded.initial_gain == "kalman" and np.array_equal(loaded.plant.B, B)
    assert Observer.from_config(Observer(LinearPlant(A, None, C, Q, R), L).get_config()).plant.B.shape == (2, 0)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"A": np.ones((2, 3))}, r"A must have shape \(2, 2\)"),
        ({"C": np.ones((1, 3))}, "C must have shape"),
        ({"A": [1.0, 2.0]}, "A must be a matrix"),
        ({"A": "a"}, "A must be a matrix of numbers"),
        ({"Q": [[np.nan, 0], [0, 1]]}, "Q must be a matrix of finite numbers"),
        ({"Q": -np.eye(2)}, "Q must be symmetric and positive semidefinite"),
        ({"Q": [[1.0, 0.5], [0.0, 1.0]]}, "Q must be symmetric"),
        ({"R": [[0.0]]}, "R must be symmetric and positive definite"),
    ],
)
def test_a_plant_says_what_is_wrong_with_it(changed, match):
    with pytest.raises(ValueError, match=match):
        LinearPlant(**{"A": A, "B": B, "C": C, "Q": Q, "R": R} | changed)


def test_what_no_observer_sees_and_other_mistakes():
    with pytest.raises(ValueError, match="detectable"):
        kalman_gain(LinearPlant(np.diag([1.1, 0.5]), None, [[0.0, 1.0]], np.eye(2), R))
    with pytest.raises(ValueError, match="gain must make A - LC stable"):
        kalman_error_covariance(PLANT, [[-3.0], [0.0]])
    with pytest.raises(ValueError, match=r"gain must have shape \(2, 1\)"):
        Observer(PLANT, [[1.0]])
    with pytest.raises(ValueError, match="gain must be an array or 'kalman'"):
        Observer(PLANT, "best")
    with pytest.raises(ValueError, match="plant must be a LinearPlant"):
        Observer("plant")
    with pytest.raises(ValueError, match="inputs must have 2 entries"):
        Observer(PLANT, L).build((None, 3))
    with pytest.raises(ValueError, match=r"inputs must have shape \(1, 3, 1\)"):
        PLANT.simulate(RNG, 3, inputs=np.zeros((3, 1)))
