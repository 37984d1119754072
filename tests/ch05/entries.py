"""How the components of chapter 5 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, Entry

LOGIC = {"masks": PLAIN, "weights": "has no weights: its formula is known"}

COMPONENTS = {
    "AndUnit": Entry({}, (3,), skips=LOGIC),
    "OrUnit": Entry({}, (3,), skips=LOGIC),
    "NotUnit": Entry({}, (3,), skips=LOGIC),
    "XorNetwork": Entry({}, (2,), skips=LOGIC),
    "Clip01": Entry({}, (3,), skips=LOGIC | {"rank": "clips numbers of any shape"}),
    "MLP": Entry(
        {"widths": (4, 5, 1), "activation": "tanh", "output_activation": "sigmoid"},
        (4,),
        (
            ({"widths": (4,)}, "widths must be two or more integers >= 1"),
            ({"widths": (4, 0, 1)}, "widths must be two or more integers >= 1"),
            ({"activation": "gelu"}, "activation must be an Activation or one of"),
        ),
        {"masks": PLAIN},
    ),
}
