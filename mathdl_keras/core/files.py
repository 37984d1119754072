"""Files that are written whole or not at all: each under another name first, then moved into place."""

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

__all__ = ["read_history_csv", "write_bytes", "write_history_csv", "write_json", "write_text"]

HISTORY = ("model", "epoch", "quantity", "value")


def write_text(path: str | Path, text: str) -> Path:
    """Write a file as a whole or not at all."""
    return write_bytes(path, text.encode())


def write_bytes(path: str | Path, content: bytes) -> Path:
    """Write a file as a whole or not at all; its folder is made if need be.

    Args:
        path: The file; one that exists is replaced.
        content: Bytes, what the file is to hold.

    Returns:
        The path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_json(path: str | Path, payload: Any) -> Path:
    """Write a JSON file; NumPy numbers and arrays become plain numbers and lists.

    Args:
        path: The file; one that exists is replaced.
        payload: Nested mappings, sequences, texts, numbers, booleans, None, paths.

    Returns:
        The path.

    Raises:
        ValueError: If a number is not finite: JSON has no word for it. The message names its key.
        TypeError: If a value is of another type; the message names its key.
    """
    return write_text(path, json.dumps(_plain(payload, "payload"), indent=2) + "\n")


def write_history_csv(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write the histories of all trainings of a run, a row for each model, epoch and quantity.

    Args:
        path: The file; one that exists is replaced.
        rows: Mappings with the keys model, epoch, quantity and value. NaN is kept as `nan`.

    Returns:
        The path.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, HISTORY, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return write_text(path, stream.getvalue())


def read_history_csv(path: str | Path) -> list[dict[str, Any]]:
    """What `write_history_csv` wrote; nothing where there is no file."""
    if not Path(path).exists():
        return []
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row | {"epoch": int(row["epoch"]), "value": float(row["value"])} for row in rows]


def _plain(value: Any, key: str) -> Any:
    """The same payload in the types of `json`; `key` is its place, for the error."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{key} must be finite to be written as JSON; received {key}={value}")
    if isinstance(value, Mapping):
        return {str(name): _plain(item, f"{key}.{name}") for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{key}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{key} must be a type that JSON knows; received {type(value).__name__}")
