"""The map in a chapter's docstring names what the chapter holds: each object with its file, each claim, no more."""

import importlib
import pkgutil
import re

import pytest

from mathdl_keras.core import claims, exercises
from mathdl_keras.core.chapters import CHAPTERS

NOT_COMPONENTS = {"__main__", "claims", "demo", "figures", "exercises", "frameworks"}  # the last: 7.5's comparison
READY = [c.name for c in CHAPTERS if c.ready]
ENTRY = re.compile(r"^ {9}([\w/]+): (.+(?:\n {13}.+)*)", re.MULTILINE)


def mapped(chapter):
    """(file, name) for each name in the map of a chapter."""
    text = importlib.import_module(f"mathdl_keras.chapters.{chapter}").__doc__.split("\n-------")[1]
    return {(file, name) for file, names in ENTRY.findall(text) for name in re.split(r",\s+", names)}


def held(chapter):
    """(file, name) for each public component, claim and exercise in the code of a chapter."""
    root = f"mathdl_keras.chapters.{chapter}"
    found = {("claims", claim.name) for claim in claims.discover(chapter)}
    found |= {("exercises", task.name) for task in exercises.discover(importlib.import_module(f"{root}.exercises"))}
    for module in pkgutil.walk_packages(importlib.import_module(root).__path__, f"{root}."):
        rooms = module.name.removeprefix(f"{root}.").split(".")
        if not set(rooms) & NOT_COMPONENTS and rooms[-1][0] != "_":
            names = getattr(importlib.import_module(module.name), "__all__", ())
            found |= {("/".join(rooms), name) for name in names}
    return found


@pytest.mark.parametrize("chapter", READY)
def test_the_map_of_a_chapter_is_its_code(chapter):
    there, told = held(chapter), mapped(chapter)
    assert not there - told, "missing in the map"
    assert not told - there, "named in the map, and not there"


@pytest.mark.parametrize("chapter", READY)
def test_the_rooms_that_a_map_tells_of_are_there(chapter):
    package = importlib.import_module(f"mathdl_keras.chapters.{chapter}")
    told = re.findall(r"`([\w/]+)`", package.__doc__.split("\n-------")[1])
    rooms = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert told and not set(told) - rooms
