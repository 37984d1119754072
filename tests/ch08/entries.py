"""How the components of chapter 8 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, Entry

COMPONENTS = {
    "MLPClassifier": Entry(
        {"widths": (4, 5, 3), "activation": "tanh", "learning_rate": 0.05, "batch_size": 8},
        (4,),
        (
            ({"widths": (4, 0)}, "widths must be two or more integers >= 1"),
            ({"learning_rate": -1.0}, "learning_rate must be positive"),
            ({"batch_size": 0}, "batch_size must be an integer >= 1"),
        ),
        {"masks": PLAIN},
    ),
}

ELSEWHERE = {
    "VanishingGradientReport": "needs data: tests/ch08/test_callbacks.py",
}
