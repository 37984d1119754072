"""What the chapters say of their components, collected: every name of the shelf, how to make it and what to feed it.

A component without an entry in `tests/chNN/entries.py` fails `test_every_component_of_the_shelf_has_an_entry`.
"""

import importlib.util
import inspect
import itertools
from pathlib import Path

import keras
import numpy as np
from keras import tree

from mathdl_keras import callbacks, layers, losses, metrics, models, optimizers

SHELF = {
    name: getattr(shelf, name)
    for shelf in (layers, losses, metrics, optimizers, optimizers.schedules, callbacks, models)
    for name in vars(shelf)
    if inspect.isclass(getattr(shelf, name))
}


def modules():
    """The files of entries, as modules of a name each."""
    for path in sorted(Path(__file__).parents[1].glob("*/entries.py")):
        if path.parent != Path(__file__).parent:
            spec = importlib.util.spec_from_file_location(f"entries_of_{path.parent.name}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            yield module


def collected(table):
    """One table of all chapters; a component has one entry."""
    found = {}
    for module in MODULES:
        entries = getattr(module, table, {})
        assert not found.keys() & entries.keys(), f"{found.keys() & entries.keys()} stands twice"
        found |= entries
    return found


MODULES = list(modules())
ENTRIES, SCORED, ELSEWHERE = (collected(table) for table in ("COMPONENTS", "SCORED", "ELSEWHERE"))
MODELS = [name for name in ENTRIES if issubclass(SHELF[name], keras.Model)]
LAYERS = [name for name in ENTRIES if name not in MODELS]
LOSSES, METRICS = (
    {name: entry for name, entry in SCORED.items() if issubclass(SHELF[name], kind)}
    for kind in (keras.Loss, keras.Metric)
)


def make(name, /, **changes):
    """A component, with some arguments changed; its weights are the same each time."""
    keras.utils.set_random_seed(0)
    entry = ENTRIES[name]
    return (entry.make or SHELF[name])(**(dict(entry.arguments) | changes))


def built(name, /, **changes):
    """A component that has its weights."""
    component = make(name, **changes)
    component(*symbols(name))
    return component


def over_inputs(f, name):
    """What a component is called on, with f of each `Rows`."""
    return tree.map_structure(f, ENTRIES[name].called_on)


def symbols(name, label=None):
    """Its inputs as symbols: `label`, `label_1` and so on."""
    labels = (label and label + (f"_{i}" if i else "") for i in itertools.count())
    return over_inputs(lambda rows: keras.Input(rows.shape, dtype=rows.dtype, name=next(labels)), name)


def batch(name, size=4, seed=0):
    """Its inputs as arrays."""
    rng = np.random.default_rng(seed)
    return over_inputs(lambda rows: rows.draw(rng, size), name)


def has_tokens(name):
    return any(rows.tokens for rows in tree.flatten(ENTRIES[name].called_on))
