"""The chapters of the book: a static list, so that listing them imports nothing."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CHAPTERS", "Chapter", "UsageError", "find"]

FOLDER = Path(__file__).parents[1] / "chapters"


class UsageError(Exception):
    """A mistake in what the user asked for: shown as one line, exit status 2."""


@dataclass(frozen=True)
class Chapter:
    """A chapter or appendix of the book."""

    name: str
    title: str

    @property
    def ready(self) -> bool:
        """Whether the chapter can be run."""
        folder = FOLDER / self.name
        return any(path.exists() for path in (folder / "demo.py", folder / "demo" / "__init__.py"))

    @property
    def label(self) -> str:
        """As the book calls it: `Chapter 14` or `Appendix A`."""
        if self.name.startswith("app"):
            return f"Appendix {self.name[-1].upper()}"
        return f"Chapter {int(self.name[2:])}"


CHAPTERS = (
    Chapter("ch01", "Introduction"),
    Chapter("ch02", "Linear Regression"),
    Chapter("ch03", "Logistic Regression"),
    Chapter("ch04", "From the Perceptron Model to Kernels to Neural Networks"),
    Chapter("ch05", "Feed Forward Neural Networks"),
    Chapter("ch06", "Backpropagation"),
    Chapter("ch07", "Basics of Stochastic Gradient Descent"),
    Chapter("ch08", "Stochastic Gradient Descent for Multi-layer Networks"),
    Chapter("ch09", "Regularization and Dropout"),
    Chapter("ch10", "Batch Normalization"),
    Chapter("ch11", "Training, Validation, and Testing"),
    Chapter("ch12", "Feature Importance"),
    Chapter("ch13", "Recurrent Neural Networks for Sequential Data"),
    Chapter("ch14", "Convolution Neural Networks"),
    Chapter("ch15", "Variational Inference and Generative Models"),
    Chapter("ch16", "Universal Approximation Theorems"),
    Chapter("ch17", "Convergence Analysis of Gradient Descent"),
    Chapter("ch18", "Convergence Analysis of Stochastic Gradient Descent"),
    Chapter("ch19", "The Neural Tangent Kernel Regime"),
    Chapter("ch20", "Optimization in the Feature Learning Regime: Mean Field Scaling"),
    Chapter("ch21", "Reinforcement Learning"),
    Chapter("ch22", "Neural Differential Equations"),
    Chapter("ch23", "Distributed Training"),
    Chapter("ch24", "Automatic Differentiation"),
    Chapter("app_a", "Background Material in Probability"),
    Chapter("app_b", "Background Material in Analysis"),
)


def find(name: str) -> Chapter:
    """The chapter of that name, if it can be run.

    Raises:
        UsageError: If there is no such chapter, or it is not there yet.
    """
    for chapter in CHAPTERS:
        if chapter.name == name:
            break
    else:
        raise UsageError(f"chapter must be one of ch01 to ch24, app_a, app_b; received {name!r}")
    if not chapter.ready:
        ready = ", ".join(c.name for c in CHAPTERS if c.ready)
        raise UsageError(f"{chapter.label}, {chapter.title}, is not there yet; ready: {ready}")
    return chapter
