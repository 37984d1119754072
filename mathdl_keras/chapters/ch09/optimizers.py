r"""Stochastic gradient descent with a proximal map (§9.2)."""

import keras
from keras import ops

__all__ = ["ProximalSGD"]


@keras.saving.register_keras_serializable("mathdl_keras")
class ProximalSGD(keras.optimizers.Optimizer):
    r"""Descent on the loss, then the proximal map of a penalty (§9.2).

    .. math:: w_{k+1} = \operatorname{prox}_{\eta R}\big(w_k - \eta \nabla \Lambda(w_k)\big)

    With `L1` weights become exactly zero. A `kernel_regularizer=L1(...)` only adds :math:`\lambda \operatorname{sign}
    w` to the gradient, and then no weight ever is. Do not use both: the loss must not contain the penalty.

    Args:
        learning_rate: :math:`\eta`, a number or a schedule.
        regularizer: R, with a method `prox(x, step)`: `L1` or `L2`.
        exclude: Variables whose name is one of these have no penalty.
        name: String, the name of the optimizer; "proximal_sgd" by default.
        **kwargs: What every Keras optimizer takes: `clipnorm`, `use_ema`, ...

    Raises:
        ValueError: If the regularizer has no `prox`.

    Example:
        >>> from mathdl_keras.regularizers import L1
        >>> w = keras.Variable([1.0, 0.25])
        >>> ProximalSGD(0.5, L1(1.0)).apply([ops.zeros(2)], [w])
        >>> ops.convert_to_numpy(w).tolist()
        [0.5, 0.0]
    """

    def __init__(self, learning_rate=0.01, regularizer=None, exclude=("bias",), name="proximal_sgd", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if isinstance(regularizer, dict):
            regularizer = keras.saving.deserialize_keras_object(regularizer)
        if not hasattr(regularizer, "prox"):
            raise ValueError(f"regularizer must have a method prox, as L1 and L2 have; received {regularizer!r}")
        self.regularizer, self.exclude = regularizer, tuple(exclude)

    def build(self, variables):
        if not self.built:
            self._penalized = [v.name not in self.exclude for v in variables]  # TensorFlow hands over its own
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        step = ops.cast(learning_rate, variable.dtype)
        moved = variable - step * ops.cast(gradient, variable.dtype)
        penalized = self._penalized[self._get_variable_index(variable)]
        self.assign(variable, self.regularizer.prox(moved, step) if penalized else moved)

    def get_config(self):
        regularizer = keras.saving.serialize_keras_object(self.regularizer)
        return super().get_config() | {"regularizer": regularizer, "exclude": self.exclude}
