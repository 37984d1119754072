r"""Minibatches: which samples a step of stochastic gradient descent looks at (§7.3).

Of M samples a step takes B. Either B are drawn from the M anew, with or without replacement, and batches are
independent (`sample_minibatches`, the setting of the theory); or the M are shuffled and cut into batches, so that an
epoch sees each sample once (`MinibatchSampler`, the practice and Keras' `fit`).
"""

import functools
import itertools

import keras
import numpy as np

from mathdl_keras.core.checks import check_data

__all__ = ["MinibatchSampler", "sample_minibatches"]


class MinibatchSampler:
    r"""Row numbers of minibatches, epoch after epoch (§7.3).

    An epoch is M draws, in batches of B and one of the remainder. Epoch k depends on the seed and on k alone, so that a
    run can be repeated, or resumed anywhere.

    Args:
        samples: Integer, the number M of rows.
        batch_size: Integer B in 1, ..., M, the number of rows of a batch.
        replace: Boolean, whether each draw is from all M rows, so that an epoch misses a fraction :math:`(1-1/M)^M
            \approx 1/e`; False by default.
        shuffle: Boolean, whether the rows of an epoch come in a random order, True by default; False without
            replacement only.
        seed: Integer, seed of all epochs; 0 by default.

    Raises:
        ValueError: If `batch_size` is not in 1, ..., M, or rows are drawn with replacement and in order.

    Example:
        >>> sampler = MinibatchSampler(5, 2, shuffle=False)
        >>> [rows.tolist() for rows in sampler.epoch(0)], sampler.steps_per_epoch
        ([[0, 1], [2, 3], [4]], 3)
        >>> sorted(int(row) for rows in MinibatchSampler(5, 2, seed=3).epoch(7) for row in rows)
        [0, 1, 2, 3, 4]
    """

    def __init__(self, samples, batch_size, replace=False, shuffle=True, seed=0):
        check_batch_size(samples, batch_size, most=samples)
        if replace and not shuffle:
            raise ValueError("shuffle must be True with replace=True, which draws at random; received shuffle=False")
        self.samples, self.batch_size = int(samples), int(batch_size)
        self.replace, self.shuffle, self.seed = replace, shuffle, int(seed)

    @property
    def steps_per_epoch(self):
        """The number of batches of an epoch."""
        return -(-self.samples // self.batch_size)

    def epoch(self, number):
        """The batches of epoch 0, 1, ...: a list of integer arrays, the last one shorter if B does not divide M."""
        rng = np.random.default_rng([self.seed, number])
        rows = np.arange(self.samples, dtype="int32")
        if self.replace:
            rows = rng.integers(self.samples, size=self.samples, dtype="int32")
        elif self.shuffle:
            rows = rng.permutation(rows)
        return np.split(rows, range(self.batch_size, self.samples, self.batch_size))

    def __iter__(self):
        """All batches, without end."""
        return itertools.chain.from_iterable(map(self.epoch, itertools.count()))

    def dataset(self, x, y):
        """The batches `(x[rows], y[rows])`, epoch after epoch, as a `keras.utils.PyDataset` for `fit`.

        It has no end, so tell `fit` what an epoch is:
        `fit(sampler.dataset(x, y), steps_per_epoch=sampler.steps_per_epoch, epochs=3, shuffle=False)`.

        Raises:
            ValueError: If x and y do not have M rows, or hold NaN or an infinity.
        """
        return _Minibatches(self, x, y)


class _Minibatches(keras.utils.PyDataset):
    """Batch i is one of epoch i // steps_per_epoch: Keras, which reads some batches twice, cannot lose count."""

    num_batches = None  # without end; of a finite one Keras' `fit` would shuffle the batches once more

    def __init__(self, sampler, x, y):
        super().__init__()
        self.steps, self.epoch = sampler.steps_per_epoch, functools.lru_cache(maxsize=2)(sampler.epoch)
        self.arrays = np.asarray(x), np.asarray(y)
        for name, array in zip("xy", self.arrays, strict=True):
            check_data(array, name)
            if len(array) != sampler.samples:
                raise ValueError(f"{name} must have {sampler.samples} rows; received shape {array.shape}")

    def __getitem__(self, index):
        epoch, step = divmod(index, self.steps)
        return tuple(array[self.epoch(epoch)[step]] for array in self.arrays)


def sample_minibatches(rng, samples, batch_size, shape, replace=False):
    r"""Independent minibatches, each drawn from all M samples (§7.3).

    Without replacement each of the :math:`\binom MB` sets is equally likely. By Floyd's algorithm: B draws for a batch,
    however large M is.

    Args:
        rng: NumPy generator.
        samples: Integer, the number M of samples.
        batch_size: Integer, the number B of samples of a batch; at most M without replacement.
        shape: Tuple of integers, the shape of the array of batches, such as `(steps, replicas)`.
        replace: Boolean, whether a sample may come twice in a batch; False by default.

    Returns:
        An int32 array of shape `(*shape, B)`.

    Raises:
        ValueError: If `batch_size` is out of range.

    Example:
        >>> rows = sample_minibatches(np.random.default_rng(0), 10, 3, (1000, 5))
        >>> rows.shape, int(np.max(np.sum(rows[..., None] == np.arange(10), axis=2)))
        ((1000, 5, 3), 1)
    """
    check_batch_size(samples, batch_size, most=None if replace else samples)
    if replace:
        return rng.integers(samples, size=(*shape, batch_size), dtype="int32")
    rows = np.empty((batch_size, *shape), "int32")
    for i, last in enumerate(range(samples - batch_size, samples)):
        new = rng.integers(last + 1, size=shape, dtype="int32")
        taken = np.zeros(shape, bool)
        for row in rows[:i]:
            taken |= row == new
        rows[i] = np.where(taken, last, new)
    return np.ascontiguousarray(np.moveaxis(rows, 0, -1))


def check_batch_size(samples, batch_size, most):
    """Raises unless M >= 1 and 1 <= B <= `most` are integers."""
    if not isinstance(samples, int | np.integer) or samples < 1:
        raise ValueError(f"samples must be an integer >= 1; received samples={samples!r}")
    whole = isinstance(batch_size, int | np.integer)
    if not whole or batch_size < 1 or (most is not None and batch_size > most):
        wanted = "an integer >= 1" if most is None else f"an integer in 1, ..., {most}"
        raise ValueError(f"batch_size must be {wanted}; received batch_size={batch_size!r}")
