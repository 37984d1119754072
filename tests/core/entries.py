"""How the components of the core are tested; see `tests/conformance/contract.py`."""

ELSEWHERE = {
    "StepModel": "a base class: tests/core/test_training.py",
    "FunctionalStepModel": "built from any graph: tests/core/test_training.py",
    "ManualGradientModel": "a base class: tests/core/test_training.py",
    "NamedOptimizers": "made by StepModel.compile: tests/core/test_training.py",
}
