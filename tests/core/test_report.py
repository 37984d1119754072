"""What a run leaves behind: tables, files that are whole, and a report that needs nothing else."""

import base64
import json
import os
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from subprocess import run
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from mathdl_keras.core import files, html, report
from mathdl_keras.core.report import Metric

ATTACK = "<script>alert('a & b')</script> [bold]x[/bold] ${title}"
VOID = {"meta", "img", "br", "link", "hr"}


def verdict(label, predicted, measured, tolerance, holds=True):
    shown = {"label": label, "predicted": predicted, "measured": measured, "tolerance": tolerance, "meaning": "4 SE"}
    return SimpleNamespace(holds=holds, shown=lambda: shown)


def record(claim_id, status="holds", verdicts=(), statement="a statement", message="", mutant=None):
    return SimpleNamespace(
        claim_id=claim_id, section="14.2.1", statement=statement, status=status,
        seconds=0.5, message=message, mutant=mutant, verdicts=list(verdicts),
    )  # fmt: skip


RECORDS = [
    record("dropout_is_ridge", verdicts=[verdict("loss", "1.2346", "1.2351", "0.0042 (4 se)")]),
    record(
        "translation_equivariance_of_convolution",
        "fails",
        [
            verdict("shift by (1, 0)", "-1.2346e-07", "-9.8765e-08", "1.19e-09", holds=False),
            verdict("shift by (3, 5)", "0", "0", "0 (exact)"),
        ],
    ),
    record("broken", "error", message="ValueError: rate must be in [0, 1); received rate=1.2"),
]
METRICS = [
    Metric("test accuracy", 0.97123, target=">= 0.965", reached=True),
    Metric("epoch time", 1.23456, "s"),
    Metric("loss", 0.5, target="<= 0.1", reached=False),
]


def rendered(table, width=100):
    console = Console(width=width, record=True, file=open(os.devnull, "w"))
    with console.file:
        console.print(table)
        return console.export_text()


