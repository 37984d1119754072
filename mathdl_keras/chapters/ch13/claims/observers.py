"""Claims of §13.2: what an observer knows, against SciPy's Riccati and Lyapunov equations, and learns."""

import keras
import numpy as np
from keras import ops
from scipy import linalg

from mathdl_keras.chapters.ch13.observers.observers import Observer
from mathdl_keras.chapters.ch13.observers.plants import LinearPlant, kalman_error_covariance, kalman_gain
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.claims import claim, close_to, equals, mean_equals
from mathdl_keras.core.loops import compiled, scan

__all__ = ["learned_observer", "observer_covariance"]

# A damped oscillation whose position is measured, pushed by an input.
OSCILLATION = LinearPlant(
    A=[[0.9, 0.4], [-0.4, 0.8]], B=[[0.0], [1.0]], C=[[1.0, 0.0]], Q=[[0.1, 0.02], [0.02, 0.3]], R=[[0.5]]
)
SLOW = np.array([[0.2], [0.1]])  # stable, and not the best


def filter_gain(plant):
    """The gain that corrects at the time of the measurement, without the step to the next."""
    P, C = kalman_error_covariance(plant), plant.C
    return P @ C.T @ np.linalg.inv(C @ P @ C.T + plant.R)


def riccati(plant):
    return linalg.solve_discrete_are(plant.A.T, plant.C.T, plant.Q, plant.R)


def lyapunov(plant, L):
    F = plant.A - L @ plant.C
    return linalg.solve_discrete_lyapunov(F, plant.Q + L @ plant.R @ L.T)


def errors(plant, gain, rng, steps, runs):
    """x - x-hat at the end of each run of the plant, pushed by a random input."""
    u = rng.standard_normal((runs, steps, 1))
    x, y = plant.simulate(rng, steps, runs, inputs=u)
    cell = Observer(plant, gain)
    cell.build((None, 2))
    given = ops.convert_to_tensor(np.concatenate([y, u], axis=2).swapaxes(0, 1))  # (time, runs, 2)

    def run(given):
        return scan(lambda states, yu: (cell(yu, states)[1], None), [ops.zeros((runs, 2), given.dtype)], given)[0][0]

    return x[:, -1] - ops.convert_to_numpy(compiled(run)(given))


@claim(
    "13.2",
    "Kalman's observer has the covariance of Riccati's equation, any stable one Lyapunov's, whatever the inputs",
    refuted_by={"the filter's gain in the predictor": {"gain": filter_gain}},
    precision="float64",
)
def observer_covariance(rng, *, runs=4000, steps=60, gain=kalman_gain):
    plant, verdicts = OSCILLATION, []
    for name, L, P in (("Riccati", gain(plant), riccati(plant)), ("Lyapunov", SLOW, lyapunov(plant, SLOW))):
        e = errors(plant, L, rng, steps, runs)
        squares = np.einsum("ri,ij,rj->r", e, np.linalg.inv(P), e)
        verdicts += [
            mean_equals(squares, 2.0, standard_error=2 / np.sqrt(runs), label=f"{name}: e' P^-1 e"),
            mean_equals(e[:, :, None] * e[:, None, :], P, label=f"{name}: e e'"),
        ]
    solved = {"Riccati": kalman_error_covariance(plant), "Lyapunov": kalman_error_covariance(plant, SLOW)}
    for (name, P), known in zip(solved.items(), (riccati(plant), lyapunov(plant, SLOW)), strict=True):
        # the equations' condition, 1/(1 - rho^2), is below 10 here
        verdicts.append(equals(P, known, roundings=1000, scale=np.abs(known).max(), label=f"{name}: the equation"))
    return verdicts


def level_gain(ratio):
    """Of the local level model, in closed form: P/(P + 1), with P the root of P^2 = ratio (P + 1)."""
    P = (ratio + np.sqrt(ratio * ratio + 4 * ratio)) / 2
    return P / (P + 1)


def level_series(rng, q, series, length):
    """Local levels with noise of variance 1; the first level has the variance of a forecast in its steady state."""
    P = (q + np.sqrt(q * q + 4 * q)) / 2
    steps = np.sqrt(q) * rng.standard_normal((series, length))
    steps[:, 0] = np.sqrt(P) * rng.standard_normal(series)
    return np.cumsum(steps, axis=1) + rng.standard_normal((series, length))


def descend(series, rate, steps):
    """The gain that gradient descent finds, from 1/2, for forecasts by one step; and their errors."""
    cell = Observer(LinearPlant([[1.0]], None, [[1.0]], [[1.0]], [[1.0]]), gain=[[0.5]])
    cell.build((None, 1))
    y = ops.convert_to_tensor(series.T[:, :, None])  # (time, series, 1)

    def errors(gain, y):
        with keras.StatelessScope([(cell.gain, gain)]):
            return scan(lambda states, y: (cell(y, states)[1], y - states[0]), [ops.zeros_like(y[0])], y)[1]

    slope = compiled(grad(lambda gain, y: ops.sum(ops.square(errors(gain, y))) / series.size))
    gain = ops.convert_to_tensor(cell.gain.value)
    for _ in range(steps):
        gain = gain - rate * slope(gain, y)
    return [ops.convert_to_numpy(v) for v in (gain, compiled(errors)(gain, y))]


@claim(
    "13.2-13.4",
    "a linear recurrent predictor that is trained by backpropagation through time finds Kalman's gain",
    refuted_by={"inverted variance ratio": {"ratio": lambda q: 1 / q}},
    precision="float64",
)
def learned_observer(rng, *, q=0.1, series=30, length=100, ratio=lambda q: q):
    predicted = level_gain(ratio(q))
    y = level_series(rng, q, series, length)
    gain, innovations = descend(y, rate=0.15, steps=16)
    error = np.sqrt((1 - (1 - predicted) ** 2) / y.size)
    return (
        close_to(gain[0, 0], predicted, relative=4 * error / predicted, label="gain (4 SE)"),
        mean_equals(innovations.ravel() ** 2, 1 / (1 - predicted), label="variance of the innovations"),
    )
