"""Exercises of chapter 8. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops
from scipy.optimize import brentq
from scipy.special import expit

from mathdl_keras.chapters.ch05.moments import gaussian_moment
from mathdl_keras.chapters.ch08.network_cost import count_flops
from mathdl_keras.chapters.ch08.propagation import signal_propagation
from mathdl_keras.core.autodiff import grad
from mathdl_keras.core.exercises import exercise, expect, expect_close
from mathdl_keras.core.loops import compiled


@exercise("8.3", "flops_step(widths, B) -> int")
def flops_step(solution):
    r"""Count the FLOPs of one step of training, forward and backward.

    The network is dense with widths :math:`n_0, \dots, n_L`, a tuple, and sees B samples. Count 2 for each multiply-add
    of its matrix products, and nothing for biases and activations. Nobody needs the gradient of the data.
    """
    rng = np.random.default_rng(81)
    for depth in (3, 2, 4, 1, 5):
        widths, batch = tuple(int(n) for n in rng.integers(2, 60, depth + 1)), int(rng.integers(2, 40))
        answer = solution(widths, batch)
        expect(answer is not None, "it returned None: return the number of FLOPs")
        expected, forward = count_flops(widths, batch), count_flops(widths, batch, "forward")
        to_data = 2 * batch * widths[0] * widths[1]
        hints = {
            forward: "that is the forward pass alone",
            expected - forward: "that is the backward pass alone",
            expected + to_data: "the first layer needs no gradient of its inputs",
            expected // 2: "count 2 for each multiply-add",
            2 * forward: "the backward pass has two products in each layer but the first",
            expected // batch: "for each of the B samples",
        }
        hint = hints.get(answer, f"received {answer!r}, expected {expected}")
        expect(answer == expected, f"widths {widths}, B = {batch}: {hint}")


FUNCTIONS = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
    "2 tanh": (lambda z: 2 * np.tanh(z), lambda z: 2 - 2 * np.tanh(z) ** 2),
}


def fixed_point(phi, dphi):
    """The variance for the logistic function: on the curve of fixed points, where the factor is 1."""

    def weight(q):
        return q / gaussian_moment(lambda z: phi(z) ** 2, q)

    return weight(brentq(lambda q: weight(q) * gaussian_moment(lambda z: dphi(z) ** 2, q) - 1, 1, 1000))


@exercise("8.4", "critical_variance(phi, dphi) -> float")
def critical_variance(solution):
    r"""Find the variance of weights at which gradients neither vanish nor explode.

    Without biases, :math:`q_{\ell+1} = \sigma_w^2\, E\,\varphi(\sqrt{q_\ell} Z)^2` tends to a fixed point q*. Return
    the :math:`\sigma_w^2` for which :math:`\chi = \sigma_w^2\, E\,\varphi'(\sqrt{q^*} Z)^2 = 1` there, within 1 %. The
    arguments are :math:`\varphi` and its derivative, functions of arrays; `gaussian_moment(f, q)` gives
    :math:`E f(\sqrt q Z)`. For tanh the answer is 1, with q* = 0.
    """
    answers = {"tanh": 1.0, "2 tanh": 0.25, "logistic": fixed_point(*FUNCTIONS["logistic"])}
    for name, expected in answers.items():
        hint = f"for {name} the factor at the fixed point is not 1"
        if name == "logistic":
            hint += ". Its fixed point is far from 0: solve for q* and the variance together"
        expect_close(solution(*FUNCTIONS[name]), expected, hint, 0.01 * expected)


@exercise("8.4", "gradient_ratio(phi, dphi, sigma_w2, depth) -> float")
def gradient_ratio(solution):
    r"""Predict how gradients change on their way to the first layer.

    Return :math:`E\|\delta^1\|^2 / E\|\delta^L\|^2` of a wide random network of L = depth layers, all of one width, for
    :math:`q_1 = \sigma_w^2` and no biases. The variances :math:`q_\ell` change from layer to layer: follow them. First
    60 networks of width 100 are measured, then the ratio must be right within 0.1 %. At the critical variance of tanh
    it is not 1: the fixed point is reached too slowly.
    """
    rng = np.random.default_rng(83)
    for name, sigma_w2, depth in (("tanh", 1.0, 8), ("logistic", 16.0, 4), ("tanh", 2.0, 3)):
        answer = solution(*FUNCTIONS[name], sigma_w2, depth)
        mean, error = measured_ratio(rng, *FUNCTIONS[name], sigma_w2, depth)
        hint = f"{name}, variance {sigma_w2:g}, {depth} layers: 60 networks have {mean:.4f}"
        expect_close(answer, mean, hint, 4 * error + 3 * depth / 100 * mean)
        exact = signal_propagation({"logistic": "sigmoid"}.get(name, name), sigma_w2, depth=depth).gradients[0]
        expect_close(answer, exact, f"{hint}; infinitely wide ones have {exact:.5f}", 1e-3 * exact)


def measured_ratio(rng, phi, dphi, sigma_w2, depth, networks=60, width=100):
    """The ratio of means and its standard error."""
    first, last = [], []
    for _ in range(networks):
        W = rng.standard_normal((depth, width, width)) * np.sqrt(sigma_w2 / width)
        x, delta = rng.standard_normal((2, width))
        Z = [x / np.sqrt(np.mean(x * x)) @ W[0]]
        for k in range(1, depth):
            Z.append(phi(Z[-1]) @ W[k])
        last.append(delta @ delta)
        for k in range(depth - 1, 0, -1):
            delta = (W[k] @ delta) * dphi(Z[k - 1])
        first.append(delta @ delta)
    first, last = np.array(first), np.array(last)
    ratio = first.mean() / last.mean()
    return ratio, np.std(first - ratio * last, ddof=1) / np.sqrt(networks) / last.mean()


@exercise("8.7", "tied_gradient(W, x, y) -> dW")
def tied_gradient(solution):
    r"""Differentiate a network whose two layers share one matrix.

    :math:`H^1 = \tanh(xW)`, :math:`H^2 = \tanh(H^1 W)`, and :math:`\Lambda = \frac{1}{2B} \sum_m \|H^2_m - y_m\|^2`.
    W is square; x and y are (B, n). Return :math:`\partial\Lambda/\partial W`, written by hand. It is compared with
    automatic differentiation.
    """
    rng = np.random.default_rng(87)
    for rows, n in ((1, 2), (7, 3), (20, 5)):
        W, x, y = (rng.standard_normal(shape).astype("float32") for shape in ((n, n), (rows, n), (rows, n)))
        expected = ops.stop_gradient(compiled(grad(tied_loss))(*map(ops.convert_to_tensor, (W, x, y))))
        hint = "W is used twice: what is the gradient if the two uses were two matrices?"
        expect_close(solution(W.copy(), x.copy(), y.copy()), expected, f"B = {rows}, n = {n}: {hint}", 2e-5)


def tied_loss(W, x, y):
    H = ops.tanh(ops.matmul(ops.tanh(ops.matmul(x, W)), W))
    return ops.sum(ops.square(H - y)) / (2 * x.shape[0])
