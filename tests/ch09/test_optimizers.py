"""Descent with a proximal map: against NumPy, in training, and from a file."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras import load_model
from mathdl_keras.optimizers import ProximalSGD
from mathdl_keras.regularizers import L1, L2


@pytest.mark.parametrize("R", [L1(0.5), L2(0.5)])
def test_a_step_is_the_proximal_map_after_descent(R):
    w, g = np.array([1.0, -0.2, 0.1], "float32"), np.array([0.5, 0.0, -3.0], "float32")
    variable = keras.Variable(w)
    ProximalSGD(0.2, R).apply([ops.array(g)], [variable])
    u = w - 0.2 * g
    expected = np.sign(u) * np.maximum(np.abs(u) - 0.1, 0) if isinstance(R, L1) else u / 1.2
    np.testing.assert_allclose(ops.convert_to_numpy(variable.value), expected, rtol=1e-6)


@pytest.mark.parametrize("regularized", [True, False])
def test_weights_are_exactly_zero_where_the_gradient_of_l1_leaves_them_near(regularized, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 8)).astype("float32")
    y = x[:, :1] + 1
    dense = keras.layers.Dense(1, kernel_regularizer=L1(0.2) if regularized else None)
    model = keras.Sequential([keras.Input((8,)), dense])
    model.compile(keras.optimizers.SGD(0.1) if regularized else ProximalSGD(0.1, L1(0.2)), "mse")
    model.fit(np.tile(x, (30, 1)), np.tile(y, (30, 1)), batch_size=16, shuffle=False, verbose=0)
    kernel, bias = model.get_weights()
    assert np.sum(kernel[1:] == 0) == (0 if regularized else 7)
    assert abs(bias[0] - 1) < 0.05  # it has no penalty
    if not regularized:
        model.save(tmp_path / "model.keras")
        again = load_model(tmp_path / "model.keras").optimizer
        assert type(again) is ProximalSGD and again.regularizer.get_config() == {"l1": 0.2}
        assert again.exclude == ("bias",)


def test_a_regularizer_without_a_proximal_map_is_refused():
    with pytest.raises(ValueError, match="regularizer must have a method prox"):
        ProximalSGD(0.1, keras.regularizers.L1(0.1))
