"""Pictures of chapter 3's demo."""

import numpy as np
from scipy import stats

from mathdl_keras.chapters.ch03.demo import ClassifierResults, Growth
from mathdl_keras.core.figures import COLORS, curves, new, show_images, style


def draw(results: ClassifierResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "growth": _growth(results.growth),
        "held_out": _held_out(results),
        "digits": _digits(results.images),
        "training": _training(results.curves),
    }


def _growth(growth: Growth):
    figure, ax = new(title="Perfect data: the weights of gradient descent")
    with style():
        ax.plot(growth.steps, growth.free, color=COLORS[1], label="no penalty")
        ax.plot(growth.steps, growth.penalised, color=COLORS[0], label="penalty")
        ax.axhline(growth.minimiser, color=COLORS[0], linestyle="--", linewidth=1, label="the minimiser with it")
        ax.set(xscale="log", xlabel="step t", ylabel="norm of the weights")
        ax.legend(loc="upper left")
    return figure


def _held_out(results: ClassifierResults):
    figure, (left, right) = new(1, 2, height=4.2, title="Tumours that the model has not seen")
    with style():
        left.plot(*results.roc, drawstyle="steps-post", color=COLORS[0])
        left.plot([0, 1], [0, 1], "--", color="#999999", linewidth=1, label="by chance")
        left.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC curve", aspect="equal")
        left.legend(loc="lower right")
        _reliability(right, results.reliability)
        right.set(xlabel=f"probability of {results.classes[1]}", ylabel=f"frequency of {results.classes[1]}")
    return figure


def _reliability(ax, table):
    """Frequencies, and where 95 % of them would be if the model's probabilities were right."""
    mean, frequency, count = table[table[:, 2] > 0].T
    low, high = stats.binom.interval(0.95, count.astype(int), mean) / count
    ax.vlines(mean, low, high, color="#BBBBBB", linewidth=6, label="95 % if calibrated")
    ax.plot([0, 1], [0, 1], "--", color="#999999", linewidth=1)
    ax.plot(mean, frequency, "o", color=COLORS[0], label="observed")
    for x, y, n in zip(mean, frequency, count, strict=True):
        ax.annotate(f"{n:.0f}", (x, y), (8, -12), textcoords="offset points", fontsize=8)
    ax.set(title="Reliability, with the numbers of tumours", aspect="equal", xlim=(-0.05, 1.12), ylim=(-0.09, 1.09))
    ax.legend(loc="upper left")


def _digits(images):
    figure, axes = new(
        1, len(images), width=12, height=1.8, title="The weights of each digit: white for, black against"
    )
    largest = np.abs(images).max()
    show_images(axes, list(images), [str(k) for k in range(len(images))], limits=(-largest, largest))
    return figure


def _training(history):
    figure, (left, right) = new(1, 2, title="Softmax regression on digits, trained by fit")
    for ax, quantity in ((left, "loss"), (right, "accuracy")):
        curves(ax, {name: values for name, values in history.items() if quantity in name}, quantity)
    return figure
