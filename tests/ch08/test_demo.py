"""Parts of chapter 8's demo, without training."""

import io

import numpy as np
import pytest
from rich.console import Console

from mathdl_keras.chapters.ch08.demo import STARTS, _decay, at_the_start, network, rows, widths
from mathdl_keras.core.datasets import digits
from mathdl_keras.core.demo import Session

SPLIT = digits().split(seed=0)
X = rows(SPLIT.x_train)


def test_images_become_rows_and_depth_is_the_number_of_hidden_layers():
    assert X.shape == (len(SPLIT.x_train), 64)
    np.testing.assert_array_equal(X[3], np.ravel(SPLIT.x_train[3]))
    assert widths(X, 3, 10) == (64, 64, 64, 64, 10)


@pytest.mark.parametrize("name", STARTS)
def test_networks_start_as_their_theory_says(name):
    net = network(name, widths(X, 2, 10))
    wanted = {"logistic": 1.0, "ReLU": 2.0}[name]  # the variance of a weight times its inputs
    # 4096 weights: the variance of a truncated normal has a relative standard error below 0.03
    assert 64 * np.var(net.get_weights()[2]) == pytest.approx(wanted, rel=0.12)


def test_gradients_of_the_logistic_network_vanish_as_predicted(tmp_path):
    session = Session("digits", tmp_path, quick=True, console=Console(file=io.StringIO()))
    found = at_the_start(session, "logistic", widths(X, 4, 10), X, SPLIT.y_train, sample=64)
    assert found.measured.shape == (3, 5) and found.predicted.shape == (5,)
    np.testing.assert_allclose(found.measured.mean(axis=0), found.predicted, atol=0.25)
    assert found.predicted[0] - found.predicted[-1] < -2
    metrics = list(_decay({"logistic": found}))
    assert len(metrics) == 2 and metrics[0].value == pytest.approx(metrics[1].value, rel=0.8)
