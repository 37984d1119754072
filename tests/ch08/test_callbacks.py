"""The report of vanishing gradients: what it measures, and what it predicts."""

import keras
import numpy as np
import pytest
from scipy.special import softmax

from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch08.callbacks import VanishingGradientReport
from mathdl_keras.chapters.ch08.models import MLPClassifier

rng = np.random.default_rng(0)
X, LABELS = rng.standard_normal((12, 6)).astype("float32"), np.arange(12) % 3


def at_start(model, x=X, y=LABELS):
    report = VanishingGradientReport(x, y)
    report.set_model(model)
    report.on_train_begin()
    return report


def test_it_measures_the_deltas_of_each_sample():
    model = MLPClassifier((6, 8, 8, 3), "tanh")
    W1, b1, W2, b2, W3, b3 = weights = [rng.standard_normal(w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    H1 = np.tanh(X @ W1 + b1)
    H2 = np.tanh(H1 @ W2 + b2)
    delta3 = softmax(H2 @ W3 + b3, axis=1) - np.eye(3)[LABELS]
    delta2 = delta3 @ W3.T * (1 - H2**2)
    delta1 = delta2 @ W2.T * (1 - H1**2)
    expected = [np.log10(np.mean(np.sum(delta**2, axis=1))) / 2 for delta in (delta1, delta2, delta3)]
    np.testing.assert_allclose(at_start(model).measured[0], expected, atol=1e-5)


@pytest.mark.parametrize(("activation", "slope"), [("linear", 1.0), ("relu", 0.5)])
def test_the_line_has_the_slope_of_the_weights_at_the_start(activation, slope):
    model = BackpropMLP((6, 8, 8, 3), activation)
    variances = (0.2, 0.05, 0.3)
    shapes = zip(model.widths, model.widths[1:], variances, strict=False)
    weights = [rng.choice([-1, 1], (m, n)) * np.sqrt(variance) for m, n, variance in shapes]
    model.set_weights([part for W in weights for part in (W, np.zeros(W.shape[1]))])
    report = at_start(model)
    steps = np.log10(8 * np.array(variances[1:]) * slope) / 2  # 8 inputs of the second and third layer
    np.testing.assert_allclose(np.diff(report.predicted), -steps, atol=1e-6)
    assert report.predicted[-1] == report.measured[0, -1]


def test_a_wide_network_follows_the_line():
    """At width 400 the squares fluctuate by a factor of the order sqrt(4 x 5 / 400) = 0.2, or 0.05 in log10."""
    model = BackpropMLP((400,) * 5 + (3,), "sigmoid", kernel_initializer="zeros")
    model.set_weights([rng.standard_normal(w.shape) / 20 * (w.ndim > 1) for w in model.get_weights()])
    report = at_start(model, rng.standard_normal((12, 400)).astype("float32"))
    np.testing.assert_allclose(report.measured[0], report.predicted, atol=0.2)
    assert report.predicted[0] < report.predicted[-1] - 2


def test_any_model_is_measured_but_only_a_feed_forward_network_is_predicted():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    report = VanishingGradientReport(X, LABELS)
    model.fit(X, LABELS, epochs=2, verbose=0, callbacks=[report])
    assert report.measured.shape == (3, 2) and report.predicted is None
    assert "predicted" not in str(report)


def test_dead_units_pass_nothing():
    model = MLPClassifier((6, 8, 8, 3), "relu")
    model.set_weights([w if w.ndim == 2 else w - 100 for w in model.get_weights()])
    assert at_start(model).measured[0, 0] == -np.inf


def test_the_table_has_a_row_for_each_layer():
    model = MLPClassifier((6, 8, 8, 3), "tanh")
    report = VanishingGradientReport(X, LABELS)
    model.fit(X, LABELS, verbose=0, callbacks=[report])
    title, head, *lines = str(report).splitlines()
    assert "log10" in title and head.split() == ["layer", "start", "end", "predicted"]
    assert [line.split()[0] for line in lines] == [layer.name for layer in model.dense]
    assert float(lines[0].split()[1]) == pytest.approx(report.measured[0, 0], abs=0.006)


def test_data_that_are_not_finite_are_said():
    with pytest.raises(ValueError, match="x must be finite"):
        VanishingGradientReport(np.full((2, 6), np.nan), LABELS[:2])
