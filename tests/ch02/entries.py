"""How the components of chapter 2 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, REALS, SCORES, Entry, Scored

COMPONENTS = {
    "LinearRegression": Entry(
        {"fit_intercept": True, "solver": "qr"},
        (4,),
        (({"solver": "lu"}, "solver must be one of"), ({"units": 0}, "units must be an integer >= 1")),
        {"masks": PLAIN},
    ),
}

SCORED = {
    "MeanSquaredError": Scored({"scale": 0.5}, REALS, SCORES, (({"scale": 0.0}, "scale must be positive and finite"),)),
    "R2Score": Scored(
        {"class_aggregation": "uniform_average"},
        REALS,
        SCORES,
        (
            ({"num_regressors": -1}, "num_regressors must be an integer >= 0"),
            ({"class_aggregation": "sum"}, "class_aggregation must be one of"),
        ),
    ),
}

ELSEWHERE = {
    "ErrorEnvelope": "needs data: tests/ch02/test_models.py",
    "LinearModel": "a base class: tests/ch02/test_models.py",
}
