"""Parts of chapter 6's demo."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch06.demo import finite_differences, four_classes, largest_difference, sizes_of_deltas
from mathdl_keras.core.datasets import digits
from mathdl_keras.core.demo import Session


@pytest.fixture(scope="module")
def data():
    split = digits().split(seed=0)
    return four_classes(split.x_train, split.y_train)


def test_four_digits_as_rows(data):
    x, y = data
    assert x.shape == (len(y), 64) and sorted(set(y.tolist())) == [0, 1, 2, 3]


def test_gradients_by_hand_are_those_of_keras(data, tmp_path):
    session = Session("digits", tmp_path)
    assert 0 < largest_difference(session, *data, steps=3) < 1e-5


def test_differences_fall_and_rise_again(data):
    x, y = data
    found = finite_differences(x[:8], y[:8], np.random.default_rng(0))
    steps, central, forward = found.steps, found.central, found.forward
    falling = (steps < 0.2) & (steps > 1e-3)
    assert np.polyfit(np.log(steps[falling]), np.log(central[falling]), 1)[0] == pytest.approx(2, abs=0.1)
    assert np.polyfit(np.log(steps[falling]), np.log(forward[falling]), 1)[0] == pytest.approx(1, abs=0.1)
    # rounding divided by h: at 10^-12 some 10^-16 / 10^-12
    assert 1e-6 < central[-1] < 1e-1 and np.min(central) < 1e-8


def test_logistic_units_make_deltas_vanish(data):
    first, *_, last = sizes_of_deltas(*data, "sigmoid")
    assert first < 0.01 * last