class Page(HTMLParser):
    """The elements, attributes and texts of a page; every element must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


@pytest.fixture
def drawings(tmp_path):
    svg, png = tmp_path / "loss.svg", tmp_path / "filters.png"
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    png.write_bytes(b"\x89PNG\r\n\x1a\n")
    return {"loss": svg, "first_filters": png}


def written(folder, drawings=(), **changes):
    arguments = {
        "title": "Chapter 14", "settings": {"seed": 0, "epochs": 5}, "metrics": METRICS,
        "records": RECORDS, "figures": dict(drawings), "data": {"source": "the source"},
    }  # fmt: skip
    path = html.write_report(folder, **{**arguments, **changes})
    return path.read_text(encoding="utf-8")


# Tables


def test_metrics_table_shows_value_unit_target():
    text = rendered(report.metrics_table(METRICS))
    for expected in ("test accuracy", "0.9712", ">= 0.965", "reached", "1.235 s", "missed"):
        assert expected in text


def test_claims_table_fits_100_columns_with_its_numbers_whole():
    text = rendered(report.claims_table(RECORDS))
    assert max(map(len, text.splitlines())) <= 100
    headings = ("claim", "section", "what", "predicted", "measured", "tolerance", "verdict")
    assert text.split()[: len(headings)] == list(headings)
    for claim in RECORDS:
        for one in claim.verdicts:
            for key, shown in list(one.shown().items())[:4]:
                alone = key == "label" and len(claim.verdicts) == 1  # the statement says it
                assert alone or shown in text
    assert "1 holds, 1 fails, 1 error (1.5 s)" in text
    assert "broken: ValueError: rate must be in [0, 1); received rate=1.2" in text


@pytest.mark.parametrize("width", [100, 80])
def test_claims_table_breaks_a_long_name_but_loses_nothing(width):
    table = report.claims_table([record("translation_equivariance_of_convolution")])
    first_column = [line[:20].split("  ")[0].strip() for line in rendered(table, width).splitlines()]
    assert "translation_equivariance_of_convolution" in "".join(first_column)


def test_claims_table_tells_mutants_from_claims():
    mutants = [record("name", "refuted", mutant="unscaled"), record("name", "survives", mutant="off by one")]
    text = rendered(report.claims_table([record("name"), *mutants]))
    for expected in ("a statement", "mutant unscaled", "mutant off by one", "refuted", "survives"):
        assert text.count(expected) >= 1
    assert "1 holds, 0 fail, 0 errors, 1 mutant refuted, 1 mutant survives (1.5 s)" in text


def test_claims_table_says_why_a_claim_was_skipped():
    text = rendered(report.claims_table([record("name", "skipped", message="no sampler here")]))
    assert "0 hold, 0 fail, 0 errors, 1 skipped" in text and "name: no sampler here" in text


def test_the_verifiers_own_records_fit(tmp_path):
    from mathdl_keras.core.claims import Record, exactly, mean_equals

    verdicts = (exactly(3, 3, label="count"), mean_equals(np.array([0.0, 1.0, 2.0, 3.0]), 1.5))
    claim = Record("ch14.name", "14.2", "a statement", 0, None, "holds", verdicts, 0.5, "")
    table = rendered(report.claims_table([claim]))
    page = Page(written(tmp_path, records=[claim]))
    for one in verdicts:
        for key in ("predicted", "measured"):
            assert one.shown()[key] in table and one.shown()[key] in page.texts
        assert one.shown()["measured"] in rendered(report.runs_table([replace(claim, verdicts=(one,))]))
    files.write_json(tmp_path / "claims.json", [claim.as_dict()])


def test_tables_take_texts_literally():
    claims = [record("name", statement="x in [0, 1) and [bold]not bold[/bold]", message="[red]m")]
    text = " ".join(rendered(report.claims_table(claims), 300).split())
    assert "x in [0, 1) and [bold]not bold[/bold]" in text and "name: [red]m" in text
    assert "[red]accuracy" in rendered(report.metrics_table([Metric("[red]accuracy", 1.0)]))


# Files


def test_json_round_trip_with_numpy_values(tmp_path):
    payload = {
        "accuracy": np.float32(0.5), "rows": np.int64(3), "holds": np.bool_(True),
        "history": np.arange(3.0), "nested": [{"path": Path("a/b")}, None, ("x", 1)],
    }  # fmt: skip
    path = files.write_json(tmp_path / "deep" / "metrics.json", payload)
    assert json.loads(path.read_text()) == {
        "accuracy": 0.5, "rows": 3, "holds": True, "history": [0.0, 1.0, 2.0],
        "nested": [{"path": str(Path("a/b"))}, None, ["x", 1]],
    }  # fmt: skip


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), np.float32("-inf")])
def test_json_names_the_key_of_a_number_that_is_not_finite(tmp_path, bad):
    place = r"payload\.metrics\.loss\[1\]"
    with pytest.raises(ValueError, match=f"{place} must be finite .*; received {place}="):
        files.write_json(tmp_path / "metrics.json", {"metrics": {"loss": [0.0, bad]}})
    assert list(tmp_path.iterdir()) == []


def test_json_names_the_key_of_an_unknown_type(tmp_path):
    with pytest.raises(TypeError, match=r"payload\.model must be a type .*; received object"):
        files.write_json(tmp_path / "metrics.json", {"model": object()})


def test_history_csv_round_trip(tmp_path):
    rows = [
        {"model": "a,b", "epoch": 1, "quantity": "loss", "value": 1 / 3},
        {"model": "a,b", "epoch": 2, "quantity": "val loss", "value": 1e-300},
    ]
    path = files.write_history_csv(tmp_path / "history.csv", rows)
    assert path.read_text().splitlines()[0] == "model,epoch,quantity,value"
    assert files.read_history_csv(path) == rows
    assert files.read_history_csv(tmp_path / "none.csv") == []


@pytest.mark.parametrize("failing", ["write", "replace"])
def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch, failing):
    path = files.write_text(tmp_path / "metrics.json", "old")

    def half_a_write(self, content):
        with open(self, "wb") as stream:
            stream.write(content[:3])
        raise KeyboardInterrupt

    def no_replace(source, target):
        raise OSError("disk full")

    if failing == "write":
        monkeypatch.setattr(Path, "write_bytes", half_a_write)
    else:
        monkeypatch.setattr(os, "replace", no_replace)
    with pytest.raises((KeyboardInterrupt, OSError)):
        files.write_text(path, "new and longer")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# The report


def test_report_shows_everything(tmp_path, drawings):
    page = Page(written(tmp_path / "out", drawings))
    for expected in (
        "Chapter 14", "0.9712", ">= 0.965", "missed", "dropout_is_ridge", "0.0042 (4 se)",
        "shift by (3, 5)", "1 holds, 1 fails, 1 error", "rate must be in [0, 1)",
        "seed", "the source", "first filters", "python",
    ):  # fmt: skip
        assert expected in page.text
    sources = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    kinds, contents = zip(*(source.split(";base64,") for source in sources), strict=True)
    assert kinds == ("data:image/svg+xml", "data:image/png")
    for content, path in zip(contents, drawings.values(), strict=True):
        assert base64.b64decode(content) == path.read_bytes()


def test_report_asks_the_network_for_nothing(tmp_path, drawings):
    text = written(tmp_path, drawings)
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(page.tags)
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "srcset", "action", "data"):
            assert value.startswith("data:"), (tag, name)
    assert not re.search(r"url\(|@import", text)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert ("meta", "content", policy) in page.attributes


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ATTACK},
        {"settings": {ATTACK: ATTACK}},
        {"data": {"source": ATTACK}},
        {"metrics": [Metric(ATTACK, 1.0, ATTACK, ATTACK, True)]},
        {"records": [record(ATTACK, "fails", statement=ATTACK, message=ATTACK)]},
        {"records": [record("a", verdicts=[verdict(ATTACK, ATTACK, ATTACK, ATTACK)])]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_report_escapes_every_text(tmp_path, changes):
    text = written(tmp_path, **changes)
    page = Page(text)
    assert "<script" not in text and "script" not in page.tags
    assert ATTACK in page.text


def test_report_escapes_the_name_of_a_figure(tmp_path, drawings):
    name = '"><img src=x onerror=alert(1)>'
    page = Page(written(tmp_path, {name: drawings["loss"]}))
    assert page.tags.count("img") == 1
    assert ("img", "alt", name) in page.attributes


def test_report_leaves_out_what_a_run_did_not_make(tmp_path):
    page = Page(written(tmp_path, metrics=[], records=[], data={}, settings={}))
    headings = ("Key figures", "Figures", "Claims", "Data", "Settings")
    assert not [heading for heading in headings if heading in page.texts]
    assert "Environment" in page.texts


def test_report_suits_phones_and_dark_rooms(tmp_path):
    text = written(tmp_path)
    attributes = Page(text).attributes
    assert ("meta", "content", "width=device-width, initial-scale=1") in attributes
    assert "prefers-color-scheme: dark" in text


def luminance(color):
    """Relative luminance of `#rrggbb`, as WCAG 2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_report_is_legible_in_both_schemes():
    light, dark = re.findall(r":root \{([^}]*)\}", html.STYLE)
    for scheme in (light, dark):
        colors = dict(re.findall(r"--(\w+): (#\w{6})", scheme))
        for name in ("ink", "quiet", "good", "bad"):
            pair = sorted(luminance(colors[key]) for key in (name, "paper"))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, name  # WCAG 2, level AA


