"""Pictures of chapter 1's demo."""

from mathdl_keras.chapters.ch01.demo import DoubleDescentResults
from mathdl_keras.core.figures import COLORS, new

KINDS = {"fourier": "Fourier", "relu": "ReLU"}


def draw(results: DoubleDescentResults) -> dict:
    """From each figure's name to the figure."""
    return {"double_descent": _double_descent(results), "accuracy": _accuracy(results)}


def _double_descent(results):
    title = f"Double descent: least squares on {results.samples} images (lines: theory, points: measured)"
    figure, axes = new(1, 2, width=12, height=4.5, title=title)
    for ax, (kind, name) in zip(axes, KINDS.items(), strict=True):
        _risks(ax, results.sweeps[kind], results.samples)
        ax.set_title(f"p random {name} features")
    axes[0].legend()
    return figure


def _risks(ax, sweep, samples):
    width, few = sweep.width, sweep.width < samples
    ax.plot(width, sweep.predicted_test, color=COLORS[0])
    ax.plot(width, sweep.test, "o", color=COLORS[0], label="test error")
    ax.plot(width[few], sweep.predicted_train[few], color=COLORS[1])
    ax.plot(width[few], sweep.train[few], "s", color=COLORS[1], label="training error")
    ax.axvline(samples, color="0.5", linestyle=":", label="p = n")
    ax.set(xscale="log", yscale="log", xlabel="number of features p", ylabel="mean squared error", ylim=(5e-4, 50))


def _accuracy(results):
    figure, ax = new(1, 1, width=7, height=4, title="The same models: share of test images that are read correctly")
    for color, (kind, name) in zip(COLORS, KINDS.items(), strict=False):
        sweep = results.sweeps[kind]
        ax.plot(sweep.width, sweep.accuracy, "o-", color=color, label=f"{name} features")
    ax.axvline(results.samples, color="0.5", linestyle=":", label="p = n")
    ax.set(xscale="log", xlabel="number of features p", ylabel="accuracy")
    ax.legend()
    return figure
