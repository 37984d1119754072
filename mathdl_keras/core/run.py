"""Running a chapter: claims, demo, figures, report."""

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mathdl_keras.core import claims, figures, files, report
from mathdl_keras.core.chapters import Chapter, UsageError
from mathdl_keras.core.datasets import DatasetUnavailable
from mathdl_keras.core.demo import Results, Session
from mathdl_keras.core.exercises import discover as discover_exercises
from mathdl_keras.core.html import write_report

__all__ = ["listing", "run_chapter", "verify"]


def room(chapter: Chapter, name: str):
    """A module of the chapter."""
    return importlib.import_module(f"mathdl_keras.chapters.{chapter.name}.{name}")


def run_chapter(chapter: Chapter, options, console: Console) -> int:
    """What `python -m mathdl_keras.chapters.chNN` does; returns the exit status."""
    everything = options.only is None
    session = _session(chapter, options, console)
    console.print(f"[bold]{chapter.label}. {chapter.title}[/]  [dim]{report.environment()['backend']}[/]\n")
    records, results, paths = [], None, []
    if everything or options.only == "claims":
        chosen = _chosen(claims.discover(chapter.name), options.claim)
        records = verify(chosen, [options.seed], False, console)
        console.print(report.claims_table(records), "")
        paths.append(files.write_json(session.out / "claims.json", [r.as_dict() for r in records]))
    if everything or options.only == "demo":
        results = _demo(chapter, session)
        console.print(report.metrics_table(results.metrics), "")
    if options.only == "exercises":
        _print_exercises(chapter, console)
        return 0
    paths += _write(chapter, session, records, results)
    if results is not None:
        session.finish()
    console.print("saved " + ", ".join(p.name for p in paths) + f" in {escape(str(session.out))}", highlight=False)
    return 0 if all(r.good for r in records) else 1


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


def _write(chapter, session, records, results) -> list[Path]:
    """Figures, metrics.json and report.html of what was run."""
    drawn = {"claims": figures.claims_figure(_rows(records))} if records else {}
    if results is not None:
        drawn |= room(chapter, "figures").draw(results)
    settings = {"dataset": session.dataset, "seed": session.seed, "quick": session.quick}
    metrics = [] if results is None else list(results.metrics)
    data = {} if results is None else {d.name: f"{d.source}. Licence: {d.licence}" for d in results.data}
    paths = []
    if results is not None:
        payload = {"chapter": chapter.name, "settings": settings, "environment": report.environment(), "data": data}
        payload["metrics"] = {m.name: m.value if math.isfinite(m.value) else None for m in metrics}
        paths = [files.write_json(session.out / "metrics.json", payload)]
        paths += [session.out / "history.csv"] if session.history else []  # a demo may solve, and train nothing
    saved = figures.save(drawn, session.out)
    pictures = {path.stem: path for path in saved if path.suffix == ".svg"}
    title = f"{chapter.label}. {chapter.title}"
    page = write_report(session.out, title, settings, metrics, records, pictures, data)
    return [*paths, *saved, page]


def _rows(records):
    """One row a claim for the overview: its worst verdict. A bound that holds is no error, however close it comes."""
    rows = []
    for r in records:
        ratios = [v.ratio for v in r.verdicts if v.kind != "at_most" or not v.holds]
        if ratios:
            rows.append(SimpleNamespace(label=r.claim_id.partition(".")[2], ratio=max(ratios), holds=r.good))
    return rows


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
