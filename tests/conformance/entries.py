"""Every public component of the shelf: how to make it, what to feed it, and which checks it cannot take.

A component that is missing here fails `test_every_component_of_the_shelf_has_an_entry`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mathdl_keras import callbacks, layers, losses, metrics, models, optimizers

SHELF = {
    name: getattr(shelf, name)
    for shelf in (layers, losses, metrics, optimizers, callbacks, models)
    for name in shelf.__all__
}


@dataclass(frozen=True)
class Entry:
    """How a component is tested.

    Attributes:
        arguments: Of its constructor.
        shape: Of one input, without the batch.
        bad: Pairs of changed arguments and what the error must say.
        skips: From the name of a check to the reason why this component cannot take it.
        make: Makes it from its arguments, where the arguments are not plain.
    """

    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    bad: tuple[tuple[Mapping[str, Any], str], ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)
    make: Callable | None = None


S = np.sin(np.arange(5.0)).tolist()
PATCH = np.outer(np.sin(np.arange(3.0)), np.cos(np.arange(2.0)))[:, :].tolist()
SLIDES = "slides over the whole signal: a time mask has no meaning for its windows"
IMAGES = "takes images, which Keras does not mask"
NO_WEIGHTS = "has no weights: its template is known"
STEP = "0/1 decisions have no gradient"

LAYERS = {
    "MatchedFilter1D": Entry(
        {"template": S},
        (24, 1),
        (
            ({"template": [0.0, 0.0]}, "template must be finite and not all zero"),
            ({"template": [1.0, np.nan]}, "template must be finite and not all zero"),
            ({"template": [[1.0]]}, "template must be an array with 1 axes"),
            ({"template": np.ones(25)}, "template must fit into x"),
        ),
        {"masks": SLIDES, "weights": NO_WEIGHTS},
    ),
    "MatchedFilter2D": Entry(
        {"template": PATCH},
        (9, 8, 1),
        (({"template": S}, "template must be an array with 2 axes"),),
        {"masks": IMAGES, "weights": NO_WEIGHTS},
    ),
    "PearsonCorrelation1D": Entry(
        {"template": S, "eps": 1e-5},
        (24, 1),
        (({"eps": -1.0}, r"eps must be in \[0, 1\)"), ({"template": []}, "at least one value")),
        {"masks": SLIDES, "weights": NO_WEIGHTS},
    ),
    "PearsonCorrelation2D": Entry(
        {"template": PATCH},
        (9, 8, 1),
        (({"template": np.ones((10, 2))}, "template must fit into x"),),
        {"masks": IMAGES, "weights": NO_WEIGHTS},
    ),
    "SignalDetector": Entry(
        {"threshold": 0.5},
        (24, 1),
        (({"threshold": np.inf}, "threshold must be finite"),),
        {"masks": SLIDES, "weights": NO_WEIGHTS, "input gradient": STEP},
        make=lambda **kwargs: layers.SignalDetector(layers.PearsonCorrelation1D(S), **kwargs),
    ),
    "ExplicitConv2D": Entry(
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
        (9, 8, 2),
        (
            ({"filters": 0}, "filters must be at least 1"),
            ({"kernel_size": 0}, "kernel_size must be"),
            ({"strides": (1, 0)}, "strides must be"),
            ({"padding": "full"}, "padding must be"),
            ({"kernel_size": 12, "padding": "valid"}, "kernel_size must not exceed"),
        ),
        {"masks": IMAGES},
    ),
    "ExplicitMaxPool2D": Entry(
        {"pool_size": 2, "padding": "same"},
        (9, 8, 2),
        (({"pool_size": 0}, "pool_size must be"), ({"padding": "full"}, "padding must be")),
        {"masks": IMAGES, "weights": "pooling has no weights"},
    ),
}

MODELS = {
    "LearnedFilterDetector": Entry(
        {"length": 5}, (24, 1), (({"length": 0}, "length must be an integer >= 1"),), {"masks": SLIDES}
    ),
    "SingleChannelCNN": Entry(
        {"classes": 3, "kernel_size": 3},
        (9, 8, 1),
        (({"classes": 1}, "classes must be an integer >= 2"),),
        {"masks": IMAGES},
    ),
    "MultiChannelCNN": Entry(
        {"classes": 3, "filters": (2, 4), "kernel_size": 2, "pool_size": 2},
        (9, 8, 2),
        (({"activation": "gelu"}, "activation must be one of"),),
        {"masks": IMAGES},
    ),
}

ENTRIES = LAYERS | MODELS

# Components that are no function of a tensor, and where they are tested instead.
ELSEWHERE = {
    "StepModel": "a base class: tests/core/test_training.py",
    "FunctionalStepModel": "built from any graph: tests/core/test_training.py",
    "ManualGradientModel": "a base class: tests/core/test_training.py",
    "NamedOptimizers": "made by StepModel.compile: tests/core/test_training.py",
}


def make(name, /, **changes):
    """A component, with some arguments changed."""
    entry = ENTRIES[name]
    return (entry.make or SHELF[name])(**(dict(entry.arguments) | changes))


def batch(name, size=4, seed=0):
    """A batch of inputs."""
    x = np.random.default_rng(seed).standard_normal((size, *ENTRIES[name].shape))
    return x.astype("float32")
