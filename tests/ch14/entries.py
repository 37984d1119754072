"""How the components of chapter 14 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import IMAGES, Entry

from mathdl_keras import layers

S = np.sin(np.arange(5.0)).tolist()
PATCH = np.outer(np.sin(np.arange(3.0)), np.cos(np.arange(2.0)))[:, :].tolist()
SLIDES = "slides over the whole signal: a time mask has no meaning for its windows"
NO_WEIGHTS = "has no weights: its template is known"
STEP = "0/1 decisions have no gradient"

COMPONENTS = {
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
        {"template": S, "epsilon": 1e-5},
        (24, 1),
        (({"epsilon": -1.0}, r"epsilon must be in \[0, 1\)"), ({"template": []}, "at least one value")),
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
    "Conv2D": Entry(
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
        (9, 8, 2),
        (
            ({"filters": 0}, "filters must be at least 1"),
            ({"kernel_size": 0}, "kernel_size must be"),
            ({"strides": (1, 0)}, "strides must be"),
            ({"padding": "full"}, "padding must be"),
            ({"kernel_size": 12, "padding": "valid"}, "kernel_size must not exceed"),
            ({"groups": 2}, "filters must be a positive multiple of groups=2"),
            ({"dilation_rate": 2}, "strides must be 1 where dilation_rate is not"),
            ({"data_format": "NCHW"}, "data_format must be one of channels_last, channels_first"),
        ),
        {"masks": IMAGES},
    ),
    "MaxPooling2D": Entry(
        {"pool_size": 2, "padding": "same"},
        (9, 8, 2),
        (
            ({"pool_size": 0}, "pool_size must be"),
            ({"padding": "full"}, "padding must be"),
            ({"data_format": "NCHW"}, "data_format must be one of"),
        ),
        {"masks": IMAGES, "weights": "pooling has no weights"},
    ),
    "LearnedFilterDetector": Entry(
        {"length": 5}, (24, 1), (({"length": 0}, "length must be an integer >= 1"),), {"masks": SLIDES}
    ),
    "SingleChannelCNN": Entry(
        {"num_classes": 3, "kernel_size": 3},
        (9, 8, 1),
        (({"num_classes": 1}, "num_classes must be an integer >= 2"),),
        {"masks": IMAGES},
    ),
    "MultiChannelCNN": Entry(
        {"num_classes": 3, "filters": (2, 4), "kernel_size": 2, "pool_size": 2},
        (9, 8, 2),
        (({"activation": "gelu"}, "activation must be an Activation or one of"),),
        {"masks": IMAGES},
    ),
}
