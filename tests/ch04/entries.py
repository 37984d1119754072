"""How the components of chapter 4 are tested; see `tests/conformance/contract.py`."""

import numpy as np
from contract import PLAIN, SCORES, SIGNS, Entry, Scored

from mathdl_keras import layers, models
from mathdl_keras.kernels import RBFKernel

LANDMARKS = [[0.0, 1.0], [1.5, -0.5], [-1.0, 0.3]]


def machine(cls, **kwargs):
    """A kernel machine with three points, and coefficients that are not zero."""
    model = cls(**{"kernel": RBFKernel(1.5)} | kwargs)
    model.adapt(LANDMARKS)
    model.coefficients.assign([[1.0], [-0.5], [0.25]])
    return model


COMPONENTS = {
    "GramMatrix": Entry(
        {"landmarks": LANDMARKS},
        (2,),
        (({"landmarks": [0.0, 1.0]}, "x must have shape"), ({"landmarks": [[np.nan, 0.0]]}, "x must be finite")),
        {"masks": PLAIN, "weights": "has no weights: its landmarks are known"},
        make=lambda **kwargs: layers.GramMatrix(**{"kernel": RBFKernel(1.5)} | kwargs),
    ),
    "RandomFourierFeatures": Entry(
        {"units": 6, "lengthscale": 2.0, "seed": 3},
        (4,),
        (({"units": 0}, "units must be an integer >= 1"), ({"lengthscale": 0.0}, "lengthscale must be positive")),
        {"masks": PLAIN, "weights": "its weights are frozen"},
    ),
    "Perceptron": Entry(
        {"kernel_initializer": "glorot_uniform"},
        (4,),
        (({"use_bias": "no"}, "use_bias must be True or False"),),
        {"masks": PLAIN},
        loss="hinge",
        labels=(-1, 1, -1, 1),
    ),
    "KernelPerceptron": Entry(
        {},
        (2,),
        (({"kernel": "rbf"}, "kernel must be a Kernel or a function"),),
        {"masks": PLAIN},
        make=lambda **kwargs: machine(models.KernelPerceptron, **kwargs),
        loss="hinge",
        labels=(-1, 1, -1, 1),
    ),
    "KernelRidge": Entry(
        {"l2": 0.5},
        (2,),
        (({"l2": -1.0}, "l2 must be >= 0"), ({"kernel": None}, "kernel must be a Kernel or a function")),
        {"masks": PLAIN},
        make=lambda **kwargs: machine(models.KernelRidge, **kwargs),
        loss="mse",
    ),
}

SCORED = {
    "ZeroOneLoss": Scored({}, SIGNS, SCORES),
    "PerceptronLoss": Scored({}, SIGNS, SCORES),
    "Hinge": Scored({}, SIGNS, SCORES),
    "LogisticLoss": Scored({}, SIGNS, SCORES),
}
