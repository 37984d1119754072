"""Parts of chapter 5's demo: what it trains on, and what its figures are given."""

import io

import numpy as np
import pytest
from keras import ops
from rich.console import Console

from mathdl_keras.chapters.ch05 import demo, figures
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Session

DATA = datasets.iris()
MIDDLE = (DATA.y == 1).astype("float32")


@pytest.fixture
def session(tmp_path):
    return Session("iris", tmp_path, quick=True, console=Console(file=io.StringIO()))


def test_the_band_network_is_an_and_of_two_half_lines():
    model = demo.band_network()
    z = np.linspace(-4, 4, 33)
    up, down = np.clip(0.5 * z + 1, 0, 1), np.clip(1 - 0.5 * z, 0, 1)
    output = ops.convert_to_numpy(model(z[:, None].astype("float32")))[:, 0]
    np.testing.assert_allclose(output, np.maximum(up + down - 1, 0), atol=1e-6)


def test_each_flower_is_judged_by_models_that_have_not_seen_it(session, monkeypatch):
    """Stand-ins that know by heart what they were shown, and nothing else."""
    seen = []

    class Learned:
        def fit_closed_form(self, x, y):
            seen.append({tuple(row) for row in x})

        def __call__(self, x):
            assert not seen[-1] & {tuple(row) for row in x} or x.shape[1] == 1  # lengths alone occur many times
            return ops.zeros((len(x), 1))

    def fit_band(session, name, x, y):
        seen.append(len(x))
        return lambda z: ops.ones((len(z), 1)), (0.0, 1.0)

    monkeypatch.setattr(demo, "LogisticRegression", Learned)
    monkeypatch.setattr(demo, "fit_band", fit_band)
    unique = datasets.Dataset(**{**vars(DATA), "x": DATA.x + np.arange(150)[:, None] * 1e-6})
    right = demo.held_out(session, unique, MIDDLE)
    assert [n for n in seen if isinstance(n, int)] == [100] * 3
    assert {name: hits.sum() for name, hits in right.items()} == {
        "one unit, length": 100,
        "one unit, all four": 100,
        "two units, length": 50,
    }


def test_lengths_are_standardised_by_the_flowers_that_were_trained_on(session, monkeypatch):
    shown = []
    monkeypatch.setattr(Session, "fit", lambda self, model, name, x, y, **kwargs: shown.append(x))
    _, scale = demo.fit_band(session, "band", DATA.x[:60, 2:3], MIDDLE[:60])
    np.testing.assert_allclose([shown[0].mean(), shown[0].std()], [0, 1], atol=1e-5)
    np.testing.assert_allclose(scale, [DATA.x[:60, 2].mean(), DATA.x[:60, 2].std()])


def test_the_ladder_has_its_rungs(session, monkeypatch):
    monkeypatch.setattr(demo, "RUNGS", (1, 4))
    ladder = demo.xor_ladder(session)
    assert all(np.all(np.diff(losses) >= 0) and len(losses) == 20 for losses in ladder.values())
    assert ladder[1][0] >= 1 / 6 - 1e-9  # no single unit is better
    assert ladder[4][0] < 1e-12 and ladder[4][-1] <= 1 / 4 + 1e-9  # four units solve it, or do as well as a constant


def test_figures_draw_what_they_are_given():
    grid, axes = np.linspace(0, 7, 5), [np.linspace(1, 7, 3)] * 2
    results = demo.HiddenUnitsResults(
        [],
        [],
        band=demo.Band(grid, np.stack([grid / 7, 1 - grid / 7]), np.zeros(5)),
        regions=demo.Regions(axes, {1: np.eye(3), 2: np.ones((3, 3))}, {1: 0.5, 2: 1.0}),
        ladder={1: np.array([1 / 6, 1 / 4]), 2: np.array([0.0, 1 / 8])},
        classes=DATA.target_names,
        y=DATA.y,
        petals=DATA.x[:, 2:],
    )
    drawn = figures.draw(results)
    assert list(drawn) == ["band", "regions", "ladder"]
    titles = [ax.get_title(loc="left") for ax in drawn["regions"].axes]
    assert titles == ["1 hidden unit: 0.500 right", "2 hidden units: 1.000 right"]
    texts = [text.get_text() for text in drawn["band"].axes[0].texts]
    assert texts == ["long enough", "short enough"]
