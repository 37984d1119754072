"""Pictures of importance: for your own explanations, and those of chapter 12's demo.

explanation = shapley_values(model, x, background)
core.figures.save({"why": beeswarm(explanation)}, "runs/mine")
"""

import numpy as np

from mathdl_keras.chapters.ch12.demo import ImportanceResults
from mathdl_keras.core.figures import COLORS, new, style

__all__ = ["beeswarm", "draw", "importance_bars", "partial_dependence_curve", "single_explanation"]


def draw(results: ImportanceResults) -> dict:
    """From each figure's name to the figure."""
    explanation = results.explanation
    strange = int(np.argmin(np.abs(explanation.predictions)))
    return {
        "two_importances": _two_importances(results.report, results.correlations),
        "beeswarm": beeswarm(explanation, title="What moves a prediction? Shapley values on new tumours"),
        "undecided": single_explanation(
            explanation, strange, title="The least certain tumour; measurements in standard deviations"
        ),
        "dependence": partial_dependence_curve(results.dependence),
    }


def _two_importances(report, correlations):
    figure, (left, right) = new(1, 2, width=12, height=4.6, title="Diabetes: which measurements matter?")
    importance_bars(report, ax=left)
    left.set_xlabel("part of the target's variance")
    names = np.asarray(report.names)
    with style():
        image = right.imshow(correlations, cmap="RdBu_r", vmin=-1, vmax=1)
        figure.colorbar(image, ax=right, label="correlation")
        right.set_xticks(range(len(names)), names, rotation=90)
        right.set_yticks(range(len(names)), names)
        right.set_title("correlations of the measurements")
        right.grid(False)
    return figure


def importance_bars(report, most=20, ax=None):
    """Bars of one or several kinds of importance with their standard errors, the most important feature on top.

    Args:
        report: An `ImportanceReport`.
        most: The number of features that are shown.
        ax: Matplotlib axes to draw in; a new figure by default.

    Returns:
        The figure.
    """
    shown = report.order()[:most]
    ax = new(width=7.5, height=1.2 + 0.3 * len(shown))[1] if ax is None else ax
    height, places = 0.8 / len(report.values), np.arange(len(shown))
    with style():
        for k, ((kind, values), color) in enumerate(zip(report.values.items(), COLORS, strict=False)):
            at = places + (k - (len(report.values) - 1) / 2) * height
            error = report.standard_errors.get(kind)
            error = None if error is None else np.asarray(error)[shown]
            ax.barh(at, np.asarray(values)[shown], height, color=color, label=kind)
            if error is not None and np.any(error):
                ax.errorbar(np.asarray(values)[shown], at, xerr=2 * error, fmt="none", ecolor="black", elinewidth=1)
        ax.set_yticks(places, np.asarray(report.names)[shown])
        ax.set(ylim=(len(shown) - 0.4, -0.6), xlabel="importance")
        ax.grid(False, axis="y")
        if len(report.values) > 1 or report.standard_errors:
            ax.legend(loc="lower right", title="lines: two standard errors" if report.standard_errors else None)
    return ax.figure


def beeswarm(explanation, most=12, output=0, title="", ax=None):
    """Shapley values of all rows, one dot each; the colour is the feature's value, from low (blue) to high (red).

    Args:
        explanation: An `Explanation` of several rows.
        most: Integer, the number of features that are shown (12 by default), by their mean absolute value.
        output: Integer, the output that is shown where a model has several; the first by default.
        title: String, the title; none by default.
        ax: Matplotlib axes to draw in; a new figure by default.

    Returns:
        The figure.
    """
    values = _of_output(explanation, explanation.values, output)
    shown = np.argsort(-np.mean(np.abs(values), axis=0), kind="stable")[:most]
    ax = new(width=9, height=1.4 + 0.36 * len(shown), title=title)[1] if ax is None else ax
    with style():
        for place, j in enumerate(shown):
            offsets, color = _swarm(values[:, j], np.ptp(values[:, shown])), _ranks(explanation.x[:, j])
            dots = ax.scatter(
                values[:, j], place + offsets, c=color, cmap="coolwarm", vmin=0, vmax=1, s=12, linewidths=0
            )
        ax.axvline(0, color="#666666", linewidth=1)
        ax.set_yticks(range(len(shown)), np.asarray(explanation.names)[shown])
        ax.set(ylim=(len(shown) - 0.4, -0.6), xlabel="Shapley value: what the feature adds to the prediction")
        ax.grid(False, axis="x")
        bar = ax.figure.colorbar(dots, ax=ax, ticks=[0, 1], label="value of the feature", aspect=40)
        bar.ax.set_yticklabels(["low", "high"])
    return ax.figure


