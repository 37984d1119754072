"""Pictures of chapter 4's demo."""

from mathdl_keras.chapters.ch04.demo import ParityResults
from mathdl_keras.core.figures import curves, heatmap, new, show_images, style

EVEN_FIRST = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def draw(results: ParityResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "mistakes": _mistakes(results.mistakes),
        "gram": _gram(results.grams.matrices, results.grams.each),
        "support": _support(results.support),
    }


def _mistakes(mistakes):
    figure, ax = new(width=8, title="Mistakes in each epoch: even or odd?")
    curves(ax, mistakes, "mistakes")
    with style():
        ax.set_yscale("symlog", linthresh=1)
        ax.set_ylim(bottom=-0.2)
        ax.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    return figure


def _gram(grams, each):
    figure, axes = new(1, len(grams), width=12, height=3.8, title="Gram matrices, the even digits first; k(x, x) = 1")
    for ax, (name, K) in zip(axes, grams.items(), strict=True):
        heatmap(ax, K, title=name)
        with style():
            places = [each * k + each / 2 for k in range(len(EVEN_FIRST))]
            ax.set_xticks(places, EVEN_FIRST)
            ax.set_yticks(places, EVEN_FIRST)
            ax.axhline(5 * each - 0.5, color="white", linewidth=0.8)
            ax.axvline(5 * each - 0.5, color="white", linewidth=0.8)
            ax.tick_params(length=0)
    return figure


def _support(support):
    figure, axes = new(2, 8, width=11, height=3.4, title="Training images with the largest coefficients, cubic kernel")
    titles = [f"{digit}: {alpha} mistakes" for digit, alpha in zip(support.digits, support.alpha, strict=True)]
    show_images(axes, list(support.images), titles)
    return figure
