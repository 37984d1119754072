"""Pictures of chapter 6's demo."""

import numpy as np

from mathdl_keras.chapters.ch06.demo import Differences, GradientResults
from mathdl_keras.core.figures import COLORS, new, style


def draw(results: GradientResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "training": _training(results.curves),
        "finite_differences": _differences(results.differences),
        "deltas": _deltas(results.deltas),
    }


def _training(curves):
    figure, ax = new(width=6.4, height=4.2, title="Eight layers on digits: two ways to the same gradient")
    with style():
        epochs = np.arange(1, len(curves["automatic"]) + 1)
        ax.plot(epochs, curves["automatic"], color=COLORS[0], linewidth=5, alpha=0.35, label="automatic")
        ax.plot(epochs, curves["by hand"], color=COLORS[1], label="by hand")
        ax.set(xlabel="epoch", ylabel="loss", yscale="log")
        ax.legend()
    return figure


def _differences(found: Differences):
    figure, ax = new(width=6.8, height=4.6, title="Finite differences: first they approach, then they round")
    steps, u = found.steps, np.finfo("float64").eps / 2
    with style():
        kinds = ("central", found.central, 2, COLORS[0]), ("forward", found.forward, 1, COLORS[1])
        for name, errors, order, color in kinds:
            ax.plot(steps, errors, "o", color=color, markersize=4, label=f"{name} difference")
            start = np.argmin(np.abs(steps - 1e-2))
            ax.plot(steps, errors[start] * (steps / steps[start]) ** order, color=color, linewidth=1, alpha=0.6)
            ax.text(2e-2, errors[start] * 6**order, rf"$h^{order}$" if order > 1 else "$h$", color=color)
        level = np.exp(np.mean(np.log(found.central[steps < 1e-7] * steps[steps < 1e-7])))
        ax.plot(steps, level / steps, ":", color="#666666", label="rounding, 1/h")
        ax.axvline(u ** (1 / 3), color="#666666", linewidth=1, linestyle="--", label=r"$u^{1/3}$")
        ax.set(xscale="log", yscale="log", xlabel="step h", ylabel="relative error", ylim=(1e-13, 10))
        ax.legend(loc="upper center")
    return figure


def _deltas(sizes):
    figure, ax = new(width=6.8, height=4.2, title=r"The size of $\delta^\ell$ at the start")
    with style():
        for k, ((name, values), color) in enumerate(zip(sizes.items(), COLORS, strict=False)):
            places = np.arange(1, len(values) + 1) + 0.27 * (k - (len(sizes) - 1) / 2)
            ax.bar(places, values, width=0.25, color=color, label=name)
        ax.set(yscale="log", xlabel=r"layer $\ell$, from the input on", ylabel=r"root mean square of $\|\delta^\ell\|$")
        ax.set_ylim(top=10)
        ax.legend(loc="upper left", ncols=len(sizes))
    return figure
