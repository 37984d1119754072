"""Chapter 11's demo, in its quick form."""

import io

import numpy as np
import pytest
from rich.console import Console

from mathdl_keras.chapters.ch11 import demo, figures
from mathdl_keras.core.demo import Session


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return demo.run(Session("diabetes", folder, quick=True, console=Console(file=io.StringIO())))


def test_a_straight_line_is_chosen_and_the_errors_are_the_reference(results):
    """Of scikit-learn, with polynomial features and linear regression on the folds of seed 0."""
    curve = results.curve
    assert curve.values == [0, 1, 2, 3, 8]
    np.testing.assert_allclose(curve.validation, [5945, 3916, 3933, 3957, 4934], atol=1)
    assert np.all(np.diff(curve.train) < 0)
    assert all(metric.reached for metric in results.metrics if metric.target)
    assert results.chosen.shape == (2, 5)


def test_every_figure_is_drawn(results):
    assert list(figures.draw(results)) == ["validation", "fits", "chosen", "learning"]
