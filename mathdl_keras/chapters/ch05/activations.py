r"""Activation functions with their first and second derivatives (§5.4).

Backpropagation multiplies by :math:`\sigma'` at every layer, Newton's method and the limits of chapters 16 to 19 ask
for :math:`\sigma''`, and automatic differentiation is the oracle, not the source: each formula is written out.

| class | :math:`\sigma(z)` | :math:`\sigma'(z)` | :math:`\sigma''(z)` |
| --- | --- | --- | --- |
| `Linear` | z | 1 | 0 |
| `Sigmoid` (the logistic function S) | :math:`1/(1 + e^{-z})` | S(1 - S) | S(1 - S)(1 - 2S) |
| `Tanh` | :math:`2S(2z) - 1` | :math:`1 - \tanh^2` | :math:`-2 \tanh (1 - \tanh^2)` |
| `ReLU` | max(z, 0) | 1 if z > 0 | 0 |
| `LeakyReLU(negative_slope)` | :math:`\max(z, 0) + a \min(z, 0)` | 1 or a | 0 |
| `Softplus(beta)` | :math:`\beta^{-1} \log(1 + e^{\beta z})` | :math:`S(\beta z)` | :math:`\beta S(1 - S)(\beta z)` |
| `Clip(lo, hi)` | z, clipped to [lo, hi] | 1 if lo < z < hi | 0 |

Where a derivative jumps, its value is the one on the left of 0 (`ReLU`, `LeakyReLU`) or outside (`Clip`), and automatic
differentiation agrees on the three backends. An activation is a function of a tensor, and Keras layers take it:
`Dense(8, activation=Softplus(5.0))`.
"""

import keras
from keras import ops

__all__ = ["Activation", "Clip", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softplus", "Tanh", "get"]


class Activation:
    r"""A function :math:`\sigma`, applied to each entry, that knows its derivatives (§5.4).

    Subclasses define `__call__`, `derivative` and `second_derivative`, all functions of the pre-activation z that keep
    its shape and dtype; and `derivative_from_value`, where the value alone decides, so that a recurrence may forget its
    pre-activations. `kinks` are the points where the derivative jumps.

    Example:
        >>> class Square(Activation):
        ...     def __call__(self, z):
        ...         return z * z
        ...     def derivative(self, z):
        ...         return 2 * z
        >>> float(Square().derivative(ops.array(3.0)))
        6.0
    """

    kinks: tuple[float, ...] = ()

    def __call__(self, z):
        raise NotImplementedError

    def derivative(self, z):
        r""":math:`\sigma'(z)`."""
        raise NotImplementedError

    def second_derivative(self, z):
        r""":math:`\sigma''(z)`, 0 where it is piecewise linear."""
        return ops.zeros_like(z)

    def derivative_from_value(self, a):
        r""":math:`\sigma'(z)` where :math:`a = \sigma(z)`, as in :math:`\tanh' = 1 - \tanh^2`.

        Args:
            a: Tensor, the value of the activation.

        Raises:
            ValueError: If the value does not decide it, or how is not known.

        Example:
            >>> float(Sigmoid().derivative_from_value(ops.array(0.5)))
            0.25
        """
        raise ValueError(f"activation must have a derivative known from its value; received {self!r}")

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __eq__(self, other):
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self):
        return hash((type(self), *self.get_config().items()))

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.get_config().items())})"


@keras.saving.register_keras_serializable("mathdl_keras")
class Linear(Activation):
    r"""The identity :math:`\sigma(z) = z`, of output layers.

    Example:
        >>> float(Linear()(ops.array(2.0)))
        2.0
    """

    def __call__(self, z):
        return z

    def derivative(self, z):
        return ops.ones_like(z)

    def derivative_from_value(self, a):
        return ops.ones_like(a)


@keras.saving.register_keras_serializable("mathdl_keras")
class Sigmoid(Activation):
    r"""The logistic function :math:`S(z) = 1/(1 + e^{-z})` (§5.4).

    Example:
        >>> sigma = Sigmoid()
        >>> float(sigma(ops.array(0.0))), float(sigma.derivative(ops.array(0.0)))
        (0.5, 0.25)
    """

    def __call__(self, z):
        return ops.sigmoid(z)

    def derivative(self, z):
        return ops.sigmoid(z) * ops.sigmoid(-z)

    def derivative_from_value(self, a):
        return a * (1 - a)

    def second_derivative(self, z):
        S, R = ops.sigmoid(z), ops.sigmoid(-z)
        return S * R * (R - S)


@keras.saving.register_keras_serializable("mathdl_keras")
class Tanh(Activation):
    r"""The hyperbolic tangent (§5.4), as :math:`2S(2z) - 1`: `ops.tanh` loses float64 on JAX.

    Example:
        >>> float(Tanh().derivative(ops.array(0.0)))
        1.0
    """

    def __call__(self, z):
        return 2 * ops.sigmoid(2 * z) - 1

    def derivative(self, z):
        return 4 * ops.sigmoid(2 * z) * ops.sigmoid(-2 * z)

    def derivative_from_value(self, a):
        return 1 - a * a

    def second_derivative(self, z):
        return -2 * self(z) * self.derivative(z)


