"""How the components of chapter 1 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, Entry

from mathdl_keras import layers, models

COMPONENTS = {
    "RandomFeatures": Entry(
        {"units": 6, "activation": "fourier", "scale": 0.5, "bias_scale": 1.0, "seed": 3},
        (4,),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"activation": "tanh"}, "activation must be one of relu, fourier"),
            ({"scale": 0.0}, "scale must be > 0"),
        ),
        {"masks": PLAIN, "weights": "its weights are frozen"},
    ),
    "MinimumNormRegressor": Entry(
        {"units": 1, "l2": 0.1, "rcond": 1e-8, "kernel_initializer": "glorot_uniform"},
        (4,),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"l2": -1.0}, "l2 must be >= 0"),
            ({"rcond": 1.0}, r"rcond must be in \[0, 1\)"),
        ),
        {"masks": PLAIN},
        make=lambda dtype=None, **kwargs: models.MinimumNormRegressor(
            features=layers.RandomFeatures(5, name="phi", dtype=dtype), dtype=dtype, **kwargs
        ),
        loss="mse",
    ),
}

ELSEWHERE = {
    "GeneralizationGap": "needs data: tests/ch01/test_risk.py",
}
