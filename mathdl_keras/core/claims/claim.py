"""A claim, its mutants, and where to find the claims of a chapter."""

import contextlib
import importlib
import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathdl_keras.core.claims.verdicts import ClaimError, ClaimSkipped, Verdict
from mathdl_keras.core.precision import float64

__all__ = ["Claim", "ClaimError", "ClaimSkipped", "claim", "discover"]


@dataclass(frozen=True)
class Claim:
    """A statement of the book as a seeded experiment.

    Attributes:
        function: Function `function(rng, **settings)` that returns a verdict or a sequence of them.
        section: String, the book's section, such as `14.2`.
        statement: String, one line that says what holds.
        refuted_by: Mapping from each mutant's name to the settings that make it wrong.
        precision: `"float64"` for a claim whose rounding verdicts must be float64, else `None`.
    """

    function: Callable
    section: str
    statement: str
    refuted_by: Mapping[str, Mapping[str, Any]]
    precision: str | None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def id(self) -> str:
        """Chapter and name, such as `ch14.matched_filter`."""
        _, _, place = self.function.__module__.rpartition("chapters.")
        return f"{place.partition('.')[0]}.{self.name}"

    def run(self, seed=0, mutant=None) -> tuple[Verdict, ...]:
        """The verdicts for one seed, of the claim itself or of one of its mutants."""
        rng = np.random.default_rng([seed, zlib.crc32(self.id.encode())])
        settings = {} if mutant is None else self.refuted_by[mutant]
        region = float64() if self.precision == "float64" else contextlib.nullcontext()
        with region:
            verdicts = self.function(rng, **settings)
        verdicts = (verdicts,) if isinstance(verdicts, Verdict) else tuple(verdicts)
        self._check(verdicts)
        return verdicts

    def _check(self, verdicts):
        if not verdicts or not all(isinstance(v, Verdict) for v in verdicts):
            raise ClaimError(f"{self.id} must return verdicts; received {verdicts!r}")
        for v in verdicts:
            if self.precision == "float64" and v.kind == "equals" and v.dtype != "float64":
                raise ClaimError(f"{self.id} must measure in float64; received {v.dtype} for {v.label!r}")


def claim(section, statement, *, refuted_by, precision=None):
    """Makes a function of a NumPy generator and keyword settings a claim.

    Args:
        section: String, the book's section, such as `14.2`.
        statement: String, one line that says what holds.
        refuted_by: Mapping from each mutant's name to keyword settings under which a verdict must fail.
        precision: `"float64"` to run in a float64 region and to insist that rounding verdicts are float64; `None` by
            default.

    Returns:
        A decorator whose result is a `Claim`.

    Raises:
        ClaimError: If there is no mutant, or a mutant changes a setting that the function does not have.
    """

    def decorate(function):
        settings = [p.name for p in inspect.signature(function).parameters.values() if p.kind == p.KEYWORD_ONLY]
        if not refuted_by:
            raise ClaimError(f"{function.__name__} must have a mutant that refutes it; received none")
        for mutant, changed in refuted_by.items():
            if not changed or not set(changed) <= set(settings):
                raise ClaimError(
                    f"mutant {mutant!r} of {function.__name__} must change some of {settings}; received {list(changed)}"
                )
        if precision not in (None, "float64"):
            raise ClaimError(f"precision must be None or 'float64'; received {precision!r}")
        return Claim(function, section, statement, refuted_by, precision)

    return decorate


def discover(chapter: str) -> list[Claim]:
    """The claims of a chapter, in the order of its `__all__`, else of its text; nothing registers itself."""
    module = importlib.import_module(f"mathdl_keras.chapters.{chapter}.claims")
    names = getattr(module, "__all__", vars(module))
    return [value for value in (getattr(module, name) for name in names) if isinstance(value, Claim)]
