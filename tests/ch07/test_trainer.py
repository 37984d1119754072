"""Define-by-run and define-and-run: the same results, a different number of times that Python runs the step."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch07.growth import insert_identity_layer, mlp_apply
from mathdl_keras.chapters.ch07.models import ShallowNetwork
from mathdl_keras.chapters.ch07.sampling import MinibatchSampler
from mathdl_keras.chapters.ch07.shallow_gradients import shallow_gradients
from mathdl_keras.chapters.ch07.steps import sgd_step
from mathdl_keras.chapters.ch07.trainer import StepLoop
from mathdl_keras.core.autodiff import vjp
from mathdl_keras.losses import CategoricalCrossentropy

rng = np.random.default_rng(0)
X = rng.standard_normal((20, 2)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype("int64")
THETA = [rng.standard_normal(s).astype("float32") for s in ((6, 2), (6,), (2, 6), (2,))]
TRACES = keras.backend.backend() != "torch"  # PyTorch runs a compiled function as it is


def numpy(x):
    return ops.convert_to_numpy(x)


def shallow_step(theta, x, y):
    loss, gradients = shallow_gradients(theta, x, y)
    return sgd_step(theta, gradients, 0.1), loss


def deep_step(theta, x, y):
    """A ReLU network of any depth, differentiated automatically."""
    mean_loss = lambda theta: ops.mean(CategoricalCrossentropy(True).call(ops.one_hot(y, 2), mlp_apply(theta, x)))  # noqa: E731
    loss, pullback = vjp(mean_loss, list(theta))
    return sgd_step(theta, pullback(ops.ones_like(loss)), 0.1), loss


def test_both_loops_and_fit_take_the_same_steps():
    sampler = MinibatchSampler(20, 5, seed=1)
    runs = {jit: StepLoop(sampler, shallow_step, jit_compile=jit) for jit in (False, True)}
    ends = {jit: trainer.fit(THETA, X, Y, epochs=3) for jit, trainer in runs.items()}
    model = ShallowNetwork(6, 2)
    model.build((None, 2))
    model.set_weights(THETA)
    model.compile(keras.optimizers.SGD(0.1))
    model.fit(sampler.dataset(X, Y), steps_per_epoch=4, epochs=3, shuffle=False, verbose=0)
    for theta, losses in ends.values():
        assert len(losses) == 12 and all(isinstance(loss, float) for loss in losses)
        for mine, theirs in zip(theta, model.get_weights(), strict=True):
            np.testing.assert_allclose(numpy(mine), theirs, atol=1e-6)
    np.testing.assert_allclose(ends[True][1], ends[False][1], rtol=1e-5)


def test_python_runs_the_step_once_a_batch_or_once_in_all():
    for jit, runs in ((False, 12), (True, 1 if TRACES else 12)):
        trainer = StepLoop(MinibatchSampler(20, 5), shallow_step, jit_compile=jit)
        trainer.fit(THETA, X, Y, epochs=3)
        assert trainer.python_runs == runs


def test_a_shorter_last_batch_is_another_trace():
    trainer = StepLoop(MinibatchSampler(20, 8), shallow_step, jit_compile=True)
    trainer.fit(THETA, X, Y, epochs=3)
    assert trainer.python_runs == (2 if TRACES else 9)


def test_training_goes_on_with_the_next_epoch():
    at_once, in_parts = (StepLoop(MinibatchSampler(20, 5, seed=3), shallow_step) for _ in range(2))
    seen = []
    expected, losses = at_once.fit(THETA, X, Y, epochs=3, callback=lambda epoch, theta: seen.append((epoch, theta)))
    theta, first = in_parts.fit(THETA, X, Y, epochs=1)
    theta, rest = in_parts.fit(theta, X, Y, epochs=2)
    assert [epoch for epoch, _ in seen] == [1, 2, 3] and in_parts.epochs == 3 and first + rest == losses
    for a, b, c in zip(theta, expected, seen[-1][1], strict=True):
        np.testing.assert_array_equal(numpy(a), numpy(b))
        np.testing.assert_array_equal(numpy(b), numpy(c))


def test_the_deep_network_is_its_formula():
    W1, b1, W2, b2 = THETA
    C = rng.standard_normal((1, 2)).astype("float32")
    hidden = np.maximum(np.maximum(X @ W1.T + b1, 0) @ W2.T + b2, 0)
    np.testing.assert_allclose(numpy(mlp_apply([*THETA, C, b1[:1]], X)), hidden @ C.T + b1[:1], atol=1e-5)


@pytest.mark.parametrize("after", [1, 2])
def test_a_new_layer_changes_nothing_at_first(after):
    deep = insert_identity_layer(insert_identity_layer(THETA), after)
    assert [t.shape[0] for t in deep[::2]] == [6, 6, 6, 2]
    np.testing.assert_allclose(numpy(mlp_apply(deep, X)), numpy(mlp_apply(THETA, X)), atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_network_grows_between_two_steps(jit_compile):
    """The loss does not jump; the compiled step is traced once more; the new layer learns."""
    trainer = StepLoop(MinibatchSampler(20, 20, shuffle=False), deep_step, jit_compile=jit_compile)
    theta, before = trainer.fit(THETA, X, Y, epochs=4)
    grown = insert_identity_layer(theta)
    expected = float(numpy(deep_step(theta, X, Y)[1]))
    theta, after = trainer.fit(grown, X, Y, epochs=4)
    assert after[0] == pytest.approx(expected, rel=1e-5)
    assert before[-1] > after[0] > after[-1]
    assert np.abs(numpy(theta[2]) - np.eye(6)).max() > 1e-3
    assert trainer.python_runs == (2 if jit_compile and TRACES else 8)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda t: t.fit(THETA, X[:7], Y), r"array 1 must have 20 rows; received shape \(7, 2\)"),
        (lambda t: t.fit(THETA, X, Y[:7]), r"array 2 must have 20 rows; received shape \(7,\)"),
        (lambda t: t.fit(THETA, X * np.nan, Y), "array 1 must be finite"),
        (lambda t: t.fit(THETA, X, Y, epochs=-1), "epochs must be an integer >= 0; received epochs=-1"),
        (lambda t: insert_identity_layer(THETA, 2), "after must be a hidden layer, 1, ..., 1; received after=2"),
        (lambda t: insert_identity_layer(THETA[2:], 1), "after must be a hidden layer"),
        (lambda t: mlp_apply(THETA[:3], X), "a matrix and a bias for each layer; received 3 tensors"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make(StepLoop(MinibatchSampler(20, 5), shallow_step))
    assert "\n" not in str(error.value)
