r"""Learning rates that make stochastic gradient descent converge (§7.3)."""

import keras
from keras import ops

__all__ = ["RobbinsMonro"]


@keras.saving.register_keras_serializable("mathdl_keras")
class RobbinsMonro(keras.optimizers.schedules.LearningRateSchedule):
    r"""The learning rates :math:`\eta_k = C/(k + k_0)^p` of Robbins and Monro (§7.3).

    .. math:: \sum_k \eta_k = \infty, \qquad \sum_k \eta_k^2 < \infty

    The first lets the iterates get anywhere, the second quells the noise of the batches; both hold for
    :math:`1/2 < p \le 1`. With p = 1 and :math:`k_0 = 1` on :math:`\frac12(\theta - x)^2` the constant matters: C = 1
    gives the running mean; with :math:`C \le 1/2` the error falls slower than 1/k.

    Args:
        C: Positive float, the constant.
        k0: Positive float, :math:`k_0`; 1 by default.
        power: Float p in (1/2, 1]; 1 by default.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> rate = RobbinsMonro(2.0)
        >>> [round(float(rate(k)), 4) for k in range(3)]
        [2.0, 1.0, 0.6667]
        >>> optimizer = keras.optimizers.SGD(RobbinsMonro(0.5, k0=10.0))
        >>> round(float(optimizer.learning_rate), 4)
        0.05
    """

    def __init__(self, C, k0=1.0, power=1.0):
        for name, value in {"C": C, "k0": k0}.items():
            if not 0 < value < float("inf"):
                raise ValueError(f"{name} must be positive and finite; received {name}={value}")
        if not 0.5 < power <= 1:
            raise ValueError(
                f"power must be in (1/2, 1], so that the sum of rates is infinite and that of squares is not; "
                f"received power={power}"
            )
        self.C, self.k0, self.power = float(C), float(k0), float(power)

    def __call__(self, step):
        k = ops.cast(step, keras.config.floatx())
        return self.C / ops.power(k + self.k0, self.power)

    def get_config(self):
        return {"C": self.C, "k0": self.k0, "power": self.power}
