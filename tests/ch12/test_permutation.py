"""Permutation importance against enumeration and scikit-learn; partial dependence against loops."""

from itertools import permutations

import keras
import numpy as np
import pytest
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LinearRegression

from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch12.feature_checks import ConstantFeaturesWarning, CorrelatedFeaturesWarning
from mathdl_keras.chapters.ch12.importance_report import ImportanceReport
from mathdl_keras.chapters.ch12.partial_dependence import partial_dependence
from mathdl_keras.chapters.ch12.permutation_importance import permutation_importance

rng = np.random.default_rng(22)
X = rng.standard_normal((40, 3))
Y = X @ [1.0, -2.0, 0.0] + X[:, 0] * X[:, 1] + 0.1 * rng.standard_normal(40)


def model(rows):
    return rows @ [1.0, -2.0, 0.0] + rows[:, 0] * rows[:, 1]


def squared(y, prediction):
    return (y - prediction) ** 2


def mean_squared(y, prediction):
    return np.mean((y - prediction) ** 2)


def test_the_expectation_is_the_mean_over_all_permutations():
    x, y = X[:5], Y[:5]
    found = permutation_importance(
        model, x, y, squared, None, greater_is_better=False, groups={"pair": [0, 2]}, correlation_threshold=None
    )
    values = []
    for order in permutations(range(5)):
        moved = x.copy()
        moved[:, [0, 2]] = x[np.array(order)][:, [0, 2]]
        values.append(mean_squared(y, model(moved)) - mean_squared(y, model(x)))
    assert found.mean[0] == pytest.approx(np.mean(values), abs=1e-13) and found.names == ("pair",)
    assert found.std[0] == pytest.approx(np.std(values), abs=1e-12) and found.standard_error[0] == 0


def test_repeats_agree_with_scikit_learn_and_with_the_expectation():
    fit = LinearRegression().fit(X, Y)
    peer = sklearn_importance(fit, X, Y, scoring="neg_mean_squared_error", n_repeats=300, random_state=0)
    ours = permutation_importance(fit.predict, X, Y, squared, 300, greater_is_better=False)
    exact = permutation_importance(fit.predict, X, Y, squared, None, greater_is_better=False)
    error = np.hypot(ours.standard_error, peer.importances_std / np.sqrt(300))
    assert np.all(np.abs(ours.mean - peer.importances_mean) < 4 * error)
    assert np.all(np.abs(ours.mean - exact.mean) < 4 * ours.standard_error)
    np.testing.assert_allclose(ours.std, exact.std, rtol=0.25)  # 300 draws: relative standard error 0.04 if normal
    assert ours.raw.shape == (3, 300) and ours.baseline == pytest.approx(mean_squared(Y, fit.predict(X)))
    assert str(ours).splitlines()[1].startswith("x1")


def test_losses_in_all_their_forms_give_the_same():
    numbers = permutation_importance(model, X, Y, mean_squared, 5, greater_is_better=False)
    score = permutation_importance(model, X, Y, lambda y, p: -mean_squared(y, p), 5, greater_is_better=True)
    np.testing.assert_allclose(score.raw, numbers.raw, atol=1e-12)
    for loss in ("mse", keras.losses.MeanSquaredError(), keras.metrics.MeanSquaredError()):
        found = permutation_importance(model, X, Y, loss, 5, greater_is_better=False)
        np.testing.assert_allclose(found.raw, numbers.raw, rtol=1e-4, atol=1e-5)  # Keras' own are float32
    rows = permutation_importance(model, X, Y, squared, 5, greater_is_better=False)
    np.testing.assert_allclose(rows.raw, numbers.raw, atol=1e-12)


def test_a_keras_model_with_several_outputs():
    net = MLP((3, 4, 2), "tanh")
    labels = (Y > 0).astype("int64")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = permutation_importance(net, X, labels, loss, 4)
    logits = net.predict(X, verbose=0).astype("float64")
    entropy = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(40), labels]
    assert found.baseline == pytest.approx(entropy.mean(), rel=1e-5) and found.raw.shape == (3, 4)


