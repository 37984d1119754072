"""How the components of chapter 7 are tested; see `tests/conformance/contract.py`."""

from contract import PLAIN, Entry

COMPONENTS = {
    "ShallowNetwork": Entry(
        {"hidden": 5, "outputs": 3, "activation": "tanh"},
        (4,),
        (
            ({"hidden": 0}, "hidden must be an integer >= 1"),
            ({"outputs": 1}, "outputs must be an integer >= 2"),
            ({"activation": "gelu"}, "activation must be an Activation or one of"),
        ),
        {"masks": PLAIN},
    ),
}

ELSEWHERE = {
    "RobbinsMonro": "a learning rate schedule: tests/ch07/test_steps.py",
    "StepLoop": "a loop over data: tests/ch07/test_trainer.py",
}
