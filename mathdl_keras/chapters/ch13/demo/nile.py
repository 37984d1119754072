"""The Nile at Aswan, 1871 to 1970: a recurrent network with one weight that learns what Kalman's filter computes.

The model behind it is a level that wanders, measured with noise: x' = x + eta, y = x + epsilon. Its observer forecasts
by the level before and a part of the error, and this part, the gain, is all there is to learn.

(a) Backpropagation through time finds the gain with the least mean square of forecasts by one year.

(b) Maximum likelihood finds the two variances, and Riccati's equation the gain that is best for them. The two gains
differ by less than the standard error of a gain from 100 years, sqrt((1 - (1-K)^2)/100) = 0.07.

(c) The forecast "as last year" has gain 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from scipy import optimize

from mathdl_keras.chapters.ch13.observers.observers import Observer
from mathdl_keras.chapters.ch13.observers.plants import LinearPlant, kalman_error_covariance, kalman_gain
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

__all__ = ["run"]

# The level's step is a tenth of the noise; but the observer is told no variance, for it learns its gain.
LEVEL = LinearPlant([[1.0]], None, [[1.0]], [[0.1]], [[1.0]])
GAIN, LAST, LEARNED = 0.24656, 167.32, 143.51  # by least squares outside this package
UNIT = "10^8 m^3"


@dataclass(frozen=True, kw_only=True)
class RiverResults(Results):
    """What was found about the Nile; flows are in 10^8 m^3.

    Attributes:
        years: Array `(years,)`, the years.
        flow: Array `(years,)`, the flow of each year.
        levels: Mapping from the name of each gain to an array `(years + 1,)`, forecasts of each year and of the next.
        deviation: Float, the standard deviation of the level's error by Riccati's equation.
        gains: Mapping from the name of each gain to its value.
        errors: Pair of arrays, gains and the root mean square of forecasts by one year with each.
    """

    years: np.ndarray
    flow: np.ndarray
    levels: Mapping[str, np.ndarray]
    deviation: float
    gains: Mapping[str, float]
    errors: tuple[np.ndarray, np.ndarray]


def run(session: Session) -> RiverResults:
    """Learns the gain, computes Riccati's, and forecasts with both."""
    river = datasets.nile()
    flow = river.values["flow"]
    learned = learn_gain(session, flow)
    noise, steps = maximum_likelihood(flow)
    plant = LinearPlant([[1.0]], None, [[1.0]], [[steps]], [[noise]])
    riccati = float(kalman_gain(plant)[0, 0])
    gains = np.linspace(0.02, 1.0, 50)
    return RiverResults(
        metrics(flow, learned, riccati, noise, steps),
        [river],
        years=river.time,
        flow=flow,
        levels={"learned": forecasts(flow, learned), "Riccati": forecasts(flow, riccati)},
        deviation=float(np.sqrt(kalman_error_covariance(plant)[0, 0])),
        gains={"learned": learned, "Riccati": riccati},
        errors=(gains, np.array([root_mean_square(flow, gain) for gain in gains])),
    )


def learn_gain(session, flow):
    """The gain of an observer that is trained on the whole series, in units of its standard deviation."""
    z = ((flow - flow[0]) / flow.std()).astype("float32")[None, :, None]  # the first forecast is the first flow
    observer = keras.layers.RNN(Observer(LEVEL, gain=[[0.5]]), return_sequences=True)
    model = keras.Sequential([keras.Input(z[:, 1:].shape[1:]), observer])
    model.compile(keras.optimizers.SGD(0.2), "mse")
    session.fit(model, "observer", z[:, :-1], z[:, 1:], epochs=session.choose(30, 60))
    return float(ops.convert_to_numpy(observer.cell.gain)[0, 0])


def forecasts(flow, gain):
    """(years + 1,): the forecast of each year from those before, and of the year after the last; the first is given."""
    level = [flow[0]]
    for y in flow:
        level.append(level[-1] + gain * (y - level[-1]))
    return np.array(level)


def root_mean_square(flow, gain):
    """Of the errors of forecasts, from the second year on."""
    return float(np.sqrt(np.mean((flow - forecasts(flow, gain)[:-1])[1:] ** 2)))


def maximum_likelihood(flow):
    """The variances of the noise and of the level's steps, given the first flow."""

    def innovations(q):
        """Errors of forecasts and their variances, in units of the noise's."""
        level, P, found = flow[0], 1 + q, []
        for y in flow[1:]:
            found.append((y - level, P + 1))
            K = P / (P + 1)
            level, P = level + K * (y - level), P * (1 - K) + q
        return np.array(found).T

    def minus_twice_log_likelihood(log_q):
        e, F = innovations(np.exp(log_q))
        return len(e) * np.log(np.mean(e * e / F)) + np.sum(np.log(F))

    q = np.exp(optimize.minimize_scalar(minus_twice_log_likelihood, bounds=(-8, 3), method="bounded").x)
    e, F = innovations(q)
    noise = np.mean(e * e / F)
    return float(noise), float(q * noise)


def metrics(flow, learned, riccati, noise, steps):
    """The key figures, each against the value of another program."""
    found = [
        ("gain, learned", learned, "", GAIN, 0.001),
        ("gain, Riccati", riccati, "", 0.26706, 0.001),
        ("variance of the noise", noise, f"({UNIT})^2", 15098.5, 15.0),
        ("variance of the level's steps", steps, f"({UNIT})^2", 1469.2, 15.0),
        ("forecast error, learned gain", root_mean_square(flow, learned), UNIT, LEARNED, 0.05),
        ("forecast error, as last year", root_mean_square(flow, 1.0), UNIT, LAST, 0.05),
    ]
    return [
        Metric(name, value, unit, f"{target:g} ± {within:g}", abs(value - target) <= within)
        for name, value, unit, target, within in found
    ]
