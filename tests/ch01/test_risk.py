"""Risk, its decomposition and its spread, against Keras' evaluation and brute force."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.callbacks import GeneralizationGap
from mathdl_keras.model_selection import bias_variance, empirical_risk, hoeffding_radius

rng = np.random.default_rng(1)
X = rng.standard_normal((23, 4)).astype("float32")
Y = rng.standard_normal((23, 2)).astype("float32")


def network():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("batch_size", [None, 5, 100])
def test_empirical_risk_is_keras_evaluation(batch_size):
    model = network()
    expected = model.evaluate(X, Y, batch_size=7, verbose=0)
    assert abs(empirical_risk(model, "mse", X, Y, batch_size) - expected) < 1e-5
    each = empirical_risk(model, keras.losses.MeanSquaredError(), X, Y, batch_size, reduction="none")
    np.testing.assert_allclose(each, np.mean((ops.convert_to_numpy(model(X)) - Y) ** 2, axis=1), rtol=1e-5)


def test_bias_and_variance_add_up_to_the_mean_squared_error():
    def draw(rng, replicates):
        return None, 1.0 + rng.standard_normal((replicates, 5))

    seen = []

    def shrunk(x, y, x_test):
        seen.append(y.mean(axis=1, keepdims=True) / 2 + 0 * x_test)
        return seen[-1]

    parts = bias_variance(shrunk, draw, np.array([0.0, 1.0, 2.0]), lambda x: 1 + x, 0.25, replicates=300, seed=3)
    mse = np.mean((seen[0] - (1 + np.array([0.0, 1.0, 2.0]))) ** 2, axis=0)
    np.testing.assert_allclose(parts["bias2"] + parts["variance"], mse, rtol=1e-12)
    np.testing.assert_allclose(parts["risk"], mse + 0.25, rtol=1e-12)


def test_the_gap_is_that_of_the_weights_at_the_end_of_the_epoch():
    model = network()
    history = model.fit(
        X[:15], Y[:15], epochs=3, verbose=0, callbacks=[GeneralizationGap((X[:15], Y[:15]), (X[15:], Y[15:]), "mse")]
    ).history
    train, test = (model.evaluate(X[rows], Y[rows], verbose=0) for rows in (slice(15), slice(15, None)))
    assert abs(history["train_risk"][-1] - train) < 1e-5
    assert abs(history["generalization_gap"][-1] - (test - train)) < 1e-5
    assert len(history["test_risk"]) == 3


def test_the_radius_makes_hoeffding_s_bound_delta():
    for n, delta, width in ((10, 0.1, 1.0), (300, 0.01, 4.0)):
        r = hoeffding_radius(n, delta, width)
        assert abs(2 * np.exp(-2 * n * r**2 / width**2) - delta) < 1e-14


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: empirical_risk(network(), "mse", X, Y[:3]), "y must have one row for each of the 23 rows of x; rec"),
        (lambda: empirical_risk(network(), "mse", X[:0], Y[:0]), "x must not be empty"),
        (lambda: empirical_risk(network(), "mse", X, Y, 0), "batch_size must be at least 1; received batch_size=0"),
        (lambda: empirical_risk(network(), "mse", X, Y, reduction="sum"), "reduction must be mean or none; received"),
        (lambda: empirical_risk(network(), "mse", np.where(X > 1, np.nan, X), Y), "x must be finite"),
        (lambda: hoeffding_radius(0, 0.1), "n must be >= 1"),
        (lambda: hoeffding_radius(10, 1.0), r"delta in \(0, 1\)"),
        (lambda: bias_variance(None, None, X, None, 1.0, 1), "replicates must be at least 2; received replicates=1"),
        (
            lambda: bias_variance(None, None, X, None, -1.0, 9),
            "noise_variance must be >= 0; received noise_variance=-1.0",
        ),
        (
            lambda: bias_variance(lambda x, y, t: y, lambda r, n: (X, np.ones((n, 3))), X, None, 1.0, 9),
            r"fit_predict must return shape \(9, 23\); received shape \(9, 3\)",
        ),
    ],
)
def test_errors_are_one_clear_line(call, match):
    with pytest.raises(ValueError, match=match):
        call()