def test_accuracy_has_a_direction_of_its_own_and_seeds_repeat():
    def labels(rows):
        return 1.0 * (model(rows) > 0)

    accuracy = keras.metrics.BinaryAccuracy()
    found = permutation_importance(labels, X, labels(X), accuracy, 5, seed=3)
    assert found.baseline == 1.0 and found.mean[1] > 0.1 and found.mean[2] == 0
    again = permutation_importance(labels, X, labels(X), accuracy, 5, seed=3)
    np.testing.assert_array_equal(found.raw, again.raw)


def test_features_that_go_together_and_constant_ones_are_named():
    x = np.column_stack([X[:, 0], X[:, 0] + 0.1 * X[:, 1], np.ones(40)])
    names = ("left", "right", "fixed")
    with pytest.warns(CorrelatedFeaturesWarning, match="left and right"):
        with pytest.warns(ConstantFeaturesWarning, match="fixed: constant"):
            found = permutation_importance(lambda rows: rows.sum(axis=1), x, Y, "mse", 3, names=names)
    assert found.mean[2] == 0
    # members of one group are permuted together: nothing to warn of
    permutation_importance(lambda rows: rows.sum(axis=1), x[:, :2], Y, "mse", 3, groups=[[0, 1]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": mean_squared}, "greater_is_better must be False.*for mean_squared; received None"),
        ({"loss": keras.metrics.Mean()}, "greater_is_better must be False.*for mean"),
        ({"loss": "nonsense"}, "known to Keras by name"),
        ({"loss": 3}, "Keras loss or metric, or a function"),
        ({"loss": mean_squared, "greater_is_better": False, "replicates": None}, "mean over rows"),
        ({"loss": lambda y, p: np.ones(3), "greater_is_better": False}, "one for each of 40 rows"),
        ({"replicates": 1}, "replicates must be at least 2"),
        ({"y": Y[:3]}, "y must have one row for each of the 40 rows"),
        ({"y": np.full(40, np.nan)}, "y must be finite"),
        ({"x": np.full((40, 3), np.inf)}, "x must be finite"),
        ({"groups": [[0, 3]]}, "columns from 0 to 2"),
        ({"names": ("a", "b")}, "one for each of 3 features"),
        ({"correlation_threshold": 2.0}, "correlation_threshold must be in"),
        ({"model": None}, "model must be a Keras model"),
    ],
)
def test_bad_input_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        permutation_importance(**({"model": model, "x": X, "y": Y, "replicates": 3} | changes))


def test_partial_dependence_is_a_mean_over_rows():
    found = partial_dependence(model, X, "b", grid=[-1.0, 0.5], names=("a", "b", "c"))
    for t, mean, error in zip(found.grid, found.mean, found.standard_errors, strict=True):
        values = model(np.column_stack([X[:, 0], np.full(40, t), X[:, 2]]))
        assert mean == pytest.approx(values.mean()) and error == pytest.approx(values.std(ddof=1) / np.sqrt(40))
    assert found.name == "b" and found.rows.shape == (2, 40)
    grid = partial_dependence(model, X, 0, grid=3).grid
    np.testing.assert_allclose(grid[[0, 2]], np.quantile(X[:, 0], [0.05, 0.95]))
    with pytest.raises(ValueError, match="feature must be one of x0, x1, x2"):
        partial_dependence(model, X, "d")


def test_a_report_needs_a_value_for_each_feature():
    with pytest.raises(ValueError, match="one for each of 2 features"):
        ImportanceReport({"LMG": [1.0]}, ("a", "b"))
    report = ImportanceReport({"LMG": [1.0, 2.0], "permutation": [3.0, 1.0]}, ("a", "b"))
    assert list(report.order()) == [1, 0] and list(report.rank("permutation")) == [1, 2]
