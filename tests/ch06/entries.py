"""How the components of chapter 6 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, Entry

COMPONENTS = {
    "Dense": Entry(
        {"units": 3, "activation": "tanh"},
        (4,),
        (
            ({"units": 0}, "units must be an integer >= 1"),
            ({"activation": "glue"}, "activation must be known here or to Keras"),
        ),
        {"masks": PLAIN, "rank": "takes any rank from 2 on"},
    ),
    "BackpropMLP": Entry(
        {"widths": (4, 5, 3), "activation": "tanh", "loss": "categorical_crossentropy"},
        (4,),
        (
            ({"widths": 4}, "widths must be two or more integers >= 1"),
            ({"loss": "hinge"}, "loss must have a method gradient or be one of"),
        ),
        {"masks": PLAIN},
    ),
}

ELSEWHERE = {
    "GradientNorms": "needs data: tests/ch06/test_callbacks.py",
    "TerminateOnNonFinite": "needs data: tests/ch06/test_callbacks.py",
    "BackpropModel": "a base class: tests/ch06/test_models.py",
}
