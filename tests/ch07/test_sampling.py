"""Minibatches: what an epoch holds, how often each sample comes, and the order in which `fit` sees them."""

import itertools

import keras
import numpy as np
import pytest
from scipy import stats

from mathdl_keras.chapters.ch07.models import ShallowNetwork
from mathdl_keras.chapters.ch07.sampling import MinibatchSampler, sample_minibatches


def test_an_epoch_without_replacement_is_a_permutation():
    sampler = MinibatchSampler(23, 5, seed=1)
    batches = sampler.epoch(0)
    assert [len(rows) for rows in batches] == [5, 5, 5, 5, 3] and sampler.steps_per_epoch == 5
    assert sorted(np.concatenate(batches)) == list(range(23))
    assert not np.array_equal(np.concatenate(batches), np.concatenate(sampler.epoch(1)))


def test_an_epoch_depends_on_seed_and_number_only():
    first, again, other = (MinibatchSampler(50, 7, seed=seed) for seed in (3, 3, 4))
    first.epoch(0)
    np.testing.assert_array_equal(np.concatenate(first.epoch(9)), np.concatenate(again.epoch(9)))
    assert not np.array_equal(np.concatenate(first.epoch(9)), np.concatenate(other.epoch(9)))


def test_iteration_goes_from_epoch_to_epoch():
    sampler = MinibatchSampler(4, 3, shuffle=False)
    assert [rows.tolist() for rows in itertools.islice(sampler, 5)] == [[0, 1, 2], [3], [0, 1, 2], [3], [0, 1, 2]]


def test_with_replacement_each_row_is_drawn_by_itself():
    sampler = MinibatchSampler(10, 4, replace=True)
    rows = np.concatenate([np.concatenate(sampler.epoch(k)) for k in range(300)])
    assert len(rows) == 3000
    assert stats.chisquare(np.bincount(rows, minlength=10)).pvalue > 1e-4
    pairs = np.bincount(10 * rows[:-1:2] + rows[1::2], minlength=100)  # a row and the next one: independent
    assert stats.chisquare(pairs).pvalue > 1e-4


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5])
def test_each_set_is_equally_likely(batch_size):
    rows = sample_minibatches(np.random.default_rng(0), 5, batch_size, (40, 100))
    assert rows.shape == (40, 100, batch_size) and rows.dtype == "int32"
    sets = [tuple(sorted(row)) for row in rows.reshape(-1, batch_size).tolist()]
    expected = list(itertools.combinations(range(5), batch_size))
    assert set(sets) == set(expected)
    assert len(expected) == 1 or stats.chisquare([sets.count(s) for s in expected]).pvalue > 1e-4


def test_draws_with_replacement_may_be_more_than_there_are_samples():
    rows = sample_minibatches(np.random.default_rng(0), 2, 7, (50,), replace=True)
    assert rows.shape == (50, 7) and set(rows.ravel()) == {0, 1}


def network():
    model = ShallowNetwork(3, 2, kernel_initializer=keras.initializers.GlorotUniform(1))
    model.compile(keras.optimizers.SGD(0.5))
    return model


def test_fit_sees_the_batches_of_the_sampler_epoch_after_epoch():
    """Three epochs of batches of 4, 4 and 2 out of 10, against one batch at a time."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((10, 2)).astype("float32"), rng.integers(2, size=10)
    sampler, by_fit, one_by_one = MinibatchSampler(10, 4, seed=2), network(), network()
    by_fit.fit(sampler.dataset(x, y), steps_per_epoch=3, epochs=3, shuffle=False, verbose=0)
    for rows in itertools.islice(sampler, 9):
        one_by_one.train_on_batch(x[rows], y[rows])
    for a, b in zip(by_fit.get_weights(), one_by_one.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_batch_i_of_the_dataset_is_that_of_its_epoch():
    sampler = MinibatchSampler(10, 4, seed=2)
    data = sampler.dataset(np.arange(10.0), np.arange(10))
    for index in (7, 0, 2, 11):
        x, y = data[index]
        np.testing.assert_array_equal(y, sampler.epoch(index // 3)[index % 3])
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: MinibatchSampler(10, 0), r"batch_size must be an integer in 1, ..., 10; received batch_size=0"),
        (lambda: MinibatchSampler(10, 11), "batch_size must be an integer in 1, ..., 10; received batch_size=11"),
        (lambda: MinibatchSampler(10, 2.5), "batch_size must be an integer"),
        (lambda: MinibatchSampler(0, 1), "samples must be an integer >= 1; received samples=0"),
        (lambda: MinibatchSampler(5, 2, replace=True, shuffle=False), "shuffle must be True with replace=True"),
        (
            lambda: sample_minibatches(np.random.default_rng(0), 3, 4, (2,)),
            "batch_size must be an integer in 1, ..., 3",
        ),
        (lambda: sample_minibatches(np.random.default_rng(0), 3, 0, (2,), True), "batch_size must be an integer >= 1"),
        (lambda: MinibatchSampler(3, 1).dataset(np.ones((4, 2)), np.ones(3)), r"x must have 3 rows; .* \(4, 2\)"),
        (lambda: MinibatchSampler(3, 1).dataset(np.ones((3, 2)), np.ones(4)), r"y must have 3 rows; .* \(4,\)"),
        (lambda: MinibatchSampler(1, 1).dataset(np.array([[np.nan]]), np.ones(1)), "x must be finite"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make()
    assert "\n" not in str(error.value)