@keras.saving.register_keras_serializable("mathdl_keras")
class ReLU(Activation):
    r"""The rectified linear unit :math:`\max(z, 0)` (§5.4).

    Example:
        >>> ops.convert_to_numpy(ReLU().derivative(ops.array([-1.0, 0.0, 2.0]))).tolist()
        [0.0, 0.0, 1.0]
    """

    kinks = (0.0,)

    def __call__(self, z):
        return ops.relu(z)

    def derivative(self, z):
        return ops.cast(z > 0, z.dtype)

    def derivative_from_value(self, a):
        return ops.cast(a > 0, a.dtype)


@keras.saving.register_keras_serializable("mathdl_keras")
class LeakyReLU(Activation):
    r"""The leaky rectifier :math:`\max(z, 0) + a \min(z, 0)` (§5.4).

    Args:
        negative_slope: Float in [0, 1), the slope a for z < 0; 0.2 by default.

    Raises:
        ValueError: If the slope is not in [0, 1).

    Example:
        >>> float(LeakyReLU(0.25)(ops.array(-2.0)))
        -0.5
    """

    kinks = (0.0,)

    def __init__(self, negative_slope=0.2):
        if not 0 <= negative_slope < 1:
            raise ValueError(f"negative_slope must be in [0, 1); received negative_slope={negative_slope}")
        self.negative_slope = float(negative_slope)

    def __call__(self, z):
        return ops.where(z > 0, z, self.negative_slope * z)

    def derivative(self, z):
        positive = ops.cast(z > 0, z.dtype)
        return positive + self.negative_slope * (1 - positive)

    def derivative_from_value(self, a):
        return ops.where(a > 0, ops.ones_like(a), self.negative_slope * ops.ones_like(a))

    def get_config(self):
        return {"negative_slope": self.negative_slope}


@keras.saving.register_keras_serializable("mathdl_keras")
class Softplus(Activation):
    r"""The smooth rectifier :math:`\beta^{-1} \log(1 + e^{\beta z})` (§5.4), at most :math:`\log(2)/\beta` above ReLU.

    Args:
        beta: Positive float, :math:`\beta`: the larger, the closer to ReLU; 1 by default.

    Raises:
        ValueError: If beta is not positive and finite.

    Example:
        >>> round(float(Softplus(5.0)(ops.array(0.0))), 4)  # log(2) / 5
        0.1386
    """

    def __init__(self, beta=1.0):
        if not 0 < beta < float("inf"):
            raise ValueError(f"beta must be positive and finite; received beta={beta}")
        self.beta = float(beta)

    def __call__(self, z):
        return -ops.log_sigmoid(-self.beta * z) / self.beta  # `ops.softplus` is linear above 20 on torch

    def derivative(self, z):
        return ops.sigmoid(self.beta * z)

    def derivative_from_value(self, a):
        return 1 - ops.exp(-self.beta * a)

    def second_derivative(self, z):
        return self.beta * ops.sigmoid(self.beta * z) * ops.sigmoid(-self.beta * z)

    def get_config(self):
        return {"beta": self.beta}


@keras.saving.register_keras_serializable("mathdl_keras")
class Clip(Activation):
    r"""The clipping function (§5.2), :math:`\mathrm{ReLU}(z - lo) - \mathrm{ReLU}(z - hi) + lo`.

    Args:
        lo: Float, the least value; 0 by default.
        hi: Float, the largest value; 1 by default.

    Raises:
        ValueError: If lo is not below hi.

    Example:
        >>> ops.convert_to_numpy(Clip()(ops.array([-1.0, 0.5, 3.0]))).tolist()
        [0.0, 0.5, 1.0]
    """

    def __init__(self, lo=0.0, hi=1.0):
        if not lo < hi:
            raise ValueError(f"lo must be below hi; received lo={lo}, hi={hi}")
        self.kinks = self.lo, self.hi = float(lo), float(hi)

    def __call__(self, z):
        # the slope of `ops.clip` at lo and hi is 1 or 1/2, by backend; a difference of ReLUs cancels for large z
        return ops.where(z <= self.lo, self.lo, ops.where(z >= self.hi, self.hi, z))

    def derivative(self, z):
        return ops.cast(ops.logical_and(z > self.lo, z < self.hi), z.dtype)

    def derivative_from_value(self, a):
        return ops.cast(ops.logical_and(a > self.lo, a < self.hi), a.dtype)

    def get_config(self):
        return {"lo": self.lo, "hi": self.hi}


SMOOTH = {"sigmoid": Sigmoid, "logistic": Sigmoid, "tanh": Tanh, "softplus": Softplus}
PIECEWISE_LINEAR = {"linear": Linear, "relu": ReLU, "leaky_relu": LeakyReLU, "clip": Clip}
NAMES = SMOOTH | PIECEWISE_LINEAR


def get(activation, name="activation"):
    """The activation of that name; `None` is linear, and an `Activation` is itself.

    Args:
        activation: `linear`, `sigmoid` (or `logistic`), `tanh`, `relu`, `leaky_relu`, `softplus`, `clip`, `None`, an
            `Activation`, or the saved form of one.
        name: String, the name of the argument in the error; "activation" by default.

    Raises:
        ValueError: If `activation` is none of them: its derivative is not known here.

    Example:
        >>> get("tanh"), get(None), get(Softplus(2.0))
        (Tanh(), Linear(), Softplus(beta=2.0))
    """
    if isinstance(activation, dict):
        activation = keras.saving.deserialize_keras_object(activation)
    if isinstance(activation, Activation):
        return activation
    known = "linear" if activation is None else activation
    if not isinstance(known, str) or known not in NAMES:
        raise ValueError(f"{name} must be an Activation or one of {', '.join(NAMES)}; received {activation!r}")
    return NAMES[known]()
