"""Running a chapter: claims, demo, figures, report."""

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mathdl_keras.core import claims, figures, files, report
from mathdl_keras.core.chapters import Chapter, UsageError
from mathdl_keras.core.datasets import DatasetUnavailable
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.exercises import discover as discover_exercises
from mathdl_keras.core.html import write_report

__all__ = ["Report", "RunOptions", "listing", "run_chapter", "verify"]


@dataclass(frozen=True)
class RunOptions:
    """What a user asks of a chapter.

    Attributes:
        out: Folder for results.
        seed: Integer, seed of all randomness.
        quick: Boolean, whether to use small sizes.
        resume: Boolean, whether to go on where an interrupted run stopped.
        dataset: Name of a data set of the chapter's demo; `None` for its first.
        only: `"claims"`, `"demo"`, `"exercises"`, or `None` for claims and demo.
        claim: Name of the only claim to verify; `None` for all.
    """

    out: Path
    seed: int = 0
    quick: bool = False
    resume: bool = False
    dataset: str | None = None
    only: str | None = None
    claim: str | None = None


@dataclass
class Report:
    """What was run, and what came out.

    Attributes:
        chapter: The chapter.
        settings: Dictionary of the settings that decide the numbers.
        records: Outcomes of claims.
        results: `Results` of the demo, or `None` where it was not run.
    """

    chapter: Chapter
    settings: dict
    records: list[claims.Record] = field(default_factory=list)
    results: Results | None = None

    @property
    def title(self) -> str:
        return f"{self.chapter.label}. {self.chapter.title}"

    @property
    def metrics(self) -> list[report.Metric]:
        return list(self.results.metrics) if self.results else []

    @property
    def sources(self) -> dict[str, str]:
        """From each data set to its source and licence."""
        data = self.results.data if self.results else ()
        return {d.name: f"{d.source}. Licence: {d.licence}" for d in data}

    def payload(self) -> dict:
        """What `metrics.json` holds; a number that is not finite is null."""
        return {
            "chapter": self.chapter.name,
            "settings": self.settings,
            "environment": report.environment(),
            "data": self.sources,
            "metrics": {m.name: m.value if math.isfinite(m.value) else None for m in self.metrics},
        }

    def figures(self) -> dict:
        """From each figure's name to the figure."""
        drawn = {"claims": figures.claims_figure(figures.bars(self.records))} if self.records else {}
        return drawn | (room(self.chapter, "figures").draw(self.results) if self.results else {})


def room(chapter: Chapter, name: str):
    """A module of the chapter."""
    return importlib.import_module(f"mathdl_keras.chapters.{chapter.name}.{name}")


def run_chapter(chapter: Chapter, options: RunOptions, console: Console) -> int:
    """What `python -m mathdl_keras.chapters.chNN` does; returns the exit status."""
    session = _session(chapter, options, console)
    console.print(f"[bold]{chapter.label}. {chapter.title}[/]  [dim]{report.environment()['backend']}[/]\n")
    if options.only == "exercises":
        _print_exercises(chapter, console)
        return 0
    settings = {"dataset": session.dataset, "seed": session.seed, "quick": session.quick}
    found, paths = Report(chapter, settings), []
    if options.only in (None, "claims"):
        chosen = _chosen(claims.discover(chapter.name), options.claim)
        found.records = verify(chosen, [options.seed], False, console)
        console.print(report.claims_table(found.records), "")
        paths.append(files.write_json(session.out / "claims.json", [r.as_dict() for r in found.records]))
    if options.only in (None, "demo"):
        found.results = _demo(chapter, session)
        console.print(report.metrics_table(found.results.metrics), "")
    paths += _write(found, session)
    if found.results is not None:
        session.finish()
    console.print("saved " + ", ".join(p.name for p in paths) + f" in {escape(str(session.out))}", highlight=False)
    return 0 if all(r.good for r in found.records) else 1


def _session(chapter, options, console):
    names = room(chapter, "demo").DATASETS
    dataset = options.dataset or names[0]
    if dataset not in names:
        raise UsageError(f"dataset must be one of {', '.join(names)}; received {dataset!r}")
    return Session(dataset, options.out, options.seed, options.quick, options.resume, console)


def _chosen(found: Sequence[claims.Claim], name: str | None) -> list[claims.Claim]:
    if name is None:
        return list(found)
    chosen = [c for c in found if name in (c.name, c.id)]
    if not chosen:
        raise UsageError(f"claim must be one of {', '.join(c.name for c in found)}; received {name!r}")
    return chosen


def verify(chosen, seeds, refute, console) -> list[claims.Record]:
    """Runs claims, and their mutants if asked, with a line of progress."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    records = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        for record in claims.verify(chosen, seeds, refute):
            records.append(record)
            progress.update(task, description=f"verifying: {record.claim_id} {record.status}")
    return records


def _demo(chapter, session) -> Results:
    try:
        return room(chapter, "demo").run(session)
    except DatasetUnavailable as error:
        raise UsageError(str(error)) from error


def _write(found: Report, session: Session) -> list[Path]:
    """metrics.json, figures and report.html of what was run."""
    paths = []
    if found.results is not None:
        paths = [files.write_json(session.out / "metrics.json", found.payload())]
        paths += [session.out / "history.csv"] if session.history else []  # a demo may solve, and train nothing
    saved = figures.save(found.figures(), session.out)
    pictures = {path.stem: path for path in saved if path.suffix == ".svg"}
    page = write_report(session.out, found.title, found.settings, found.metrics, found.records, pictures, found.sources)
    return [*paths, *saved, page]


def _print_exercises(chapter, console):
    where = f"mathdl_keras.chapters.{chapter.name}.exercises"
    for exercise in discover_exercises(room(chapter, "exercises")):
        console.print(f"[bold]{exercise.name}[/] (§{exercise.section})  {escape(exercise.signature)}")
        console.print(escape(exercise.task) + "\n", highlight=False)
    console.print(f"check yours with: from {where} import NAME; print(NAME.check(your_function))", highlight=False)


def listing(chapter: Chapter, console: Console) -> None:
    """Prints the claims and exercises of a chapter."""
    for c in claims.discover(chapter.name):
        console.print(f"[bold]{c.name}[/] (§{c.section}) {escape(c.statement)}", highlight=False)
        console.print(f"    refuted by: {', '.join(c.refuted_by)}", highlight=False)
    for e in discover_exercises(room(chapter, "exercises")):
        console.print(f"[bold]exercise {e.name}[/] (§{e.section}) {escape(e.signature)}", highlight=False)
