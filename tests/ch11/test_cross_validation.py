"""Cross-validation of Keras models: what each fold sees, what is measured, and what is left as it was."""

import random

import keras
import numpy as np
import pytest
from sklearn import linear_model, metrics, model_selection

from mathdl_keras.chapters.ch02.models import LinearRegression
from mathdl_keras.chapters.ch09.models import RidgeRegression
from mathdl_keras.chapters.ch11.cross_validation import cross_validate
from mathdl_keras.chapters.ch11.folds import fold_predictions
from mathdl_keras.chapters.ch11.models import PolynomialRegression
from mathdl_keras.chapters.ch11.splits import GroupKFold, KFold, LeaveOneOut, StratifiedKFold
from mathdl_keras.core.measures import Measure, as_measures

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 3))
Y = X @ [1.0, -2.0, 0.5] + rng.standard_normal(40)
LABELS = (Y > 0).astype(int)
SQUARES = Measure(metrics.mean_squared_error, False, "mse")  # nothing to compile for each shape


def network(units=1, activation=None, loss="mse"):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(units, activation)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("k", [4, 10])
def test_ridge_scores_are_scikit_learns(k):
    scores = cross_validate(lambda: RidgeRegression(0.1), X, Y, KFold(k), [metrics.r2_score, SQUARES])
    for fold, (train, validation) in enumerate(model_selection.KFold(k).split(X)):
        peer = linear_model.Ridge(0.1 * len(train)).fit(X[train], Y[train])
        assert scores.validation["r2_score"][fold] == pytest.approx(peer.score(X[validation], Y[validation]), abs=1e-11)
        assert scores.train["mse"][fold] == pytest.approx(np.mean((peer.predict(X[train]) - Y[train]) ** 2), rel=1e-5)


def test_one_pass_and_refits_agree(monkeypatch):
    at_once = cross_validate(lambda: PolynomialRegression(3), X[:, :1], Y, KFold(5), SQUARES)
    monkeypatch.setattr("mathdl_keras.chapters.ch11.cross_validation.fold_predictions", lambda *a: None)
    refits = cross_validate(lambda: PolynomialRegression(3), X[:, :1], Y, KFold(5), SQUARES)
    np.testing.assert_allclose(at_once.validation["mse"], refits.validation["mse"], rtol=1e-5)
    np.testing.assert_allclose(at_once.train["mse"], refits.train["mse"], rtol=1e-5)


def test_collinear_columns_fall_back_to_refits():
    x = np.column_stack([X, X[:, 0]])
    scores = cross_validate(lambda: RidgeRegression(1e-14), x, Y, KFold(4), SQUARES)
    expected = -model_selection.cross_val_score(
        linear_model.LinearRegression(), X, Y, cv=4, scoring="neg_mean_squared_error"
    )
    np.testing.assert_allclose(scores.validation["mse"], expected, rtol=1e-3)


def test_any_closed_form_is_used_without_epochs():
    scores = cross_validate(LinearRegression, X, Y, LeaveOneOut(), SQUARES)
    H = np.column_stack([X, np.ones(40)])
    H = H @ np.linalg.pinv(H)
    np.testing.assert_allclose(scores.validation["mse"], ((Y - H @ Y) / (1 - np.diag(H))) ** 2, rtol=1e-3, atol=1e-6)


def test_a_model_of_your_own_may_have_its_own_way():
    class Mean(PolynomialRegression):
        pass

    @fold_predictions.register
    def _(model: Mean, x, y, validation):
        means = [np.mean(np.delete(y, rows, axis=0), axis=0) for rows in validation]
        return np.stack([np.broadcast_to(m, (len(x), 1)) for m in means])

    scores = cross_validate(lambda: Mean(0), X[:, :1], Y, LeaveOneOut(), SQUARES)
    np.testing.assert_allclose(scores.validation["mse"], ((Y - Y.mean()) * 40 / 39) ** 2, rtol=1e-5)


def test_trained_models_repeat_whatever_ran_before_and_leave_generators_as_they_were():
    def run(seed=3):
        states = random.getstate(), np.random.get_state()[1].tolist()
        scores = cross_validate(network, X, Y, [(np.arange(32), np.arange(32, 40))], epochs=2, seed=seed, batch_size=16)
        assert states == (random.getstate(), np.random.get_state()[1].tolist())
        return scores.validation["mse"]

    first = run()
    keras.utils.set_random_seed(77)
    keras.random.normal((3,))
    np.testing.assert_allclose(run(), first, rtol=1e-6)
    assert not np.allclose(run(4), first, rtol=1e-3)


