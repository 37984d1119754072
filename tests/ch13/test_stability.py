"""Spectral radius, Jacobians, Lyapunov exponents; the constraint and clipping against NumPy and Keras."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.chapters.ch13.stability.clipping import ClipGradientNorm
from mathdl_keras.chapters.ch13.stability.constraints import MaxSpectralNorm
from mathdl_keras.chapters.ch13.stability.stability import lyapunov_exponent, spectral_radius, state_jacobians
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import dtype_of, float64

RNG = np.random.default_rng(136)
RADIUS = compiled(spectral_radius)


def numpy(x):
    return ops.convert_to_numpy(ops.stop_gradient(x))


@pytest.mark.parametrize("W", [RNG.standard_normal((4, 4)), np.diag([0.0] * 4), np.eye(4, k=1),
                               np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]]), 1e8 * np.ones((4, 4))],
                         ids=["random", "zero", "nilpotent", "rotation", "large"])  # fmt: skip
def test_spectral_radius(W):
    with float64():
        found = RADIUS(ops.convert_to_tensor(W))
        assert dtype_of(found) == "float64"
        known = (
            0.0 if np.array_equal(W, np.eye(4, k=1)) else np.abs(np.linalg.eigvals(W)).max()
        )  # NumPy's is 1e-4 there
        np.testing.assert_allclose(numpy(found), known, rtol=1e-12)


def test_jacobians_of_elmans_cell_are_the_formula():
    cell = keras.layers.SimpleRNNCell(3)
    cell.build((None, 2))
    W, U, b = cell.get_weights()
    x, h = RNG.standard_normal((4, 2)).astype("float32"), RNG.standard_normal(3).astype("float32")
    J = numpy(compiled(lambda x, h: state_jacobians(cell, x, h))(*map(ops.convert_to_tensor, (x, h))))
    product, start = np.eye(3), h
    for t in range(4):
        h = np.tanh(x[t] @ W + h @ U + b)
        np.testing.assert_allclose(J[t], (1 - h**2)[:, None] * U.T, atol=1e-5)
        product = J[t] @ product
    growth = numpy(compiled(lambda x, h: lyapunov_exponent(cell, x, h))(*map(ops.convert_to_tensor, (x, start))))
    np.testing.assert_allclose(growth, np.log(np.linalg.norm(product @ np.ones(3)) / np.sqrt(3)) / 4, atol=1e-5)


def test_jacobians_of_an_lstm_have_both_states_and_are_finite_differences():
    cell = keras.layers.LSTMCell(2)
    cell.build((None, 1))
    x, start = np.ones((1, 1), "float32"), [np.array([0.1, -0.2], "float32"), np.array([0.5, 0.3], "float32")]
    J = numpy(compiled(lambda x, *start: state_jacobians(cell, x, start))(*map(ops.convert_to_tensor, (x, *start))))[0]
    once = compiled(lambda h, c: cell(ops.convert_to_tensor(x), [h, c])[1])

    def step(flat):
        return np.concatenate(
            [numpy(s)[0] for s in once(*map(ops.convert_to_tensor, (flat[None, :2], flat[None, 2:])))]
        )

    flat, e = np.concatenate(start), 1e-2 * np.eye(4, dtype="float32")
    known = np.stack([(step(flat + d) - step(flat - d)) / 2e-2 for d in e], axis=1)
    np.testing.assert_allclose(J, known, atol=2e-4)  # h^2/6 of the third derivative, and 1e-7/2e-2


def test_a_burn_in_leaves_the_dominant_direction():
    cell = keras.layers.SimpleRNNCell(2, activation="linear")
    cell.build((None, 1))
    cell.set_weights([np.ones((1, 2)), np.array([[0.5, 0.0], [0.2, 0.1]]), np.zeros(2)])
    x = np.zeros((12, 1), "float32")
    both = compiled(lambda x: [lyapunov_exponent(cell, x, burn_in=n) for n in (0, 10)])(ops.convert_to_tensor(x))
    with_start, without = map(numpy, both)
    assert abs(without - np.log(0.5)) < 1e-5 < abs(with_start - np.log(0.5))  # (0.1/0.5)^10 = 1e-7


def test_mistakes_are_one_clear_line():
    cell = keras.layers.SimpleRNNCell(2)
    with pytest.raises(ValueError, match="cell must be built"):
        state_jacobians(cell, np.zeros((3, 1)))
    cell.build((None, 1))
    with pytest.raises(ValueError, match=r"inputs must be one sequence \(time, features\)"):
        state_jacobians(cell, np.zeros((2, 3, 1)))
    with pytest.raises(ValueError, match=r"initial_state must have \[2\] entries"):
        state_jacobians(cell, np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match=r"burn_in must be an integer in \[0, 3\)"):
        lyapunov_exponent(cell, np.zeros((3, 1)), burn_in=3)
    with pytest.raises(ValueError, match="W must be a square matrix"):
        spectral_radius(np.zeros((2, 3)))
    for c in (0, np.inf, "1", True):
        with pytest.raises(ValueError, match="max_value must be positive"):
            MaxSpectralNorm(c)
    with pytest.raises(ValueError, match="w must be a matrix"):
        MaxSpectralNorm(1.0)(np.zeros(3, "float32"))


def test_the_constraint_is_the_nearest_matrix_and_holds_in_training():
    W = RNG.standard_normal((4, 3)).astype("float32")
    U, s, V = np.linalg.svd(W, full_matrices=False)
    np.testing.assert_allclose(numpy(MaxSpectralNorm(0.7)(W)), U @ np.diag(np.minimum(s, 0.7)) @ V, atol=1e-5)
    np.testing.assert_allclose(numpy(MaxSpectralNorm(float(2 * s[0]))(W)), W, atol=1e-5)
    layer = keras.layers.SimpleRNN(3, recurrent_constraint=MaxSpectralNorm(0.5))
    model = keras.Sequential([keras.Input((4, 2)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((8, 4, 2)), np.ones((8, 3)), batch_size=8, verbose=0)
    assert np.linalg.norm(layer.get_weights()[1], 2) <= 0.5 + 1e-4  # under XLA the decomposition is good to 1e-5
    config = keras.constraints.serialize(layer.cell.recurrent_constraint)
    assert keras.constraints.deserialize(config).max_value == 0.5
    assert MaxSpectralNorm.from_config({"c": 0.25}).max_value == 0.25  # as earlier files hold it


@pytest.mark.parametrize("name", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize("c", [0.5, 3.0, 100.0])
def test_clipping_is_what_keras_optimizers_do(name, c):
    gradients = [RNG.standard_normal(s).astype("float32") for s in ((3, 4), (4,), (2,))] + [np.zeros(2, "float32")]
    clipped = [numpy(g) for g in ClipGradientNorm(**{name: c})([ops.convert_to_tensor(g) for g in gradients])]
    variables = [keras.Variable(np.zeros_like(g)) for g in gradients]
    keras.optimizers.SGD(1.0, **{name: c}).apply([ops.convert_to_tensor(g) for g in gradients], variables)
    for found, v in zip(clipped, variables, strict=True):
        np.testing.assert_allclose(found, -numpy(v.value), rtol=1e-5)
    total = np.sqrt(sum(np.sum(g**2) for g in clipped))
    if name == "global_clipnorm":
        assert total == pytest.approx(min(c, np.sqrt(sum(np.sum(g**2) for g in gradients))), rel=1e-5)


def test_clipping_leaves_none_and_wants_one_positive_norm():
    first, second = ClipGradientNorm(global_clipnorm=1.0)([None, ops.convert_to_tensor([2.0])])
    assert first is None and numpy(second) == pytest.approx(1.0)
    for arguments in ({}, {"clipnorm": 1.0, "global_clipnorm": 1.0}):
        with pytest.raises(ValueError, match="one of clipnorm and global_clipnorm must be given"):
            ClipGradientNorm(**arguments)
    with pytest.raises(ValueError, match="clipnorm must be positive"):
        ClipGradientNorm(clipnorm=0.0)
