r"""A training loop of one's own: define-by-run and define-and-run (§7.5).

The state of the training (parameters, whatever else changes) goes into a step and comes out new. *Define-by-run*:
Python runs the step for each batch, and each operation happens as it is met; the step may print, branch, or grow the
network. *Define-and-run*: Python runs the step once, to see its operations (a trace), and the compiled trace runs for
each batch. The results are the same.
"""

from keras import ops, tree

from mathdl_keras.core.checks import check_data
from mathdl_keras.core.loops import compiled

__all__ = ["StepLoop"]


class StepLoop:
    r"""Runs `state, loss = step(state, *batch)` for each batch of a sampler (§7.5).

    Args:
        sampler: `MinibatchSampler`.
        step: Function of the state, a nest of tensors, and a batch of each array. With `jit_compile` it must be pure;
            Keras variables that it reads are constants.
        jit_compile: Boolean, whether the step is traced and compiled (JAX, TensorFlow); False by default. It is traced
            anew when the shapes or the structure of its arguments change: for the last, shorter batch of an epoch, for
            a network that has grown. PyTorch runs it as it is.

    Attributes:
        epochs: Integer, the number of epochs that are done; `fit` goes on with the next one.
        python_runs: Integer, how often Python ran the step.

    Example:
        >>> import numpy as np
        >>> from mathdl_keras.chapters.ch07.sampling import MinibatchSampler
        >>> trainer = StepLoop(MinibatchSampler(4, 2, shuffle=False), lambda total, x: (total + ops.sum(x), ops.sum(x)))
        >>> total, losses = trainer.fit(np.float32(0), np.array([1, 2, 3, 4], "float32"), epochs=2)
        >>> float(total), losses, trainer.python_runs
        (20.0, [3.0, 7.0, 3.0, 7.0], 4)
    """

    def __init__(self, sampler, step, jit_compile=False):
        self.sampler, self.epochs, self.python_runs = sampler, 0, 0

        def counted(state, *batch):
            self.python_runs += 1
            return step(state, *batch)

        # on PyTorch what an eager step returns hangs on its graph, and the next one on that
        self.step = compiled(counted) if jit_compile else lambda *args: _detached(counted(*args))

    def fit(self, state, *arrays, epochs=1, callback=None):
        """Trains for some epochs more.

        Args:
            state: Nest of tensors or arrays, the state that the first step is given.
            *arrays: Arrays with a row for each sample, such as x and y.
            epochs: Integer >= 0, the number of epochs; 1 by default.
            callback: Function `callback(epoch, state)`, called after each epoch, which counts from 1; none by default.

        Returns:
            `(state, losses)`: the last state, and the loss of each batch, before its step, as a list of floats.

        Raises:
            ValueError: If an array has another number of rows, is empty or not finite, or epochs is negative.
        """
        self._check(arrays, epochs)
        state, losses = tree.map_structure(ops.convert_to_tensor, state), []
        for _ in range(epochs):
            for rows in self.sampler.epoch(self.epochs):
                state, loss = self.step(state, *(ops.convert_to_tensor(a[rows]) for a in arrays))
                losses.append(loss)
            self.epochs += 1
            if callback is not None:
                callback(self.epochs, state)
        return state, [float(loss) for loss in losses]

    def _check(self, arrays, epochs):
        if not isinstance(epochs, int) or epochs < 0:
            raise ValueError(f"epochs must be an integer >= 0; received epochs={epochs!r}")
        for place, array in enumerate(arrays):
            name = f"array {place + 1}"
            check_data(array, name)
            if len(array) != self.sampler.samples:
                raise ValueError(f"{name} must have {self.sampler.samples} rows; received shape {array.shape}")


def _detached(nest):
    return tree.map_structure(ops.stop_gradient, nest)
