"""One optimizer for each named part of a model, and loss scaling that works on the three backends."""

import keras
from keras.optimizers import LossScaleOptimizer, MultiOptimizer

__all__ = ["NamedOptimizers"]


def apply(optimizer, gradients, variables):
    """`optimizer.apply`; on JAX a loss-scaling optimizer branches, so it is applied functionally."""
    if keras.backend.backend() == "jax" and isinstance(optimizer, LossScaleOptimizer):
        _apply_functionally(optimizer, gradients, variables)
    else:
        optimizer.apply(gradients, variables)


def _apply_functionally(optimizer, gradients, variables):
    if len(variables) != len(optimizer.inner_optimizer._trainable_variables):
        raise ValueError(
            "minimize on a part of the model in mixed_float16 needs an optimizer of its own for each part, "
            'compile({"part": optimizer, ...}); received one optimizer for all parts'
        )
    state = optimizer.variables
    new = optimizer.stateless_apply([v.value for v in state], gradients, [v.value for v in variables])
    for variable, value in zip([*variables, *state], [*new[0], *new[1]], strict=True):
        variable.assign(value)


@keras.saving.register_keras_serializable("mathdl_keras")
class NamedOptimizers(MultiOptimizer):
    """One optimizer for each named part of a model: `{"critic": ..., "generator": ...}`.

    `StepModel.compile` makes it from a dictionary whose keys are attributes of the model; each may be a layer, a
    model or a list of variables. One phase of a step updates one part and leaves the others alone.

    Args:
        optimizers: A dictionary from the names of parts to optimizers.

    Raises:
        ValueError: When built, if a trainable variable of the model belongs to no part or to two of them.

    Example:
        >>> optimizers = NamedOptimizers({"critic": keras.optimizers.SGD(0.5)})
        >>> float(optimizers["critic"].learning_rate)
        0.5
    """

    def __init__(self, optimizers, name="named_optimizers"):
        super().__init__(dict(optimizers), name=name)
        self.variables_of = None  # part's name -> its variables; a closure, for an attribute would be tracked

    def build(self, variables):
        if self.built:
            return
        self._var_to_optimizer_idx = {}
        for i, (part, optimizer) in enumerate(self._optimizer_map.items()):
            optimizer.build(self.variables_of(part))
            for v in self.variables_of(part):
                if self._var_to_optimizer_idx.setdefault(self._var_key(v), i) != i:
                    raise ValueError(f"optimizer parts must not overlap; received {v.path} in {part} too")
        for v in variables:
            self._owner(v)
        self.built = True

    def _owner(self, variable):
        try:
            return self._var_to_optimizer_idx[self._var_key(variable)]
        except KeyError:
            raise ValueError(
                f"optimizer must have a part for each trainable variable; received parts "
                f"{list(self._optimizer_map)}, and {variable.path} is in none"
            ) from None

    def apply(self, gradients, variables):
        self.build(variables)
        phases = {}
        for gradient, variable in zip(gradients, variables, strict=True):
            phases.setdefault(self._owner(variable), []).append((gradient, variable))
        for i, pairs in phases.items():
            apply(self.optimizers[i], *map(list, zip(*pairs, strict=True)))
        self._iterations.assign_add(1)

    def scaler(self, variables):
        """The optimizer whose loss scale the variables share."""
        owners = {self._owner(v) for v in variables}
        if len(owners) == 1:
            return self.optimizers[owners.pop()]
        if any(isinstance(o, LossScaleOptimizer) for o in self.optimizers):
            raise ValueError("minimize needs one part at a time in mixed_float16; received several parts")
        return self

    def finalize_variable_values(self, variables):
        super().finalize_variable_values([v for v in variables if self._var_key(v) in self._var_to_optimizer_idx])

    def __getitem__(self, part):
        return self._optimizer_map[part]

    def get_config(self):
        optimizers = keras.saving.serialize_keras_object(self._optimizer_map)
        return {"optimizers": optimizers, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        optimizers = keras.saving.deserialize_keras_object(config["optimizers"], custom_objects)
        return cls(optimizers, name=config["name"])
