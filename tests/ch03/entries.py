"""How the components of chapter 3 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import BITS, FLAG, PLAIN, REALS, SCORES, Entry, Scored

SMOOTH = (({"label_smoothing": 1.5}, "label_smoothing must be in"), ({"axis": 0.5}, "axis must be an integer"))

COMPONENTS = {
    "Normalization": Entry(
        {"axis": -1},
        (4,),
        (
            ({"axis": 0}, "axis must be an axis of x, of known size"),
            ({"axis": 3}, "axis must be an axis of x"),
            ({"axis": 1.5}, "axis must be an integer"),
            ({"mean": 0.0}, "mean and variance must both be given"),
        ),
        {"masks": PLAIN, "weights": "its weights are statistics of the data"},
    ),
    "Softmax": Entry(
        {"axis": -1},
        (4,),
        (({"axis": 1.5}, "axis must be an integer"), ({"axis": 2}, "axis must be an axis of x")),
        {"masks": PLAIN, "weights": "a function without weights"},
    ),
    "LogisticRegression": Entry(
        {"l2": 0.05, "l1": 0.1, "kernel_initializer": "glorot_uniform"},
        (4,),
        (
            ({"l2": -1.0}, "l2 must be >= 0"),
            ({"l1": np.inf}, "l1 must be >= 0"),
            ({"solver": "irls"}, "solver must be None, 'gd'"),
        ),
        {"masks": PLAIN},
    ),
    "SoftmaxRegression": Entry(
        {"num_classes": 3, "l2": 0.05, "kernel_initializer": "glorot_uniform"},
        (4,),
        (({"num_classes": 1}, "num_classes must be an integer >= 2"), ({"l2": np.nan}, "l2 must be >= 0")),
        {"masks": PLAIN},
        loss="sparse_categorical_crossentropy",
    ),
}

SCORED = {
    "BinaryCrossentropy": Scored({"from_logits": True, "label_smoothing": 0.1}, BITS, SCORES, SMOOTH),
    "CategoricalCrossentropy": Scored(
        {"from_logits": True, "label_smoothing": 0.1}, np.hstack([BITS, 1 - BITS]), np.hstack([SCORES, REALS]), SMOOTH
    ),
    "ConfusionMatrix": Scored(
        {"num_classes": 2, "threshold": 0.25},
        BITS,
        SCORES,
        (({"num_classes": 1}, "num_classes must be an integer >= 2"),),
    ),
    "ROCAUC": Scored(
        {"capacity": 100},
        BITS,
        SCORES,
        (({"capacity": 0}, "capacity must be an integer >= 1"),),
        {"weights": "counts pairs, and refuses weights: tests/ch03/test_metrics.py"},
    ),
    "LogLoss": Scored({"from_logits": True}, BITS, SCORES, skips=FLAG),
    "CalibrationCurve": Scored(
        {"bins": 2}, BITS, 1 / (1 + np.exp(-SCORES)), (({"bins": 0}, "bins must be an integer >= 1"),)
    ),
}
