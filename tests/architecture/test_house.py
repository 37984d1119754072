"""The laws of the house: who may import whom, and that the shelf holds what the chapters teach."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import mathdl_keras

ROOT = Path(__file__).parents[2]
PACKAGE = Path(mathdl_keras.__file__).parent
TOOLS = ("claims", "datasets", "plots", "precision")
SHELF = sorted(
    m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.name not in ("chapters", "core", "__main__", *TOOLS)
)
NOT_COMPONENTS = ("__main__", "claims", "demo", "figures", "exercises", "frameworks")  # the last: 7.5's comparison
MODULES = [m.name for m in pkgutil.walk_packages([str(PACKAGE)], "mathdl_keras.") if not m.name.endswith("__main__")]
ENGINES = ("._tensorflow", "._jax", "._torch")


def components():
    """Every public name of the chapters' component modules, at any depth, with its value."""
    for name in MODULES:
        rooms = name.removeprefix("mathdl_keras.chapters.").split(".")[1:] if ".chapters." in name else []
        if rooms and not set(rooms) & set(NOT_COMPONENTS) and not name.endswith(ENGINES):
            module = importlib.import_module(name)
            yield from ((component, getattr(module, component)) for component in getattr(module, "__all__", ()))


def test_import_contracts_hold():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--config", "setup.cfg"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def public(module):
    """What a module of the shelf offers: its imports, under their names."""
    return {name: value for name, value in vars(module).items() if name[0] != "_" and not inspect.ismodule(value)}


def test_a_subject_of_the_shelf_can_be_read_at_one_glance_and_no_name_stands_in_two():
    subjects = {name: public(importlib.import_module(f"mathdl_keras.{name}")) for name in (*SHELF, *TOOLS)}
    assert all(1 <= len(names) <= 60 for names in subjects.values()), {s: len(n) for s, n in subjects.items()}
    twice = [n for n, k in Counter(n for names in subjects.values() for n in names).items() if k > 1]
    assert not twice


def test_every_public_component_stands_on_the_shelf():
    shelf = {}
    for name in [m for m in MODULES if m.split(".")[1] in SHELF]:
        shelf |= public(importlib.import_module(name))
    found = dict(components())
    assert len(found) >= 20
    missing = [name for name, value in found.items() if shelf.get(name) is not value]
    assert not missing


def test_the_shelf_defines_nothing():
    for name in [m for m in MODULES if m.split(".")[1] in (*SHELF, *TOOLS)]:
        body = ast.parse(Path(importlib.import_module(name).__file__).read_text()).body[1:]
        assert all(isinstance(node, ast.ImportFrom) for node in body), name


@pytest.mark.parametrize("name", [n for n in MODULES if not n.endswith(ENGINES)])
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_public_components_have_docstrings_with_examples():
    poor = [name for name, value in components() if ">>>" not in (value.__doc__ or "")]
    assert not poor


def test_importing_the_shelf_loads_no_claim_demo_figure_or_data():
    """In a fresh process; that nothing here imports matplotlib is a contract above (Keras itself may)."""
    code = (
        "import sys\n"
        f"from mathdl_keras import {', '.join(SHELF)}\n"
        "rooms = ('claims', 'demo', 'figures', 'exercises', 'datasets', 'report', 'cli')\n"
        "bad = [m for m in sys.modules if m.startswith('mathdl_keras') and m.split('.')[-1] in rooms]\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_repository_address_stands_in_one_place():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    texts = [f for f in files if f.endswith((".py", ".md", ".cfg", ".toml", ".cff", ".ini", ".ipynb", ".yaml"))]
    address = "github.com/" + "MathDL/mathdl_keras"
    holding = [f for f in texts if (ROOT / f).exists() and address in (ROOT / f).read_text()]
    assert holding in (["setup.cfg"], [])  # none where the tests run outside a checkout


def test_private_names_of_keras_stand_in_two_rooms():
    """What Keras may change without notice is written in `core.graph` and `core.training`, and nowhere else."""
    private = re.compile(
        r"keras\.src|\._(flatten_layers|layers|functional|nodes_by_depth|keras_history|inbound_nodes|direction)\b"
    )
    rooms = ("core/graph.py", "core/measures.py", "core/serial.py", "core/training/", "core/autodiff/")
    files = [f for f in PACKAGE.rglob("*.py") if not f.relative_to(PACKAGE).as_posix().startswith(rooms)]
    assert not [f"{f.name}: {m}" for f in files for m in private.findall(f.read_text())]
