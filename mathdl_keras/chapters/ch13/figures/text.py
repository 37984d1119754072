"""Pictures of the text part of chapter 13's demo."""

import numpy as np

from mathdl_keras.chapters.ch13.demo.text import TextResults
from mathdl_keras.core.figures import COLORS, new, style


def draw(results: TextResults) -> dict:
    """From each figure's name to the figure."""
    return {"language_model": _curves(results), "text_attention": _attention(results.attention, results.shown)}


def _curves(results):
    """Bits a character over the epochs, n-grams as lines, and what the model writes."""
    figure, axes = new(1, 2, width=13, height=4.4, title="Alice, character by character")
    with style():
        ax = axes[0]
        epochs = np.arange(1, len(results.curves["loss"]) + 1)
        ax.plot(epochs, results.curves["loss"], "o-", label="transformer, training")
        ax.plot(epochs, results.curves["val_loss"], "o--", color=COLORS[0], label="transformer, validation")
        ax.plot(epochs[-1], results.bits, "*", color=COLORS[1], markersize=12, label="with half a window before")
        for n, bits in list(results.ngrams.items())[:5]:  # more would overlap
            ax.axhline(bits, color="#999999", linestyle=":", linewidth=1.2)
            ax.annotate(f"{n}-grams", (1.0, bits), xycoords=("axes fraction", "data"), va="center", fontsize=8)
        ax.set(xlabel="epoch", ylabel="bits a character", xlim=(0.7, epochs[-1] + 0.3))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(loc="upper right", fontsize=8)
        _texts(axes[1], results.written)
    return figure


def _texts(ax, written):
    ax.set_axis_off()
    for k, (name, text) in enumerate(written.items()):
        height = 0.95 - k / len(written)
        ax.text(0.12, height, name, transform=ax.transAxes, color=COLORS[0], fontsize=9, va="top")
        shown = text.replace("\n", " / ")
        ax.text(0.12, height - 0.08, shown, transform=ax.transAxes, family="monospace", fontsize=8, va="top",
                parse_math=False)  # fmt: skip


def _attention(blocks, text):
    """Rows ask, columns answer; one map a head."""
    heads = len(blocks[0])
    figure, axes = new(len(blocks), heads, width=13, height=3.4 * len(blocks), title="Where each character looks")
    letters = ["_" if c == " " else "/" if c == "\n" else c for c in text]
    with style():
        for k, (line, weights) in enumerate(zip(np.atleast_2d(axes), blocks, strict=True)):
            for h, ax in enumerate(line):
                ax.imshow(weights[h], vmin=0, vmax=1, cmap="Blues")
                ax.set_xticks(range(len(letters)), letters, fontsize=6, family="monospace", parse_math=False)
                ax.set_yticks(range(len(letters)), letters, fontsize=6, family="monospace", parse_math=False)
                ax.grid(False)
                ax.set_title(f"block {k + 1}, head {h + 1}", fontsize=9)
    return figure
