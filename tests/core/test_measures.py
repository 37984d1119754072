"""Losses and metrics seen alike, against NumPy."""

import keras
import numpy as np
import pytest

from mathdl_keras.core.measures import Measure, as_loss, as_measure, as_measures, direct, greater_is_better

Y, P = np.array([1.0, 2.0, 4.0]), np.array([[1.5], [2.5], [2.0]])
SQUARES = (Y - P[:, 0]) ** 2


@pytest.mark.parametrize("measure", ["mse", keras.losses.MeanSquaredError(), lambda y, p: (y - p) ** 2])
def test_losses_by_rows(measure):
    found = as_measure(measure)
    np.testing.assert_allclose(found.rows(Y, P), SQUARES, rtol=1e-6)
    assert found(Y, P) == pytest.approx(SQUARES.mean(), rel=1e-6)
    np.testing.assert_allclose(found.means(Y, np.concatenate([P, 2 * P]), 2)[0], SQUARES.mean(), rtol=1e-6)


def test_a_metric_is_one_number_for_all_rows():
    root = as_measure(keras.metrics.RootMeanSquaredError())
    assert root.rows(Y, P) is None and root.greater_is_better is False
    np.testing.assert_allclose(root.means(Y, np.concatenate([P, P]), 2), np.sqrt(SQUARES.mean()), rtol=1e-6)


def test_directions():
    metric = keras.metrics.Mean()
    assert greater_is_better(metric) is None and greater_is_better(keras.metrics.AUC()) is True
    direct(metric, greater_is_better=False)
    assert greater_is_better(metric) is False
    assert as_loss("accuracy").sign == -1 and as_loss("mae").sign == 1
    assert as_loss(np.subtract, greater_is_better=True).sign == -1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_loss(np.subtract), "greater_is_better must be False .* for subtract; received None"),
        (lambda: as_measure("nonsense"), "known to Keras by name, such as 'mse'; received 'nonsense'"),
        (lambda: as_measure(3), "loss must be a Keras loss or metric, or a function; received int"),
        (lambda: as_measures([]), "metrics must be one or more"),
        (lambda: as_measures(["mse", "mse"]), "names of their own"),
        (lambda: Measure(3, None), "function must be callable; received 3"),
        (lambda: Measure(lambda y, p: np.ones(2), None, "two")(Y, P), "two must give one number, or one for each of 3"),
    ],
)
def test_bad_measures_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
