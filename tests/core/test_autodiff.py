"""`core.autodiff` against closed forms, on the backend at hand."""

import keras
import numpy as np
import pytest
from keras import ops

from mathdl_keras.core import autodiff
from mathdl_keras.core.autodiff import (
    custom_vjp,
    grad,
    hvp,
    jacobian,
    jvp,
    per_example_gradients,
    value_and_grad,
    vjp,
)

U32 = 2.0**-24
X = np.array([0.3, 0.7, -1.1], "float32")
V = np.array([1.0, -2.0, 0.5], "float32")


def close(measured, predicted, roundings=64):
    """Within a few float32 roundings of the largest entry (each formula has under 64 operations)."""
    predicted = np.asarray(predicted, "float64")
    measured = ops.convert_to_numpy(measured)
    assert measured.shape == predicted.shape
    assert np.abs(measured - predicted).max() <= roundings * U32 * max(1, np.abs(predicted).max())


def f(x):
    return ops.sum(ops.sin(x) * x**2)


def df(x):
    x = x.astype("float64")
    return np.cos(x) * x**2 + 2 * x * np.sin(x)


def d2f(x):
    x = x.astype("float64")
    return (2 - x**2) * np.sin(x) + 4 * x * np.cos(x)


def test_value_and_grad_of_a_thunk():
    w, b = keras.Variable(X), keras.Variable(2.0)
    (loss, aux), (dw, db) = value_and_grad(lambda: (f(w) * b, b + 1), [w, b], has_aux=True)
    close(loss, 2 * np.sum(np.sin(X.astype("float64")) * X**2))
    close(aux, 3.0)
    close(dw, 2 * df(X))
    close(db, np.sum(np.sin(X.astype("float64")) * X**2))


def test_an_unused_variable_has_gradient_zero():
    w, unused = keras.Variable(X), keras.Variable(np.ones((2, 2), "float32"))
    _, (_, zero) = value_and_grad(lambda: f(w), [w, unused])
    close(zero, np.zeros((2, 2)))


def test_grad_of_a_nest_and_of_a_batch():
    d = grad(lambda p: ops.sum(p["a"] ** 2) * p["b"])({"a": ops.array(X), "b": ops.array(3.0)})
    close(d["a"], 6 * X.astype("float64"))
    close(d["b"], np.sum(X.astype("float64") ** 2))
    rows = np.stack([X, V])
    close(grad(lambda x: ops.sum(ops.sin(x) * x**2, axis=-1))(ops.array(rows)), df(rows))


def test_grad_of_a_constant_is_zero():
    close(grad(lambda x: ops.sum(ops.zeros_like(x)))(ops.array(X)), np.zeros(3))


def test_jvp_and_vjp():
    A = np.arange(6, dtype="float32").reshape(2, 3)
    u = np.array([1.0, -1.0], "float32")

    def g(x):
        return ops.einsum("ij,j->i", ops.array(A), ops.sin(x))

    J = A.astype("float64") * np.cos(X.astype("float64"))
    y, dy = jvp(g, X, V)
    close(y, A @ np.sin(X.astype("float64")))
    close(dy, J @ V)
    y, pullback = vjp(g, X)
    close(pullback(ops.array(u)), u @ J)
    close(pullback(ops.array(2 * u)), 2 * u @ J)
    close(jacobian(g)(X), J)


def test_jvp_with_respect_to_a_nest_of_inputs_and_outputs():
    y, dy = jvp(lambda p: {"product": p[0] * p[1]}, [X, V], [V, X])
    close(y["product"], X * V)
    close(dy["product"], V.astype("float64") ** 2 + X.astype("float64") ** 2)


@pytest.mark.parametrize(
    "second",
    [
        lambda x: ops.diagonal(jacobian(grad(f))(x)),
        lambda x: ops.diagonal(jacobian(jacobian(f))(x)),
        lambda x: grad(lambda x: ops.sum(grad(f)(x)))(x),
        lambda x: hvp(f, x, np.ones(3, "float32")),
        lambda x: vjp(grad(f), x)[1](ops.ones(3)),
    ],
    ids=["jacobian-grad", "jacobian-jacobian", "grad-grad", "hvp", "vjp-grad"],
)
def test_second_order(second):
    close(second(ops.array(X)), d2f(X))