def _swarm(values, width, most=0.38):
    """Offsets across the line, so that dots of nearly equal values stand side by side."""
    bins = np.round(values / (width / 90 + 1e-300)).astype(int)
    offsets = np.zeros(len(values))
    largest = max(np.unique(bins, return_counts=True)[1].max(), 8)
    for b in np.unique(bins):
        at = np.flatnonzero(bins == b)
        offsets[at] = (np.arange(len(at)) - (len(at) - 1) / 2) * 2 * most / largest
    return offsets


def _ranks(values):
    """Ranks in [0, 1]: a few extreme values do not take all the colours."""
    return np.searchsorted(np.sort(values), values) / max(len(values) - 1, 1)


def _of_output(explanation, values, output):
    return values[..., output] if explanation.values.ndim == 3 else values


def single_explanation(explanation, row=0, most=12, output=0, title="", ax=None):
    """Why one row is predicted as it is: its Shapley values, with two standard errors.

    Args:
        explanation: An `Explanation`.
        row: Integer, the row that is explained; the first by default.
        most: Integer, the number of features that are shown, 12 by default; the others are added up.
        output: Integer, the output that is shown where a model has several; the first by default.
        title: String, the title; none by default.
        ax: Matplotlib axes to draw in; a new figure by default.

    Returns:
        The figure.
    """
    values, errors = (
        _of_output(explanation, v, output)[row] for v in (explanation.values, explanation.standard_errors)
    )
    shown = np.argsort(-np.abs(values), kind="stable")[:most]
    rest = np.setdiff1d(np.arange(len(values)), shown)
    names = [f"{explanation.names[j]} = {explanation.x[row, j]:.2g}" for j in shown]
    heights, errors = list(values[shown]), list(errors[shown])
    if len(rest):
        names.append(f"{len(rest)} others")
        heights.append(values[rest].sum())
        errors.append(0.0)  # errors of one row are correlated: no bar for a sum
    ax = new(width=8, height=1.4 + 0.32 * len(names), title=title)[1] if ax is None else ax
    base, prediction = np.ravel(explanation.base_value)[output], np.ravel(explanation.predictions[row])[output]
    with style():
        colors = [COLORS[1] if h > 0 else COLORS[0] for h in heights]
        ax.barh(range(len(names)), heights, 0.7, color=colors, xerr=2 * np.array(errors), ecolor="black")
        ax.axvline(0, color="#666666", linewidth=1)
        ax.set_yticks(range(len(names)), names)
        ax.set(ylim=(len(names) - 0.4, -0.6))
        ax.set_xlabel(f"Shapley value; mean prediction {base:.3g} + sum of the bars = prediction {prediction:.3g}")
        ax.grid(False, axis="y")
    return ax.figure


def partial_dependence_curve(dependence, curves=60, output=0, ax=None):
    """The mean prediction along a feature, with a band of two standard errors, over the curves of single rows.

    Args:
        dependence: A `PartialDependence`.
        curves: Integer, the number of rows whose own curves are drawn; 60 by default.
        output: Integer, the output that is shown where a model has several; the first by default.
        ax: Matplotlib axes to draw in; a new figure by default.

    Returns:
        The figure.
    """
    ax = new(width=7.5, height=4, title=f"Prediction as {dependence.name} changes")[1] if ax is None else ax
    rows, mean, error = (
        v[..., output] if dependence.mean.ndim == 2 else v
        for v in (dependence.rows, dependence.mean, dependence.standard_errors)
    )
    with style():
        ax.plot(dependence.grid, rows[:, :curves], color="#999999", linewidth=0.6, alpha=0.5)
        ax.plot([], [], color="#999999", linewidth=0.6, label="single rows")
        ax.fill_between(dependence.grid, mean - 2 * error, mean + 2 * error, color=COLORS[0], alpha=0.25, linewidth=0)
        ax.plot(dependence.grid, mean, color=COLORS[0], linewidth=2.4, label="mean, two standard errors")
        ax.set(xlabel=dependence.name, ylabel="prediction")
        ax.legend(loc="best")
    return ax.figure
