"""Pictures of chapter 2's demo."""

import numpy as np

from mathdl_keras.chapters.ch02.demo import DiabetesResults
from mathdl_keras.core.figures import COLORS, new, style


def draw(results: DiabetesResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "descent": _descent(results.losses, results.theory),
        "predictions": _predictions(results),
        "coefficients": _coefficients(results),
    }


def _descent(losses, theory):
    figure, (left, right) = new(1, 2, width=11, height=3.8, title="Loss above its minimum, step by step")
    steps = np.arange(len(losses))
    measured = np.maximum(losses - theory.least, 1e-3)  # below, float32 has no digits of a loss of 3,000
    with style():
        left.plot(
            steps,
            theory.bound,
            ":",
            color="#666666",
            label=r"bound $(1-\lambda_{\mathrm{min}}/\lambda_{\mathrm{max}})^{2k}$",
        )
        left.plot(steps, theory.predicted - theory.least, color=COLORS[0], label="closed form")
        shown = np.unique(np.geomspace(1, len(steps), 40).astype(int)) - 1
        left.plot(steps[shown], measured[shown], "o", color=COLORS[1], markersize=4, label="Keras, SGD")
        left.set(
            yscale="log", xlabel="step k", ylabel="loss above the least", title=r"$\eta = 1/\lambda_{\mathrm{max}}$"
        )
        left.legend()
        for (name, excess), color in zip(theory.rates.items(), COLORS, strict=False):
            label = rf"$\eta = {name.partition(' ')[0]}/\lambda_{{\mathrm{{max}}}}$"
            right.plot(excess, "o-", color=color, markersize=3, label=label)
        right.set(yscale="log", xlabel="step k", title=r"the threshold is $\eta = 2/\lambda_{\mathrm{max}}$")
        right.legend()
    return figure


def _predictions(results):
    figure, ax = new(width=5.6, height=5.2)
    observed, predicted = results.observed, results.unseen
    ends = [min(observed.min(), predicted.min()), max(observed.max(), predicted.max())]
    with style():
        ax.plot(ends, ends, "--", color="#666666", linewidth=1.2, label="perfect prediction")
        ax.plot(
            predicted, observed, "o", color=COLORS[0], alpha=0.5, markersize=4, label="a patient, in an unseen fold"
        )
        ax.set(xlabel="predicted progression after one year", ylabel="observed", aspect="equal")
        ax.set_title(f"Ten folds: mean R² of unseen patients {results.score:.3f}")
        ax.legend(loc="upper left")
    return figure


def _coefficients(results):
    names, values, intervals = results.names, results.coefficients, results.intervals
    figure, ax = new(width=7.0, height=4.2)
    order = np.argsort(values)
    with style():
        ax.axvline(0, color="#666666", linewidth=1.2)
        for place, j in enumerate(order):
            color = "#999999" if intervals[j, 0] < 0 < intervals[j, 1] else COLORS[0]
            ax.plot(intervals[j], [place, place], color=color)
            ax.plot(values[j], place, "o", color=color)
        ax.set_yticks(range(len(names)), [names[j] for j in order])
        ax.set_xlabel("progression, for one standard deviation of the feature")
        ax.set_title("Coefficients with 95 % intervals; grey: zero is inside")
        ax.grid(False, axis="y")
    return figure
