"""Pictures of adversarial networks: samples during training, coverage and distance by step, the plane of the digits."""

import numpy as np

from mathdl_keras.core.demo import Results
from mathdl_keras.core.figures import COLORS, new, show_images, style

__all__ = ["draw", "draw_images"]


def draw(results: Results) -> dict:
    """From each figure's name to the figure."""
    views = results.views
    return {
        "ring_samples": _shots(views["ring"], views["centres"]),
        "ring_curves": _curves(views["ring"]),
        "digits_plane": _plane(views),
    }


def draw_images(results: Results) -> dict:
    """Samples of images, and the critic's value."""
    images = results.views["images"][:40]
    grid, axes = new(5, 8, width=8, height=5.2, title="Generated digits, after the last epoch")
    show_images(axes, images, limits=(0, 1))
    figure, ax = new(title="Value of the critic")
    with style():
        ax.plot(np.arange(1, len(results.views["curves"]["critic_value"]) + 1), results.views["curves"]["critic_value"])
        ax.set(xlabel="epoch", ylabel="mean f(real) - mean f(generated)")
    return {"generated_images": grid, "critic_value": figure}


def _shots(ring, centres):
    """A row for each kind of networks, a column for each snapshot."""
    columns = max(len(view["shots"]) for view in ring.values())
    title = "Eight modes: 500 samples during training"
    figure, axes = new(len(ring), columns, width=2.6 * columns, height=2.5 * len(ring) + 0.4, title=title)
    reach = 1.6 * np.max(np.abs(centres))
    with style():
        for row, (name, view) in zip(np.reshape(axes, (len(ring), columns)), ring.items(), strict=True):
            for ax, (epoch, samples) in zip(row, view["shots"].items(), strict=False):
                ax.plot(*centres.T, "o", color="#BBBBBB", markersize=12, markerfacecolor="none")
                ax.plot(*samples.T, ".", color=COLORS[0], markersize=3, alpha=0.5)
                ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
                ax.set_title(f"{name}: step {epoch * view['steps']}", fontsize=9)
    return figure


def _curves(ring):
    """Coverage, distance, and what the critics find, by steps of the generator."""
    quantities = {
        "coverage": "part of the modes covered",
        "distance": "Wasserstein distance of coordinates",
        "critic_value": "critic's value",
    }
    figure, axes = new(1, 3, width=12, height=3.6, title="Eight modes: what the metrics see")
    with style():
        for ax, (quantity, label) in zip(axes, quantities.items(), strict=True):
            for (name, view), color in zip(ring.items(), COLORS, strict=False):
                if quantity in view["curves"]:
                    values = view["curves"][quantity]
                    steps = view["steps"] * np.arange(1, len(values) + 1)
                    ax.plot(steps, values, marker=".", color=color, label=name)
            ax.set(xlabel="steps of the generator", ylabel=label)
        axes[0].set_ylim(-0.03, 1.05)
        axes[0].legend(fontsize=8)
    return figure


def _plane(views):
    """Real and generated digits in the plane."""
    shown = {"test digits": views["test"]} | {
        name: view["samples"][: len(views["test"])] for name, view in views["digits"].items()
    }
    figure, axes = new(
        1, len(shown), width=4 * len(shown), height=4, title="Digits in the plane of two principal components"
    )
    reach = 1.1 * np.max(np.abs(views["test"]))
    with style():
        for ax, (name, points) in zip(axes, shown.items(), strict=True):
            ax.plot(*points.T, ".", markersize=4, alpha=0.6, color=COLORS[name != "test digits"])
            for digit, mean in enumerate(views["means"]):
                ax.annotate(str(digit), mean, ha="center", va="center", weight="bold")
            distance = views["digits"][name]["curves"]["distance"][-1] if name in views["digits"] else views["chance"]
            label = "W1" if name in views["digits"] else "W1 of halves"
            ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=f"{name}, {label} {distance:.3f}")
    return figure
