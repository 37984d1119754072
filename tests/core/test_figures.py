"""The house style of plots: what is written, and that it is the same twice."""

import struct
import sys
from subprocess import run
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from mathdl_keras.core import figures

HISTORY = {"loss": [1.0, 0.5, 0.3], "val_loss": [1.1, 0.7, 0.6], "accuracy": [0.2, 0.6, 0.8]}


def training_figure():
    figure, axes = figures.new(1, 2, title="Training")
    figures.curves(axes[0], HISTORY, "loss")
    figures.heatmap(axes[1], np.arange(12.0).reshape(3, 4), mark=(1, 2), title="response")
    return figure


def comparison(ratio, label="a claim"):
    return figures.Bar(label, ratio, ratio <= 1)


def test_save_writes_png_and_svg_of_each_figure(tmp_path):
    paths = figures.save({"training": training_figure()}, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["training.png", "training.svg"]
    header = paths[0].read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    # Width and height follow in the first chunk: 9 x 3.2 inches at 150 dots an inch.
    assert struct.unpack(">II", header[16:24]) == (1350, 480)
    assert ElementTree.parse(paths[1]).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert sorted(path.parent.name for path in paths) == ["folder"] * 2
    assert len(list(paths[0].parent.iterdir())) == 2


def test_files_are_the_same_byte_for_byte(tmp_path):
    first = figures.save({"training": training_figure()}, tmp_path / "first")
    again = figures.save({"training": training_figure()}, tmp_path / "again")
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_svg_carries_no_date_and_no_outside_reference(tmp_path):
    _, path = figures.save({"training": training_figure()}, tmp_path)
    svg = path.read_text()
    assert "dc:date" not in svg
    for element in ElementTree.fromstring(svg).iter():
        for name, value in element.attrib.items():
            if name.endswith("href"):
                assert value.startswith(("#", "data:"))


def test_style_is_undone_afterwards():
    before = matplotlib.rcParams.copy()
    with figures.style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    # Reading "backend" makes matplotlib choose one: leave it alone.
    names = set(before) - {"backend", "backend_fallback"}
    assert not [name for name in names if matplotlib.rcParams[name] != before[name]]


def test_style_does_not_depend_on_the_readers_settings(tmp_path):
    plain = figures.save({"training": training_figure()}, tmp_path / "plain")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        other = figures.save({"training": training_figure()}, tmp_path / "other")
    assert plain[0].read_bytes() == other[0].read_bytes()


def test_pyplot_is_not_imported():
    code = (
        "import sys, mathdl_keras.core.figures as f; f.new(); "
        "sys.exit('matplotlib.pyplot' in sys.modules or 'keras' in sys.modules)"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_new_makes_one_axes_or_an_array():
    _, ax = figures.new()
    assert ax.get_figure() is not None
    figure, axes = figures.new(2, 3, width=5, height=4)
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [5, 4]


def test_curves_pairs_training_with_validation():
    _, ax = figures.new()
    figures.curves(ax, HISTORY, "loss", log=True)
    loss, val_loss, accuracy = ax.get_lines()
    assert loss.get_color() == val_loss.get_color() != accuracy.get_color()
    assert (loss.get_linestyle(), val_loss.get_linestyle()) == ("-", "--")
    assert loss.get_xdata().tolist() == [1, 2, 3]
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch"


def test_curves_shows_a_single_epoch():
    _, ax = figures.new()
    figures.curves(ax, {"loss": [0.5]})
    assert ax.get_lines()[0].get_marker() == "o"


def test_heatmap_marks_row_and_column():
    _, ax = figures.new()
    image = figures.heatmap(ax, np.arange(12.0).reshape(3, 4), mark=(1, 2))
    assert image.get_array().shape == (3, 4)
    for ring in ax.collections:
        assert ring.get_offsets().tolist() == [[2, 1]]  # x is the column, y the row
    assert len(ax.collections) == 2


def test_show_images_shares_its_grays_and_hides_what_is_left_over():
    _, axes = figures.new(2, 2)
    images = [np.full((4, 4, 1), 0.25), np.eye(5), np.ones((3, 3, 3)) * 0.5]
    figures.show_images(axes, images, ["a", "b", "c"])
    drawn = [ax.get_images() for ax in axes.ravel()]
    assert [len(one) for one in drawn] == [1, 1, 1, 0]
    assert drawn[0][0].get_clim() == drawn[1][0].get_clim() == (0.0, 1.0)
    assert [ax.get_title() for ax in axes.ravel()] == ["a", "b", "c", ""]
    assert not any(ax.axison for ax in axes.ravel())


def test_show_images_rejects_what_does_not_fit():
    _, ax = figures.new()
    with pytest.raises(ValueError, match="images must fit on 1 axes; received 2 images"):
        figures.show_images(ax, np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match="titles must be one for each of 1 images; received 2"):
        figures.show_images(ax, np.zeros((1, 3, 3)), ["a", "b"])


def test_claims_figure_places_each_ratio():
    ratios = [0.2, 1.0, 3.0]
    figure = figures.claims_figure([comparison(ratio) for ratio in ratios])
    ax = figure.axes[0]
    *points, line = ax.get_lines()
    assert [float(point.get_xdata()[0]) for point in points] == ratios
    assert [point.get_marker() for point in points] == ["o", "o", "X"]
    blue, orange = (to_hex(color) for color in figures.COLORS[:2])
    assert [to_hex(point.get_color()) for point in points] == [blue, blue, orange]
    assert list(line.get_xdata()) == [1.0, 1.0] and ax.get_xscale() == "log"


@pytest.mark.parametrize(("ratio", "arrow"), [(0.0, "<"), (1e9, ">"), (float("inf"), ">"), (float("nan"), ">")])
def test_claims_figure_points_to_what_lies_outside(ratio, arrow):
    ax = figures.claims_figure([comparison(ratio)]).axes[0]
    point = ax.get_lines()[0]
    low, high = ax.get_xlim()
    assert point.get_marker() == arrow
    assert point.get_xdata()[0] == (low if arrow == "<" else high)


def test_claims_figure_takes_labels_literally(tmp_path):
    label = r"cost in $ \frac{ of 5 $ in [0, 1) < 3 & more"
    figure = figures.claims_figure([comparison(0.5, label)])
    figures.save({"claims": figure}, tmp_path)
    assert figure.axes[0].get_yticklabels()[0].get_text() == label


def test_claims_figure_needs_a_row():
    with pytest.raises(ValueError, match="rows must hold at least one comparison; received none"):
        figures.claims_figure([])


def test_colors_stay_apart_without_hue():
    """In grayscale, too, the first two colours, which tell holds from fails, can be told apart."""
    weights = np.array([0.299, 0.587, 0.114])
    blue, orange = (weights @ matplotlib.colors.to_rgb(color) for color in figures.COLORS[:2])
    assert abs(blue - orange) > 0.1
