"""Pictures of chapter 9's demo."""

import numpy as np

from mathdl_keras.chapters.ch09.demo import DropoutResults, Paths
from mathdl_keras.core.figures import COLORS, new, style


def draw(results: DropoutResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "keep": _keep(results.keep, results.curve, results.trained),
        "paths": _paths(results.paths),
        "digits": _digits(results.difference),
    }


def _keep(keep, curve, trained):
    figure, ax = new(width=8, title="Dropout as a penalty: 65 features, 150 patients")
    mean, error = curve.mean(axis=0), curve.std(axis=0, ddof=1) / np.sqrt(len(curve))
    with style():
        ax.plot(keep, mean, "o-", color=COLORS[0], label=f"ridge regression it leads to, mean of {len(curve)} splits")
        ax.fill_between(keep, mean - 2 * error, mean + 2 * error, color=COLORS[0], alpha=0.2, label="2 standard errors")
        points = np.array([[p, measured, limit] for p, (measured, limit) in trained.items()]).T
        ax.plot(points[0], points[2], "k--", linewidth=1, label="the same for the first split")
        ax.plot(points[0], points[1], "s", color=COLORS[1], label="trained with random masks, first split")
        ax.set(xlabel="keep probability p", ylabel="R2 of unseen patients", ylim=(-0.5, 0.6))
        ax.axhline(0, color="#999999", linewidth=1)
        ax.legend(loc="lower left")
    return figure


def _paths(paths: Paths):
    figure, axes = new(1, 2, width=12, height=4.4, title="Weights along the penalty: ten measurements, standardised")
    for ax, (penalty, kernel), title in zip(
        axes, (paths.ridge, paths.lasso), ("ridge: shrinks", "lasso: selects"), strict=True
    ):
        with style():
            for j, name in enumerate(paths.names):
                dashes = "-" if j < len(COLORS) else "--"
                ax.plot(penalty, kernel[:, j], dashes, color=COLORS[j % len(COLORS)], label=name)
            ax.set(xscale="log", xlabel="penalty", title=title)
            ax.axhline(0, color="#999999", linewidth=1)
    with style():
        axes[0].set_ylabel("weight")
        axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _digits(accuracies):
    figure, ax = new(width=7, title="150 images of digits: does dropout help?")
    with style():
        for run, row in enumerate(accuracies):
            ax.plot((0, 1), row, "o-", color=COLORS[0], alpha=0.5, label="one split and start" if run == 0 else None)
        ax.plot((0, 1), accuracies.mean(axis=0), "s-", color="black", label="mean")
        ax.set_xticks((0, 1), ("no dropout", "dropout 0.5"))
        ax.set(xlim=(-0.4, 1.4), ylabel="test accuracy")
        ax.legend(loc="best")
    return figure
