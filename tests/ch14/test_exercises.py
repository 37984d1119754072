"""The exercises of chapter 14: right solutions pass, and each mistake that a student could make is seen."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch14 import exercises
from mathdl_keras.chapters.ch14.exercises import conv_backward, dilated_output_size, filter_for_coloured_noise
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.core.exercises import Exercise, discover, exercise, expect, expect_close

ALL = discover(exercises)


def differentiated(delta, x, kernel):
    """The solution of 14.5: each kernel entry met the pixels of one shifted image."""
    dx, dkernel = np.zeros_like(x), np.zeros_like(kernel)
    _, rows, columns, _ = delta.shape
    for a, b in np.ndindex(*kernel.shape[:2]):
        met = np.s_[:, a : a + rows, b : b + columns]
        dkernel[a, b] = np.einsum("nijc,nijf->cf", x[met], delta)
        dx[met] += delta @ kernel[a, b].T
    return dx, dkernel


def with_tensors(delta, x, kernel):
    """The same from the definition of convolution in Keras: its transpose."""
    dx = ops.conv_transpose(delta, kernel, 1, "valid", data_format="channels_last")
    _, dkernel = differentiated(delta, x, kernel)
    return [dx, ops.convert_to_tensor(dkernel)]


def whitened(s, Sigma):
    """The solution of 14.2: whiten the noise; what is matched there is Sigma^-1 s here."""
    return np.linalg.solve(Sigma, s)


def windows(n, k, s, p, d):
    """The solution of 14.4: the kernel covers d(k-1) + 1 values."""
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


RIGHT = [
    (conv_backward, differentiated),
    (conv_backward, with_tensors),
    (filter_for_coloured_noise, whitened),
    (filter_for_coloured_noise, lambda s, Sigma: 7 * np.linalg.inv(Sigma) @ s),
    (filter_for_coloured_noise, lambda s, Sigma: list(whitened(s, Sigma))),
    (dilated_output_size, windows),
    (dilated_output_size, lambda n, k, s, p, d: len(range(0, n + 2 * p - d * (k - 1), s))),
]


def dx_of(delta, x, kernel):
    return differentiated(delta, x, kernel)[0]


def dk_of(delta, x, kernel):
    return differentiated(delta, x, kernel)[1]


def changed(change):
    """A wrong solution of 14.5: the right one, and then a mistake."""
    return lambda delta, x, kernel: change(*differentiated(delta, x, kernel))


WRONG = {
    conv_backward: {
        "unflipped kernel": lambda delta, x, K: (dx_of(delta, x, K[::-1, ::-1]), dk_of(delta, x, K)),
        "flipped dK": changed(lambda dx, dK: (dx, dK[::-1, ::-1])),
        "dK of the first image": lambda delta, x, K: (dx_of(delta, x, K), dk_of(delta[:1], x[:1], K)),
        "mean over the batch": changed(lambda dx, dK: (dx, dK / 2)),
        "dK for each image": lambda delta, x, K: (dx_of(delta, x, K), np.stack([dk_of(delta, x, K)] * 2)),
        "swapped": changed(lambda dx, dK: (dK, dx)),
        "dX 0.1 % too large": changed(lambda dx, dK: (1.001 * dx, dK)),
        "dK 0.1 % too large": changed(lambda dx, dK: (dx, 1.001 * dK)),
        "minus": changed(lambda dx, dK: (-dx, -dK)),
        "image and kernel themselves": lambda delta, x, K: (x, K),
        "dX shifted": changed(lambda dx, dK: (np.roll(dx, 1, axis=1), dK)),
        "dX alone": changed(lambda dx, dK: dx),
        "no dK": changed(lambda dx, dK: (dx, None)),
        "not finite": changed(lambda dx, dK: (dx, dK + np.nan)),
    },
    filter_for_coloured_noise: {
        "for white noise": lambda s, Sigma: s,
        "Sigma s": lambda s, Sigma: Sigma @ s,
        "- Sigma^-1 s": lambda s, Sigma: -whitened(s, Sigma),
        "Sigma^-1/2 s": lambda s, Sigma: np.linalg.solve(np.linalg.cholesky(Sigma), s),
        "variances only": lambda s, Sigma: s / np.diag(Sigma),
        "1 % of s added": lambda s, Sigma: whitened(s, Sigma) + 0.01 * s * np.abs(whitened(s, Sigma)).max(),
        "zero": lambda s, Sigma: 0 * s,
        "a matrix": lambda s, Sigma: np.linalg.inv(Sigma),
        "not finite": lambda s, Sigma: s / 0.0,
    },
    dilated_output_size: {
        "dilation ignored": lambda n, k, s, p, d: (n + 2 * p - k) // s + 1,
        "ceiling": lambda n, k, s, p, d: -((d * (k - 1) + 1 - n - 2 * p) // s) + 1,
        "one too many": lambda n, k, s, p, d: windows(n, k, s, p, d) + 1,
        "one too few": lambda n, k, s, p, d: windows(n, k, s, p, d) - 1,
        "kernel of d k": lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1,
        "padding on one side": lambda n, k, s, p, d: (n + p - d * (k - 1) - 1) // s + 1,
        "stride ignored": lambda n, k, s, p, d: windows(n, k, 1, p, d),
        "true division": lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) / s + 1,
        "always one": lambda n, k, s, p, d: 1,
    },
}


def unfinished(*arguments):
    raise NotImplementedError("to do\nsoon")


def erased(delta, x, kernel):
    delta[...] = 0
    return 0 * x, 0 * kernel


def whitewashed(s, Sigma):
    Sigma[...] = np.eye(s.size)
    return s


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_what_a_solution_raises_is_a_hint(task):
    assert task.check(unfinished).hint == "it raised NotImplementedError: to do"
    assert "takes 0 positional arguments" in task.check(lambda: 0).hint
    assert task.check(None).hint == f"expected a function {task.signature}; received None"


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [conv_backward, filter_for_coloured_noise, dilated_output_size]


@pytest.mark.parametrize(("task", "solution"), [(conv_backward, erased), (filter_for_coloured_noise, whitewashed)])
def test_a_solution_cannot_overwrite_what_it_is_compared_with(task, solution):
    outcome = task.check(solution)
    assert not outcome and "it raised" not in outcome.hint


def test_our_derivative_is_that_of_automatic_differentiation():
    rng = np.random.default_rng(0)
    x, K = rng.standard_normal((2, 7, 6, 2)).astype("float32"), rng.standard_normal((2, 3, 2, 3)).astype("float32")
    z, pullback = vjp(lambda p: ops.conv(p[0], p[1], 1, "valid", data_format="channels_last"), (x, K))
    delta = rng.standard_normal(z.shape).astype("float32")
    # sums of at most 2 * 36 terms of order one
    for hand, auto in zip(differentiated(delta, x, K), pullback(ops.convert_to_tensor(delta)), strict=True):
        np.testing.assert_allclose(hand, ops.convert_to_numpy(auto), atol=72 * 72 * 2.0**-24)


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1)])
def test_our_sizes_are_those_of_keras(stride, dilation):
    for n, k in [(7, 1), (7, 3), (12, 2), (12, 4)]:
        layer = keras.layers.Conv1D(1, k, strides=stride, dilation_rate=dilation)
        assert layer.compute_output_shape((1, n, 1))[1] == windows(n, k, stride, 0, dilation)


def test_an_exercise_needs_a_task():
    with pytest.raises(ValueError, match="exercise silent must have a docstring"):

        @exercise("1.1", "silent() -> None")
        def silent(solution):
            pass


def test_expect_judges_by_its_condition_and_gives_its_hint():
    @exercise("1.1", "two() -> int")
    def two(solution):
        """Return 2."""
        expect(solution() == 2, "1 + 1")

    assert isinstance(two, Exercise) and two.task == "Return 2."
    assert two.check(lambda: 2)
    assert two.check(lambda: 3).hint == "1 + 1"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([1.0, 2.0], None),
        ([1.0, 2.0 + 9e-6], None),
        ([1.0, 2.0 + 2e-5], "wrong"),
        ([1.0, -2.0], "wrong"),
        ([1.0], "shape (1,), expected (2,). wrong"),
        ([[1.0, 2.0]], "shape (1, 2), expected (2,). wrong"),
        ([1.0, np.nan], "not all finite. wrong"),
        ([1.0, np.inf], "not all finite. wrong"),
        (None, "it returned None. wrong"),
    ],
)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_expect_close_compares_shapes_and_values(answer, hint, as_tensor):
    @exercise("1.1", "pair() -> array")
    def pair(solution):
        """Return (1, 2)."""
        expect_close(solution(), [1.0, 2.0], "wrong")

    if as_tensor and answer is not None:
        answer = ops.convert_to_tensor(answer, dtype="float32")
    outcome = pair.check(lambda: answer)
    assert outcome.passed == (hint is None)
    assert outcome.hint == (hint or "")
