"""Separability by brute force, and the largest margin against a quadratic programme."""

import itertools

import numpy as np
import pytest
from scipy import optimize
from sklearn.svm import SVC

from mathdl_keras.core import datasets
from mathdl_keras.linear_model import is_separable, max_margin_direction

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
rng = np.random.default_rng(0)


def test_of_the_sixteen_functions_of_two_bits_two_are_not_separable():
    separable = {y: is_separable(CORNERS, y) for y in itertools.product((0, 1), repeat=4)}
    assert [y for y, yes in separable.items() if not yes] == [(0, 1, 1, 0), (1, 0, 0, 1)]


def test_in_one_dimension_separable_is_sorted():
    for y in itertools.product((0, 1), repeat=5):
        changes = sum(a != b for a, b in itertools.pairwise(y))
        assert is_separable(np.arange(5.0)[:, None], y) == (changes <= 1)
    assert not is_separable([[0.0], [0.0], [1.0]], [0, 1, 1]), "a tie is not separated"


def test_units_do_not_matter():
    data = datasets.breast_cancer()
    for x in (data.x, data.x * 10.0 ** rng.integers(-6, 6, 30) + 7):
        assert is_separable(x, data.y)
        assert not is_separable(x[:, [0, 1, 4]], data.y)


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_margin_is_that_of_a_quadratic_programme_and_of_an_svm(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((20, 3)) * [1, 10, 1]
    y = (x @ [1, -0.2, 0.5] > 0).astype("int64")
    w, signed = max_margin_direction(x, y), (2 * y - 1)[:, None] * x
    start = w / (signed @ w).min() * 1.5
    programme = optimize.minimize(
        lambda w: w @ w / 2, start, jac=lambda w: w, constraints={"type": "ineq", "fun": lambda w: signed @ w - 1}
    )
    np.testing.assert_allclose(w, programme.x / np.linalg.norm(programme.x), atol=1e-5)
    others = rng.standard_normal((1000, 3))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert (signed @ w).min() >= (others @ signed.T).min(axis=1).max()
    both = np.vstack([x, -x])  # symmetric, so that the intercept of the machine is zero
    machine = SVC(C=1e10, kernel="linear", tol=1e-8).fit(both, np.append(y, 1 - y))
    np.testing.assert_allclose(w, machine.coef_[0] / np.linalg.norm(machine.coef_), atol=1e-4)


def test_what_cannot_be_separated_has_no_margin():
    with pytest.raises(ValueError, match="y must be separable by a hyperplane through the origin"):
        max_margin_direction(CORNERS, [0, 1, 1, 0])
    with pytest.raises(ValueError, match="y must be separable"):
        max_margin_direction(np.zeros((2, 2)), [0, 1])


@pytest.mark.parametrize("function", [is_separable, max_margin_direction])
def test_bad_data_are_one_clear_line(function):
    for x, y, match in (
        (CORNERS * np.nan, [0, 0, 0, 1], "x must be finite"),
        (CORNERS, [0, 0, 0, 2], "y must hold labels 0 or 1; received 2"),
        (CORNERS, [0, 1], "y must have one row for each"),
        (CORNERS, np.zeros((4, 2)), r"y must have shape \(rows,\)"),
        (CORNERS[0], [0, 1], r"x must have shape \(rows, features\)"),
    ):
        with pytest.raises(ValueError, match=match):
            function(x, y)
