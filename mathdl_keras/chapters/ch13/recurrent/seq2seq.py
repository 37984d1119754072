r"""Encoder and decoder: from one sequence to another of another length (§13.7)."""

import contextlib

import keras
from keras import ops

from mathdl_keras.chapters.ch06.layers import Dense
from mathdl_keras.core.checks import ChecksData, check_positive
from mathdl_keras.core.graph import DropoutRNNCell
from mathdl_keras.core.loops import scan

__all__ = ["EncoderDecoder"]


@contextlib.contextmanager
def one_mask(cell, x, state):
    """A region in which a cell with dropout has one mask for all steps, drawn outside of the loop over time."""
    if not isinstance(cell, DropoutRNNCell):
        yield
        return
    cell.get_dropout_mask(x), cell.get_recurrent_dropout_mask(state)
    try:
        yield
    finally:
        cell.reset_dropout_mask(), cell.reset_recurrent_dropout_mask()


@keras.saving.register_keras_serializable("mathdl_keras")
class EncoderDecoder(ChecksData, keras.Model):
    r"""Two recurrent networks: one reads, the other goes on from its last state and writes (§13.7).

    .. math::
        h = \mathrm{encoder}(x_1, \ldots, x_S), \qquad s_0 = h, \qquad
        s_t = \mathrm{decoder}(z_t, s_{t-1}), \qquad \hat y_t = V^\top s_t + c .

    With teacher forcing the decoder is given the true value before, :math:`z_t = y_{t-1}`; otherwise its own,
    :math:`z_t = \hat y_{t-1}`, as it must be when it generates, so that it learns to live with its errors. :math:`z_1 =
    0`. Numbers are targets as they are, words one-hot with a softmax in the loss.

    Inputs `(x, y)`, x `(batch, S, features)` and y `(batch, T, outputs)` -> :math:`\hat y`, `(batch, T, outputs)`.
    Train with `fit((x, y), y)`. Without teacher forcing only the shape of y is used.

    Args:
        encoder: Recurrent layer such as `keras.layers.GRU(8, return_state=True)`.
        decoder: Recurrent layer with the same states, `return_sequences=True` and `return_state=True`.
        teacher_forcing: Boolean, whether the decoder is given the true values; `True` by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If a layer does not return what is needed, or the states of the two do not fit.

    Example:
        >>> encoder = keras.layers.GRU(4, return_state=True)
        >>> decoder = keras.layers.GRU(4, return_state=True, return_sequences=True)
        >>> model = EncoderDecoder(encoder, decoder)
        >>> tuple(model((ops.ones((2, 7, 3)), ops.ones((2, 5, 1)))).shape)
        (2, 5, 1)
        >>> tuple(model.generate(ops.ones((2, 7, 3)), 9).shape)
        (2, 9, 1)
    """

    def __init__(self, encoder, decoder, teacher_forcing=True, **kwargs):
        super().__init__(**kwargs)
        for name, layer, needed in (
            ("encoder", encoder, ("return_state",)),
            ("decoder", decoder, ("return_state", "return_sequences")),
        ):
            if not all(getattr(layer, flag, False) for flag in needed):
                raise ValueError(f"{name} must be a recurrent layer with {'=True and '.join(needed)}=True")
        sizes = [keras.tree.flatten(layer.cell.state_size) for layer in (encoder, decoder)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"encoder and decoder must have states of the same sizes; received {sizes}")
        self.encoder, self.decoder, self.teacher_forcing = encoder, decoder, teacher_forcing
        self.supports_masking = True

    def build(self, input_shape):
        source, target = input_shape
        if len(source) != 3 or len(target) != 3:
            raise ValueError(f"x and y must have shape (batch, time, features); received {source} and {target}")
        self.encoder.build(source)
        self.decoder.build(target)
        self.readout = Dense(target[-1], dtype=self.dtype_policy, name="readout")
        units = keras.tree.flatten(getattr(self.decoder.cell, "output_size", self.decoder.cell.state_size))[0]
        self.readout.build((None, None, units))
        self.built = True

    def call(self, inputs, training=False):
        x, y = inputs
        states = self._encode(x, training)
        if not self.teacher_forcing:
            return self._run_free(states, y.shape[1], training)
        shifted = ops.concatenate([ops.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
        return self.readout(self.decoder(shifted, initial_state=states, training=training)[0])

    def generate(self, x, length):
        """What the decoder writes by itself, fed with its own outputs.

        Args:
            x: Tensor `(batch, S, features)`.
            length: Integer, the number T of steps.

        Returns:
            Tensor `(batch, T, outputs)`.

        Raises:
            ValueError: If the model is not built, or the length is not a positive integer.
        """
        if not self.built:
            raise ValueError("the model must be built: train it, or call it on (x, y) once")
        check_positive("length", length)
        return self._run_free(self._encode(ops.convert_to_tensor(x, dtype=self.compute_dtype), False), length, False)

    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask and previous_mask[1]

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[1])

    def get_config(self):
        layers = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in ("encoder", "decoder")}
        return super().get_config() | layers | {"teacher_forcing": self.teacher_forcing}

    @classmethod
    def from_config(cls, config):
        layers = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("encoder", "decoder")}
        return cls(**config | layers)

    def _encode(self, x, training):
        return list(self.encoder(x, training=training)[1:])

    def _run_free(self, states, length, training):
        if length is None:
            raise ValueError("y must have a known length without teacher forcing; received None")

        def step(carry, _):
            y, *states = carry
            output, states = self.decoder.cell(y, states, training=training)
            y = self.readout(output)
            return [y, *keras.tree.flatten(states)], y

        start = ops.zeros((ops.shape(states[0])[0], self.readout.units), states[0].dtype)
        with one_mask(self.decoder.cell if training else None, start, states[0]):
            y = scan(step, [start, *states], length=length)[1]
        return ops.transpose(y, (1, 0, 2))