class Fake(keras.Model):
    """Notes on which rows it is fitted; predicts the first column."""

    fitted: list = []

    def fit_closed_form(self, x, y):
        self.fitted.append(sorted(x[:, 0].tolist()))

    def call(self, x):
        return x[:, :1]


def test_each_fold_is_hidden_from_its_model():
    x = np.arange(12.0, dtype="float32")[:, None]
    Fake.fitted = []
    groups = np.repeat([3, 1, 2], 4)
    cross_validate(Fake, x, x, GroupKFold(3), SQUARES, groups=groups)
    hidden = [set(range(12)) - set(map(int, rows)) for rows in Fake.fitted]
    assert sorted(map(sorted, hidden)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_nests_of_inputs_train_and_predict():
    def build():
        a, b = keras.Input((3,), name="a"), keras.Input((1,), name="b")
        model = keras.Model({"a": a, "b": b}, keras.layers.Dense(1)(keras.layers.Concatenate()([a, b])))
        model.compile("sgd", "mse")
        return model

    scores = cross_validate(build, {"a": X, "b": X[:, :1]}, Y, 2, "mae", epochs=1)
    assert scores.validation["mae"].shape == (2,) and np.all(np.isfinite(scores.validation["mae"]))


def test_accuracy_goes_by_shapes():
    (accuracy,) = as_measures("accuracy")
    P = np.array([[0.1, 0.7, 0.2], [0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    assert accuracy(np.array([1, 0, 0]), P) == pytest.approx(2 / 3)
    assert accuracy(np.eye(3)[[1, 0, 0]], P) == pytest.approx(2 / 3)
    assert accuracy(np.array([1, 0, 1]), np.array([[0.9], [0.2], [0.4]])) == pytest.approx(2 / 3)
    assert accuracy.greater_is_better


@pytest.mark.parametrize(
    ("metric", "name", "direction"),
    [
        ("mae", "mae", False),
        (keras.metrics.RootMeanSquaredError(), "root_mean_squared_error", False),
        (keras.losses.MeanAbsoluteError(), "mean_absolute_error", False),
        (metrics.mean_absolute_error, "mean_absolute_error", None),
        (Measure(metrics.median_absolute_error, False), "median_absolute_error", False),
        (keras.metrics.mean_absolute_error, "mean_absolute_error", None),
    ],
)
def test_metrics_of_every_kind(metric, name, direction):
    y, y_pred = np.array([1.0, 2.0, 4.0]), np.array([[1.5], [2.5], [2.0]])
    (found,) = as_measures(metric)
    expected = {"root_mean_squared_error": np.sqrt(1.5), "median_absolute_error": 0.5}
    assert found(y, y_pred) == pytest.approx(expected.get(name, 1.0), rel=1e-5)
    assert found.name == name and found.greater_is_better is direction


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_validate(network, X, Y, 41, epochs=1), "number of samples, 40; received k=41"),
        (lambda: cross_validate(network(), X, Y, epochs=1), "build_model must be a function that returns a new model"),
        (lambda: cross_validate(network, X, Y), "epochs must be given to train Sequential"),
        (lambda: cross_validate(network, X, Y[:9], 3), "one number of rows"),
        (lambda: cross_validate(network, np.full((4, 3), np.nan), np.ones(4), 2, epochs=1), "x must be finite"),
        (lambda: cross_validate(network, X, Y, [(np.arange(30), np.arange(29, 40))], epochs=1), "keep training and"),
        (lambda: cross_validate(network, X, Y, [], epochs=1), "at least one fold"),
        (lambda: cross_validate(network, X, Y, metrics="loveliness", epochs=1), "known to Keras by name"),
        (lambda: cross_validate(network, X, Y, metrics=["mse", "mse"], epochs=1), "names of their own"),
        (lambda: cross_validate(network, X, [0] * 38 + [1] * 2, StratifiedKFold(3), epochs=1), "fold misses one"),
        (lambda: cross_validate(network, X, Y, GroupKFold(3), groups=LABELS, epochs=1), "groups, 2; received k=3"),
        (lambda: cross_validate(Fake, X, Y, 2, lambda y, p: np.ones(7)), "must give one number"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
