"""The parts of chapter 3's demo that are computed on the host."""

import io

import numpy as np
import pytest
from rich.console import Console
from sklearn import metrics

from mathdl_keras.chapters.ch03 import demo, figures
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Session
from mathdl_keras.core.report import Metric

rng = np.random.default_rng(0)


@pytest.fixture
def session(tmp_path):
    return Session("breast_cancer", tmp_path, quick=True, console=Console(file=io.StringIO()))


@pytest.mark.parametrize("digits", [1, 8])
def test_the_roc_curve_is_that_of_scikit_learn(digits):
    y, score = rng.integers(0, 2, 60), np.round(rng.standard_normal(60), digits)
    false, true, _ = metrics.roc_curve(y, score, drop_intermediate=False)
    np.testing.assert_allclose(demo.roc(y, score), (false, true))


def test_nothing_of_a_fold_is_seen_in_training(session, monkeypatch):
    """Each row is predicted once, by a model fitted to the other folds, standardised by the other folds."""
    data, fitted = datasets.breast_cancer(), []
    fit = demo.LogisticRegression.fit_closed_form

    def spy(self, x, y):
        assert np.abs(x.mean(axis=0)).max() < 1e-4, "standardised by the rows of the training folds themselves"
        fitted.append(len(x))
        return fit(self, x, y)

    monkeypatch.setattr(demo.LogisticRegression, "fit_closed_form", spy)
    p, found = demo.held_out(session, data)
    assert sum(len(data.y) - n for n in fitted) == len(data.y) and len(fitted) == 3
    values = {metric.name: metric.value for metric in found}
    np.testing.assert_allclose(values["held-out AUC"], metrics.roc_auc_score(data.y, p), rtol=1e-6)
    np.testing.assert_allclose(values["held-out accuracy"], np.mean((p > 0.5) == data.y), rtol=1e-6)
    assert all(metric.target == "" for metric in found), "targets hold for the full run only"


def test_the_whole_demo_runs_and_is_drawn(session, monkeypatch):
    monkeypatch.setattr(session, "choose", lambda quick, full: 50 if isinstance(quick, float) else 2)
    results = demo.run(session)
    assert all(isinstance(metric, Metric) and np.isfinite(metric.value) for metric in results.metrics)
    pictures = figures.draw(results)
    assert set(pictures) == {"growth", "held_out", "digits", "training"}
    assert results.growth.free[-1] > results.growth.penalised[-1]
