"""A network with dropout: gradients through given masks against NumPy, and what training and inference do."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.models import BackpropMLP, DropoutMLP

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((5, 4)).astype("float32"), rng.standard_normal((5, 2)).astype("float32")
MASKS = [(rng.random((5, n)) < 0.6).astype("float32") for n in (4, 6, 3)]
RATES = [0.2, 0.5, 0.4]


@pytest.mark.parametrize("mode", ["inverted", "standard"])
def test_gradients_through_given_masks_are_those_of_the_chain_rule(mode):
    model = DropoutMLP((4, 6, 3, 2), RATES, "tanh", mode, loss="mse")
    U, cache = model.forward_pass(ops.array(X), training=True, masks=MASKS)
    loss, dU = model.loss_and_slope(ops.array(Y), U)
    pairs = {v.path: ops.convert_to_numpy(g) for g, v in model.backward_pass(dU, cache)}

    weights = [np.asarray(w, "float64") for w in model.get_weights()]
    factors = [m / (1 - r if mode == "inverted" else 1) for m, r in zip(MASKS, RATES, strict=True)]
    H, inputs = X.astype("float64"), []
    for k, factor in enumerate(factors):
        inputs.append(H * factor)
        Z = inputs[-1] @ weights[2 * k] + weights[2 * k + 1]
        H = np.tanh(Z) if k < 2 else Z
    np.testing.assert_allclose(ops.convert_to_numpy(U), H, atol=1e-5)
    assert float(loss) == pytest.approx(np.mean((Y - H) ** 2), rel=1e-5)
    delta = 2 * (H - Y) / H.size
    for k in (2, 1, 0):
        np.testing.assert_allclose(pairs[model.dense[k].kernel.path], inputs[k].T @ delta, atol=1e-5)
        np.testing.assert_allclose(pairs[model.dense[k].bias.path], delta.sum(axis=0), atol=1e-5)
        if k:
            hidden = inputs[k] / np.where(factors[k] > 0, factors[k], 1)
            delta = (delta @ weights[2 * k].T) * factors[k] * (1 - hidden**2)


def test_inference_is_the_network_without_dropout():
    model, plain = DropoutMLP((4, 6, 2), 0.5), BackpropMLP((4, 6, 2))
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(model.predict(X, verbose=0), plain.predict(X, verbose=0), rtol=1e-6)


def test_one_rate_is_that_of_the_hidden_layers():
    model = DropoutMLP((4, 6, 3, 2), 0.3)
    assert [drop.rate for drop in model.dropout] == [0.0, 0.3, 0.3]


def test_training_drops_evaluation_does_not_and_the_loss_falls():
    model = DropoutMLP((4, 32, 2), 0.5, seed=1, loss="mse")
    first, second = (ops.convert_to_numpy(model(X, training=True)) for _ in range(2))
    assert np.any(first != second)
    model.compile(keras.optimizers.Adam(0.01))
    before = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0) == before
    model.fit(np.tile(X, (60, 1)), np.tile(Y, (60, 1)), batch_size=5, shuffle=False, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < before


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"rate": [0.5, 0.5, 0.5]}, "rate must be a number, or 2"),
        ({"rate": 1.0}, "rate must be in"),
        ({"mode": "random"}, "mode must be one of"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        DropoutMLP((4, 3, 2), **arguments)
