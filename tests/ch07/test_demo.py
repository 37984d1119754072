"""Parts of chapter 7's demo: what it trains, what it measures, and its pictures."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from mathdl_keras.chapters.ch07 import demo, figures
from mathdl_keras.core.datasets import Split, digits
from mathdl_keras.core.demo import Session
from mathdl_keras.core.report import Metric

WHOLE = digits().split(seed=0)
SMALL = Split(WHOLE.x_train[:128], WHOLE.y_train[:128], WHOLE.x_test[:64], WHOLE.y_test[:64])


@pytest.fixture
def session(tmp_path):
    return Session("digits", tmp_path, quick=True, console=Console(file=io.StringIO()))


def test_training_reports_the_loss_of_all_images_before_and_after_each_epoch(session):
    small, large = (demo.train(session, SMALL, B) for B in (8, 128))
    assert len(small.losses) == 3 and small.losses[0] == large.losses[0], "the same first weights"
    assert abs(small.losses[0] - np.log(10)) < 0.5  # about as good as guessing
    assert small.losses[2] < large.losses[2] < large.losses[0]
    assert small.accuracy > 0.5  # 128 images, two epochs; guessing gives 0.1


def test_the_noise_floor_is_where_theory_puts_it():
    noise = demo.noise_floor(np.random.default_rng(0), np.arange(50.0) ** 2, chains=400)
    np.testing.assert_array_equal(noise.predicted, noise.etas / (2 - noise.etas))
    metric = demo._floor_metric(noise)
    assert metric.reached and metric.value <= 4 * np.sqrt(2 / 400)
    wrong = replace(noise, predicted=noise.etas / 2)  # the formula for small learning rates
    assert not demo._floor_metric(wrong).reached


def test_errors_fall_to_their_floor_and_those_of_falling_rates_further():
    found = demo.errors(np.random.default_rng(0), np.arange(50.0), chains=400, blocks=30)
    assert found.steps.tolist() == list(range(0, 301, 10))
    ends = {name: np.mean(curve[-5:]) for name, curve in found.curves.items()}
    assert ends["eta = 0.5"] > ends["eta = 0.1"] > ends["eta = 0.02"] > ends["eta = 1/(k+1)"]
    np.testing.assert_allclose(ends["eta = 0.5"], 1 / 3, rtol=0.2)  # five squares of 400: SE 4 %
    np.testing.assert_allclose(found.curves["eta = 1/(k+1)"][-1], 1 / 300, rtol=0.3)  # 4 SE: 28 %


def test_accuracies_are_held_against_their_target():
    runs = {B: demo.Training([], 1, accuracy) for B, accuracy in {1: 0.9, 8: 0.98}.items()}
    metrics = list(demo._accuracies(runs, [0.96, 0.94], 0.96))
    assert [m.name for m in metrics][-1] == "test accuracy, batches of 8, mean of 3 splits"
    assert metrics[-1].value == pytest.approx(0.96) and metrics[-1].target == ">= 0.96"
    assert all(isinstance(m, Metric) for m in metrics)
    assert not list(demo._accuracies(runs, [0.9], 0.96))[-1].reached
    assert list(demo._accuracies(runs, [], None))[-1].reached is None


def test_there_is_a_picture_of_each_part():
    runs = {B: demo.Training([2.0, 1.0, 0.5], -(-64 // B), 0.9) for B in (8, 64)}
    etas = np.array([0.1, 1.0])
    noise = demo.NoiseFloor(etas, np.array([0.05, 1.1]), etas / (2 - etas), 9)
    errors = demo.Errors(np.array([0, 10]), {"eta = 0.5": [1.0, 0.3], "eta = 1/(k+1)": [1.0, 0.1]})
    pictures = figures.draw(demo.BatchSizeResults([], [], batch_sizes=runs, noise=noise, errors=errors))
    assert set(pictures) == {"batch_sizes", "noise"}
    left, right = pictures["batch_sizes"].axes
    assert [line.get_label() for line in left.lines] == ["B = 8", "B = 64, all"]
    assert right.lines[0].get_xdata().tolist() == [8, 16] and right.lines[1].get_xdata().tolist() == [1, 2]
