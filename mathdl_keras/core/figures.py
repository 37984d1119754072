"""The house style of plots: quiet axes, colours that a colour-blind reader can tell apart.

A chapter's `figures.py` turns results into figures with these helpers and returns them; `save`
writes each as PNG (to look at) and SVG (to print). Figures are made without pyplot: there is no
window, no global list of open figures, and no display is needed.

    figure, axes = new(1, 2, title="Training")
    curves(axes[0], history, "loss")
    heatmap(axes[1], response, mark=(3, 5))
    save({"training": figure}, "runs/ch14")
"""

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from mathdl_keras.core.files import write_bytes

# Okabe and Ito (2008): eight colours that remain distinct under the common colour deficiencies.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.titlesize": 12,
    "font.size": 10,
    "grid.color": "#E6E6E6",
    "image.cmap": "viridis",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "mathdl_keras",
}

_settings = threading.RLock()


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style inside a `with` block.

    Matplotlib's settings belong to the process, so one thread draws at a time; the others wait.
    """
    with _settings, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new(
    rows: int = 1,
    columns: int = 1,
    width: float | None = None,
    height: float | None = None,
    title: str | None = None,
) -> tuple[Figure, Any]:
    """Make a figure with a grid of axes.

    Args:
        rows: Integer, rows of axes; 1 by default.
        columns: Integer, columns of axes; 1 by default.
        width: Float, width in inches; `None`, the default, for 4.5 a column, between 6 and 12.
        height: Float, height in inches; `None`, the default, for 3.2 a row.
        title: String, a title over all axes; none by default.

    Returns:
        The figure, and its axes: one, or an array of them if there are several.
    """
    size = (width or min(max(4.5 * columns, 6.0), 12.0), height or 3.2 * rows)
    with style():
        figure = Figure(figsize=size)
        axes = figure.subplots(rows, columns)
        if title:
            figure.suptitle(title, x=0.01, ha="left")
    return figure, axes


def save(figures: Mapping[str, Figure], folder: str | Path) -> list[Path]:
    """Write each figure as PNG and as SVG; the same figure gives the same bytes.

    Args:
        figures: Mapping from names, which become those of the files, to figures.
        folder: Path of the folder to write to; it is made if need be.

    Returns:
        The paths: the PNG and the SVG of the first figure, then of the next.
    """
    paths = []
    with style():
        for name, figure in figures.items():
            for suffix, dates in (("png", {}), ("svg", {"Date": None})):
                stream = io.BytesIO()
                figure.savefig(stream, format=suffix, metadata=dates)
                path = Path(folder) / f"{name}.{suffix}"
                paths.append(write_bytes(path, stream.getvalue()))
    return paths


def curves(ax: Axes, history: Mapping[str, Sequence[float]], ylabel: str = "", log: bool = False) -> None:
    """Draw a training history over the epochs; `val_loss` is dashed in the colour of `loss`.

    Args:
        ax: Axes to draw in.
        history: Mapping from names to values, one for each epoch, such as Keras' `History.history`.
        ylabel: String, the name of the vertical axis.
        log: Boolean, whether the vertical axis is logarithmic; False by default.
    """
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    with style():
        for name, values in history.items():
            color = COLORS[names.index(name.removeprefix("val_")) % len(COLORS)]
            dashes = "--" if name.startswith("val_") else "-"
            marker = "o" if len(values) == 1 else None
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, dashes, color=color, marker=marker, label=name)
        ax.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def heatmap(ax: Axes, values: np.ndarray, mark: tuple[int, int] | None = None, title: str = "") -> AxesImage:
    """Draw a matrix with a colour bar; a ring marks one entry.

    Args:
        ax: Axes to draw in.
        values: Array `(rows, columns)`, the matrix.
        mark: Pair of integers, the row and column of the entry to mark; none by default.
        title: String, the title; none by default.

    Returns:
        The drawn image.
    """
    with style():
        image = ax.imshow(values)
        ax.figure.colorbar(image, ax=ax)
        if mark is not None:
            row, column = mark
            ring = {"facecolors": "none", "linewidths": 2, "s": 140}
            ax.scatter(column, row, edgecolors="white", **{**ring, "linewidths": 4})
            ax.scatter(column, row, edgecolors=COLORS[1], **ring)
        ax.grid(False)
        ax.set_title(title)
    return image


def show_images(
    axes: Any,
    images: Sequence[np.ndarray] | np.ndarray,
    titles: Sequence[str] = (),
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw one picture on each axes, without ticks; axes that are left over are removed.

    Args:
        axes: One axes or an array of them, as `new` returns.
        images: The pictures: `(height, width)`, `(height, width, 1)`, or colours in [0, 1],
            `(height, width, 3)`.
        titles: A title for each picture, or none.
        limits: The values of black and white. By default the least and the greatest of all
            pictures, so that equal grays are equal values.

    Raises:
        ValueError: If there are more pictures than axes, or not one title for each picture.
    """
    grid = np.atleast_1d(axes).ravel()
    if len(images) > len(grid):
        raise ValueError(f"images must fit on {len(grid)} axes; received {len(images)} images")
    if len(titles) not in (0, len(images)):
        raise ValueError(f"titles must be one for each of {len(images)} images; received {len(titles)}")
    low, high = limits or (min(map(np.min, images)), max(map(np.max, images)))
    with style():
        for ax in grid:
            ax.set_axis_off()
        for ax, image in zip(grid, images, strict=False):
            ax.imshow(
                np.squeeze(image, -1) if image.shape[2:] == (1,) else image,
                "gray",
                vmin=low,
                vmax=high,
            )
        for ax, title in zip(grid, titles, strict=False):
            ax.set_title(title, fontsize=9, loc="center")


