"""Splitters against scikit-learn's, and what they refuse."""

import keras
import numpy as np
import pytest
from sklearn import model_selection as peer

from mathdl_keras.chapters.ch11.splits import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    StratifiedKFold,
    train_validation_test_split,
)

rng = np.random.default_rng(0)
LABELS = rng.choice(["a", "b", "c"], 61, p=[0.5, 0.3, 0.2])
GROUPS = np.repeat(rng.permutation(12), np.arange(1, 13))  # no two of one size


def same(ours, theirs):
    ours, theirs = list(ours), list(theirs)
    assert len(ours) == len(theirs)
    for pair, expected in zip(ours, theirs, strict=True):
        for a, b in zip(pair, expected, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("k", [2, 3, 7, 10])
@pytest.mark.parametrize("shuffle", [False, True])
def test_folds_are_scikit_learns(k, shuffle):
    seed = {"seed": 3} if shuffle else {}
    state = {"random_state": 3} if shuffle else {}
    x = np.zeros((61, 2))
    same(KFold(k, shuffle, **seed).split(x), peer.KFold(k, shuffle=shuffle, **state).split(x))
    same(
        StratifiedKFold(k, shuffle, **seed).split(x, LABELS),
        peer.StratifiedKFold(k, shuffle=shuffle, **state).split(x, LABELS),
    )


@pytest.mark.parametrize("k", [2, 5, 12])
def test_groups_and_single_samples_are_scikit_learns(k):
    x = np.zeros(len(GROUPS))
    same(GroupKFold(k).split(x, groups=GROUPS), peer.GroupKFold(k).split(x, groups=GROUPS))
    same(LeaveOneOut().split(x), peer.LeaveOneOut().split(x))


def test_no_group_is_on_both_sides():
    for train, validation in GroupKFold(4).split(GROUPS, groups=GROUPS):
        assert not set(GROUPS[train]) & set(GROUPS[validation])


def test_one_hot_rows_are_classes():
    numbers = np.unique(LABELS, return_inverse=True)[1]
    same(StratifiedKFold(4).split(LABELS, np.eye(3)[numbers]), StratifiedKFold(4).split(LABELS, LABELS))


def test_nests_and_tensors_have_rows():
    x = {"image": np.zeros((9, 2, 2)), "age": keras.ops.zeros((9,))}
    same(KFold(3).split(x), KFold(3).split(np.zeros(9)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KFold(1), "k must be an integer >= 2; received k=1"),
        (lambda: KFold(2.5), "k must be an integer"),
        (lambda: KFold(3, seed=1), "seed must be None without shuffle"),
        (lambda: list(KFold(8).split(np.zeros(7))), "at most the number of samples, 7; received k=8"),
        (lambda: list(LeaveOneOut().split(np.zeros(1))), "at most the number of samples, 1"),
        (lambda: list(KFold(2).split({"a": np.zeros(4), "b": np.zeros(5)})), "one number of rows"),
        (
            lambda: list(StratifiedKFold(3).split(np.zeros(5), list("aaabb"))),
            "a fold misses one; received 2 of class b",
        ),
        (lambda: list(StratifiedKFold(2).split(np.zeros(4))), "class of each of 4 samples; received None"),
        (lambda: list(StratifiedKFold(2).split(np.zeros(4), [0.1, 0.2, 0.3, 0.4])), "classes; received fractions"),
        (lambda: list(GroupKFold(3).split(np.zeros(4), groups=[1, 1, 2, 2])), "number of groups, 2; received k=3"),
        (lambda: list(GroupKFold(2).split(np.zeros(4))), "group of each of 4 samples; received None"),
        (lambda: train_validation_test_split(np.zeros(4), np.zeros(4), (0.5, 0.4)), "with sum 1"),
        (lambda: train_validation_test_split(np.zeros(4), np.zeros(4), (1.2, -0.2)), "positive"),
        (lambda: train_validation_test_split(np.zeros(3), np.zeros(3), (0.9, 0.05, 0.05)), "without samples"),
        (lambda: train_validation_test_split(np.zeros(3), np.zeros(4)), "one number of rows"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_parts_hold_every_sample_once_and_repeat():
    x = np.arange(50)
    parts = train_validation_test_split(x, 2 * x, (0.5, 0.3, 0.2), seed=1)
    assert [len(part) for part, _ in parts] == [25, 15, 10]
    assert sorted(np.concatenate([part for part, _ in parts])) == x.tolist()
    assert all(np.array_equal(b, 2 * a) for a, b in parts)
    same(parts, train_validation_test_split(x, 2 * x, (0.5, 0.3, 0.2), seed=1))
    assert not np.array_equal(parts[0][0], train_validation_test_split(x, x, (0.5, 0.3, 0.2), seed=2)[0][0])


def test_every_part_has_its_share_of_each_class():
    y = np.repeat([0, 1], [80, 20])
    for (_, part), size in zip(train_validation_test_split(y, y, stratify=y), (60, 20, 20), strict=True):
        assert len(part) == size and np.mean(part) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="without samples of class 1"):
        train_validation_test_split(y[:82], y[:82], stratify=y[:82])
