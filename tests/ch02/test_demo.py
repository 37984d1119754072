"""The demo of chapter 2: its targets, and what its figures are drawn from."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch02 import figures
from mathdl_keras.chapters.ch02.demo import run
from mathdl_keras.core.demo import Session


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(Session("diabetes", tmp_path_factory.mktemp("demo"), quick=True))


def test_targets_are_reached(results):
    targets = [metric for metric in results.metrics if metric.target]
    assert len(targets) == 2 and all(metric.reached for metric in targets)


def test_training_follows_its_closed_form_and_its_bound(results):
    theory = results.theory
    # a mean of 442 squares in float32, after as many steps as the loss has digits
    np.testing.assert_allclose(results.losses, theory.predicted, rtol=442 * 2.0**-24)
    assert np.all(theory.predicted - theory.least <= theory.bound * (1 + 1e-9))
    slow, below, above = theory.rates.values()
    assert below[-1] < below[20] and above[-1] > above[20] and np.all(np.diff(slow) < 0)


def test_figures_are_drawn(results):
    assert set(figures.draw(results)) == {"descent", "predictions", "coefficients"}
