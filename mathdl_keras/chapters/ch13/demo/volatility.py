"""How much will the S&P 500 move tomorrow? Historical days, 1999 to 2018, and an observer that learns one number.

The variance of a day is estimated from its range by Parkinson's formula, log(high/low)^2 / (4 log 2). All models learn
from days before 2015 and forecast those of 2015 to 2018, one day ahead:

* constant: the mean of the past;
* EWMA: an average with weights that fall by 0.94 a day, of squared returns or of the variances by ranges;
* log-HAR (Corsi 2009): a regression of the log variance on its means over a day, a week and a month;
* observer: a level that wanders, in logs, whose gain is learned by backpropagation through time;
* GRU: a recurrent network with 8 units, in logs.

A forecast in logs is made one of the variance by the mean of exp(error) in training. Forecasts f of v are compared by
QLIKE, the mean of v/f - log(v/f) - 1, which punishes what is too low. Days are not independent: standard errors are
those of means over blocks of 21 days.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.chapters.ch13.observers.observers import Observer
from mathdl_keras.chapters.ch13.observers.plants import LinearPlant
from mathdl_keras.chapters.ch13.recurrent.layers import GRU
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.report import Metric

__all__ = ["run"]

TEST_FROM = np.datetime64("2015-01-01")
MONTH, CHUNK, DECAY, UNITS, BLOCK = 22, 100, 0.94, 8, 21
# Measured outside this package.
TARGETS = {"EWMA of returns": (0.565, 0.005), "log-HAR": (0.464, 0.005)}
LEVEL = LinearPlant([[1.0]], None, [[1.0]], [[0.1]], [[1.0]])


@dataclass(frozen=True, kw_only=True)
class VolatilityResults(Results):
    """What was found about the days from 2015 on.

    Attributes:
        days: Array `(days,)`, the days.
        variance: Array `(days,)`, the variance of each day from its range.
        forecasts: Mapping from each model to an array `(days,)`, its forecasts of these.
        scores: Mapping from each model to the mean of its QLIKE and the standard error of that.
    """

    days: np.ndarray
    variance: np.ndarray
    forecasts: Mapping[str, np.ndarray]
    scores: Mapping[str, tuple[float, float]]


def run(session: Session) -> VolatilityResults:
    """Fits all models to the days before 2015, and compares their forecasts of the days after.

    Raises:
        DatasetUnavailable: If `arch`, which holds the data, is not installed.
    """
    data = datasets.sp500()
    v, train = parkinson(data.values), int(np.sum(data.time < TEST_FROM))
    squared_returns = np.diff(np.log(data.values["close"]), prepend=np.log(data.values["close"][0])) ** 2
    logs = log_har(v, train), *learned(session, v, train)
    forecasts = {
        "constant": np.full(len(v), v[:train].mean()),
        "EWMA of returns": ewma(squared_returns),
        "EWMA of ranges": ewma(v),
        **{name: unlogged(g, v, train) for name, g in zip(("log-HAR", "observer", "GRU"), logs, strict=True)},
    }
    losses = {name: qlike(v, f)[train:] for name, f in forecasts.items()}
    return VolatilityResults(
        list(metrics(session, losses)),
        [data],
        days=data.time[train:],
        variance=v[train:],
        forecasts={name: f[train:] for name, f in forecasts.items()},
        scores={name: (float(loss.mean()), block_error(loss)) for name, loss in losses.items()},
    )


def parkinson(prices):
    """The variance of each day from its range."""
    return np.log(prices["high"] / prices["low"]) ** 2 / (4 * np.log(2))


def qlike(v, f):
    """Of each day; 0 where the forecast f is the variance v."""
    return v / f - np.log(v / f) - 1


def block_error(loss):
    """Standard error of the mean of a loss, from the means of blocks of 21 days."""
    blocks = loss[: len(loss) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1)
    return float(blocks.std(ddof=1) / np.sqrt(len(blocks)))


def ewma(x):
    """Forecasts of x by an average of what was before, from the mean of the first month on."""
    f = np.full(len(x), x[:MONTH].mean())
    for t in range(1, len(x)):
        f[t] = DECAY * f[t - 1] + (1 - DECAY) * x[t - 1]
    return f


def log_har(v, train):
    """Forecasts of log v by a regression on means over a day, a week and a month; the first month has none."""
    total = np.cumsum(np.r_[0.0, np.log(v)])
    days = np.arange(MONTH, len(v))
    means = np.stack([(total[days] - total[days - k]) / k for k in (1, 5, MONTH)], axis=1)
    model = LinearRegression()
    model.fit_closed_form(means[: train - MONTH], np.log(v[MONTH:train]))
    return np.r_[np.full(MONTH, np.nan), model.predict(means, verbose=0)[:, 0]]


def learned(session, v, train):
    """Forecasts of log v by the observer and by the GRU."""
    logs = np.log(v)
    centre, scale = logs[:train].mean(), logs[:train].std()
    z = ((logs - centre) / scale).astype("float32")[:, None]
    chunks = np.stack([z[t : t + MONTH + CHUNK + 1] for t in range(0, train - MONTH - CHUNK, CHUNK)])
    counted = np.r_[np.zeros(MONTH), np.ones(CHUNK)].astype("float32")  # the first month of a chunk warms up
    observer = keras.layers.RNN(Observer(LEVEL, gain=[[0.5]]), return_sequences=True)
    models = {
        "observer": (keras.Sequential([observer]), keras.optimizers.SGD(0.3), session.choose(15, 40), len(chunks)),
        "GRU": (
            keras.Sequential([GRU(UNITS, return_sequences=True), keras.layers.Dense(1)]),
            keras.optimizers.Adam(0.01),
            session.choose(10, 60),
            16,
        ),
    }
    for name, (model, optimizer, epochs, rows) in models.items():
        model.compile(optimizer, "mse")
        weights = np.broadcast_to(counted, chunks.shape[:1] + counted.shape)
        settings = {"sample_weight": weights, "epochs": epochs, "batch_size": rows}
        session.fit(model, name, chunks[:, :-1], chunks[:, 1:], **settings)
        yield np.r_[centre, centre + scale * numpy(model(z[None, :-1]))[0, :, 0]]


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x)).astype("float64")


def unlogged(g, v, train):
    """Forecasts of v from those of log v: their errors in training have mean exp(error) 1."""
    errors = np.log(v[MONTH:train]) - g[MONTH:train]
    return np.exp(g) * np.mean(np.exp(errors))


def metrics(session, losses):
    """QLIKE of each model, and how far the two learned ones are from log-HAR."""
    scores = {name: float(loss.mean()) for name, loss in losses.items()}
    simple = scores["EWMA of ranges"]
    for name, value in scores.items():
        if name in TARGETS:
            target, within = TARGETS[name]
            yield Metric(f"QLIKE, {name}", value, "", f"{target} ± {within}", abs(value - target) <= within)
        elif name in ("observer", "GRU") and not session.quick:
            yield Metric(f"QLIKE, {name}", value, "", f"< {simple:.3f}, EWMA", value < simple)
        else:
            yield Metric(f"QLIKE, {name}", value)
    for name in ("observer", "GRU"):
        difference = losses[name] - losses["log-HAR"]
        yield Metric(f"QLIKE, {name} less log-HAR", float(difference.mean()))
        yield Metric(f"standard error of {name} less log-HAR", block_error(difference))
