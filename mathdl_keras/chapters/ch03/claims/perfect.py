"""Claims of §3.6 and §3.7: perfect data, what a penalty makes of them, and several classes."""

import numpy as np
from keras import ops
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression as Sklearn

from mathdl_keras.chapters.ch03.labels import one_hot
from mathdl_keras.chapters.ch03.layers import Softmax
from mathdl_keras.chapters.ch03.losses import BinaryCrossentropy, CategoricalCrossentropy
from mathdl_keras.chapters.ch03.models import LogisticRegression
from mathdl_keras.chapters.ch03.separation import max_margin_direction
from mathdl_keras.core import datasets
from mathdl_keras.core.claims import claim, close_to, equals
from mathdl_keras.core.linalg import gram, matvec, transpose
from mathdl_keras.core.loops import compiled_loop
from mathdl_keras.core.precision import unit_roundoff


def logistic(y, z):
    """The derivative of the cross entropy with respect to the logit."""
    return BinaryCrossentropy(from_logits=True).gradient(y[:, None], z[:, None])[:, 0]


def hinge(y, z):
    """The derivative of max(0, 1 - s z), with signs s = 2y - 1."""
    signs = 2 * y - 1
    return ops.where(signs * z < 1, -signs, ops.zeros_like(signs))


def _body(gradient):
    """A step of gradient descent on the mean loss."""

    def body(k, state):
        w, X, y, eta = state
        return w - eta * matvec(transpose(X), gradient(y, matvec(X, w))) / X.shape[0], X, y, eta

    return body


@claim(
    "3.6",
    "on perfect data margins solve v + e^v = r^2 t/2 + 1 for ever, and descent adds eta/2 r^2/2 g log(g0/g)",
    refuted_by={"hinge loss": {"gradient": hinge}, "step off by 2": {"stretch": 2.0}},
    precision="float64",
)
def separable_divergence(rng, *, r=(1.0, 3.0), time=200.0, eta=0.1, gradient=logistic, stretch=1.0):
    r = np.array(r)
    X, y = np.diag([r[0], -r[1]]), np.array([1.0, 0.0])  # orthogonal inputs, one of each class
    loop = compiled_loop(_body(gradient))
    flow = np.array([optimize.brentq(lambda v, C=C: v + np.exp(v) - C, 0, 50, xtol=1e-14) for C in r**2 * time / 2 + 1])
    g = 1 / (1 + np.exp(flow))
    ahead, residuals, w = {}, {}, {}
    for step in (eta, eta / 2):
        state = (np.zeros(2), X, y, np.float64(step * stretch))
        w[step] = ops.convert_to_numpy(loop(state, round(time / step))[0])
        ahead[step] = (2 * y - 1) * (X @ w[step]) - flow
        residuals[step] = ahead[step] - step / 2 * r**2 / 2 * g * np.log(0.5 / g)
    direction = max_margin_direction(X, y)
    limit = 1 / r
    cosine = [v @ limit / np.linalg.norm(v) / np.linalg.norm(limit) for v in (w[eta], flow * limit)]
    return (
        close_to(ahead[eta], eta / 2 * r**2 / 2 * g * np.log(0.5 / g), relative=0.02, label="ahead of the flow"),
        close_to(residuals[eta] / residuals[eta / 2], np.full(2, 4.0), relative=0.125, label="second order in eta"),
        equals(direction, limit / np.linalg.norm(limit), roundings=20, label="largest margin"),
        close_to(cosine[0], cosine[1], relative=eta / time, label="cosine with it"),
    )


@claim(
    "3.6",
    "with a penalty perfect data have a finite minimiser, S(-w) = lam w, near W(1/lam)",
    refuted_by={"no half": {"half": 1.0}},
    precision="float64",
)
def penalised_is_finite(rng, *, lam=1e-3, half=0.5):
    model = LogisticRegression(l2=half * lam)
    model.fit_closed_form([[1.0], [-1.0]], [1, 0])
    w = ops.convert_to_numpy(model.kernel)[0, 0]
    expected = optimize.brentq(lambda w: special.expit(-w) - lam * w, 0, 100, xtol=1e-14)
    # a rounding of S(-w) over the curvature, some lam (1 + w); and w e^w = 1/lam - w is 1/lam up to lam relative
    return (
        equals(w, expected, roundings=1 / lam, label="w"),
        close_to(w, special.lambertw(1 / lam).real, relative=lam, label="W(1/lam)"),
    )


@claim(
    "3.7",
    "softmax ignores shifts, is S(z1 - z0) for K = 2, has J 1 = 0; scikit-learn's weights annul the gradient",
    refuted_by={"penalty doubled": {"penalty": 2.0}},
    precision="float64",
)
def softmax(rng, *, penalty=1.0, C=1.0, stopping=1e-6):
    layer, z = Softmax(), rng.standard_normal((50, 4))
    p, J = special.softmax(z, axis=1), layer.jacobian(z)
    # shifted logits are rounded at the size of the shift
    return (
        equals(layer(z), p, roundings=20, label="softmax"),
        equals(layer(z + 100), p, roundings=200, label="shifted by 100"),
        equals(layer(z[:, :2])[:, 1], special.expit(z[:, 1] - z[:, 0]), roundings=20, label="K = 2"),
        equals(ops.sum(J, axis=-1), np.zeros((50, 4)), roundings=20, label="J 1"),
        equals(J, p[:, :, None] * (np.eye(4) - p[:, None, :]), roundings=20, label="J"),
        _gradient_at_sklearn(C, penalty, stopping),
    )


def _gradient_at_sklearn(C, penalty, stopping):
    """Mean cross entropy + |W|^2 / (2 C M), differentiated by the package at scikit-learn's solution for iris."""
    data = datasets.iris()
    fitted = Sklearn(C=C, tol=stopping / 10, max_iter=10_000).fit(data.x, data.y)
    W, logits = (ops.convert_to_tensor(v) for v in (fitted.coef_, data.x @ fitted.coef_.T + fitted.intercept_))
    slope, M = CategoricalCrossentropy(from_logits=True).gradient(one_hot(data.y, 3), logits), len(data.x)
    gradient = gram(slope, data.x) / M + penalty * W / (C * M)
    return equals(gradient, np.zeros(W.shape), roundings=stopping / unit_roundoff("float64"), label="gradient")
