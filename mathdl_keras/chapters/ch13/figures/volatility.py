"""Volatility: forecasts beside what happened, and how good they are."""

import numpy as np

from mathdl_keras.chapters.ch13.demo.volatility import VolatilityResults
from mathdl_keras.core.figures import COLORS, new, style

__all__ = ["draw"]

SHOWN = ("EWMA of ranges", "log-HAR", "observer", "GRU")


def draw(results: VolatilityResults) -> dict:
    """The figures of the demo on the S&P 500."""
    figure, (left, right) = new(1, 2, width=12, height=4.0, title="S&P 500: forecasts of the next day's variance")
    colors = dict(zip(SHOWN, (COLORS[2], COLORS[4], COLORS[0], COLORS[1]), strict=True))
    with style():
        year = results.days >= np.datetime64("2018-01-01")
        days = results.days[year]
        left.plot(days, yearly(results.variance[year]), ".", color="#999999", markersize=4, label="Parkinson")
        for name in SHOWN:
            left.plot(days, yearly(results.forecasts[name][year]), color=colors[name], linewidth=1.3, label=name)
        left.set(ylabel="volatility, % a year", title="2018", yscale="log")
        left.set_yticks([3, 5, 10, 20, 40], ["3", "5", "10", "20", "40"])
        left.minorticks_off()
        left.tick_params(axis="x", labelrotation=30)
        left.legend(fontsize=8, ncols=3, loc="upper center")
        names = ["constant", "EWMA of returns", *SHOWN]
        scores = np.array([results.scores[name] for name in names])
        bars = [colors.get(name, "#999999") for name in names]
        right.barh(names, scores[:, 0], xerr=scores[:, 1], color=bars, error_kw={"elinewidth": 1.2, "capsize": 3})
        right.invert_yaxis()
        right.set(xlabel="QLIKE, 2015 to 2018, with standard errors (less is better)")
        right.grid(False, axis="y")
    return {"volatility": figure}


def yearly(variance):
    """Of a day -> volatility of a year of 252 days, in percent."""
    return 100 * np.sqrt(252 * variance)
