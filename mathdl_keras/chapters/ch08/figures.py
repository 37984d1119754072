"""Pictures of chapter 8's demo."""

import numpy as np

from mathdl_keras.chapters.ch08.demo import DepthResults
from mathdl_keras.core.figures import COLORS, curves, new, style


def draw(results: DepthResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "gradients": _gradients(results.gradients),
        "depth": _depth(results.depths, results.accuracy),
        "losses": _losses(results.losses),
        "cost": _cost(results.depths, results.costs),
    }


def _gradients(gradients):
    figure, axes = new(1, 2, height=3.8, title="The gradient in each layer at the start, before any training")
    low = min(np.min(found.measured) for found in gradients.values())
    for ax, (name, found), color in zip(axes, gradients.items(), COLORS[1::-1], strict=True):
        measured, layers = found.measured, np.arange(1, found.measured.shape[1] + 1)
        with style():
            for k, row in enumerate(measured):
                label = f"{len(measured)} random networks" if k == 0 else None
                ax.plot(layers, row, "-", color=color, linewidth=1, alpha=0.45, label=label)
            ax.plot(layers, found.predicted, "--", color="black", label="predicted")
            ax.set(xlabel="layer", title=name, ylim=(1.1 * low, 0.8), xticks=layers)
            ax.legend(loc="lower right")
    axes[0].set_ylabel("log10 of the gradient of Z")
    return figure


def _depth(depths, accuracy):
    figure, ax = new(width=7, title="How deep may a network be? Accuracy on digits it has not seen")
    with style():
        for (name, values), color in zip(accuracy.items(), COLORS[1::-1], strict=True):
            ax.plot(depths, values, "o-", color=color, label=name)
        ax.axhline(0.1, color="#999999", linestyle="--", linewidth=1, label="by chance")
        ax.set(xscale="log", xlabel="hidden layers", ylabel="accuracy", ylim=(0, 1.05))
        ax.set_xticks(depths, depths)
        ax.minorticks_off()
        ax.legend(loc="center left")
    return figure


def _losses(losses):
    figure, ax = new(width=8, title="Loss in training")
    curves(ax, losses, "cross entropy")
    return figure


def _cost(depths, costs):
    figure, ax = new(width=8, title="FLOPs of an epoch")
    with style():
        places = np.arange(len(depths))
        forward, backward = np.array([[cost.forward, cost.backward] for cost in costs]).T / 1e6
        ax.bar(places, forward, 0.5, color=COLORS[0], label="forward")
        ax.bar(places, backward, 0.5, bottom=forward, color=COLORS[1], label="backward")
        for place, f, b in zip(places, forward, backward, strict=True):
            text = f"backward {b / f:.2f} x forward"
            ax.annotate(text, (place, f + b), (0, 3), textcoords="offset points", ha="center", size=9)
        ax.set(xlabel="hidden layers", ylabel="MFLOP")
        ax.set_ylim(top=1.12 * (forward + backward).max())
        ax.set_xticks(places, depths)
        ax.grid(False, axis="x")
        ax.legend(loc="upper left")
    return figure
