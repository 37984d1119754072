"""The exercises of chapter 6: right solutions pass, and each mistake that a student could make is seen."""

import numpy as np
import pytest
from scipy.special import expit

from mathdl_keras.chapters.ch06 import exercises
from mathdl_keras.chapters.ch06.exercises import activation_backward, optimal_fd_step, skip_backward
from mathdl_keras.core.exercises import discover

ALL = discover(exercises)


def backward(name, dH, Z, logistic=expit, edge=lambda Z: (Z > 0) & (Z < 1)):
    return dH * (logistic(Z) if name == "softplus" else edge(Z))


def by_quotient(Z):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(Z) / (1 + np.exp(Z))


def skip(dH, x, W, through=1.0, slope=lambda S: S * (1 - S), turn=np.transpose):
    delta = dH * slope(expit(x @ W))
    return through * dH + delta @ turn(W), x.T @ delta


RIGHT = [
    (activation_backward, backward),
    (skip_backward, skip),
    (optimal_fd_step, lambda eps: eps ** (1 / 3)),
    (optimal_fd_step, lambda eps: (3 * eps) ** (1 / 3)),
]
WRONG = {
    activation_backward: {
        "overflow": lambda *a: backward(*a, logistic=by_quotient),
        "slope alone": lambda name, dH, Z: backward(name, 1.0, Z),
        "softplus itself": lambda *a: backward(*a, logistic=lambda Z: np.logaddexp(0, Z)),
        "no upper edge": lambda *a: backward(*a, edge=lambda Z: Z > 0),
        "one number": lambda *a: backward(*a).sum(),
    },
    skip_backward: {
        "the skip forgotten": lambda *a: skip(*a, through=0.0),
        "the slope forgotten": lambda *a: skip(*a, slope=np.ones_like),
        "W not transposed": lambda *a: skip(*a, turn=lambda W: W),
        "dW transposed": lambda *a: (skip(*a)[0], skip(*a)[1].T),
        "dx only": lambda *a: skip(*a)[0],
    },
    optimal_fd_step: {
        "of forward differences": np.sqrt,
        "of a fourth order": lambda eps: eps ** (1 / 5),
        "a fixed step": lambda eps: 1e-5,
        "eps": lambda eps: eps,
        "zero": lambda eps: 0.0,
    },
}


@pytest.mark.parametrize(("task", "solution"), RIGHT, ids=lambda v: getattr(v, "name", ""))
def test_a_right_solution_passes(task, solution):
    outcome = task.check(solution)
    assert outcome, outcome.hint


@pytest.mark.parametrize(
    ("task", "mistake"),
    [pytest.param(task, mistake, id=f"{task.name}-{mistake}") for task in WRONG for mistake in WRONG[task]],
)
def test_a_wrong_solution_gets_a_hint(task, mistake):
    outcome = task.check(WRONG[task][mistake])
    assert not outcome
    assert outcome.hint and "\n" not in outcome.hint and "it raised" not in outcome.hint


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_every_exercise_says_what_to_do_and_survives_any_answer(task):
    assert len(task.task) > 60 and task.section.startswith("6.") and task.signature.startswith(f"{task.name}(")
    for empty in (lambda *arguments: None, lambda *arguments: [], lambda *arguments: "?", lambda: 0, None, 3):
        outcome = task.check(empty)
        assert not outcome and outcome.hint


def test_the_exercises_are_those_of_the_chapter():
    assert ALL == [activation_backward, skip_backward, optimal_fd_step]
