"""The command line: `mathdl`, `python -m mathdl_keras` and `python -m mathdl_keras.chapters.chNN`.

Arguments are read, and the backend set, before anything imports Keras: `--help` and `list` load no backend.
Exit status: 0 when all claims hold; 1 when one fails; 2 on bad usage, with one line that says what was expected.
"""

import argparse
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

from mathdl_keras import __version__
from mathdl_keras.core.backend import BACKENDS, choose
from mathdl_keras.core.chapters import CHAPTERS, UsageError, find

__all__ = ["chapter_main", "main"]


class Parser(argparse.ArgumentParser):
    """argparse, with one line on an error."""

    def error(self, message):
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv=None) -> int:
    """`mathdl`: list, run, verify, data, doctor."""
    return _guarded(lambda: _main(argv))


def chapter_main(name: str, argv=None) -> int:
    """`python -m mathdl_keras.chapters.NAME`."""
    return _guarded(lambda: _chapter(name, _chapter_parser(name).parse_args(argv)))


def _guarded(command) -> int:
    """Runs a command; a user's mistake is one line and status 2, an interruption one line and 130."""
    try:
        return command()
    except UsageError as mistake:
        print(f"mathdl: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mathdl: interrupted; what was finished is kept, --resume goes on from there", file=sys.stderr)
        return 130


def _main(argv) -> int:
    parser = Parser("mathdl", description="The book's algorithms and claims, on your machine.")
    parser.add_argument("--version", action="version", version=f"mathdl_keras {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("list", help="the chapters, and which are ready")
    run = commands.add_parser("run", help="run a chapter: its claims, then its demo")
    run.add_argument("chapter", help="ch01 to ch24, app_a or app_b")
    _add_chapter_options(run)
    _add_verify_options(commands.add_parser("verify", help="verify claims, and refute their mutants"))
    commands.add_parser("data", help="the data sets, their sources and licences")
    commands.add_parser("doctor", help="versions, backends, precision, cores and GPUs of this machine")
    options = parser.parse_args(argv)
    return _COMMANDS[options.command](options)


def _chapter_parser(name) -> Parser:
    title = next(f"{c.label}. {c.title}" for c in CHAPTERS if c.name == name)
    parser = Parser(f"python -m mathdl_keras.chapters.{name}", description=title)
    _add_chapter_options(parser)
    return parser


def _add_backend(parser):
    help_ = "Keras' backend (default: KERAS_BACKEND, keras.json, or the first one installed)"
    parser.add_argument("--backend", metavar="|".join(BACKENDS), help=help_)


def _add_chapter_options(parser):
    add = parser.add_argument
    _add_backend(parser)
    add("--quick", action="store_true", help="small sizes: the same computation in seconds")
    add("--seed", type=_count_from(0), default=0, metavar="N", help="of all randomness (default: 0)")
    add("--out", type=Path, metavar="DIR", help="where results go (default: results/chNN)")
    add("--dataset", metavar="NAME", help="another data set for the demo")
    add("--only", choices=("claims", "demo", "exercises"), help="only this part")
    add("--claim", metavar="NAME", help="only this claim")
    add("--list", action="store_true", help="list the chapter's claims and exercises, run nothing")
    add("--resume", action="store_true", help="go on with a training that was interrupted")


def _add_verify_options(parser):
    add = parser.add_argument
    add("chapters", nargs="*", metavar="chNN", help="default: all chapters that are ready")
    _add_backend(parser)
    add("--all", action="store_true", help="all chapters that are ready")
    add("--refute", action="store_true", help="also run the mutants, which must fail")
    add("--seeds", type=_count_from(1), default=1, metavar="K", help="run each claim with K seeds (default: 1)")
    add("--seed", type=_count_from(0), default=0, metavar="N", help="the first seed (default: 0)")
    add("--json", type=Path, metavar="FILE", help="write the ledger of all runs")


def _count_from(least):
    def count(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be an integer >= {least}; received {text!r}")
        return int(text)

    return count


def _chapter(name, options) -> int:
    chapter = find(name)
    if options.claim:
        if options.only not in (None, "claims"):
            raise UsageError(f"--claim goes with --only claims; received --only {options.only}")
        options.only = "claims"
    out = _writable(options.out or Path("results") / name)
    console = _start(options.backend)
    from mathdl_keras.core import run

    if options.list:
        run.listing(chapter, console)
        return 0
    chosen = {name: getattr(options, name) for name in ("seed", "quick", "resume", "dataset", "only", "claim")}
    return run.run_chapter(chapter, run.RunOptions(out, **chosen), console)


def _start(backend):
    """Sets the backend and imports Keras, without the lines that TensorFlow's C++ prints while it loads."""
    choose(backend)
    warnings.filterwarnings("ignore", message="__array__ implementation doesn't accept a copy")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    return _console()


def _console():
    """A terminal; a file or a pipe is given the width of a wide one."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120)


def _writable(folder: Path) -> Path:
    """The folder, if files can be written in it; nothing is left behind, and it is made only when needed."""
    folder = folder.expanduser().absolute()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        if not existing.is_dir():
            raise NotADirectoryError(f"{existing} is not a folder")
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise UsageError(f"out must be a folder that can be written; received {folder} ({error})") from error
    return folder


def _list(options) -> int:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "chapter", "title", ""):
        table.add_column(heading)
    for c in CHAPTERS:
        state = "[green]ready[/]" if c.ready else "[dim]not there yet[/]"
        table.add_row(c.name, c.label, c.title, state)
    _console().print(table)
    return 0


def _verify(options) -> int:
    names = options.chapters or [c.name for c in CHAPTERS if c.ready]
    if options.chapters and options.all:
        raise UsageError(f"--all and chapters exclude each other; received --all {' '.join(options.chapters)}")
    chapters = [find(name) for name in names]
    if options.json:
        _writable(options.json.parent)
    console = _start(options.backend)
    from mathdl_keras.core import claims, files, report, run

    chosen = [c for chapter in chapters for c in claims.discover(chapter.name)]
    seeds = range(options.seed, options.seed + options.seeds)
    records = run.verify(chosen, seeds, options.refute, console)
    many = options.refute or options.seeds > 1
    console.print(report.runs_table(records) if many else report.claims_table(records))
    if options.json:
        ledger = {"environment": report.environment(), "records": [r.as_dict() for r in records]}
        files.write_json(options.json, ledger)
    return 0 if all(r.good for r in records) else 1


def _data(options) -> int:
    from rich.table import Table

    from mathdl_keras.core.datasets import CATALOGUE, DOWNLOADS, DatasetUnavailable

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "what", "source", "licence"):
        table.add_column(heading, overflow="fold")
    for name, loader in CATALOGUE.items():
        what = (loader.__doc__ or "").splitlines()[0]
        where = ("[dim]downloaded on first use[/]", "")
        if name not in DOWNLOADS:
            try:
                data = loader()
                where = data.source, data.licence
            except DatasetUnavailable:
                where = ("[dim]needs an optional package[/]", "")
        table.add_row(name, what, *where)
    _console().print(table)
    return 0


def _doctor(options) -> int:
    from mathdl_keras.core.doctor import examine

    return examine(_console())


_COMMANDS = {
    "list": _list,
    "run": lambda options: _chapter(options.chapter, options),
    "verify": _verify,
    "data": _data,
    "doctor": _doctor,
}
