"""What a run shows in the terminal: tables of claims and of key figures, and what the run stood on.

A *record* is the outcome of one claim or of one of its mutants, as `core.claims` makes it: `claim_id`, `section`,
`statement`, `mutant` (None for the claim itself), `status` ("holds", "fails", "refuted", "survives" or "error"),
`seconds`, `message`, and `verdicts`. A verdict is one comparison: `holds`, and `shown()`, which gives short texts
under the keys label, predicted, measured, tolerance and meaning (of the tolerance).
"""

import os
import platform
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

import mathdl_keras

NAME_WIDTH = 20
STATUS_STYLES = {
    "holds": "green",
    "refuted": "green",
    "fails": "bold red",
    "skipped": "yellow",
    "survives": "bold red",
    "error": "bold red",
}


@dataclass(frozen=True)
class Metric:
    """A measured figure and, where there is one, the target it was held against.

    Attributes:
        name: String, what was measured.
        value: Float, the measurement.
        unit: String, the unit; "", the default, for a pure number.
        target: String, the target, such as ">= 0.965"; "", the default, if there is none.
        reached: Boolean, whether the target was reached; `None`, the default, if there is none.
    """

    name: str
    value: float
    unit: str = ""
    target: str = ""
    reached: bool | None = None

    def shown(self) -> dict[str, str]:
        """The columns of a table, as short texts."""
        reached = "" if self.reached is None else "reached" if self.reached else "missed"
        value = f"{self.value:.4g} {self.unit}".rstrip()
        return {"metric": self.name, "value": value, "target": self.target, "": reached}


def metrics_table(metrics: Sequence[Metric]) -> Table:
    """A table of figures, with their targets if there are any."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("target", justify="right")
    table.add_column("")
    for metric in metrics:
        style = "red" if metric.reached is False else "green" if metric.reached else ""
        *figures, reached = metric.shown().values()
        table.add_row(*map(Text, figures), Text(reached, style))
    return table


def claims_table(records: Sequence[Any]) -> Table:
    """A table of claims: what was predicted, what was measured, and whether they agree.

    A claim with one comparison takes one row, without the comparison's label; one with several
    takes a row for its statement and one for each comparison. It fits a terminal of 100 columns.

    Args:
        records: Sequence of outcomes of claims, as the module's docstring says.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.caption = _caption(records)
    table.add_column("claim", style="bold", max_width=NAME_WIDTH, overflow="fold")
    table.add_column("section")
    table.add_column("what", overflow="fold")
    for heading in ("predicted", "measured", "tolerance"):
        table.add_column(heading, justify="right", min_width=8, max_width=14, overflow="fold")
    table.add_column("verdict", min_width=7)
    for record in records:
        for cells in _claim_rows(record):
            table.add_row(*cells)
    return table


def runs_table(records: Sequence[Any]) -> Table:
    """A table of many runs, of several seeds or of mutants: a row a run, with its worst comparison."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.caption = _caption(records)
    for heading in ("claim", "seed", "mutant", "worst"):
        table.add_column(heading, overflow="fold")
    for heading in ("predicted", "measured", "tolerance"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for record in records:
        worst = max(record.verdicts, key=lambda v: v.ratio, default=None)
        texts = (record.claim_id, str(record.seed), record.mutant or "", worst.shown()["label"] if worst else "")
        numbers = _figures(worst) if worst else [Text("")] * 3
        table.add_row(*map(Text, texts), *numbers, Text(record.status, STATUS_STYLES.get(record.status, "")))
    return table


def claims_summary(records: Sequence[Any]) -> str:
    """One line that counts the outcomes, such as "11 hold, 1 fails, 0 errors (3.2 s)"."""
    counts = Counter(record.status for record in records)
    words = [
        _count(counts["holds"], "holds", "hold"),
        _count(counts["fails"], "fails", "fail"),
        _count(counts["error"], "error", "errors"),
    ]
    if counts["refuted"] or counts["survives"]:
        words.append(_count(counts["refuted"], "mutant refuted", "mutants refuted"))
        words.append(_count(counts["survives"], "mutant survives", "mutants survive"))
    if counts["skipped"]:
        words.append(_count(counts["skipped"], "skipped", "skipped"))
    return f"{', '.join(words)} ({sum(record.seconds for record in records):.1f} s)"


def described(record: Any) -> str:
    """What a record is about: the claim's statement or, for a mutant, the mutant's name."""
    return record.statement if record.mutant is None else f"mutant {record.mutant}"


def environment() -> dict[str, str]:
    """What the run stood on: versions, backend, platform, cores.

    Reading it imports neither Keras nor a backend, so that one can still be chosen.

    Example:
        >>> environment()["mathdl_keras"] == mathdl_keras.__version__
        True
    """
    backend = _backend()
    versions = {"numpy": np.__version__, "keras": _version("keras")}
    return {
        "mathdl_keras": mathdl_keras.__version__,
        "python": platform.python_version(),
        **versions,
        "backend": f"{backend} {_version(backend)}" if backend else "not chosen yet",
        "platform": platform.platform(),
        "cores": str(os.cpu_count()),
    }


def _backend() -> str:
    if "keras" in sys.modules:
        return sys.modules["keras"].config.backend()
    return os.environ.get("KERAS_BACKEND", "")


def _version(name: str) -> str:
    if name in sys.modules:
        return sys.modules[name].__version__
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _caption(records: Sequence[Any]) -> Text:
    messages = [f"{record.claim_id}: {record.message}" for record in records if record.message]
    return Text("\n".join([claims_summary(records), *messages]), justify="left")


def _claim_rows(record: Any) -> list[list[Text]]:
    head = [Text(_folded(record.claim_id)), Text(record.section), Text(described(record))]
    status = Text(record.status, STATUS_STYLES.get(record.status, ""))
    if len(record.verdicts) == 1:
        return [[*head, *_figures(record.verdicts[0]), status]]
    blank = Text("")
    rows = [[*head, blank, blank, blank, status]]
    for verdict in record.verdicts:
        label = Text(f"  {verdict.shown()['label']}", "dim")
        outcome = "holds" if verdict.holds else "fails"
        style = STATUS_STYLES[outcome] if record.mutant is None else "dim"
        rows.append([blank, blank, label, *_figures(verdict), Text(outcome, style)])
    return rows


def _folded(claim_id: str) -> str:
    """The name on several lines, broken after underscores."""
    words = claim_id.replace("_", " ")
    lines = textwrap.wrap(words, NAME_WIDTH - 1, break_long_words=False, break_on_hyphens=False)
    return "_\n".join(lines).replace(" ", "_")


def _figures(verdict: Any) -> list[Text]:
    shown = verdict.shown()
    return [Text(shown[key]) for key in ("predicted", "measured", "tolerance")]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
