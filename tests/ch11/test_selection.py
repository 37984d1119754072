"""The choice by validation scores, and curves of them."""

import numpy as np
import pytest

from mathdl_keras.chapters.ch11.cross_validation import cross_validate
from mathdl_keras.chapters.ch11.curves import LearningCurve, ValidationCurve
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.chapters.ch11.selection import FoldScores, select_candidate
from mathdl_keras.chapters.ch11.splits import KFold
from mathdl_keras.core.measures import Measure

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(-1, 1, (60, 1)), axis=0)
Y = np.cos(4 * X[:, 0]) + 0.2 * rng.standard_normal(60)
SQUARES = Measure(lambda y, y_pred: (y - y_pred) ** 2, False, "mse")  # nothing to compile for each shape


def scores(values, direction=False, name="mse"):
    values = np.array(values, "float64")
    return FoldScores({name: values / 2}, {name: values}, {name: direction})


def test_means_and_standard_errors():
    s = scores([1.0, 2.0, 6.0])
    assert s.mean == {"mse": 3.0} and s.train_mean == {"mse": 1.5}
    assert s.standard_error["mse"] == pytest.approx(np.sqrt(7 / 3))
    assert np.isnan(scores([1.0]).standard_error["mse"])
    assert str(s).splitlines()[1].split() == ["mse", "1.5", "3", "1.5275"]


TABLE = [[9.0, 11.0], [4.0, 6.0], [3.6, 5.6], [3.6, 5.6]]


def test_both_rules_in_both_directions():
    candidates, reverse = [scores(row) for row in TABLE], [scores([-v for v in row], True) for row in TABLE]
    assert select_candidate(candidates) == select_candidate(reverse) == 2
    assert select_candidate(candidates, "one_se") == select_candidate(reverse, "one_se") == 1
    assert select_candidate(np.array(TABLE), greater_is_better=True) == 0


def test_replicates_have_a_leading_axis():
    tables = rng.standard_normal((30, 5, 4))
    for rule in ("min", "one_se"):
        expected = [select_candidate(table, rule, greater_is_better=False) for table in tables]
        np.testing.assert_array_equal(select_candidate(tables, rule, greater_is_better=False), expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: select_candidate([scores([1, 2], None)]), "greater_is_better must be True or False to choose by mse"),
        (lambda: select_candidate(TABLE), "greater_is_better must be True or False to choose by this metric"),
        (lambda: select_candidate(TABLE, "best", greater_is_better=False), "rule must be 'min' or 'one_se'"),
        (lambda: select_candidate([scores([1, 2])], metric="auc"), "metric must be one of mse; received metric='auc'"),
        (lambda: select_candidate([[1.0, np.nan]], greater_is_better=False), "scores must be finite"),
        (lambda: select_candidate([[1.0], [2.0]], "one_se", greater_is_better=False), "two folds or more"),
        (lambda: LearningCurve(PolynomialRegression, [30, 49], 5).run(X, Y), "integers from 1 to 48, of 60 samples"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_validation_curve_is_one_cross_validation_for_each_value():
    degrees, folds = [0, 2, 5], KFold(4)
    curve = ValidationCurve(PolynomialRegression, degrees, folds, SQUARES).run(X, Y)
    for i, degree in enumerate(degrees):
        alone = cross_validate(lambda d=degree: PolynomialRegression(d), X, Y, folds, SQUARES)
        assert curve.validation[i] == alone.mean["mse"] and curve.standard_error[i] == alone.standard_error["mse"]
    assert np.all(np.diff(curve.train) < 0)
    assert curve.select("one_se") in degrees and len(str(curve).splitlines()) == 4


def test_a_learning_curve_trains_on_the_first_of_each_training_set():
    folds = KFold(4, shuffle=True, seed=0)
    curve = LearningCurve(lambda: PolynomialRegression(2), [10, 45], folds, SQUARES).run(X, Y, progress=False)
    whole = cross_validate(lambda: PolynomialRegression(2), X, Y, folds, SQUARES)
    assert curve.validation[1] == pytest.approx(whole.mean["mse"], rel=1e-5)
    assert curve.validation[0] > curve.validation[1] and curve.train[0] < curve.train[1]
