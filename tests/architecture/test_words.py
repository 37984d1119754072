"""Docstrings in plain English: an argument says what it is, and a section of the book has one form of reference."""

import ast
import re
from pathlib import Path

import pytest

import mathdl_keras

PACKAGE = Path(mathdl_keras.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ENTRY = re.compile(r"^ +\*{0,2}\w+(?: and \w+|, \w+)*: (\S+)")
# What leans on the name before it ("seed: Of the permutations.") or on a place elsewhere ("layer: As there.").
FRAGMENTS = {"Of", "How", "As", "Their", "Its", "When", "In", "By", "Which", "Same", "There"}
SECTION = re.compile(r"\b[Ss]ections? \d+\.\d+")


def docstrings(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield text


def fragments(text):
    """The entries of Args and Attributes that are no description by themselves."""
    for block in re.findall(r"^(?:Args|Attributes):\n((?: +.*\n?|\n(?= {4}))*)", text, flags=re.MULTILINE):
        for line in block.splitlines():
            if (entry := ENTRY.match(line)) and entry[1].strip(".,") in FRAGMENTS:
                yield line.strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arguments_are_described_and_sections_are_written_in_one_form(path):
    texts = list(docstrings(path))
    assert [line for text in texts for line in fragments(text)] == []
    assert [found for text in texts for found in SECTION.findall(text)] == []


def test_the_check_is_checked():
    assert list(fragments("A.\n\nArgs:\n    seed: Of the draws.\n    rate: Float, the rate.\n")) == [
        "seed: Of the draws."
    ]
    assert SECTION.search("as in section 3.2") and not SECTION.search("(§3.2)")
