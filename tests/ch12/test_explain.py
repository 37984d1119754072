"""`shapley_values`: exact and sampled explanations of functions and Keras models; figures; the demo's first part."""

import io

import numpy as np
import pytest
from rich.console import Console

from mathdl_keras.chapters.ch05.models import MLP
from mathdl_keras.chapters.ch12 import figures
from mathdl_keras.chapters.ch12.demo import two_importances
from mathdl_keras.chapters.ch12.explanations import shapley_values
from mathdl_keras.chapters.ch12.feature_checks import ConstantFeaturesWarning, CorrelatedFeaturesWarning
from mathdl_keras.chapters.ch12.partial_dependence import partial_dependence
from mathdl_keras.core import datasets
from mathdl_keras.core.demo import Session

rng = np.random.default_rng(32)
D = 6
BACKGROUND, X = rng.standard_normal((60, D)), rng.standard_normal((3, D))
W = rng.standard_normal(D)


def model(rows):
    """Linear, a pair, and a product of three."""
    return rows @ W + rows[:, 0] * rows[:, 1] + rows[:, 2] * rows[:, 3] * rows[:, 4]


EXACT = shapley_values(model, X, BACKGROUND)


def closed_form():
    """Each product, for each row of the background, is shared by the mean over the orders of its own factors."""
    values = W * (X - BACKGROUND.mean(axis=0))
    for factors in ([0, 1], [2, 3, 4]):
        for j in factors:
            others = [k for k in factors if k != j]
            for r, x in enumerate(X):
                delta = x[j] - BACKGROUND[:, j]
                a, b = BACKGROUND[:, others], x[others]
                if len(others) == 1:
                    mean = (a[:, 0] + b[0]) / 2
                else:  # none, one or the other, or both have come before: 1/3, 1/6, 1/6, 1/3
                    mean = (a[:, 0] * a[:, 1] + b[0] * b[1]) / 3 + (a[:, 0] * b[1] + b[0] * a[:, 1]) / 6
                values[r, j] += np.mean(delta * mean)
    return values


def test_exact_values_have_the_closed_form_and_add_up():
    assert EXACT.method == "exact" and EXACT.values.shape == (3, D) and np.all(EXACT.standard_errors == 0)
    np.testing.assert_allclose(EXACT.values, closed_form(), atol=1e-12)
    assert EXACT.efficiency_gap < 1e-12
    assert EXACT.base_value == pytest.approx(model(BACKGROUND).mean())


def test_sampled_values_are_right_within_their_standard_errors_which_are_honest():
    found = [shapley_values(model, X, BACKGROUND, method="sampling", seed=k) for k in range(50)]
    assert found[0].method == "sampling" and found[0].efficiency_gap < 1e-12
    three = [2, 3, 4]
    z = np.array([(f.values - EXACT.values)[:, three] / f.standard_errors[:, three] for f in found])
    # the squares of 450 standard scores, of which those of a row are correlated: standard error below 0.15
    assert 0.5 < np.mean(z**2) < 1.6
    pairs = [0, 1, 5]  # opposite orders are exact for what interacts in pairs
    np.testing.assert_allclose(found[0].values[:, pairs], EXACT.values[:, pairs], atol=1e-12)


def test_orders_are_added_until_the_tolerance_is_reached():
    wanted = shapley_values(model, X, BACKGROUND, method="sampling").standard_errors.max() / 3
    found = shapley_values(model, X, BACKGROUND, method="sampling", tolerance=wanted)
    assert 0 < found.standard_errors.max() <= wanted
    assert np.max(np.abs(found.values - EXACT.values)) < 5 * wanted


def test_a_keras_model_with_two_outputs_is_explained_in_both_ways():
    net = MLP((D, 4, 2), "tanh")
    exact = shapley_values(net, X, BACKGROUND)
    sampled = shapley_values(net, X, BACKGROUND, method="sampling", pairs=8)
    assert exact.values.shape == sampled.values.shape == (3, D, 2) and exact.base_value.shape == (2,)
    outputs = net.predict(X, verbose=0)
    np.testing.assert_allclose(exact.base_value + exact.values.sum(axis=1), outputs, atol=1e-5)
    np.testing.assert_allclose(sampled.values, exact.values, atol=5 * sampled.standard_errors.max() + 1e-5)
    by_function = shapley_values(lambda rows: net.predict(rows, verbose=0), X, BACKGROUND)
    np.testing.assert_allclose(by_function.values, exact.values, atol=1e-5)


def test_more_than_fifteen_features_are_sampled_and_a_single_row_will_do():
    w = rng.standard_normal(20)
    background = rng.standard_normal((30, 20))
    found = shapley_values(lambda rows: rows @ w, np.ones(20), background, progress=False)
    assert found.method == "sampling"
    np.testing.assert_allclose(found.values[0], w * (1 - background.mean(axis=0)), atol=1e-12)


def test_what_goes_together_is_named_and_what_is_constant_gets_nothing():
    twins = np.column_stack([BACKGROUND[:, 0], BACKGROUND[:, 0], np.ones(60)])
    with pytest.warns(CorrelatedFeaturesWarning, match="x0 and x1"), pytest.warns(ConstantFeaturesWarning, match="x2"):
        found = shapley_values(lambda rows: rows.sum(axis=1), twins[:2], twins)
    np.testing.assert_allclose(found.values[:, 2], 0, atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"background": BACKGROUND[:, :3]}, "background must have the 6 features of x"),
        ({"x": np.full((1, D), np.nan)}, "x must be finite"),
        ({"method": "guess"}, "method must be one of"),
        ({"x": np.ones((1, 16)), "background": np.ones((2, 16)), "method": "exact"}, "exact to 15 features"),
        ({"pairs": 1}, "pairs must be from 2"),
        ({"names": ("a",)}, "one for each of 6 features"),
        ({"model": lambda rows: rows[:, 0] * np.inf}, "finite predictions"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_input_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        shapley_values(**({"model": model, "x": X, "background": BACKGROUND} | changes))


def test_pictures_of_an_explanation():
    importance = EXACT.importance()
    assert str(EXACT) == str(importance)
    for figure in (
        figures.beeswarm(EXACT),
        figures.importance_bars(importance),
        figures.single_explanation(EXACT, 1, most=3),
        figures.partial_dependence_curve(partial_dependence(model, BACKGROUND, 0)),
    ):
        assert len(figure.axes) >= 1
    assert len(figures.single_explanation(EXACT, most=3).axes[0].patches) == 4  # three and the others


def test_diabetes_is_shared_as_the_literature_says(tmp_path):
    session = Session("breast_cancer", tmp_path, quick=True, console=Console(file=io.StringIO()))
    report, metrics = two_importances(session, datasets.diabetes())
    shares = dict(zip(report.names, np.round(report.values["LMG"], 4).tolist(), strict=True))
    assert shares == {
        "age": 0.0064, "sex": 0.0130, "bmi": 0.1517, "bp": 0.0728, "s1": 0.0168,
        "s2": 0.0134, "s3": 0.0466, "s4": 0.0464, "s5": 0.1167, "s6": 0.0338,
    }  # fmt: skip
    assert report.names[report.order("permutation")[0]] == "s1" and report.rank("LMG")[4] == 7
    assert all(metric.reached is not False for metric in metrics)
