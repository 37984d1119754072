"""A class that bears a name of Keras' takes what Keras' class takes, in the same order.

What a twin does not take stands in `NOT_TAKEN` with a reason each; an argument of ours that Keras has not comes after
those of Keras.
"""

import inspect

import keras
import pytest

from mathdl_keras import constraints, layers, losses, metrics, optimizers, regularizers

SHELVES = {
    name: (ours, getattr(keras, name))
    for name, ours in {
        "layers": layers,
        "losses": losses,
        "metrics": metrics,
        "constraints": constraints,
        "regularizers": regularizers,
        "optimizers": optimizers,
    }.items()
}
TWINS = {
    f"{shelf}.{name}": (cls, getattr(theirs, name))
    for shelf, (ours, theirs) in SHELVES.items()
    for name, cls in vars(ours).items()
    if inspect.isclass(cls) and inspect.isclass(getattr(theirs, name, None))
}
ADAPTERS = "an adapter of low rank, a matter of fine-tuning large models"
RENORMALIZED = "renormalization: batch normalization by other moments, with another derivative"
QUANTIZED = "kernels of 8 bits have no derivative to write"
FUSED = "a kernel of the backend's, with a derivative of its own"
NOT_TAKEN = {
    "layers.BatchNormalization": {
        "renorm": RENORMALIZED,
        "renorm_clipping": RENORMALIZED,
        "renorm_momentum": RENORMALIZED,
        "synchronized": "moments of all devices at once, a matter of TensorFlow's strategies",
    },
    "layers.Dense": {"lora_rank": ADAPTERS, "lora_alpha": ADAPTERS, "quantization_config": QUANTIZED},
    "layers.LSTM": {"use_cudnn": FUSED},
    "layers.GRU": {"use_cudnn": FUSED},
    "layers.MultiHeadAttention": {
        "attention_axes": "the tokens are the second axis",
        "sliding_window": "an `attention_mask` says it",
        "flash_attention": FUSED,
        "use_gate": "the book has no gates there",
    },
}
REQUIRED = {
    "layers.BatchNormalization": {},
    "layers.Dense": {"units": 2},
    "layers.LSTM": {"units": 2},
    "layers.GRU": {"units": 2},
    "layers.MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
}


def parameters(cls):
    return [
        name
        for name, parameter in inspect.signature(cls.__init__).parameters.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    ]


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_takes_the_arguments_of_keras_in_their_order(name):
    ours, theirs = map(parameters, TWINS[name])
    common = {"name", "dtype", "trainable", "kwargs"}  # where ours passes them on
    expected = [p for p in theirs if p not in NOT_TAKEN.get(name, {}) and p not in common - set(ours)]
    assert ours[: len(expected)] == expected


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_is_not_taken_is_accepted_at_its_default_and_named_otherwise(name):
    ours, theirs = TWINS[name]
    defaults = {p: inspect.signature(theirs.__init__).parameters[p].default for p in NOT_TAKEN[name]}
    ours(**REQUIRED[name], **defaults)
    for argument in defaults:
        with pytest.raises(ValueError, match=f"{argument} must be .*; received {argument}='other'"):
            ours(**REQUIRED[name], **{argument: "other"})


def test_what_is_not_taken_is_an_argument_of_keras():
    assert set(NOT_TAKEN) <= set(TWINS)
    for name, arguments in NOT_TAKEN.items():
        assert set(arguments) <= set(parameters(TWINS[name][1])), name
