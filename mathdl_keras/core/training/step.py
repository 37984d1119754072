"""`training_step(data)`, written once, under Keras' trainers on TensorFlow, JAX and PyTorch."""

import keras
from keras import ops, tree
from keras.optimizers import LossScaleOptimizer

from mathdl_keras.core.autodiff import value_and_grad
from mathdl_keras.core.training.optimizers import NamedOptimizers, apply

BACKEND = keras.backend.backend()

__all__ = ["FunctionalStepModel", "StepModel"]


class Step:
    """What a step is made of. A mixin *before* `keras.Model`: functional construction `M(inputs, outputs)` makes Keras
    rewrite the bases of M and of every Model ancestor of M in place."""

    evaluation_step = None

    def training_step(self, data):
        """One step on a batch; returns the logs. The default is supervised training, as in `keras.Model`."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

        def loss_and_prediction():
            y_pred = self(x, training=True)
            return self._compute_loss(x, y, y_pred, sample_weight, training=True), y_pred

        loss, y_pred = self.minimize(loss_and_prediction, has_aux=True)
        return self.supervised_logs(loss, x, y, y_pred, sample_weight)

    def supervised_logs(self, loss, x, y, y_pred, sample_weight=None):
        """Logs of the loss and of the compiled metrics, as built-in `fit` keeps them."""
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(tree.flatten(x)[0])[0])
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def minimize(self, loss_fn, part=None, has_aux=False):
        """One optimizer step on `loss_fn()`.

        Args:
            loss_fn: A thunk that returns the loss, or `(loss, aux)` with `has_aux`. It may update state.
            part: The layer, model or list of variables to update; by default the whole model.
            has_aux: Whether `loss_fn` returns more than the loss.

        Returns:
            What `loss_fn` returned, computed before the update.
        """
        variables = self._variables_of(part)
        scaler = self._scaler(variables)

        def scaled():
            out = loss_fn()
            return scaler.scale_loss(out[0] if has_aux else out), out

        (_, out), gradients = value_and_grad(scaled, variables, has_aux=True)
        apply(self.optimizer, gradients, variables)
        return out

    def apply_gradients(self, gradients, part=None):
        """One optimizer step with gradients written by hand; no automatic differentiation is involved.

        Args:
            gradients: Tensors shaped like the variables of `part`, in their order.
            part: The layer, model or list of variables to update; by default the whole model.
        """
        variables = self._variables_of(part)
        scaler = self._scaler(variables)
        apply(self.optimizer, settled([scaler.scale_loss(g) for g in gradients]), variables)

    def _variables_of(self, part):
        part = self if part is None else part
        return list(getattr(part, "trainable_variables", part))

    def _scaler(self, variables):
        """The optimizer that scales the loss of these variables (by one, outside mixed_float16)."""
        if not self.optimizer.built:  # TensorFlow and PyTorch build no optimizer before the first step
            self.optimizer.build(self.trainable_variables)
        if isinstance(self.optimizer, NamedOptimizers):
            return self.optimizer.scaler(variables)
        return self.optimizer

    def track(self, *names):
        """Declares averages over the epoch, in the constructor; `log` feeds them."""
        self._trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def log(self, **values):
        """Updates the declared averages; returns them as the logs of this step.

        Raises:
            ValueError: If a name was not declared with `track`.
        """
        trackers = getattr(self, "_trackers", {})
        if unknown := sorted(set(values) - set(trackers)):
            raise ValueError(f"log takes names declared by track, {sorted(trackers)}; received {unknown}")
        for name, value in values.items():
            trackers[name].update_state(value)
        return {name: trackers[name].result() for name in values}

    def compile(self, optimizer="rmsprop", *args, auto_scale_loss=True, **kwargs):
        """As `keras.Model.compile`; `optimizer` may be a dictionary from parts (attributes) to optimizers."""
        if isinstance(optimizer, dict):
            if missing := [part for part in optimizer if not hasattr(self, part)]:
                raise ValueError(f"optimizer must have parts of the model for keys; received {missing}")
            float16 = auto_scale_loss and self.dtype_policy.name == "mixed_float16"
            optimizers = {part: keras.optimizers.get(o) for part, o in optimizer.items()}
            optimizer = NamedOptimizers(
                {part: LossScaleOptimizer(o) if float16 else o for part, o in optimizers.items()}
            )
        if isinstance(optimizer, NamedOptimizers):
            auto_scale_loss = False
            optimizer.variables_of = lambda part: self._variables_of(getattr(self, part))
        super().compile(optimizer, *args, auto_scale_loss=auto_scale_loss, **kwargs)
        parts = list(self._flatten_layers(include_self=False))
        if not self.built and (parts or self.weights) and all(part.built for part in parts):
            self.built = True  # made of weights and of built models: nothing is left to infer

    def get_compile_config(self):
        return portable(super().get_compile_config())

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def train_step(self, *args):
        return self._run(self.training_step, *args, training=True)

    def test_step(self, *args):
        if self.evaluation_step is None:
            return super().test_step(*args)
        return self._run(self.evaluation_step, *args)

    if BACKEND == "tensorflow":

        def _run(self, step, *args, training=False):
            if not all(layer.built for layer in self._flatten_layers()):
                self._symbolic_build(data_batch=args[0])  # the optimizer must know every weight: Keras builds too late
            return step(*args)

    elif BACKEND == "torch":
        import torch

        @torch.no_grad()  # gradients are asked for where they are needed
        def _run(self, step, *args, training=False):
            # `train_on_batch` hands over NumPy arrays
            return step(*tree.map_structure(lambda x: x if x is None else ops.convert_to_tensor(x), args))

    else:

        def _run(self, step, *args, training=False):
            state, data = args
            groups = [self.trainable_variables, self.non_trainable_variables]
            groups += [self.optimizer.variables] * training + [self.metrics_variables]
            pairs = [p for vs, xs in zip(groups, state, strict=True) for p in zip(vs, xs, strict=True)]
            with keras.StatelessScope(pairs, collect_losses=True) as scope:
                logs = step(data)
            return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)


def settled(gradients):
    """The gradients, all of them computed before the first is used.

    In a TensorFlow graph a formula that reads a weight again may otherwise see it updated: after the graph's
    optimization (Grappler) one trace in five went wrong, without it none.
    """
    if BACKEND != "tensorflow":
        return gradients
    import tensorflow as tf

    with tf.control_dependencies(gradients):
        return [tf.identity(gradient) for gradient in gradients]


def portable(config):
    """A configuration that names no module of one backend: PyTorch's name optimizers that only it can load."""
    if isinstance(config, list):
        return [portable(item) for item in config]
    if not isinstance(config, dict):
        return config
    config = {key: portable(value) for key, value in config.items()}
    if str(config.get("module")).startswith("keras.src.backend."):
        config |= {"module": "keras.optimizers", "registered_name": None}
    return config