def test_report_is_not_written_if_a_figure_is_wrong(tmp_path):
    with pytest.raises(ValueError, match=r"figures must be \.svg or \.png files; received loss="):
        written(tmp_path / "out", {"loss": tmp_path / "loss.pdf"})
    with pytest.raises(FileNotFoundError):
        written(tmp_path / "out", {"loss": tmp_path / "missing.svg"})
    assert not (tmp_path / "out").exists()


# The environment


def test_environment_has_versions():
    facts = report.environment()
    assert facts["numpy"] == np.__version__
    assert facts["python"] == sys.version.split()[0]
    assert int(facts["cores"]) >= 1
    assert all(isinstance(value, str) for value in facts.values())


@pytest.mark.parametrize("backend", ["", "jax", "no_such_backend"])
def test_environment_imports_no_keras(backend):
    code = (
        "import sys; from mathdl_keras.core import files, html, report; "
        "print(report.environment()['backend']); "
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow', 'jax', 'torch')))"
    )
    variables = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", code]
    outcome = run(command, env=variables, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    first = {"": "not chosen yet", "no_such_backend": "no_such_backend not installed"}
    assert outcome.stdout.strip().startswith(first.get(backend, backend))


def test_environment_reports_the_running_backend():
    keras = pytest.importorskip("keras")
    assert report.environment()["backend"].startswith(f"{keras.config.backend()} ")
    assert report.environment()["keras"] == keras.__version__
