"""How the components of chapter 9 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import PLAIN, Entry

COMPONENTS = {
    "Dropout": Entry(
        {"rate": 0.4, "seed": 3, "mode": "standard"},
        (4,),
        (({"rate": 1.0}, "rate must be in"), ({"mode": "random"}, "mode must be one of")),
        {
            "masks": PLAIN,
            "rank": "any shape will do",
            "training": "random: tests/ch09/test_layers.py",
            "weights": "it has none",
        },
    ),
    "RidgeRegression": Entry(
        {"l2": 0.2, "units": 2},
        (4,),
        (({"l2": 0.0}, "l2 must be positive"), ({"units": 0}, "units must be an integer >= 1")),
        {"masks": PLAIN},
        labels=tuple(np.eye(2)[[0, 1, 0, 1]]),
    ),
    "Lasso": Entry(
        {"l1": 0.2, "solver": "ista"},
        (4,),
        (({"l1": -1.0}, "l1 must be a finite number >= 0"), ({"solver": "cd"}, "solver must be one of")),
        {"masks": PLAIN},
    ),
    "DropoutMLP": Entry(
        {"widths": (4, 5, 3), "rate": [0.1, 0.5], "activation": "tanh", "seed": 2},
        (4,),
        (({"rate": [0.5]}, "rate must be a number, or 2"), ({"rate": 1.0}, "rate must be in")),
        {"masks": PLAIN, "training": "random: tests/ch09/test_networks.py"},
    ),
}

ELSEWHERE = {
    "ProximalSGD": "an optimizer: tests/ch09/test_optimizers.py",
}
