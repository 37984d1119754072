"""`python -m benchmarks NAME`: see `--help`."""

import argparse
import ast
import importlib
import json
import os
import pathlib
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version

from mathdl_keras.core.backend import BACKENDS, choose
from mathdl_keras.core.chapters import UsageError

HERE = pathlib.Path(__file__).parent
MACHINERY = {"__init__", "__main__", "harness"}


def benchmarks():
    """Name -> first line of its docstring; nothing is imported."""
    files = (f for f in sorted(HERE.glob("*.py")) if f.stem not in MACHINERY)
    return {f.stem: ast.get_docstring(ast.parse(f.read_text())).split("\n")[0] for f in files}


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time our code against a peer that computes the same thing.",
        epilog="Exit status: 0 within the budgets, 1 over one or results differ, 2 bad usage.",
    )
    parser.add_argument("name", metavar="NAME", help="a benchmark, or 'list'")
    parser.add_argument("--backend", metavar="|".join(BACKENDS), help="default: as for a chapter")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write it there")
    parser.add_argument("--rounds", type=int, metavar="N", help="timed runs of each side")
    args = parser.parse_args(argv)
    if args.rounds is not None and args.rounds < 1:
        parser.exit(2, f"--rounds must be at least 1; received {args.rounds}\n")
    if args.name != "list" and args.name not in benchmarks():
        parser.exit(2, f"NAME must be one of list, {', '.join(benchmarks())}; received {args.name}\n")
    if args.json and not args.json.absolute().parent.is_dir():
        parser.exit(2, f"--json must lie in an existing folder; received {args.json}\n")
    return args


def measure(name, rounds):
    """Run the cases of one benchmark: pairs of a case and its comparison."""
    from benchmarks.harness import ResultsDiffer, compare

    for case in importlib.import_module(f"benchmarks.{name}").cases():
        runs = {"rounds": rounds or case.rounds, "warmup": case.warmup}
        try:
            found = compare(case.name, case.ours, case.peer, same=case.same, **runs)
        except ResultsDiffer as error:
            raise SystemExit(f"{name}: {case.name}: {error}") from None
        yield case, found


def within(case, found):
    """Whether every budget of the case is kept."""
    limits = (
        (found.ratio, case.budget),
        (found.ours_ms / 1e3, case.seconds),
        (found.ours_megabytes, case.megabytes),
    )
    return not any(limit is not None and value > limit for value, limit in limits)


def verdict(case, found):
    limits = ((case.budget, "{:g}"), (case.seconds, "{:g} s"), (case.megabytes, "{:g} MB"))
    texts = [text.format(limit) for limit, text in limits if limit is not None]
    return f"{'within' if within(case, found) else 'over'} {', '.join(texts)}"


def surroundings():
    """The machine and the versions that the times belong to."""
    import keras

    backend = keras.backend.backend()
    packages = ("keras", backend, "numpy", "scipy")
    return {
        "machine": f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores",
        "backend": backend,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
    }


def table(name, results):
    from rich import box
    from rich.table import Table

    view = Table(title=name, box=box.SIMPLE, pad_edge=False, title_justify="left")
    view.add_column("case", no_wrap=True)
    for heading in ("ours ms", "peer ms", "ratio", "min", "max", "MB"):
        view.add_column(heading, justify="right")
    view.add_column("budget")
    for case, found in results:
        times = (f"{found.ours_ms:.1f}", f"{found.peer_ms:.1f}")
        ratios = (f"{found.ratio:.3f}", f"{found.lowest:.3f}", f"{found.highest:.3f}")
        memory = f"{found.ours_megabytes:.0f}"
        view.add_row(case.name, *times, *ratios, memory, verdict(case, found))
    return view


def write(path, name, results):
    cases = [asdict(found) | {"within": within(case, found)} for case, found in results]
    path.write_text(json.dumps({"benchmark": name, **surroundings(), "cases": cases}, indent=2) + "\n")


def missing(name, error):
    """Say in one line which peer is missing, and go on; a fault of ours is raised."""
    if (error.name or "").split(".")[0] in {"benchmarks", "mathdl_keras", "keras"}:
        raise error
    print(f"{name} skipped: install the extra benchmarks ({error})")
    return 0


def main(argv=None):
    args = parse(argv)
    if args.name == "list":
        for name, summary in benchmarks().items():
            print(f"{name:<12} {summary}")
        return 0
    try:
        choose(args.backend)
        results = list(measure(args.name, args.rounds))
    except UsageError as mistake:
        print(mistake, file=sys.stderr)
        return 2
    except ImportError as error:
        return missing(args.name, error)
    return report(args, results)


def report(args, results):
    from rich.console import Console

    around = surroundings()
    console = Console()
    console.print(table(args.name, results))
    console.print(around["machine"], highlight=False)
    versions = ", ".join(f"{name} {number}" for name, number in around["versions"].items())
    console.print(f"backend {around['backend']}; {versions}", highlight=False)
    if args.json:
        write(args.json, args.name, results)
    return 0 if all(within(case, found) for case, found in results) else 1


raise SystemExit(main())