def test_gradient_penalty_nests_inside_value_and_grad():
    """d/dw of sum_i (d/dx_i sum w sin x)^2 = 2 w sum cos^2 x."""
    w = keras.Variable(1.5)
    _, (dw,) = value_and_grad(lambda: ops.sum(grad(lambda x: ops.sum(w * ops.sin(x)))(ops.array(X)) ** 2), [w])
    close(dw, 3.0 * np.sum(np.cos(X.astype("float64")) ** 2))


def test_the_thunk_may_update_state():
    w = keras.Variable(2.0)
    count = keras.Variable(0.0, trainable=False)
    seed = keras.random.SeedGenerator(1)

    def loss():
        count.assign_add(w * 10)
        keras.random.normal((2,), seed=seed)
        return w**2

    value_and_grad(loss, [w])
    value_and_grad(lambda: value_and_grad(loss, [w])[1][0] ** 2, [w])
    assert float(count.value) == 40.0
    assert int(ops.convert_to_numpy(seed.state.value)[1]) == 2


def test_batch_normalization_moves_under_value_and_grad():
    layer = keras.layers.BatchNormalization(momentum=0.5, axis=-1)
    x = np.array([[1.0], [3.0]], "float32")
    layer.build(x.shape)
    value_and_grad(lambda: ops.sum(layer(x, training=True)), layer.trainable_variables)
    close(layer.moving_mean.value, [1.0])


def test_per_example_gradients():
    x = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
    w = keras.Variable(V)

    def loss(x_m):
        return ops.sum(w * x_m) ** 2 / 2

    (g,) = per_example_gradients(loss, [w], x)
    close(g, (x.astype("float64") @ V)[:, None] * x)


def tanh_rule(factor=1.0):
    """tanh by hand, with an intermediate value as residual, and two outputs."""

    def forward(x, scale):
        h = ops.tanh(x)
        return {"h": h, "scaled": scale * h}, (h, scale)

    def backward(residuals, upstream):
        h, scale = residuals
        u = upstream["h"] + scale * upstream["scaled"]
        return factor * u * (1 - h**2), ops.sum(upstream["scaled"] * h)

    return custom_vjp(forward, backward)


def by_hand(rule):
    scale = np.array(2.0, "float32")
    return lambda x: ops.sum(rule(x, scale)["h"] + rule(x, scale)["scaled"])


def test_custom_vjp_first_and_second_order():
    h = np.tanh(X.astype("float64"))
    g = by_hand(tanh_rule())
    close(grad(g)(X), 3 * (1 - h**2))
    close(grad(lambda x: ops.sum(grad(g)(x)))(X), -6 * h * (1 - h**2))
    close(hvp(g, X, V), -6 * h * (1 - h**2) * V)
    close(grad(lambda s: ops.sum(tanh_rule()(X, s)["scaled"]))(2.0), np.sum(h))


def test_custom_vjp_is_what_is_used():
    """A rule 0.1 % off must show, or the tests above compare autodiff with itself."""
    measured = ops.convert_to_numpy(grad(by_hand(tanh_rule(1.001)))(X))
    exact = 3 * (1 - np.tanh(X.astype("float64")) ** 2)
    assert np.allclose(measured / exact, 1.001, rtol=64 * U32)


def test_custom_vjp_with_integer_labels_and_one_output():
    def forward(z, y):
        return ops.sum(ops.take_along_axis(z, y, axis=1)), (z, y)

    def backward(residuals, upstream):
        z, y = residuals
        return upstream * ops.one_hot(y[:, 0], 3, dtype=z.dtype), None

    y = np.array([[2], [0]], "int32")
    close(grad(lambda z: custom_vjp(forward, backward)(z, y))(np.stack([X, V])), np.eye(3)[[2, 0]])


def test_custom_vjp_per_example():
    w = keras.Variable(V)
    rule = custom_vjp(lambda z: (z * z, z), lambda z, u: (2 * z * u,))
    x = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    (g,) = per_example_gradients(lambda x_m: rule(ops.sum(w * x_m)), [w], x)
    close(g, 2 * (x.astype("float64") @ V)[:, None] * x)


def test_every_public_name_is_documented_with_an_example():
    assert all(">>>" in getattr(autodiff, name).__doc__ for name in autodiff.__all__)
