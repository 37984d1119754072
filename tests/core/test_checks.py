"""`core.checks`: tables for direct solvers."""

import numpy as np
import pytest
from keras import ops

from mathdl_keras.core.checks import as_table, check_positive


def test_a_table_is_float64_with_targets_in_columns():
    x, y = as_table([[1, 2], [3, 4], [5, 6]], (0, 1, 1))
    assert x.dtype == y.dtype == np.float64 and x.shape == (3, 2) and y.shape == (3, 1)
    np.testing.assert_array_equal(as_table(ops.convert_to_tensor(x)), x)
    assert as_table(x, np.ones((3, 4)))[1].shape == (3, 4)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1.0, 2.0],), r"x must have shape \(rows, features\); received shape \(2,\)"),
        (([["a", "b"]],), "x must be an array of numbers; received list"),
        (([[1.0], [2.0, 3.0]],), "x must be an array of numbers; received list"),
        (([[np.inf]], [1.0]), "x must be finite; received 1 of 1"),
        (([[1.0]], [np.nan]), "y must be finite; received 1 of 1"),
        (([[1.0]], [1.0, 2.0]), r"y must have one row for each of the 1 rows of x; received shape \(2,\)"),
        (([[1.0]], np.ones((1, 1, 1))), r"y must have one row for each of the 1 rows of x; received shape"),
        ((np.ones((0, 2)),), r"x must not be empty; received shape \(0, 2\)"),
    ],
)
def test_errors_are_one_clear_line(arguments, match):
    with pytest.raises(ValueError, match=match) as error:
        as_table(*arguments)
    assert "\n" not in str(error.value)


def test_positive_integers_may_be_numpys():
    for value in (3, np.int64(3)):
        assert type(check_positive("n", value)) is int
    for value in (0, True, 1.0, "1", np.int64(0)):
        with pytest.raises(ValueError, match="n must be an integer >= 1; received n="):
            check_positive("n", value)


def test_values_whose_sum_overflows_are_finite():
    x = np.full((3, 1), np.finfo("float64").max)
    np.testing.assert_array_equal(as_table(x), x)
    with pytest.raises(ValueError, match="received 2 of 3 values"):
        as_table(np.array([[np.inf], [-np.inf], [1.0]]))
