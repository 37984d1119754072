"""Pictures of chapter 11's demo."""

import numpy as np

from mathdl_keras.chapters.ch11.demo import SelectionResults
from mathdl_keras.core.figures import COLORS, new, style

GREY = "#888888"


def draw(results: SelectionResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "validation": _validation(results),
        "fits": _fits(results),
        "chosen": _chosen(results),
        "learning": _learning(results),
    }


def _validation(results):
    curve, degrees = results.curve, np.array(results.curve.values)
    low, high = curve.validation - curve.standard_error, curve.validation + curve.standard_error
    best = int(np.argmin(curve.validation))
    figure, ax = new(width=7.6, height=4.4)
    with style():
        ax.axhspan(low[best], high[best], color=COLORS[1], alpha=0.10, linewidth=0)
        note = {"color": COLORS[1], "fontsize": 9, "va": "bottom", "ha": "center"}
        ax.text(4, high[best] + 110, "band: one standard error of the best", **note)
        ax.plot(degrees, curve.train, "o-", color=COLORS[0], markersize=4, label="training")
        bars = {"capsize": 3, "elinewidth": 1.2, "markersize": 5}
        errors = curve.standard_error
        ax.errorbar(degrees, curve.validation, errors, fmt="o-", color=COLORS[1], label="validation, 10 folds", **bars)
        ax.plot(degrees, results.leave_one_out, "x", color=GREY, markersize=5, label="leave one out")
        ax.plot(degrees[best], curve.validation[best], "o", color=COLORS[1], markersize=11, fillstyle="none")
        top = max(curve.validation[0], np.max(high[1:8])) * 1.06
        _arrows(ax, degrees, curve.validation, top)
        ax.set(xlabel="degree", ylabel="mean squared error", ylim=(0.93 * curve.train.min(), top), xticks=degrees)
        ax.set_title(f"Training prefers degree {degrees[np.argmin(curve.train)]}, validation degree {degrees[best]}")
        ax.legend(loc="upper center")
    return figure


def _arrows(ax, degrees, values, top):
    """What lies above the picture."""
    for degree, value in zip(degrees, values, strict=True):
        if value > top:
            ax.annotate(f"{value:.3g}", (degree, top), (degree, 0.97 * top), ha="center", fontsize=8, color=COLORS[1],
                        arrowprops={"arrowstyle": "->", "color": COLORS[1]})  # fmt: skip


def _fits(results):
    grid, fits = results.grid, results.fits
    figure, ax = new(width=7.6, height=4.4)
    low, high = results.y.min(), results.y.max()
    with style():
        ax.plot(results.x, results.y, "o", color=GREY, alpha=0.35, markersize=4, markeredgewidth=0)
        for (degree, values), color in zip(fits.items(), COLORS, strict=False):
            ax.plot(grid, values, color=color, label=f"degree {degree}")
        ax.set(xlabel="body mass index (kg/m²)", ylabel="progression after one year", ylim=(low - 20, high + 20))
        ax.set_title("Where patients are few, degree 10 follows single ones")
        ax.legend(loc="upper left")
    return figure


def _chosen(results):
    figure, axes = new(1, 2, width=9.0, height=3.4, title="Degrees chosen when the ten folds are drawn anew")
    degrees, rules = results.curve.values, ("least validation error", "one standard error")
    with style():
        for ax, row, rule, color in zip(axes, results.chosen, rules, (COLORS[1], COLORS[2]), strict=True):
            counts = [int(np.sum(row == degree)) for degree in degrees]
            bars = ax.bar(degrees, counts, color=color, width=0.75)
            ax.bar_label(bars, [c or "" for c in counts], fontsize=9)
            ax.set(xlabel="degree", xticks=degrees, ylim=(0, 1.12 * len(row)), title=rule)
            ax.grid(False, axis="x")
        axes[0].set_ylabel(f"of {results.chosen.shape[1]} times")
    return figure


def _learning(results):
    figure, axes = new(1, 2, width=10.0, height=3.8, title="Would more patients help?")
    with style():
        for ax, (degree, curve) in zip(axes, results.learning.items(), strict=True):
            sizes, errors = np.array(curve.values), curve.standard_error
            ax.plot(sizes, curve.train, "o-", color=COLORS[0], markersize=4, label="training")
            bars = np.array([np.minimum(errors, 0.5 * curve.validation), errors])  # a logarithm has no zero
            ax.errorbar(sizes, curve.validation, bars, fmt="o-", color=COLORS[1], capsize=3, elinewidth=1.2,
                        markersize=5, label="validation")  # fmt: skip
            ax.set(xlabel="training patients", title=f"degree {degree}")
            if curve.validation.max() > 10 * curve.train.max():
                ax.set_yscale("log")
        axes[0].set_ylabel("mean squared error")
        axes[0].legend(loc="upper right")
    return figure
