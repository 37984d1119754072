r"""Where a token stands: position encodings (§13.9).

Attention does not see the order of tokens. A position encoding adds to token t a vector that depends on t: known sines
and cosines, or learned ones.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.chapters.ch08.layer_costs import cost_of, free_cost
from mathdl_keras.core.checks import ChecksData, check_positive
from mathdl_keras.core.serial import RenamedArguments

__all__ = ["PositionEmbedding", "SinePositionEncoding", "sinusoidal_encoding"]


def sinusoidal_encoding(length, dim, base=10000.0):
    r"""Sines and cosines of geometric frequencies (§13.9; Vaswani et al., 2017).

    .. math::
        PE_{t,2i} = \sin(\omega_i t), \qquad PE_{t,2i+1} = \cos(\omega_i t), \qquad \omega_i = \text{base}^{-2i/d}

    Each row has squared norm d/2; :math:`\langle PE_t, PE_{t+k}\rangle = \sum_i \cos(\omega_i k)` depends on k alone;
    and a shift by k rotates the plane of each pair by :math:`\omega_i k`.

    Args:
        length: Integer, the number of positions.
        dim: Integer d, even.
        base: Float > 1, what the frequencies are powers of; 10,000 by default.

    Returns:
        A NumPy array (length, d), float64.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> sinusoidal_encoding(2, 4).round(3).tolist()
        [[0.0, 1.0, 0.0, 1.0], [0.841, 0.54, 0.01, 1.0]]
    """
    check_positive("length", length)
    if check_positive("dim", dim) % 2:
        raise ValueError(f"dim must be even, for sines and cosines come in pairs; received dim={dim}")
    if not isinstance(base, int | float) or not 1 < base < float("inf"):
        raise ValueError(f"base must be > 1 and finite; received base={base!r}")
    angles = np.arange(length)[:, None] * float(base) ** (-np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim)


class Positions(RenamedArguments, ChecksData, keras.Layer):
    """The base of encodings that are a table of `sequence_length` rows, added to tokens (B, n, d)."""

    renamed_arguments = {"max_length": "sequence_length"}

    def __init__(self, sequence_length, **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = check_positive("sequence_length", sequence_length)
        self.supports_masking = True

    def call(self, inputs):
        length = ops.shape(inputs)[1]
        return inputs + self.rows(inputs.dtype)[:length]

    def at(self, place, dtype):
        """The row of one place, an integer or a scalar tensor: (1, d)."""
        return ops.take(self.rows(dtype), ops.expand_dims(place, 0), axis=0)

    def check(self, shape):
        if len(shape) != 3 or shape[-1] is None:
            raise ValueError(f"x must have shape (batch, tokens, features); received shape {tuple(shape)}")
        check_length(shape[1], self.sequence_length)

    def __call__(self, inputs, *args, **kwargs):
        self.check(inputs.shape)
        return super().__call__(inputs, *args, **kwargs)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return super().get_config() | {"sequence_length": self.sequence_length}


@keras.saving.register_keras_serializable("mathdl_keras", name="SinusoidalPositionalEncoding")
class SinePositionEncoding(Positions):
    r"""Adds sines and cosines of the place to each token (§13.9).

    .. math:: X_t + PE_t, \qquad PE_{t,2i} = \sin(\omega_i t), \quad PE_{t,2i+1} = \cos(\omega_i t)

    with :math:`\omega_i = \text{base}^{-2i/d}`. (B, n, d) -> (B, n, d), n at most `sequence_length`, d even. It has no
    weights.

    Args:
        sequence_length: Integer, the number of places.
        dim: Integer, the dimension d of tokens.
        base: Float > 1, what the frequencies are powers of; 10,000 by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If there are more tokens than places, d is odd, or tokens are of another dimension.

    Example:
        >>> y = SinePositionEncoding(10, 4)(ops.zeros((1, 2, 4)))
        >>> [round(float(v), 3) for v in y[0, 1]]
        [0.841, 0.54, 0.01, 1.0]
    """

    def __init__(self, sequence_length, dim, base=10000.0, **kwargs):
        super().__init__(sequence_length, **kwargs)
        self.dim, self.base = dim, base
        self.table = sinusoidal_encoding(sequence_length, dim, base)

    def check(self, shape):
        super().check(shape)
        if shape[-1] != self.dim:
            raise ValueError(f"x must have dim={self.dim} features; received shape {tuple(shape)}")

    def rows(self, dtype):
        return ops.convert_to_tensor(self.table, dtype=dtype)

    def get_config(self):
        return super().get_config() | {"dim": self.dim, "base": self.base}


@keras.saving.register_keras_serializable("mathdl_keras", name="LearnedPositionalEmbedding")
class PositionEmbedding(Positions):
    r"""Adds to each token a learned vector of its place (§13.9).

    .. math:: X_t + E_t, \qquad E \in \mathbb{R}^{\text{sequence\_length} \times d} \text{ a weight}

    (B, n, d) -> (B, n, d), n at most `sequence_length`.

    Args:
        sequence_length: Integer, the number of places.
        embeddings_initializer: Initializer of E; "uniform" by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If there are more tokens than places.

    Example:
        >>> layer = PositionEmbedding(10, "ones")
        >>> float(ops.convert_to_numpy(ops.stop_gradient(layer(ops.zeros((1, 3, 4))))).sum()), layer.count_params()
        (12.0, 40)
    """

    def __init__(self, sequence_length, embeddings_initializer="uniform", **kwargs):
        super().__init__(sequence_length, **kwargs)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)

    def build(self, input_shape):
        shape = (self.sequence_length, input_shape[-1])
        self.embeddings = self.add_weight(shape, self.embeddings_initializer, name="embeddings")
        self.built = True

    def rows(self, dtype):
        return ops.cast(self.embeddings, dtype)

    def get_config(self):
        initializer = keras.initializers.serialize(self.embeddings_initializer)
        return super().get_config() | {"embeddings_initializer": initializer}


def check_length(length, sequence_length):
    """Raises if a known number of tokens exceeds the number of places."""
    if isinstance(length, int) and length > sequence_length:
        raise ValueError(f"x must have at most sequence_length={sequence_length} tokens; received {length} tokens")


cost_of.register(Positions, free_cost)
