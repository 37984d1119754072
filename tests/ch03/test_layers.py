"""The layers of chapter 3: Keras' own and automatic differentiation as oracles, and the way back to raw units."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

from mathdl_keras.core.autodiff import grad, jacobian
from mathdl_keras.core.precision import float64
from mathdl_keras.layers import Normalization, Softmax

rng = np.random.default_rng(0)
X = 5 + 3 * rng.standard_normal((40, 4)) * [1, 10, 0.1, 2]


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_standardize_is_keras_normalization():
    ours, peer = Normalization(), keras.layers.Normalization()
    ours.adapt(X), peer.adapt(X)
    np.testing.assert_allclose(numpy(ours(X)), numpy(peer(X)), atol=2e-6)


BLOCK = rng.standard_normal((6, 4, 3)) * 4 + 1
GIVEN = {
    "number": (-1, 3.0, 4.0),
    "row": (-1, [1.0, 2.0, 3.0], [4.0, 0.25, 0.0]),
    "middle": (1, [1.0, 2.0, 3.0, 4.0], [4.0, 0.25, 1.0, 9.0]),
    "two axes": ((1, 2), np.arange(12.0).reshape(4, 3), np.arange(1.0, 13).reshape(4, 3)),
    "two axes, one mean a row": ((-1, 1), [1.0, 2.0, 3.0], [4.0, 0.25, 1.0]),
    "none": (None, 1.5, 2.25),
    "batch": (0, np.arange(6.0), np.arange(1.0, 7)),
}


def same(ours, peer, x):
    """Outputs to a few roundings of numbers of that size, and gradients of the inputs."""
    a, b = numpy(ours(x)), numpy(peer(x))
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=4 * 2.0**-24 * np.abs(b).max())
    cubes = [numpy(grad(lambda x, layer=layer: ops.sum(layer(x) ** 3))(ops.array(x))) for layer in (ours, peer)]
    np.testing.assert_allclose(*cubes, rtol=4e-6, atol=16 * 2.0**-24 * np.abs(cubes[1]).max())


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("case", GIVEN)
def test_known_moments_are_taken_as_keras_takes_them(case, invert):
    layers = [cls(*GIVEN[case], invert=invert) for cls in (Normalization, keras.layers.Normalization)]
    for layer in layers:
        layer.build(BLOCK.shape)
    same(*layers, BLOCK.astype("float32"))
    again = Normalization.from_config(layers[0].get_config())
    again.build(BLOCK.shape)
    same(again, layers[1], BLOCK.astype("float32"))
    assert not layers[0].weights


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, -2, (1, 2), (-1, 1), [2], ()])
def test_any_axes_are_adapted_as_by_keras(axis, invert):
    layers = [cls(axis, invert=invert) for cls in (Normalization, keras.layers.Normalization)]
    for layer in layers:
        layer.adapt(BLOCK.astype("float32"))
    same(*layers, BLOCK.astype("float32"))


def test_moments_that_do_not_fit_are_one_clear_line():
    for settings, match in (
        ({"variance": 1.0}, "mean and variance must both be given; received mean=None and variance=1.0"),
        ({"mean": [1.0], "variance": 1.0}, r"must have one shape, .* received \(1,\) and \(\)"),
        ({"mean": [[1.0]], "variance": [[1.0]]}, "of as many axes as axis at most, 1; received"),
        ({"mean": 0.0, "variance": -1.0}, "variance must be >= 0; received variance=-1.0"),
    ):
        with pytest.raises(ValueError, match=match):
            Normalization(**settings)
    with pytest.raises(ValueError, match=r"mean must have shape \(4,\), that of the features; received \(3,\)"):
        Normalization(mean=[0.0] * 3, variance=[1.0] * 3).build(X.shape)
    with pytest.raises(ValueError, match="mean must be None, for adapt to find it; received mean=0.0"):
        Normalization(mean=0.0, variance=1.0).adapt(X)
    with pytest.raises(ValueError, match="axis must be one axis, that of the features, to unscale; received axis=None"):
        layer = Normalization(None)
        layer.adapt(X)
        layer.unscale(np.ones(4), 0.0)


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_the_axis_of_the_features_is_chosen(axis):
    x = rng.standard_normal((8, 3, 3)) * 4 + 1
    layer = Normalization(axis)
    layer.adapt(x)
    z = numpy(layer(x))
    others = tuple(a for a in range(3) if a != axis % 3)
    np.testing.assert_allclose(z.mean(axis=others), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=others), 1, atol=1e-6)


def test_a_constant_feature_becomes_zero_whatever_its_value():
    """0.1 summed and divided is not 0.1: the rounding must not become a standard deviation."""
    x = np.column_stack([np.full(7, 0.1), np.arange(7.0), np.full(7, 1e9)])
    layer = Normalization()
    layer.adapt(x)
    assert numpy(layer.scale).tolist() == [1, 2, 1]
    np.testing.assert_array_equal(numpy(layer(x))[:, [0, 2]], 0)


def test_before_adapt_nothing_changes():
    np.testing.assert_array_equal(numpy(Normalization()(X.astype("float32"))), X.astype("float32"))


@pytest.mark.parametrize("targets", [None, 3])
def test_unscaled_weights_give_the_same_logits(targets):
    with float64():
        layer = Normalization()
        layer.adapt(X)
        shape = (4,) if targets is None else (4, targets)
        w, b = rng.standard_normal(shape), rng.standard_normal(shape[1:])
        w_raw, b_raw = layer.unscale(w, b)
        np.testing.assert_allclose(X @ w_raw + b_raw, numpy(layer(X)) @ w + b, atol=1e-12)
        assert w_raw.dtype == "float64" and w_raw.shape == w.shape


def test_standardize_survives_a_file_and_learns_nothing(tmp_path):
    layer = Normalization()
    layer.adapt(X)
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1)])
    assert len(model.trainable_variables) == 2
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_bad_data_for_adapt_are_one_clear_line():
    for bad, match in ((X[:0], "data must not be empty"), (X * np.nan, "data must be finite")):
        with pytest.raises(ValueError, match=match):
            Normalization().adapt(bad)
    layer = Normalization()
    layer.adapt(X)
    with pytest.raises(ValueError, match="w must have 4 rows"):
        layer.unscale(np.ones(3), 0.0)
    with pytest.raises(ValueError, match="axis"):
        Normalization().build((None, None))


@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_is_that_of_keras_and_overflows_never(axis):
    z = rng.standard_normal((3, 4, 5)).astype("float32")
    z[0, 0] = [1000, 999, -1000, 0, 1000]
    np.testing.assert_allclose(numpy(Softmax(axis)(z)), special.softmax(z.astype("float64"), axis=axis), atol=1e-6)


def test_the_jacobian_is_that_of_automatic_differentiation():
    with float64():
        z = rng.standard_normal(5)
        layer = Softmax()
        auto = numpy(jacobian(lambda z: layer(z[None])[0])(ops.convert_to_tensor(z)))
        np.testing.assert_allclose(numpy(layer.jacobian(z)), auto, atol=1e-15)
        assert tuple(layer.jacobian(np.zeros((2, 3, 5))).shape) == (2, 3, 5, 5)
