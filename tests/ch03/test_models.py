"""The models of chapter 3: scikit-learn as oracle, training by Keras, statistics, hard data, bad data."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats
from sklearn.linear_model import LogisticRegression as Sklearn

from mathdl_keras.core import datasets
from mathdl_keras.layers import Normalization
from mathdl_keras.linear_model import SeparableDataWarning
from mathdl_keras.losses import BinaryCrossentropy, CategoricalCrossentropy
from mathdl_keras.models import LogisticRegression, SoftmaxRegression
from mathdl_keras.ops import one_hot

rng = np.random.default_rng(0)
M = 120
X = rng.standard_normal((M, 3)) * [1, 2, 0.5] + [0, 1, 0]
Y = (rng.random(M) < special.expit(X @ [1, -0.5, 1] + 0.3)).astype("int64")
CLASSES = (rng.gumbel(size=(M, 3)) + X @ rng.standard_normal((3, 3)) / 2).argmax(axis=1)
U32 = 2.0**-24


def coefficients(model):
    return np.vstack([ops.convert_to_numpy(model.kernel), ops.convert_to_numpy(model.bias)[None]])


def sklearn_coefficients(l2=0.0, y=Y, **kwargs):
    peer = Sklearn(C=1 / (2 * M * l2) if l2 else np.inf, tol=1e-10, max_iter=100_000, **kwargs).fit(X, y)
    return np.vstack([peer.coef_.T, peer.intercept_]), peer


def slowing():
    """Adam with steps that become small, so that it comes to rest."""
    return keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 40, 0.7))


@pytest.mark.parametrize("l2", [0.0, 0.025])
@pytest.mark.parametrize("solver", ["irls", "gd"])
def test_closed_form_is_scikit_learn_rounded_once(l2, solver):
    model = LogisticRegression(l2, solver=solver)
    found = model.fit_closed_form(X, Y)
    expected, peer = sklearn_coefficients(l2, solver="newton-cholesky")
    np.testing.assert_allclose(found.weights, expected[:, 0], rtol=1e-6)
    np.testing.assert_array_equal(coefficients(model)[:, 0], found.weights.astype("float32"))
    assert model.score(X, Y) == peer.score(X, Y)
    np.testing.assert_allclose(model.predict(X, verbose=0)[:, 0], peer.predict_proba(X)[:, 1], atol=20 * U32)


def test_l1_is_scikit_learn_with_exact_zeros():
    model = LogisticRegression(l1=0.1)
    found = model.fit_closed_form(X, Y)
    peer = Sklearn(C=1 / (M * 0.1), l1_ratio=1, solver="saga", tol=1e-9, max_iter=100_000, random_state=0).fit(X, Y)
    np.testing.assert_allclose(found.weights, np.append(peer.coef_[0], peer.intercept_), atol=1e-5)
    assert found.converged and np.sum(found.weights == 0) >= 1


@pytest.mark.parametrize(("l2", "l1"), [(0.0, 0.0), (0.025, 0.0), (0.0, 0.05)])
def test_training_by_keras_reaches_the_same_weights(l2, l1):
    """The penalty has one scaling, whoever adds it."""
    exact, trained = (LogisticRegression(l2, l1) for _ in range(2))
    exact.fit_closed_form(X, Y)
    trained.compile(slowing(), BinaryCrossentropy())
    trained.fit(np.tile(X, (20, 1)), np.tile(Y, 20), batch_size=M, epochs=25, verbose=0, shuffle=False)  # full batches
    np.testing.assert_allclose(coefficients(trained), coefficients(exact), atol=2e-3)
    assert abs(trained.score(X, Y) - exact.score(X, Y)) < 1e-6


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_softmax_regression_is_scikit_learn_of_sum_zero(l2):
    model = SoftmaxRegression(3, l2)
    found = model.fit_closed_form(X, CLASSES)
    expected, peer = sklearn_coefficients(l2, CLASSES)
    expected = expected - expected.mean(axis=1, keepdims=True)
    assert found.converged
    np.testing.assert_allclose(coefficients(model), expected, atol=1e-5)
    np.testing.assert_allclose(coefficients(model).sum(axis=1), 0, atol=1e-6)
    assert model.score(X, CLASSES) == peer.score(X, CLASSES)
    np.testing.assert_allclose(model.predict(X, verbose=0), peer.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("hot", [False, True])
def test_softmax_regression_trains_to_the_same_probabilities(hot):
    exact, trained = (SoftmaxRegression(3, 0.02) for _ in range(2))
    exact.fit_closed_form(X, CLASSES)
    y = ops.convert_to_numpy(one_hot(CLASSES, 3)) if hot else CLASSES
    loss = CategoricalCrossentropy() if hot else "sparse_categorical_crossentropy"
    trained.compile(slowing(), loss)
    y = np.tile(y, (20, 1) if hot else 20)
    trained.fit(np.tile(X, (20, 1)), y, batch_size=M, epochs=15, verbose=0, shuffle=False)  # full batches
    np.testing.assert_allclose(trained.predict(X, verbose=0), exact.predict(X, verbose=0), atol=2e-3)


def test_wald_intervals_are_those_of_the_information():
    model = LogisticRegression()
    model.fit_closed_form(X, Y)
    design, w = np.column_stack([X, np.ones(M)]), coefficients(model)[:, 0]
    p = special.expit(design @ w)
    information = design.T @ (design * (p * (1 - p))[:, None])
    np.testing.assert_allclose(model.fisher_information(X), information, rtol=1e-6)
    error = np.sqrt(np.diag(np.linalg.inv(information))) * stats.norm.ppf(0.95)
    np.testing.assert_allclose(model.wald_interval(X, 0.9), np.stack([w - error, w + error], axis=1), rtol=1e-5)
    wide, narrow = (np.diff(model.wald_interval(X, level)) for level in (0.99, 0.5))
    assert np.all(wide > narrow)


def test_statistics_survive_a_file(tmp_path):
    model = LogisticRegression()
    model.fit_closed_form(X, Y)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.wald_interval(X), model.wald_interval(X))
    assert again.score(X, Y) == model.score(X, Y)


def test_a_model_inside_a_model_reads_raw_features():
    """Standardise, fit, and put both into one graph, as a user would ship it."""
    scale, model = Normalization(), LogisticRegression()
    scale.adapt(X)
    model.fit_closed_form(ops.convert_to_numpy(scale(X)), Y)
    x = keras.Input((3,))
    whole = keras.Model(x, model(scale(x)))
    raw = LogisticRegression()
    raw.fit_closed_form(X, Y)
    np.testing.assert_allclose(whole.predict(X, verbose=0), raw.predict(X, verbose=0), atol=1e-5)


@pytest.mark.parametrize("solver", ["irls", "gd"])
def test_separable_data_are_a_warning_with_a_certificate(solver):
    x, y = np.array([[-2.0], [-1.0], [1.0], [3.0]]), np.array([0, 0, 1, 1])
    model = LogisticRegression(solver=solver)
    with pytest.warns(SeparableDataWarning, match="§3.6.*certificate.*set l2 > 0") as caught:
        found = model.fit_closed_form(x, y)
    (warning,) = (w for w in caught if w.category is SeparableDataWarning)
    assert warning.filename == __file__, "the warning points at the caller"
    assert "\n" not in str(warning.message)
    assert found.separated and np.all(np.isfinite(found.weights)) and model.score(x, y) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error", SeparableDataWarning)
        LogisticRegression(5e-4, solver=solver).fit_closed_form(x, y)


def test_separable_classes_are_a_warning_too():
    data = datasets.iris()
    model = SoftmaxRegression(3)
    with pytest.warns(SeparableDataWarning, match="§3.6"):
        model.fit_closed_form(data.x[:, 2:], data.y)  # setosa is alone; the others overlap
    with pytest.warns(SeparableDataWarning, match="certificate"):
        found = SoftmaxRegression(2).fit_closed_form(data.x[:100], data.y[:100])
    assert found.separated


def test_ties_are_a_warning_and_an_end():
    with pytest.warns(SeparableDataWarning, match="separable .* in part"):
        LogisticRegression().fit_closed_form([[-2.0], [-1], [0], [0], [1], [2]], [0, 0, 0, 1, 1, 1])


def test_descent_that_does_not_arrive_says_so():
    with pytest.warns(UserWarning, match="the gradient is still .*: standardise x"):
        LogisticRegression(5e-10, solver="gd").fit_closed_form(X * [1e4, 1e-3, 1.0], Y)


CONSTANT, COLLINEAR = X.copy(), X.copy()
CONSTANT[:, 1] = 0.1
COLLINEAR[:, 0] = X[:, 1] - 7 * X[:, 2] + 100


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X, np.ones(M), "y must hold each of the 2 classes; received no row of class 0"),
        (X, Y + 1, "y must hold labels 0 or 1; received 2"),
        (X, 2 * Y - 1, "y must hold labels 0 or 1; received -1"),
        (X, Y + 0.5, "y must hold labels 0 or 1; received"),
        (X, np.where(Y, np.nan, 0), "y must be finite"),
        (np.where(X > 2, np.nan, X), Y, "x must be finite"),
        (X[:0], Y[:0], "x must not be empty"),
        (X, Y[:-1], "y must have one row for each of the 120 rows"),
        (X, np.eye(2)[Y], r"y must have shape \(rows,\) or \(rows, 1\)"),
        (X[:, 0], Y, r"x must have shape \(rows, features\)"),
        (X.astype(str).tolist() + [["a", "b", "c"]], Y, "x must be an array of numbers"),
        (CONSTANT, Y, "x must have independent columns, .* or l2 > 0; received column 1, constant"),
        (COLLINEAR, Y, "x must have independent columns, .* received shape \\(120, 3\\) that is not so"),
        (X[:3], np.array([0, 1, 0]), "more rows than columns"),
    ],
)
def test_bad_data_are_one_clear_line(x, y, match):
    for model in (LogisticRegression(), SoftmaxRegression(2)):
        with pytest.raises(ValueError, match=match) as error:
            model.fit_closed_form(x, y)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("x", [CONSTANT, COLLINEAR, X[:3]], ids=["constant", "collinear", "few rows"])
def test_a_penalty_makes_the_solution_unique(x):
    assert LogisticRegression(0.05).fit_closed_form(x, Y[: len(x)]).converged
    assert SoftmaxRegression(2, 0.05).fit_closed_form(x, Y[: len(x)]).converged


def test_large_offsets_are_not_taken_for_collinear():
    found = LogisticRegression().fit_closed_form(X + [1e6, 0, 0], Y)
    assert found.converged
    np.testing.assert_allclose(found.weights[:3], LogisticRegression().fit_closed_form(X, Y).weights[:3], rtol=1e-4)


def test_bad_use_is_one_clear_line():
    model = LogisticRegression()
    with pytest.raises(ValueError, match="LogisticRegression must be fitted first"):
        model.score(X, Y)
    model.fit_closed_form(X, Y)
    for call, match in (
        (lambda: model.fit_closed_form(X[:, :2], Y), "x must have 3 features; received 2"),
        (lambda: model.score(X[:, :2], Y), "x must have 3 features; received 2"),
        (lambda: model.wald_interval(X, 95), r"level must be in \(0, 1\); received level=95"),
        (lambda: model.wald_interval(CONSTANT), "x must have independent columns"),
        (lambda: LogisticRegression(0.05).wald_interval(X), "l2 and l1 must be 0 for a Wald interval"),
    ):
        with pytest.raises(ValueError, match=match):
            call()


def test_fit_looks_at_arrays_before_it_trains():
    soft, whole = LogisticRegression(), SoftmaxRegression(3)
    for model in (soft, whole):
        model.compile("sgd", "binary_crossentropy" if model is soft else "sparse_categorical_crossentropy")
    for model, x, y, match in (
        (soft, X, Y + 1, r"y must hold labels, or probabilities in \[0, 1\]; received 2"),
        (soft, X, np.where(Y, np.nan, 0.0)[:, None], "y must hold labels, or probabilities"),
        (soft, X * np.nan, Y, "x must be finite"),
        (whole, X, CLASSES - 1, "y must hold labels 0, ..., 2; received -1"),
    ):
        with pytest.raises(ValueError, match=match):
            model.fit(x, y, verbose=0)
    soft.fit(X, np.full(M, 0.5), verbose=0)


def test_the_certificate_separates_in_raw_units_too():
    data = datasets.breast_cancer()
    with pytest.warns(SeparableDataWarning):
        found = LogisticRegression().fit_closed_form(data.x, data.y)
    assert np.all((2 * data.y - 1) * (data.x @ found.weights[:-1] + found.weights[-1]) > 0)


def test_files_of_earlier_versions_keep_their_meaning():
    """They held `penalty` and `lam`, and half the square of the weights."""
    for config, l2, l1 in (({"penalty": "l2", "lam": 0.1}, 0.05, 0.0), ({"penalty": "l1", "lam": 0.1}, 0.0, 0.1)):
        model = LogisticRegression.from_config(config | {"solver": None})
        assert (model.l2, model.l1) == (l2, l1)
    assert LogisticRegression.from_config({"penalty": None, "lam": 0.0}).l2 == 0
    assert SoftmaxRegression.from_config({"classes": 3, "lam": 0.1}).l2 == 0.05


def test_both_penalties_together_are_scikit_learns_elastic_net():
    found = LogisticRegression(0.02, 0.05).fit_closed_form(X, Y)
    total = 2 * 0.02 + 0.05  # scikit-learn's penalty: l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2, over C M
    settings = {"l1_ratio": 0.05 / total, "solver": "saga", "tol": 1e-9, "max_iter": 100_000, "random_state": 0}
    peer = Sklearn(C=1 / (M * total), **settings).fit(X, Y)
    np.testing.assert_allclose(found.weights, np.append(peer.coef_[0], peer.intercept_), atol=1e-5)
