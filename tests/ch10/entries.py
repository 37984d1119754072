"""How the components of chapter 10 are tested; see `tests/conformance/contract.py`."""

from contract import BATCH, PLAIN, Entry

COMPONENTS = {
    "BatchNormalization": Entry(
        {"momentum": 0.9, "epsilon": 1e-3, "beta_initializer": "ones"},
        (4,),
        (
            ({"axis": 2}, "axis must be an axis of x"),
            ({"axis": None}, "axis must be an integer"),
            ({"momentum": 1.5}, "momentum must be in"),
            ({"epsilon": -1.0}, "epsilon must be >= 0"),
        ),
        {"masks": PLAIN, "training": BATCH},
    ),
    "DenseBatchNorm": Entry(
        {"units": 3, "activation": "tanh"},
        (4,),
        (({"units": 0}, "units must be an integer >= 1"),),
        {"masks": PLAIN, "training": BATCH},
    ),
    "BatchNormMLP": Entry(
        {"widths": (4, 5, 3), "activation": "tanh", "momentum": 0.9},
        (4,),
        (({"widths": (4, 0)}, "widths must be two or more"), ({"momentum": 2}, "momentum must be in")),
        {"masks": PLAIN, "training": BATCH},
    ),
}

ELSEWHERE = {
    "BatchStatisticsMonitor": "needs data: tests/ch10/test_models.py",
}
