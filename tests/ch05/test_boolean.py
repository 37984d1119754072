"""Truth tables, networks for them, and threshold functions, against counting in Python."""

import itertools

import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch05.boolean import boolean_inputs, parity_network, truth_table, truth_table_network
from mathdl_keras.chapters.ch05.thresholds import is_threshold_function, threshold_functions, threshold_weights

MAJORITY = [0, 0, 0, 1, 0, 1, 1, 1]


@pytest.mark.parametrize("D", [1, 3])
def test_rows_are_counted_in_binary(D):
    assert boolean_inputs(D).tolist() == [list(row) for row in itertools.product([0, 1], repeat=D)]
    assert boolean_inputs(D).dtype == "float32"


@pytest.mark.parametrize("activation", ["relu", "clip"])
def test_a_network_for_each_table_has_one_unit_for_each_true_row(activation):
    for table in (MAJORITY, [1, 0, 0, 0, 0, 0, 0, 1], [0] * 8, [1] * 8):
        model = truth_table_network(table, activation)
        assert truth_table(model, 3).tolist() == table
        assert model.widths == (3, max(sum(table), 1), 1)
        assert all(np.all(w == np.rint(w)) for w in model.get_weights())


def test_several_functions_share_their_minterms():
    tables = np.array([[0, 0, 0, 1], [0, 1, 1, 1]]).T  # AND, OR
    model = truth_table_network(tables)
    assert model.widths == (2, 3, 2)
    np.testing.assert_array_equal(truth_table(model, 2), tables)


def test_with_clipping_values_stay_between_0_and_1():
    x = np.random.default_rng(5).uniform(-2, 3, (200, 3)).astype("float32")
    relu, clip = (ops.convert_to_numpy(truth_table_network(MAJORITY, sigma)(x)) for sigma in ("relu", "clip"))
    assert clip.min() >= 0 and clip.max() <= 1 < relu.max()


@pytest.mark.parametrize("D", [1, 2, 7])
def test_parity(D):
    model = parity_network(D)
    assert model.widths == (D, D, 1)
    assert truth_table(model, D).tolist() == [k.bit_count() % 2 for k in range(2**D)]


def test_integer_weights_do_what_the_table_says():
    rows = boolean_inputs(3).astype(int)
    for k in range(0, 256, 5):
        table = [int(c) for c in f"{k:08b}"]
        found = threshold_weights(table)
        if found is not None:
            w, b = found
            assert w.dtype.kind == "i" and isinstance(b, int)
            assert (rows @ w + b > 0).astype(int).tolist() == table
        assert is_threshold_function(table) == (found is not None)


def test_threshold_functions_of_two_bits_are_all_but_xor_and_its_negation():
    found = {tuple(t) for t in threshold_functions(2, 1).tolist()}
    assert set(itertools.product([0, 1], repeat=4)) - found == {(0, 1, 1, 0), (1, 0, 0, 1)}


def test_threshold_functions_of_more_bits():
    assert is_threshold_function(MAJORITY)
    assert not is_threshold_function(truth_table(parity_network(3), 3))
    weighted = boolean_inputs(6) @ [9, 7, 5, 3, 2, 1] > 13.5  # needs weights of several sizes
    w, b = threshold_weights(weighted)
    np.testing.assert_array_equal(boolean_inputs(6) @ w + b > 0, weighted)
    assert not is_threshold_function(weighted != (boolean_inputs(6).sum(axis=1) == 6))


def test_all_threshold_functions_of_three_bits_have_weights_up_to_two():
    assert len(threshold_functions(3, 2)) == len(threshold_functions(3, 3)) == 104


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: boolean_inputs(0), "D must be an integer from 1 to 20; received D=0"),
        (lambda: boolean_inputs(2.0), "D must be an integer from 1 to 20"),
        (lambda: parity_network(21), "D must be an integer from 1 to 20"),
        (
            lambda: truth_table(lambda x: x[:2], 2),
            r"model must return shape \(4,\) or \(4, K\); received shape \(2, 2\)",
        ),
        (
            lambda: truth_table_network([0, 1, 1]),
            r"table must hold 0 or 1 for each of 2\^D rows.*received shape \(3,\)",
        ),
        (lambda: truth_table_network([0, 1, 2, 0]), "table must hold 0 or 1"),
        (lambda: truth_table_network([]), "table must hold 0 or 1"),
        (lambda: truth_table_network([1]), "table must hold 0 or 1"),
        (lambda: truth_table_network(1), "table must hold 0 or 1"),
        (lambda: truth_table_network([0, 1, np.nan, 0]), "table must hold 0 or 1"),
        (lambda: truth_table_network([0, 1], "tanh"), "activation must be relu or clip; received activation='tanh'"),
        (lambda: threshold_weights(np.eye(4)), "table must be of one function; received 4"),
        (
            lambda: threshold_functions(5, 2),
            "D must be from 1 to 4 and largest an integer >= 1; received D=5, largest=2",
        ),
        (lambda: threshold_functions(2, 0), "largest an integer >= 1"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make()
    assert "\n" not in str(error.value)
