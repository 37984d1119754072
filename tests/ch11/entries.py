"""How the components of chapter 11 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, Entry

COMPONENTS = {
    "PolynomialFeatures1D": Entry(
        {"degree": 3, "basis": "chebyshev", "domain": [-2.0, 3.0]},
        (1,),
        (
            ({"degree": -1}, "degree must be an integer >= 0"),
            ({"basis": "x"}, "basis must be one of"),
            ({"domain": [1, 1]}, "domain must be"),
        ),
        {"masks": PLAIN, "weights": "a function without weights"},
    ),
    "PolynomialRegression": Entry(
        {"degree": 3, "basis": "legendre", "l2": 0.1, "kernel_initializer": "glorot_uniform"},
        (1,),
        (
            ({"degree": -1}, "degree must be an integer >= 0"),
            ({"l2": -1.0}, "l2 must be"),
            ({"units": 0}, "units must be an integer >= 1"),
        ),
        {"masks": PLAIN},
        loss="mse",
    ),
}

ELSEWHERE = {
    "RestoreBestWeights": "needs data: tests/ch11/test_callbacks.py",
}
