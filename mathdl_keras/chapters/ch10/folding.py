r"""Batch normalization folded into the layer before it, for inference (§10.3)."""

import keras
import numpy as np
from keras import layers, ops

from mathdl_keras.chapters.ch10.layers import BatchNormalization
from mathdl_keras.core.graph import calls, readers

__all__ = ["fuse_batch_norm"]

NORMS = (BatchNormalization, layers.BatchNormalization)
LINEAR = (layers.Dense, layers.Conv2D)


def fuse_batch_norm(model):
    r"""The same predictions from fewer layers: each batch normalization becomes part of the layer before it (§10.3).

    In inference the moments are constants. For each output channel, with :math:`s = \sqrt{\bar v + \varepsilon}`,

    .. math:: \gamma\,\frac{(xW + b) - \bar\mu}{s} + \beta = x W' + b', \qquad
        W' = W\,\frac{\gamma}{s}, \qquad b' = \beta + (b - \bar\mu)\,\frac{\gamma}{s} .

    What is folded is a `Dense` or `Conv2D` without activation whose output goes to one `BatchNormalization`, Keras' or
    ours, and nowhere else. Other batch normalizations stay. The weights are computed in float64 and rounded once.

    Args:
        model: A `Sequential` or functional model, built. It stays as it is.

    Returns:
        A new model of the same kind, not compiled, for inference.

    Raises:
        ValueError: If the model is of another kind or not built, or there is nothing to fold.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), layers.Dense(2), BatchNormalization(), layers.ReLU()])
        >>> folded = fuse_batch_norm(model)
        >>> a, b = (m.predict(np.eye(3), verbose=0) for m in (folded, model))
        >>> len(folded.layers), bool(np.allclose(a, b, atol=1e-6))
        (2, True)
    """
    pairs = foldable(model)
    if not pairs:
        raise ValueError(
            "model must have a Dense or Conv2D layer without activation, followed by BatchNormalization; "
            f"received none in {model.name}"
        )
    folded = _without(model, pairs)
    for old, norm in pairs:
        folded.get_layer(old.name).set_weights(folded_weights(old, norm))
    return folded


def folded_weights(layer, norm):
    r""":math:`(W', b')`, as NumPy arrays in float64."""
    W, mean, variance = map(_numpy, (layer.kernel, norm.moving_mean, norm.moving_variance))
    bias = _numpy(layer.bias) if layer.use_bias else 0.0
    factor = (_numpy(norm.gamma) if norm.scale else 1.0) / np.sqrt(variance + norm.epsilon)
    return W * factor, (_numpy(norm.beta) if norm.center else 0.0) + (bias - mean) * factor


def foldable(model):
    """Pairs of a layer and the batch normalization that can be folded into it."""
    used = [node.operation for node in calls(model)]
    return [
        (layer, after[0])
        for layer, after in readers(model).items()
        if isinstance(layer, LINEAR)
        and layer.activation is keras.activations.linear
        and len(after) == 1
        and isinstance(after[0], NORMS)
        and used.count(layer) == used.count(after[0]) == 1
        and _channels(layer) == after[0].axis % len(layer.output.shape)
    ]


def _channels(layer):
    """The axis of the output channels."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return 1 if first else len(layer.output.shape) - 1


def _without(model, pairs):
    """A model with the weights of `model`, without the second layer of each pair."""
    before, gone = ({id(pair[k]) for pair in pairs} for k in (0, 1))

    def clone(layer):
        config = layer.get_config() | ({"use_bias": True} if id(layer) in before else {})
        return type(layer).from_config(config)

    kept = [layer for layer in model.layers if id(layer) not in gone]
    if isinstance(model, keras.Sequential):
        again = keras.Sequential([keras.Input(batch_shape=model.input_shape), *map(clone, kept)], name=model.name)
    else:
        skip = {layer.name for layer in model.layers if id(layer) in gone}
        again = keras.models.clone_model(
            model,
            clone_function=clone,
            call_function=lambda layer, *args, **kwargs: args[0] if layer.name in skip else layer(*args, **kwargs),
        )
    for layer in kept:
        if layer.weights and id(layer) not in before:
            again.get_layer(layer.name).set_weights(layer.get_weights())
    return again


def _numpy(variable):
    return np.asarray(ops.convert_to_numpy(variable), "float64")
