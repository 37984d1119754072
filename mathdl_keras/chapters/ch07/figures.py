"""Pictures of chapter 7's demo."""

import numpy as np

from mathdl_keras.chapters.ch07.demo import BatchSizeResults, Errors, NoiseFloor
from mathdl_keras.core.figures import COLORS, new, style


def draw(results: BatchSizeResults) -> dict:
    """From each figure's name to the figure."""
    return {"batch_sizes": _batch_sizes(results.batch_sizes), "noise": _noise(results.noise, results.errors)}


def _batch_sizes(runs):
    """The same losses against what they cost: epochs, and steps."""
    figure, (left, right) = new(1, 2, width=11, height=3.8, title="One learning rate, 0.1, and four batch sizes")
    with style():
        for (B, run), color in zip(runs.items(), COLORS, strict=False):
            losses, epochs = np.maximum(run.losses, 1e-7), np.arange(len(run.losses))
            label = f"B = {B}" if run.steps > 1 else f"B = {B}, all"
            left.plot(epochs, losses, ".-", color=color, label=label)
            right.plot(run.steps * epochs[1:], losses[1:], ".-", color=color, label=label)
        left.set(yscale="log", xlabel="epochs: gradients of all images", ylabel="training loss", title="by work")
        right.set(xscale="log", yscale="log", xlabel="steps: gradients of a batch", title="by steps")
        right.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _noise(noise: NoiseFloor, errors: Errors):
    figure, (left, right) = new(1, 2, width=11, height=3.8, title="The mean brightness of an image, by SGD")
    with style():
        for (name, curve), color in zip(errors.curves.items(), COLORS, strict=False):
            left.plot(errors.steps, curve, color=color, label=name)
            eta = name.removeprefix("eta = ")
            if "/" not in eta:
                left.axhline(float(eta) / (2 - float(eta)), color=color, linewidth=0.9, linestyle=":")
        left.set(yscale="log", xlabel="k", ylabel="mean squared error / $s^2$", title=r"B = 1; dotted: $\eta/(2-\eta)$")
        left.legend(fontsize=8.5)
        line = np.geomspace(noise.etas[0], 1.7, 100)
        right.loglog(line, line / (2 - line), color=COLORS[6], linewidth=1.2, label=r"$\eta/(2-\eta)$")
        right.loglog(noise.etas, noise.measured, "o", color=COLORS[1], label=f"{noise.chains} runs")
        right.set(xlabel=r"$\eta$", ylabel=r"stationary variance $\cdot\, B / s^2$", title="the noise floor, B = 8")
        right.legend()
    return figure
