"""Pictures of chapter 5's demo."""

import numpy as np

from mathdl_keras.chapters.ch05.demo import HiddenUnitsResults
from mathdl_keras.core.figures import COLORS, new, style

SPECIES = COLORS[1], COLORS[0], COLORS[2]  # setosa, versicolor, virginica


def draw(results: HiddenUnitsResults) -> dict:
    """From each figure's name to the figure."""
    return {"band": _band(results), "regions": _regions(results), "ladder": _ladder(results.ladder)}


def _band(results: HiddenUnitsResults):
    figure, ax = new(
        width=9, title="Versicolor is an AND of two half-lines: the network's functions of the petal length"
    )
    band, length = results.band, results.petals[:, 0]
    jitter = np.random.default_rng(0).uniform(-0.06, 0.06, len(length))
    with style():
        for name, values in zip(("long enough", "short enough"), band.half_lines, strict=True):
            ax.plot(band.grid, values, "--", linewidth=1.2, color="#888888")
            end = -1 if values[-1] > 0.5 else 0
            ax.annotate(name, (band.grid[end], 1.03), ha="right" if end else "left", fontsize=9, color="#555555")
        ax.plot(band.grid, band.output, color="black", label="AND")
        ax.axhline(0.5, color="#999999", linewidth=0.8)
        for k, (name, color) in enumerate(zip(results.classes, SPECIES, strict=True)):
            rows = results.y == k
            ax.scatter(length[rows], -0.2 + jitter[rows], s=12, color=color, label=name)
        ax.set(xlabel="petal length in cm", ylabel="output", ylim=(-0.32, 1.12), yticks=[0, 0.5, 1])
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _regions(results: HiddenUnitsResults):
    regions, petals = results.regions, results.petals
    figure, axes = new(1, len(regions.outputs), width=12, height=3.8, title="Where networks see versicolor")
    with style():
        for ax, (units, output) in zip(axes, regions.outputs.items(), strict=True):
            ax.contourf(*regions.axes, output, levels=[0, 0.5, 1], colors=["#F4F4F4", "#CCE3F0"])
            for k, color in enumerate(SPECIES):
                ax.scatter(*petals[results.y == k].T, s=9, color=color, label=results.classes[k])
            share = f"{regions.right[units]:.3f} right"
            ax.set(title=f"{units} hidden unit{'s' * (units > 1)}: {share}", xlabel="petal length in cm")
        axes[0].set_ylabel("petal width in cm")
        axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _ladder(ladder):
    figure, ax = new(width=9, height=3.8, title="XOR: where training from many starts ends")
    with style():
        for height, name in ((1 / 4, "1/4: affine"), (1 / 6, "1/6: one unit"), (0, "0: solved")):
            ax.axhline(height, color="#999999", linewidth=1, linestyle="--")
            ax.annotate(name, (len(ladder) - 0.35, height), va="center", fontsize=9, annotation_clip=False)
        for place, losses in enumerate(ladder.values()):
            spread = np.linspace(-0.32, 0.32, len(losses))
            ax.scatter(place + spread, losses, s=10, color=COLORS[0])
        ax.set_xticks(range(len(ladder)), [str(units) for units in ladder])
        ax.set(
            xlabel=f"hidden ReLUs; {len(losses)} starts each, in order",
            ylabel="mean squared error",
            xlim=(-0.5, len(ladder) - 0.4),
        )
    return figure
