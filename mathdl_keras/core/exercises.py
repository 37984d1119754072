"""Exercises with automatic checks.

A chapter declares an exercise as a function that *checks* a solution; its docstring is the task. The solution itself
lives with the student (and, for ours, in the tests):

```python
@exercise("14.8", "output_size(n, k, s, p, d) -> int")
def dilated_output_size(solution):
    \"\"\"Give the output size of a convolution with dilation d.\"\"\"
    expect(solution(7, 3, 1, 0, 2) == 3, "a 3-kernel dilated by 2 covers 5 samples: 7 - 5 + 1 = 3")
```

and a student writes `dilated_output_size.check(my_output_size)`.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

__all__ = ["Exercise", "Outcome", "discover", "exercise", "expect", "expect_close"]


class WrongAnswer(Exception):
    """What a check found wrong, as a hint for the student."""


@dataclass(frozen=True)
class Outcome:
    """The result of a check: whether it passed, and a hint if not."""

    exercise: str
    passed: bool
    hint: str

    def __str__(self):
        return f"{self.exercise}: {'correct' if self.passed else 'not yet. ' + self.hint}"

    def __bool__(self):
        return self.passed


@dataclass(frozen=True)
class Exercise:
    """A task with a check.

    Attributes:
        checker: `checker(solution)`, which raises through `expect` where the solution is wrong.
        section: The book's section.
        signature: The head of the function to write.
    """

    checker: Callable
    section: str
    signature: str

    @property
    def name(self) -> str:
        return self.checker.__name__

    @property
    def task(self) -> str:
        """What to do, for the student."""
        return inspect.cleandoc(self.checker.__doc__ or "")

    def _repr_markdown_(self) -> str:
        """The task, as a notebook shows it."""
        text = re.sub(r":math:`([^`]*)`", r"$\1$", self.task)
        return f"**{self.name}** (§{self.section}): `{self.signature}`\n\n{text}"

    def check(self, solution: Callable) -> Outcome:
        """Checks a solution; whatever it raises is reported as a hint, not as a traceback."""
        if not callable(solution):
            return Outcome(self.name, False, f"expected a function {self.signature}; received {solution!r}")
        try:
            self.checker(solution)
        except WrongAnswer as wrong:
            return Outcome(self.name, False, str(wrong))
        except Exception as error:  # a solution may fail in any way
            return Outcome(self.name, False, f"it raised {type(error).__name__}: {error}".splitlines()[0])
        return Outcome(self.name, True, "")


def exercise(section: str, signature: str):
    """Makes a checking function an `Exercise`; its docstring is the task."""

    def decorate(checker):
        if not checker.__doc__:
            raise ValueError(f"exercise {checker.__name__} must have a docstring, its task")
        return Exercise(checker, section, signature)

    return decorate


def discover(module) -> list[Exercise]:
    """The exercises of a module, in the order of its text."""
    return [value for value in vars(module).values() if isinstance(value, Exercise)]


def expect(condition, hint: str) -> None:
    """Passes if the condition is true; otherwise the hint is what the student reads."""
    if not condition:
        raise WrongAnswer(hint)


def expect_close(answer, expected, hint: str, tolerance: float = 1e-5) -> None:
    """Passes if `answer` has the shape of `expected` and is finite and within `tolerance` of it everywhere."""
    expect(answer is not None, f"it returned None. {hint}")
    answer = np.asarray(ops.convert_to_numpy(answer), "float64")
    expected = np.asarray(ops.convert_to_numpy(expected), "float64")
    expect(answer.shape == expected.shape, f"shape {answer.shape}, expected {expected.shape}. {hint}")
    expect(np.all(np.isfinite(answer)), f"not all finite. {hint}")
    expect(np.max(np.abs(answer - expected), initial=0) <= tolerance, hint)
