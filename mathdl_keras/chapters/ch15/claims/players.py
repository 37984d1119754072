"""Generators and opponents of a few weights, for which theory says all."""

import keras
import numpy as np
from keras import ops


class Points(keras.Layer):
    """A generator that gives the same rows whatever the noise."""

    def __init__(self, points):
        super().__init__()
        self.points = self.add_weight(shape=points.shape)
        self.points.assign(points)

    def call(self, z):
        return ops.broadcast_to(self.points, (ops.shape(z)[0], self.points.shape[1]))

    def compute_output_spec(self, z, **kwargs):
        return keras.KerasTensor((z.shape[0], self.points.shape[1]), dtype=self.compute_dtype)


class Line(keras.Layer):
    """(n, 1): a + b x, of rows with one number."""

    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = (self.add_weight(shape=(), initializer=keras.initializers.Constant(v)) for v in (a, b))

    def call(self, x):
        return self.a + self.b * x


class Slope(keras.Layer):
    """(n, 1): psi x, a discriminator with one weight."""

    def __init__(self, psi):
        super().__init__()
        self.psi = self.add_weight(shape=(), initializer=keras.initializers.Constant(psi))

    def call(self, x):
        return self.psi * x


class Hill(keras.Layer):
    """(n, 1): -(x - x*)^2/2, a critic that likes one point best."""

    def __init__(self, best, sign):
        super().__init__()
        self.best, self.sign = self.add_weight(shape=(), initializer=keras.initializers.Constant(best)), sign

    def call(self, x):
        return self.sign * ops.square(x - self.best) / 2


def number(x):
    return float(ops.convert_to_numpy(x))


def train(model, x, steps, **rates):
    """Steps of gradient descent on the same rows, with a rate for each part."""
    model.compile({part: keras.optimizers.SGD(rate) for part, rate in rates.items()})
    model.fit(np.tile(x, (steps, 1)), batch_size=len(x), shuffle=False, verbose=0)
