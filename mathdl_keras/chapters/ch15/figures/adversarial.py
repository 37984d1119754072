"""Pictures of adversarial networks: samples during training, coverage and distance by step, the plane of the digits."""

import numpy as np

from mathdl_keras.chapters.ch15.demo.adversarial import AdversarialResults, ImageResults
from mathdl_keras.core.figures import COLORS, new, show_images, style

__all__ = ["draw", "draw_images"]


def draw(results: AdversarialResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "ring_samples": _shots(results.ring, results.centres),
        "ring_curves": _curves(results.ring),
        "digits_plane": _plane(results),
    }


def draw_images(results: ImageResults) -> dict:
    """Samples of images, and the critic's value."""
    grid, axes = new(5, 8, width=8, height=5.2, title="Generated digits, after the last epoch")
    show_images(axes, results.images[:40], limits=(0, 1))
    figure, ax = new(title="Value of the critic")
    values = results.curves["critic_value"]
    with style():
        ax.plot(np.arange(1, len(values) + 1), values)
        ax.set(xlabel="epoch", ylabel="mean f(real) - mean f(generated)")
    return {"generated_images": grid, "critic_value": figure}


def _shots(ring, centres):
    """A row for each kind of networks, a column for each snapshot."""
    columns = max(len(pair.shots) for pair in ring.values())
    title = "Eight modes: 500 samples during training"
    figure, axes = new(len(ring), columns, width=2.6 * columns, height=2.5 * len(ring) + 0.4, title=title)
    reach = 1.6 * np.max(np.abs(centres))
    with style():
        for row, (name, pair) in zip(np.reshape(axes, (len(ring), columns)), ring.items(), strict=True):
            for ax, (epoch, samples) in zip(row, pair.shots.items(), strict=False):
                ax.plot(*centres.T, "o", color="#BBBBBB", markersize=12, markerfacecolor="none")
                ax.plot(*samples.T, ".", color=COLORS[0], markersize=3, alpha=0.5)
                ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
                ax.set_title(f"{name}: step {epoch * pair.steps}", fontsize=9)
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
            for (name, pair), color in zip(ring.items(), COLORS, strict=False):
                if quantity in pair.curves:
                    values = pair.curves[quantity]
                    steps = pair.steps * np.arange(1, len(values) + 1)
                    ax.plot(steps, values, marker=".", color=color, label=name)
            ax.set(xlabel="steps of the generator", ylabel=label)
        axes[0].set_ylim(-0.03, 1.05)
        axes[0].legend(fontsize=8)
    return figure


def _plane(results: AdversarialResults):
    """Real and generated digits in the plane, with their distances."""
    test, title = results.test, "Digits in the plane of two principal components"
    shown = [("test digits", test, COLORS[0], f"W1 of halves {results.chance:.3f}")]
    for name, pair in results.digits.items():
        shown.append((name, pair.samples[: len(test)], COLORS[1], f"W1 {pair.curves['distance'][-1]:.3f}"))
    figure, axes = new(1, len(shown), width=4 * len(shown), height=4, title=title)
    reach = 1.1 * np.max(np.abs(test))
    with style():
        for ax, (name, points, color, distance) in zip(axes, shown, strict=True):
            ax.plot(*points.T, ".", markersize=4, alpha=0.6, color=color)
            for digit, mean in enumerate(results.means):
                ax.annotate(str(digit), mean, ha="center", va="center", weight="bold")
            ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=f"{name}, {distance}")
    return figure
