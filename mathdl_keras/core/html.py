"""The report of a run: one HTML file that needs nothing else.

Figures are inlined as data URIs, there is no script, and a content security policy forbids the page
every request. Whatever a run puts into it is text: it is escaped, so a claim may speak of a < b.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from mathdl_keras.core.files import write_text
from mathdl_keras.core.report import Metric, claims_summary, described, environment

MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$sections</main>
</body>
</html>
""")

STYLE = """\
:root {
  color-scheme: light dark;
  --ink: #1d1f23; --quiet: #5f6570; --line: #dddfe3; --paper: #fdfdfb;
  --good: #00694e; --bad: #b23c00;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e3; --quiet: #a0a5ae; --line: #3a3e45; --paper: #17191c;
    --good: #4fcf9f; --bad: #ff9b66; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; font-weight: 600; margin: 0 0 1.5rem; }
h2 { font-size: 1.2rem; font-weight: 600; margin: 2.75rem 0 .75rem; }
p { margin: .25rem 0 1rem; color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .35rem 1rem .35rem 0; text-align: left; vertical-align: top; font-weight: normal;
  overflow-wrap: anywhere; }
thead th { color: var(--quiet); border-bottom: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.pairs th { color: var(--quiet); width: 14rem; }
.claim th { padding-top: 1.1rem; }
.claim td:first-child { padding-left: 1.25rem; color: var(--quiet); }
.name { color: var(--quiet); font-size: .875rem; }
.message { color: var(--bad); }
.holds, .refuted, .reached { color: var(--good); }
.fails, .survives, .error, .missed { color: var(--bad); font-weight: 600; }
figure { margin: 1.5rem 0; }
figure img { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
figcaption { color: var(--quiet); font-size: .95rem; margin-top: .4rem; }
@media (max-width: 40rem) { .pairs th { width: auto; } main { padding-top: 1.5rem; } }
"""


def write_report(
    folder: str | Path,
    title: str,
    settings: Mapping[str, Any],
    metrics: Sequence[Metric],
    records: Sequence[Any],
    figures: Mapping[str, str | Path],
    data: Mapping[str, Any],
) -> Path:
    """Write `report.html`: metrics, figures, claims, data, settings and environment of one run.

    Args:
        folder: Path of the folder to write to.
        title: String, the heading.
        settings: Mapping from the names of settings to what the run was asked to do.
        metrics: Sequence of `Metric`, the key figures.
        records: Sequence of outcomes of claims (see `core.report`).
        figures: Mapping from each caption to the path of an SVG or PNG file.
        data: Mapping from the names of facts about the data, such as source, licence and rows, to their values.

    Returns:
        The path of the report.

    Raises:
        ValueError: If a figure is neither SVG nor PNG.
        FileNotFoundError: If a figure's file is missing. Nothing is written then.
    """
    sections = (
        _section("Key figures", _metrics(metrics)),
        _section("Figures", "".join(_figure(name, Path(path)) for name, path in figures.items())),
        _section("Claims", _claims(records)),
        _section("Data", _pairs(data)),
        _section("Settings", _pairs(settings)),
        _section("Environment", _pairs(environment())),
    )
    page = PAGE.substitute(title=escape(title), style=STYLE, sections="".join(sections))
    return write_text(Path(folder) / "report.html", page)


def _section(heading: str, body: str) -> str:
    return f"<section>\n<h2>{heading}</h2>\n{body}</section>\n" if body else ""


def _metrics(metrics: Sequence[Metric]) -> str:
    rows = "".join(_metric(metric.shown()) for metric in metrics)
    return _table(("metric", "value", "target", ""), rows) if rows else ""


def _metric(shown: dict[str, str]) -> str:
    name, value, target, reached = map(escape, shown.values())
    return f'<tr><td>{name}</td>{_number(value)}{_number(target)}<td class="{reached}">{reached}</td></tr>\n'


def _claims(records: Sequence[Any]) -> str:
    if not records:
        return ""
    headings = ("what", "predicted", "measured", "tolerance", "verdict")
    bodies = "".join(map(_claim, records))
    return f"<p>{escape(claims_summary(records))}</p>\n{_table(headings, bodies, body='')}"


def _claim(record: Any) -> str:
    message = f'<div class="message">{escape(record.message)}</div>' if record.message else ""
    name = f"{record.section} · {record.claim_id}"
    status = escape(record.status)
    verdicts = "".join(map(_verdict, record.verdicts))
    return (
        f'<tbody class="claim">\n<tr><th colspan="4" scope="rowgroup">{escape(described(record))}'
        f'<div class="name">{escape(name)}</div>{message}</th>'
        f'<th class="{status}">{status}</th></tr>\n{verdicts}</tbody>\n'
    )


def _verdict(verdict: Any) -> str:
    shown = {key: escape(text) for key, text in verdict.shown().items()}
    tolerance = f"{shown['tolerance']} ({shown['meaning']})"
    numbers = "".join(map(_number, (shown["predicted"], shown["measured"], tolerance)))
    outcome = "holds" if verdict.holds else "fails"
    return f'<tr><td>{shown["label"]}</td>{numbers}<td class="{outcome}">{outcome}</td></tr>\n'


def _figure(name: str, path: Path) -> str:
    if path.suffix not in MEDIA_TYPES:
        raise ValueError(f"figures must be .svg or .png files; received {name}={path.name!r}")
    content = base64.b64encode(path.read_bytes()).decode()
    source = f"data:{MEDIA_TYPES[path.suffix]};base64,{content}"
    caption = escape(name.replace("_", " "))
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>\n'


def _pairs(pairs: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(str(key))}</th><td>{escape(str(value))}</td></tr>\n'
        for key, value in pairs.items()
    )
    return f'<table class="pairs"><tbody>\n{rows}</tbody></table>\n' if rows else ""


def _table(headings: Sequence[str], rows: str, body: str = "tbody") -> str:
    head = "".join(_heading(heading) for heading in headings)
    inner = f"<{body}>\n{rows}</{body}>" if body else rows
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n{inner}</table></div>\n'


def _heading(heading: str) -> str:
    number = heading in ("value", "target", "predicted", "measured", "tolerance")
    return f'<th scope="col"{" class=number" if number else ""}>{heading}</th>'


def _number(text: str) -> str:
    return f'<td class="number">{text}</td>'
