r"""Truncated backpropagation through time (§13.5).

A stream of a million steps cannot be unrolled. Every `k1` steps the network looks back over the last `k2`, takes the
gradient of the losses of the last `k1` outputs in those steps alone, and goes on from its state as if that were given.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch13.recurrent.bptt import RecurrentBPTT
from mathdl_keras.core.checks import check_data, check_positive
from mathdl_keras.core.training import ManualGradientModel

__all__ = ["TruncatedBPTT"]


class TruncatedBPTT(ManualGradientModel):
    r"""Trains a recurrent network on streams longer than memory (§13.5).

    With K = k2, the recursion :math:`D_t = \dots` of `RecurrentBPTT` starts at each multiple of k1 and ends K steps
    before it: :math:`s_{t-K}` counts as a constant. K = T is the whole gradient. Memory holds k2 steps, whatever the
    length; the state is carried from window to window, and `reset_states` forgets it.

    Args:
        model: A `RecurrentBPTT` with `return_sequences`. It is trained in place.
        k1: Integer, the number of steps between updates.
        k2: Integer, the number of steps that the gradient looks back, at least k1; k1 by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If an argument is out of range, or the model has one output for a whole sequence.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.bptt import ElmanBPTT
        >>> trainer = TruncatedBPTT(ElmanBPTT(4, output_units=1), k1=10, k2=20)
        >>> trainer.compile(keras.optimizers.Adam(0.01))
        >>> stream = np.sin(np.arange(101.0))[:, None]
        >>> history = trainer.fit(stream[:-1], stream[1:], verbose=0)
        >>> trainer.model.predict(stream[None, :-1], verbose=0).shape
        (1, 100, 1)
    """

    def __init__(self, model, k1, k2=None, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(model, RecurrentBPTT) or not model.return_sequences:
            raise ValueError(f"model must be a RecurrentBPTT with return_sequences; received {model!r}")
        self.model, self.k1 = model, check_positive("k1", k1)
        self.k2 = check_positive("k2", self.k1 if k2 is None else k2)
        if self.k2 < self.k1:
            raise ValueError(f"k2 must be at least k1; received k1={k1} and k2={k2}")
        self.carried = None

    def fit(self, x, y, epochs=1, verbose="auto", callbacks=None, **kwargs):
        """Trains on a stream, window after window; each epoch starts from a state of zeros.

        Args:
            x: Array (T, D), or (B, T, D) for B streams side by side: anything that is sliced like an array, a
                memory map too.
            y: Array (T, K) or (B, T, K).
            epochs: Integer, the number of passes over the stream; 1 by default.
            verbose: Integer or "auto", what Keras prints; "auto" by default.
            callbacks: List of Keras callbacks; none by default.
            **kwargs: Further arguments of `keras.Model.fit`, without those that choose batches.

        Returns:
            Keras' history.

        Raises:
            ValueError: If shapes do not fit, the stream is shorter than k1, or a window holds NaN.
        """
        windows = self._windows(x, y)
        reset = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self.reset_states())
        callbacks = [reset, *keras.tree.flatten(callbacks or [])]
        return super().fit(windows, epochs=epochs, verbose=verbose, callbacks=callbacks, shuffle=False, **kwargs)

    def evaluate(self, x, y, verbose="auto", **kwargs):
        """The loss along a stream, from a state of zeros; as `keras.Model.evaluate`."""
        windows = self._windows(x, y)
        self.reset_states()
        return super().evaluate(windows, verbose=verbose, **kwargs)

    def reset_states(self):
        """The next window starts from zeros."""
        for state in self.carried or []:
            state.assign(ops.zeros(state.shape, dtype=state.dtype))

    def build(self, input_shape):
        """Makes variables for the states at the start of a window, from the shapes of windows and what is seen."""
        window = tuple(input_shape[0])
        self.model.build(window)
        zeros = self.model.initial_states(ops.zeros((window[0], 1), dtype=self.variable_dtype))
        self.carried = [self.add_weight(shape=z.shape, initializer="zeros", trainable=False) for z in zeros]
        self.built = True

    def call(self, inputs):
        window, seen = inputs
        return self.model.run(window, self._states(), self._mask(seen), last=self.k1)[0]

    def loss_and_gradients(self, x, y, sample_weight=None, training=True):
        window, seen = x
        window = ops.cast(window, self.compute_dtype)
        U, cache, (before, after) = self.model.run(window, self._states(), self._mask(seen), last=self.k1)
        for state, states, last in zip(self.carried, before, after, strict=True):
            state.assign(states[self.k1] if self.k1 < self.k2 else last)  # where the next window starts
        loss, dU = self.model.loss_and_slope(ops.cast(y, U.dtype), U, sample_weight)
        return loss, U, self.model.backward_pass(dU, cache)

    def _states(self):
        return [ops.cast(state, self.compute_dtype) for state in self.carried]

    def _mask(self, seen):
        return None if self.k1 == self.k2 else ops.swapaxes(seen, 0, 1)

    def _windows(self, x, y):
        windows = Windows(x, y, self.k1, self.k2)
        if self.carried and self.carried[0].shape[0] != windows.x.shape[0]:
            raise ValueError(
                f"x must have {self.carried[0].shape[0]} streams, as before; received {windows.x.shape[0]}"
            )
        if self.carried is None:
            self.build([v.shape for v in windows[0][0]])
        return windows


class Windows(keras.utils.PyDataset):
    """Windows of k2 steps that advance by k1, with the targets of their last k1 steps.

    Before the first step of the stream there is padding, of which the second input is False.
    """

    def __init__(self, x, y, k1, k2):
        super().__init__()
        self.x, self.y, self.k1, self.k2 = _streams(x, "x"), _streams(y, "y"), k1, k2
        if self.x.shape[:2] != self.y.shape[:2]:
            raise ValueError(f"x and y must have the same streams and steps; received {self.x.shape}, {self.y.shape}")
        if self.x.shape[1] < k1:
            raise ValueError(f"x must have at least k1={k1} steps; received {self.x.shape[1]}")

    def __len__(self):
        return self.x.shape[1] // self.k1

    def __getitem__(self, i):
        end = (i + 1) * self.k1
        start = max(end - self.k2, 0)
        x, y = np.asarray(self.x[:, start:end]), np.asarray(self.y[:, end - self.k1 : end])
        check_data(x, f"x in steps {start} to {end}"), check_data(y, f"y in steps {end - self.k1} to {end}")
        padding = self.k2 - (end - start)
        seen = np.broadcast_to(np.arange(self.k2) >= padding, (len(x), self.k2))
        return (np.pad(x, ((0, 0), (padding, 0), (0, 0))), seen), y


def _streams(stream, name):
    if getattr(stream, "ndim", None) not in (2, 3):
        raise ValueError(
            f"{name} must be an array of shape (time, features) or (streams, time, features); "
            f"received {getattr(stream, 'shape', type(stream).__name__)}"
        )
    return stream[None] if stream.ndim == 2 else stream