@dataclass(frozen=True)
class Bar:
    """One row of `claims_figure`.

    Attributes:
        label: Name of the claim.
        ratio: Float, distance of measured and predicted in tolerances.
        holds: Boolean, whether the claim holds.
    """

    label: str
    ratio: float
    holds: bool


def bars(records: Sequence[Any]) -> list[Bar]:
    """One bar a claim: its worst verdict. A bound that holds is no error, however close it comes."""
    found = []
    for r in records:
        ratios = [v.ratio for v in r.verdicts if v.kind != "at_most" or not v.holds]
        if ratios:
            found.append(Bar(r.claim_id.partition(".")[2], max(ratios), r.good))
    return found


def claims_figure(rows: Sequence[Bar]) -> Figure:
    r"""Draw how close each measurement came: :math:`|measured - predicted| / tolerance`.

    The axis is logarithmic; a claim holds up to 1, the line. A ratio outside the picture is drawn
    as an arrow at its edge: 0 (exact agreement) on the left, infinity or NaN on the right.

    Args:
        rows: One bar a claim.

    Returns:
        The figure.

    Raises:
        ValueError: If there are no rows.
    """
    if not rows:
        raise ValueError("rows must hold at least one comparison; received none")
    low, high = 1e-4, 1e2
    figure, ax = new(width=8.0, height=1.1 + 0.3 * len(rows))
    with style():
        for place, row in enumerate(rows):
            ratio = row.ratio if np.isfinite(row.ratio) else np.inf
            marker = "<" if ratio < low else ">" if ratio > high else "o" if row.holds else "X"
            color = COLORS[0] if row.holds else COLORS[1]
            shown = float(np.clip(ratio, low, high))
            ax.hlines(place, low, shown, color=color, alpha=0.35)
            ax.plot(shown, place, marker, color=color, markersize=7, clip_on=False)
        ax.axvline(1.0, color="#333333", linewidth=1.2)
        labels = [shorten(row.label, 60, placeholder=" ...") for row in rows]
        ax.set_yticks(range(len(rows)), labels, parse_math=False)
        ax.set(xscale="log", xlim=(low, high), ylim=(len(rows) - 0.4, -0.6))
        ax.set_xlabel("|measured - predicted| / tolerance; a claim holds up to 1")
        ax.grid(False, axis="y")
    return figure
