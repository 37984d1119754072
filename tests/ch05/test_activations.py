"""Activations and their derivatives against NumPy in float64, complex steps, and automatic differentiation at kinks."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.activations import (
    Activation,
    Clip,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softplus,
    Tanh,
    get,
)
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import allow_float64, dtype_of

Z = np.concatenate([np.linspace(-3, 3, 49), [0.3, -50.0, 50.0]])  # with 0, -1, 1 and 0.5; and far out
S = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
# value, and the derivative where it jumps; all of complex numbers where the function is analytic
SMOOTH = {
    Linear(): lambda z: z,
    Sigmoid(): S,
    Tanh(): lambda z: 2 * S(2 * z) - 1,
    Softplus(): lambda z: np.log(1 + np.exp(z)),
    Softplus(5.0): lambda z: np.log(1 + np.exp(5 * z)) / 5,
}
KINKED = {
    ReLU(): (np.maximum(Z, 0), Z > 0),
    LeakyReLU(): (np.where(Z > 0, Z, 0.2 * Z), np.where(Z > 0, 1, 0.2)),
    LeakyReLU(0.0): (np.maximum(Z, 0), Z > 0),
    Clip(): (np.clip(Z, 0, 1), (Z > 0) & (Z < 1)),
    Clip(-1.0, 0.5): (np.clip(Z, -1, 0.5), (Z > -1) & (Z < 0.5)),
}
ALL = [*SMOOTH, *KINKED]
KERAS = {
    Linear(): "linear",
    Sigmoid(): "sigmoid",
    Tanh(): "tanh",
    ReLU(): "relu",
    LeakyReLU(): "leaky_relu",
    Softplus(): "softplus",
    Clip(0.0, 6.0): "relu6",
}


@pytest.fixture(scope="module")
def rules():
    """Each activation's value, both derivatives, and the same two by automatic differentiation, at Z in float64."""

    def five(z):
        return [[ops.stack([s(z), s.derivative(z), s.second_derivative(z), d(z), grad(d)(z)])] for s, d in pairs]

    pairs = [(s, grad(s)) for s in ALL]
    with allow_float64():
        rows = compiled(five)(ops.convert_to_tensor(Z))
        assert {dtype_of(row) for (row,) in rows} == {"float64"}
        return {s: ops.convert_to_numpy(row) for s, (row,) in zip(ALL, rows, strict=True)}


@pytest.mark.parametrize("sigma", SMOOTH, ids=repr)
def test_smooth_activations(sigma, rules):
    f, h, near = SMOOTH[sigma], 1e-30, np.abs(Z) < 10
    value, first, second, *_ = rules[sigma][:, near]
    z = Z[near]
    np.testing.assert_allclose(value, f(z), atol=1e-15, rtol=1e-14)
    np.testing.assert_allclose(first, f(z + 1j * h).imag / h, atol=1e-15)
    # the second derivative is a difference of first ones, by complex steps: u / step + step^2 f'''' / 6, f'''' < 70
    step = 1e-5
    slope = [f(t + 1j * h).imag / h for t in (z + step, z - step)]
    np.testing.assert_allclose(second, (slope[0] - slope[1]) / (2 * step), atol=2e-9)


@pytest.mark.parametrize("sigma", KINKED, ids=repr)
def test_piecewise_linear_activations(sigma, rules):
    value, first, second, *_ = rules[sigma]
    np.testing.assert_array_equal(value, KINKED[sigma][0])
    np.testing.assert_array_equal(first, KINKED[sigma][1])
    np.testing.assert_array_equal(second, 0)
    slopes = np.diff(value[:49]) / np.diff(Z[:49])
    assert list(sigma.kinks) == Z[1:48][np.abs(np.diff(slopes)) > 1e-9].tolist()


@pytest.mark.parametrize("sigma", ALL, ids=repr)
def test_automatic_differentiation_agrees_at_kinks_and_far_out(sigma, rules):
    _, first, second, automatic, twice = rules[sigma]
    np.testing.assert_allclose(automatic, first, atol=1e-15)
    np.testing.assert_allclose(twice, second, atol=1e-14)


def test_far_out_nothing_overflows_or_is_lost(rules):
    far = slice(-2, None)  # -50 and 50
    small = np.exp(-50.0)
    np.testing.assert_allclose(rules[Sigmoid()][0, far], [small, 1], rtol=1e-14)
    np.testing.assert_allclose(rules[Softplus()][0, far], [small, 50], rtol=1e-14)
    np.testing.assert_allclose(rules[Sigmoid()][1, far], small, rtol=1e-14)
    np.testing.assert_allclose(rules[Softplus()][2, far], small, rtol=1e-14)
    assert all(np.all(np.isfinite(table)) for table in rules.values())


@pytest.mark.parametrize("sigma", KERAS, ids=repr)
def test_values_are_those_of_keras(sigma):
    z = Z.astype("float32")
    peer = ops.convert_to_numpy(keras.activations.get(KERAS[sigma])(z))
    np.testing.assert_allclose(ops.convert_to_numpy(sigma(ops.convert_to_tensor(z))), peer, atol=3e-7, rtol=3e-7)


@pytest.mark.parametrize("sigma", ALL, ids=repr)
def test_activations_are_values_that_can_be_saved(sigma):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(sigma))
    assert again == sigma and hash(again) == hash(sigma) and again is not sigma
    assert get(keras.saving.serialize_keras_object(sigma)) == sigma and get(sigma) is sigma
    assert again.kinks == sigma.kinks


def test_a_keras_layer_keeps_its_activation(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=Softplus(5.0))])
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").layers[0].activation == Softplus(5.0)


def test_names():
    assert [get(n) for n in ("linear", None)] == [Linear()] * 2
    assert [get(n) for n in ("sigmoid", "logistic")] == [Sigmoid()] * 2
    assert [get(n) for n in ("tanh", "relu", "leaky_relu", "softplus", "clip")] == [
        Tanh(),
        ReLU(),
        LeakyReLU(),
        Softplus(),
        Clip(),
    ]
    assert Softplus(2.0) != Softplus() and Clip() != Clip(0.0, 2.0) and ReLU() != LeakyReLU(0.0)
    assert repr(Clip(-1, 2)) == "Clip(lo=-1.0, hi=2.0)"


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: get("gelu"), "activation must be an Activation or one of .*softplus.*; received 'gelu'"),
        (lambda: get(np.tanh), "activation must be an Activation or one of"),
        (lambda: get(keras.activations.relu), "activation must be an Activation or one of"),
        (lambda: LeakyReLU(1.0), r"negative_slope must be in \[0, 1\); received negative_slope=1.0"),
        (lambda: LeakyReLU(-0.1), "negative_slope must be in"),
        (lambda: LeakyReLU(np.nan), "negative_slope must be in"),
        (lambda: Softplus(0.0), "beta must be positive and finite; received beta=0.0"),
        (lambda: Softplus(np.inf), "beta must be positive and finite"),
        (lambda: Clip(1.0, 1.0), "lo must be below hi; received lo=1.0, hi=1.0"),
        (lambda: Clip(np.nan, 1.0), "lo must be below hi"),
    ],
)
def test_bad_arguments_are_one_clear_line(make, match):
    with pytest.raises(ValueError, match=match) as error:
        make()
    assert "\n" not in str(error.value)


def test_an_activation_must_say_what_it_is():
    for rule in (Activation(), Activation().derivative):
        with pytest.raises(NotImplementedError):
            rule(0.0)
