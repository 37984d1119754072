"""The exercises of all chapters: right solutions pass, and each mistake that a student could make gets a hint.

`RIGHT` and `WRONG` stand in each chapter's own tests, `tests/chNN/test_exercises.py`.
"""

import importlib
import importlib.util
import pathlib

import pytest

from mathdl_keras.core.chapters import CHAPTERS
from mathdl_keras.core.exercises import discover

TESTS = pathlib.Path(__file__).parent.parent


def load(chapter):
    """The module that tests the exercises of a chapter."""
    spec = importlib.util.spec_from_file_location(f"exercises_of_{chapter}", TESTS / chapter / "test_exercises.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULES = {chapter.name: load(chapter.name) for chapter in CHAPTERS if chapter.ready}
RIGHT = [
    pytest.param(task, solution, id=f"{chapter}-{task.name}-{k}")
    for chapter, module in MODULES.items()
    for k, (task, solution) in enumerate(module.RIGHT)
]
WRONG = [
    pytest.param(task, solution, id=f"{chapter}-{task.name}-{mistake}")
    for chapter, module in MODULES.items()
    for task, mistakes in module.WRONG.items()
    for mistake, solution in mistakes.items()
]
ALL = [
    pytest.param(chapter, task, id=f"{chapter}-{task.name}")
    for chapter, module in MODULES.items()
    for task in module.WRONG
]


@pytest.mark.parametrize(("task", "solution"), RIGHT)
def test_a_right_solution_passes(task, solution):
    outcome = task.check(solution)
    assert outcome, outcome.hint
    assert str(outcome) == f"{task.name}: correct"


@pytest.mark.parametrize(("task", "solution"), WRONG)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_solution_gets_a_hint(task, solution):
    outcome = task.check(solution)
    assert not outcome
    assert outcome.hint and "\n" not in outcome.hint
    assert "it raised" not in outcome.hint, "the check itself must judge what the solution returned"
    assert str(outcome) == f"{task.name}: not yet. {outcome.hint}"


@pytest.mark.parametrize(("chapter", "task"), ALL)
def test_every_exercise_says_what_to_do_and_survives_any_answer(chapter, task):
    number = chapter.removeprefix("ch").lstrip("0")
    assert len(task.task) > 60 and task.section.startswith(f"{number}.")
    assert task.signature.startswith(f"{task.name}(")
    for empty in (lambda *arguments: None, lambda *arguments: [], lambda *arguments: "?", lambda: 0, None, 3):
        outcome = task.check(empty)
        assert not outcome and outcome.hint


@pytest.mark.parametrize("chapter", MODULES)
def test_every_exercise_is_tried(chapter):
    tasks = discover(importlib.import_module(f"mathdl_keras.chapters.{chapter}.exercises"))
    assert tasks == list(dict.fromkeys(task for task, _ in MODULES[chapter].RIGHT)) == list(MODULES[chapter].WRONG)
