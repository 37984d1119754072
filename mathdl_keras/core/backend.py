"""Choosing Keras' backend, which must happen before Keras is imported."""

import importlib.util
import json
import os
import sys
from pathlib import Path

from mathdl_keras.core.chapters import UsageError

__all__ = ["BACKENDS", "choose", "installed"]

BACKENDS = ("tensorflow", "jax", "torch")


def installed() -> list[str]:
    """The backends that can be imported here."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def choose(requested: str | None = None) -> str:
    """Sets Keras' backend for this process.

    What is asked for wins, then `KERAS_BACKEND`, then Keras' own settings file, then the first one installed.

    Raises:
        UsageError: If the backend is unknown or not installed, or Keras already runs on another.
    """
    name = requested or os.environ.get("KERAS_BACKEND") or _configured()
    if name is None:
        name = (installed() or ["tensorflow"])[0]
    if name not in BACKENDS:
        raise UsageError(f"backend must be one of {', '.join(BACKENDS)}; received {name!r}")
    if name not in installed():
        raise UsageError(f'backend {name} is not installed; pip install ".[{name}]" brings it')
    if "keras" in sys.modules and (running := sys.modules["keras"].backend.backend()) != name:
        raise UsageError(
            f"backend {name} was asked for, but keras is already imported with {running}; start a new Python process"
        )
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return name


def _configured() -> str | None:
    """The backend of Keras' settings file, if it names one that is installed."""
    path = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "keras.json"
    try:
        name = json.loads(path.read_text()).get("backend")
    except (OSError, ValueError):
        return None
    return name if name in installed() else None
