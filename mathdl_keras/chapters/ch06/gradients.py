r"""Gradients from elsewhere, to check those written by hand (§6.4 and §6.5)."""

import contextlib
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.autodiff import plain_rules, value_and_grad
from mathdl_keras.core.graph import layers_of, replaced
from mathdl_keras.core.training import ManualGradientModel

__all__ = ["autodiff_gradients", "check_gradient", "layer_gradients"]

# The order in h of what is left over; a complex step has no error but rounding.
ORDERS = {"central": 2, "forward": 1, "taylor": 2, "complex": None}


def mean_loss(model, x, y):
    """The loss of a batch under the compiled loss of a model, or under its own if its gradients are written by hand."""
    if isinstance(model, ManualGradientModel):
        return model.loss_and_gradients(x, y, training=False)[0]
    return model.compute_loss(x, y, model(x, training=False), training=False)


def autodiff_gradients(model, x, y):
    r"""The gradient :math:`\nabla_\theta \Lambda` by automatic differentiation, on any backend (§6.4).

    It differentiates with `tf.GradientTape`, `jax.grad` or `torch.autograd`: an oracle for gradients written by hand.

    Args:
        model: A Keras model, compiled with a loss unless its gradients are written by hand.
        x: Array or tensor, the inputs of a batch.
        y: Array or tensor, the targets of the batch.

    Returns:
        A list of tensors, one for each of `model.trainable_variables`.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(loss="mse")
        >>> kernel, bias = autodiff_gradients(model, np.array([[2.0]]), np.array([[3.0]]))
        >>> float(kernel[0, 0]), float(bias[0])  # (0 - 3)^2 has derivatives 2 (0 - 3) (2, 1)
        (-12.0, -6.0)
    """
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    gradients = value_and_grad(lambda: mean_loss(model, x, y), model.trainable_variables)[1]
    return [ops.stop_gradient(gradient) for gradient in gradients]


class LayerGradients(NamedTuple):
    r"""What backpropagation brings to one layer.

    Attributes:
        name: String, the name of the layer.
        kernel: NumPy array, :math:`\partial\Lambda/\partial W^\ell`.
        delta: NumPy array `(batch, ...)`, :math:`\delta^\ell = \partial\Lambda/\partial Z^\ell` for a batch whose loss
            is a mean; empty if the layer applies no activation of its own.
    """

    name: str
    kernel: np.ndarray
    delta: np.ndarray


def layer_gradients(model, x, y):
    r"""What backpropagation brings to each layer with a kernel, of any Keras model (§6.6).

    :math:`\partial\Lambda/\partial W^\ell` and :math:`\delta^\ell = \partial\Lambda/\partial Z^\ell`. For the
    latter a zero :math:`\varepsilon^\ell` is added to each pre-activation, and the loss is differentiated by it.

    Args:
        model: A Keras model, compiled with a loss unless its gradients are written by hand.
        x: Array or tensor, the inputs of a batch.
        y: Array or tensor, the targets of the batch.

    Returns:
        A list of `LayerGradients`, in the order of the layers.

    Raises:
        ValueError: If no layer has a trainable kernel.

    Example:
        >>> from mathdl_keras.chapters.ch06.models import BackpropMLP
        >>> model = BackpropMLP((2, 3, 1), "tanh", loss="mse")
        >>> [(g.kernel.shape, g.delta.shape) for g in layer_gradients(model, np.ones((5, 2)), np.ones((5, 1)))]
        [((2, 3), (5, 3)), ((3, 1), (5, 1))]
    """
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    layers = layers_with_kernel(model)
    with plain_rules(), probing(layers) as probes:
        mean_loss(model, x, y)
        epsilons = [probe.start() for probe in probes]
        variables = [layer.kernel for layer in layers] + [e for own in epsilons for e in own]
        gradients = iter(value_and_grad(lambda: mean_loss(model, x, y), variables)[1])
    kernels = [ops.convert_to_numpy(next(gradients)) for _ in layers]
    deltas = [[ops.convert_to_numpy(next(gradients)) for _ in own] for own in epsilons]
    deltas = [np.concatenate(own, axis=1) if own else np.zeros((len(x), 0)) for own in deltas]
    return [LayerGradients(layer.name, *pair) for layer, *pair in zip(layers, kernels, deltas, strict=True)]


def layers_with_kernel(model):
    """The layers that have a trainable kernel of their own, in order."""
    layers = [layer for layer in layers_of(model) if _has_kernel(layer)]
    if not layers:
        raise ValueError(f"model must have layers with a trainable kernel, built; received none in {model.name}")
    return layers


def _has_kernel(layer):
    kernel = getattr(layer, "kernel", None)
    return isinstance(kernel, keras.Variable) and layer.trainable and kernel.trainable


class Probe:
    r"""An activation :math:`z \mapsto \sigma(z + \varepsilon)`; each call has an :math:`\varepsilon` of its own."""

    def __init__(self, activation):
        self.activation, self.shapes, self.epsilons, self.calls = activation, [], None, 0

    def __call__(self, z):
        if self.epsilons is None:
            self.shapes.append((tuple(z.shape), keras.backend.standardize_dtype(z.dtype)))
            return self.activation(z)
        self.calls += 1
        return self.activation(z + ops.convert_to_tensor(self.epsilons[(self.calls - 1) % len(self.epsilons)]))

    def start(self):
        """From the shapes that were seen, the zeros that are added from now on."""
        self.epsilons = [keras.Variable(np.zeros(shape), dtype=dtype) for shape, dtype in self.shapes]
        return self.epsilons

    def __getattr__(self, name):  # its derivatives
        return getattr(self.activation, name)


