"""What a chapter's demo is given, and what it gives back.

`demo.run(session)` trains and measures on real data and returns `Results`; it draws nothing. `figures.draw(results)`
makes pictures of them.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn, track

from mathdl_keras.core.checks import check_data
from mathdl_keras.core.files import read_history_csv, write_history_csv
from mathdl_keras.core.report import Metric

__all__ = ["Results", "Session"]


@dataclass(frozen=True)
class Results:
    """What a demo found; each chapter adds, in a class of its own, what its figures draw.

    Attributes:
        metrics: Sequence of `Metric`, the key figures.
        data: Sequence of the data sets that were used; each has `name`, `source` and `licence`.
    """

    metrics: Sequence[Metric]
    data: Sequence[Any]


@dataclass
class Session:
    """The settings of a run, and training with progress, history and resumption.

    Attributes:
        dataset: String, the name of the data set.
        seed: Integer, seed of all randomness; 0 by default.
        quick: Boolean, whether to use small sizes; False by default.
        out: Path of the folder for results.
        resume: Boolean, whether to go on where an interrupted run stopped; False by default.
        history: List of dictionaries, one for each model, epoch and quantity, as in `history.csv`.
    """

    dataset: str
    out: Path
    seed: int = 0
    quick: bool = False
    resume: bool = False
    console: Console = field(default_factory=Console)
    history: list[dict] = field(default_factory=list)

    def __post_init__(self):
        keras.utils.set_random_seed(self.seed)  # of weights that are made before they are trained
        if self.resume:
            self.history = read_history_csv(self.out / "history.csv")

    @property
    def backup(self) -> Path:
        return self.out / "backup"

    def choose(self, quick, full):
        """A size: the first of the two in a quick run, the second otherwise."""
        return quick if self.quick else full

    def rng(self, stream: int = 0) -> np.random.Generator:
        """A generator of its own for each stream of randomness."""
        return np.random.default_rng([self.seed, stream])

    def fit(self, model, name: str, x, y, *, epochs: int, callbacks=(), **kwargs) -> dict[str, list[float]]:
        """`model.fit` with a progress bar, rows in `history.csv` as epochs end, and a backup to resume from.

        Returns:
            The history of the whole training, resumed or not: from each quantity to its value after each epoch.
        """
        check_data(x)
        if not self.resume:
            shutil.rmtree(self.backup / name, ignore_errors=True)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        keras.utils.set_random_seed(self.seed)  # of shuffling, the same whatever ran before
        if not model.built:
            model(x[:1])
        with Progress(*columns, TimeRemainingColumn(), console=self.console, transient=True) as bar:
            task = bar.add_task(f"training {name}", total=epochs)

            def report(epoch, logs):
                self.record(name, epoch + 1, logs)
                shown = ", ".join(f"{k} {v:.4g}" for k, v in logs.items())
                bar.update(task, completed=epoch + 1, description=f"training {name}: {shown}")

            backup = keras.callbacks.BackupAndRestore(self.backup / name, delete_checkpoint=False)
            own = [backup, keras.callbacks.LambdaCallback(on_epoch_end=report)]
            model.fit(x, y, epochs=epochs, verbose=0, callbacks=[*callbacks, *own], **kwargs)
        return self.curves(name)

    def track(self, items, description: str):
        """The items, one after another, with a progress bar."""
        yield from track(items, description, console=self.console, transient=True)

    def curves(self, name: str) -> dict[str, list[float]]:
        """The history of one model: from each quantity to its values, in the order of the epochs."""
        curves: dict[str, list[float]] = {}
        for row in self.history:
            if row["model"] == name:
                curves.setdefault(row["quantity"], []).append(row["value"])
        return curves

    def finish(self) -> None:
        """The run is complete: nothing is left to resume."""
        shutil.rmtree(self.backup, ignore_errors=True)

    def record(self, name: str, epoch: int, logs: Mapping[str, float]) -> None:
        """Adds an epoch to the history and writes it."""
        kept = [row for row in self.history if row["model"] != name or row["epoch"] < epoch]
        new = [
            {"model": name, "epoch": epoch, "quantity": quantity, "value": float(value)}
            for quantity, value in logs.items()
        ]
        self.history[:] = kept + new
        write_history_csv(self.out / "history.csv", self.history)
