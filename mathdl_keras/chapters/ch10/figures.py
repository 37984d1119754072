"""Pictures of chapter 10's demo."""

import numpy as np

from mathdl_keras.chapters.ch10.demo import Gaps, Kurtosis, Lag, NormalizationResults
from mathdl_keras.core.figures import COLORS, curves, new, style


def draw(results: NormalizationResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "loss": _loss(results.curves),
        "pre_activations": _pre_activations(results.given),
        "modes": _modes(results.sizes, results.gaps, results.kurtosis),
        "moving_moments": _moving(results.lag),
    }


def _loss(histories):
    figure, axes = new(1, 2, width=12, height=3.8, title="Six logistic layers on digits")
    for ax, quantity, label in zip(axes, ("loss", "val_accuracy"), ("cross entropy", "test accuracy"), strict=True):
        curves(ax, {name: history[quantity] for name, history in histories.items()}, label)
        ax.legend_.remove()
    with style():
        axes[1].axhline(0.1, color="#999999", linestyle="--", linewidth=1, label="by chance")
        axes[1].set_ylim(0, 1.02)
        axes[1].legend(loc="center right")
    return figure


def _pre_activations(given):
    layers = len(next(iter(given.values())).start)
    figure, axes = new(len(given), layers, width=12, height=4.8, title="What the units of each layer are given")
    bins = np.linspace(-4, 4, 61)
    with style():
        for line, (name, found) in zip(axes, given.items(), strict=True):
            states = (found.start, COLORS[0], "at the start"), (found.trained, COLORS[1], "trained")
            for k, ax in enumerate(line):
                for state, color, label in states:
                    inside = np.clip(state[k].ravel(), -4, 4)
                    ax.hist(inside, bins, density=True, histtype="stepfilled", color=color, alpha=0.45, label=label)
                ax.set(yticks=[], xlim=(-4, 4), xticks=(-3, 0, 3))
                ax.set_title(f"layer {k + 1}", fontsize=9)
            line[0].set_ylabel(name)
        axes[0][-1].legend(fontsize=8)
    return figure


def _modes(sizes, gaps: Gaps, kurtosis: Kurtosis):
    figure, axes = new(1, 3, width=14, height=3.8, title="Training against inference: the size of the batch")
    with style():
        axes[0].plot(sizes, gaps.training, "o-", label="moments of the batch")
        axes[0].axhline(gaps.inference, color=COLORS[1], linestyle="--", label="moving moments")
        axes[0].set(title="test accuracy", ylim=(None, 1))
        axes[0].legend(loc="lower right")
        axes[1].plot(sizes, gaps.distance, "o-", color=COLORS[2])
        axes[1].set(title="total variation of the probabilities", ylim=(0, None))
        for k, values in enumerate(kurtosis.trained):
            axes[2].plot(sizes, values, "o-", color=COLORS[k % 6], linewidth=1, label=f"layer {k + 1}, trained")
        axes[2].plot(sizes, kurtosis.start.mean(axis=0), "s", color="#999999", label="at the start, all layers")
        B = np.array(sizes)
        axes[2].plot(sizes, 3 * (B - 1) / (B + 1), "--", color="black", label="normal, 3(B-1)/(B+1)")
        axes[2].set(title="fourth moment of normalized values")
        axes[2].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
        for ax in axes:
            ax.set(xscale="log", xlabel="batch size")
            ax.set_xticks(sizes, sizes)
            ax.minorticks_off()
    return figure


def _moving(lag: Lag):
    figure, axes = new(1, 2, width=12, height=3.8, title="How far the moving moments are from those of a batch of 256")
    kinds = (lag.means, "mean, in standard deviations"), (lag.variances, "log of the variance")
    with style():
        for ax, (gaps, label) in zip(axes, kinds, strict=True):
            for k, values in enumerate(gaps.T):
                ax.plot(values, color=COLORS[k % len(COLORS)], label=f"layer {k + 1}")
            ax.set(xlabel="epoch", title=label, yscale="log")
            ax.xaxis.get_major_locator().set_params(integer=True)
        axes[1].legend(loc="upper right", fontsize=8)
    return figure