@contextlib.contextmanager
def probing(layers):
    """Probes in the place of the layers' activations, put back on leaving."""
    probes = {layer: Probe(getattr(layer, "activation", None) or keras.activations.linear) for layer in layers}
    with replaced(layers, "activation", lambda layer, activation: probes[layer]):
        yield list(probes.values())


class GradientCheck(NamedTuple):
    """What a check of a gradient found.

    Attributes:
        steps: Array `(steps,)`, the steps h.
        errors: Array `(steps,)`, what is left over at each step, relative to the largest entry of the gradient.
        order: Float, the slope of log(error) over log(h): 2 (`central`, `taylor`) or 1 (`forward`) for a right
            gradient.
        passed: Boolean, whether the order is right, or all that is left is rounding.
    """

    steps: np.ndarray
    errors: np.ndarray
    order: float
    passed: bool


def check_gradient(f, theta, gradient, method="central", steps=None, directions=None, seed=0):
    r"""Compares a gradient with differences of the function (§6.5).

    .. math::
        \frac{f(\theta + hv) - f(\theta - hv)}{2h} = \langle g, v\rangle + O(h^2), \qquad
        \frac{f(\theta + hv) - f(\theta)}{h} = \langle g, v\rangle + O(h), \qquad
        \frac{\operatorname{Im} f(\theta + ihv)}{h} = \langle g, v\rangle + O(h^2)

    for each unit vector v (`central`, `forward`, `complex`), and :math:`f(\theta + hv) - f(\theta) - h\langle g,
    v\rangle = O(h^2)` (`taylor`). A gradient that is wrong leaves something that does not vanish with h: the fitted
    order is then near 0 (near 1 for `taylor`). The complex step subtracts nothing: it is exact to rounding, for an f
    that takes complex numbers.

    Args:
        f: Function from NumPy arrays shaped like `theta` to a number.
        theta: Array of any shape, the point at which to check, taken as float64.
        gradient: Array shaped like `theta`, the gradient g to check.
        method: String, `central`, the default, `forward`, `complex` or `taylor`.
        steps: Sequence of positive numbers, the steps h; `None`, the default, for six from 0.1 to 10^-3.5, or 10^-30
            for a complex step.
        directions: Integer, the number of random unit directions v to take, which saves time where `theta` has many
            entries; `None`, the default, to take each entry as a direction.
        seed: Integer, seed of the random directions; 0 by default.

    Returns:
        A `GradientCheck`.

    Raises:
        ValueError: If the method is unknown, shapes differ, or a step is not positive.

    Example:
        >>> theta = np.array([1.0, 2.0])
        >>> f = lambda theta: np.sum(theta**3)
        >>> right, wrong = (check_gradient(f, theta, g) for g in (3 * theta**2, 3.1 * theta**2))
        >>> round(right.order, 2), right.passed, wrong.passed
        (2.0, True, False)
    """
    if method not in ORDERS:
        raise ValueError(f"method must be one of {', '.join(ORDERS)}; received method={method!r}")
    theta, gradient = np.asarray(theta, "float64"), np.asarray(gradient, "float64")
    if theta.shape != gradient.shape:
        raise ValueError(f"gradient must have the shape of theta, {theta.shape}; received shape {gradient.shape}")
    default = [1e-30] if method == "complex" else np.geomspace(0.1, 10**-3.5, 6)
    steps = np.array(default if steps is None else steps, "float64")
    if not len(steps) or not np.all(steps > 0):
        raise ValueError(f"steps must be positive; received steps={steps.tolist()}")
    V, start, left = _directions(theta, directions, seed), f(theta), LEFT[method]
    errors = [max(abs(left(f, theta, start, h, v, np.sum(gradient * v))) for v in V) for h in steps]
    errors = np.array(errors) / max(np.max(np.abs(gradient)), np.finfo("float64").tiny)
    order = _slope(steps, errors)
    known = ORDERS[method] is not None and abs(order - ORDERS[method]) < 0.2
    return GradientCheck(steps, errors, order, bool(known or np.max(errors) < 1e-11))


# What is left over at a step h along v, where the gradient predicts the slope.
LEFT = {
    "central": lambda f, theta, start, h, v, slope: (f(theta + h * v) - f(theta - h * v)) / (2 * h) - slope,
    "forward": lambda f, theta, start, h, v, slope: (f(theta + h * v) - start) / h - slope,
    "complex": lambda f, theta, start, h, v, slope: f(theta + 1j * h * v).imag / h - slope,
    "taylor": lambda f, theta, start, h, v, slope: f(theta + h * v) - start - h * slope,
}


def _directions(theta, number, seed):
    """Unit vectors shaped like theta: one for each entry, or some at random."""
    V = np.eye(theta.size) if number is None else np.random.default_rng(seed).standard_normal((number, theta.size))
    return (V / np.linalg.norm(V, axis=1, keepdims=True)).reshape(-1, *theta.shape)


def _slope(steps, errors):
    if len(steps) < 2:
        return float("nan")
    return float(np.polyfit(np.log(steps), np.log(np.maximum(errors, np.finfo("float64").tiny)), 1)[0])
