"""The Nile: flow, forecasts, and the error of forecasts against the gain."""

from mathdl_keras.chapters.ch13.demo.nile import RiverResults
from mathdl_keras.core.figures import COLORS, new, style

__all__ = ["draw"]


def draw(results: RiverResults) -> dict:
    """The figures of the demo on the Nile."""
    figure, (left, right) = new(1, 2, width=11, height=3.8, title="The Nile at Aswan: an observer with one weight")
    years, level = results.years, results.levels["learned"][1:]
    with style():
        left.plot(years, results.flow, "o-", color="#999999", markersize=3, linewidth=0.8, label="flow")
        left.plot(years, level, color=COLORS[0], label="level, learned gain")
        left.plot(years, results.levels["Riccati"][1:], "--", color=COLORS[1], label="level, Riccati's gain")
        spread = 2 * results.deviation
        left.fill_between(
            years, level - spread, level + spread, color=COLORS[0], alpha=0.12, label="2 deviations of the level"
        )
        left.set(xlabel="year", ylabel=r"$10^8$ m$^3$ a year")
        left.legend(fontsize=8, ncols=2)
        right.plot(*results.errors, color="#666666")
        for (name, gain), color, marker in zip(results.gains.items(), COLORS, "os", strict=False):
            right.axvline(gain, color=color, linestyle="--" if marker == "s" else "-", label=f"{name}: {gain:.4f}")
        right.axvline(1.0, color=COLORS[2], linestyle=":", label="as last year: 1")
        right.set(xlabel="gain", ylabel="error of forecasts by one year")
        right.legend(fontsize=8)
    return {"nile": figure}
