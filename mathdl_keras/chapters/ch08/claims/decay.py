"""The claim of §8.4: how gradients change with depth in random networks."""

from functools import cache

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch05.moments import gaussian_moment
from mathdl_keras.chapters.ch06.models import BackpropMLP
from mathdl_keras.chapters.ch08.propagation import signal_propagation
from mathdl_keras.core.claims import claim, mean_equals
from mathdl_keras.core.loops import compiled


@cache  # compiled once, also for the mutant
def squares(name, width, depth):
    r"""A function of weights, (R, L, n, n), inputs and top signals, (R, n): :math:`\|\delta^1\|^2`, (R,)."""
    model = BackpropMLP((width,) * (depth + 1), name, kernel_initializer="zeros")

    def of_one(replicate):
        W, x, top = replicate
        with keras.StatelessScope([(layer.kernel, W[k]) for k, layer in enumerate(model.dense)]):
            _, cache = model.forward_pass(x[None])
            gradients = {variable.path: g for g, variable in model.backward_pass(top[None], cache)}
        return ops.sum(ops.square(gradients[model.dense[0].bias.path]))  # of one sample: delta

    of_all = compiled(lambda *replicates: ops.vectorized_map(of_one, replicates))
    return lambda *replicates: ops.convert_to_numpy(of_all(*map(ops.convert_to_tensor, replicates)))


def product_of_factors(name, sigma_w2, depth):
    return signal_propagation(name, sigma_w2, depth=depth).gradients[0]


def squares_of_values(name, sigma_w2, depth):
    r"""The factors with :math:`\varphi^2` in the place of :math:`\varphi'^2`."""
    phi = activations.get(name)
    q = signal_propagation(name, sigma_w2, depth=depth).q[:-1]
    return np.prod(sigma_w2 * gaussian_moment(lambda z: phi(z) ** 2, q, phi.kinks))


@claim(
    "8.4",
    "in random networks E|delta^1|^2 / E|delta^L|^2 is the product of the factors sigma_w^2 E phi'(sqrt(q) Z)^2",
    refuted_by={"phi in the place of its derivative": {"predict": squares_of_values}},
)
def gradient_decay(rng, *, depth=8, predict=product_of_factors):
    # For ReLU the product is exact at every width: the sign of each pre-activation is fair. For others it is a limit,
    # whose remainder is of the order L/n.
    experiments = (("relu", 64, 300, (2.0, 1.0)), ("relu", 16, 3000, (2.0,)), ("tanh", 128, 100, (1.0,)))
    experiments += (("sigmoid", 128, 100, (1.0, 16.0)),)
    verdicts = []
    for name, width, replicates, variances in experiments:
        remainder = 0 if name == "relu" else 3 * depth / width
        W = rng.standard_normal((replicates, depth, width, width), "float32")
        x, top = (rng.standard_normal((replicates, width), "float32") for _ in range(2))
        x *= np.sqrt(width / np.sum(x * x, axis=1, keepdims=True))  # q_0 = 1
        last, first_of = np.sum(top * top, axis=1), squares(name, width, depth)
        for sigma_w2 in variances:
            first = first_of(W * np.float32(np.sqrt(sigma_w2 / width)), x, top)
            predicted, ratio = predict(name, sigma_w2, depth), np.mean(first) / np.mean(last)
            error = np.std(first - ratio * last, ddof=1) / np.sqrt(replicates) / np.mean(last)
            settings = {"standard_error": error + remainder * predicted / 4}
            label = f"{name}, variance {sigma_w2:g}, width {width}"
            verdicts.append(mean_equals(first / np.mean(last), predicted, **settings, label=label))
    return verdicts