class StepModel(Step, keras.Model):
    """A model that defines its own `training_step(data)`, once for the three backends.

    Subclass it; never build it from `(inputs, outputs)` (that is `FunctionalStepModel`). In the constructor make the
    parts and call `track` with the names to log; in `training_step` call `minimize` or `apply_gradients`, and return
    `log(...)`. An optional `evaluation_step(data)` serves `evaluate` and validation, which otherwise use the compiled
    loss.

    Example:
        >>> import numpy as np
        >>> class Mean(StepModel):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.theta = self.add_weight(shape=(), initializer="zeros")
        ...         self.track("risk")
        ...     def training_step(self, data):
        ...         return self.log(risk=self.minimize(lambda: ops.mean((data - self.theta) ** 2) / 2))
        >>> model = Mean()
        >>> model.compile(keras.optimizers.SGD(1.0))
        >>> history = model.fit(np.array([1.0, 3.0], "float32"), verbose=0)
        >>> float(model.theta), history.history["risk"]
        (2.0, [2.5])
    """


class FunctionalStepModel(Step, keras.Model):
    """`keras.Model(inputs, outputs)` with the training step of this package. Construct it; never subclass it.

    Example:
        >>> x = keras.Input((3,))
        >>> FunctionalStepModel(x, keras.layers.Dense(1)(x)).output_shape
        (None, 1)
    """


keras.saving.register_keras_serializable("mathdl_keras")(FunctionalStepModel)
