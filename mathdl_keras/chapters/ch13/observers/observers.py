r"""Observers of a plant as recurrent cells: the filter that a recurrent network would have to learn (§13.2)."""

import keras
from keras import ops

from mathdl_keras.chapters.ch13.observers.plants import LinearPlant, check_gain, kalman_gain
from mathdl_keras.chapters.ch13.recurrent.recurrent_cell import Cell

__all__ = ["Observer"]


@keras.saving.register_keras_serializable("mathdl_keras")
class Observer(Cell, keras.Layer):
    r"""A copy of the plant, corrected by what was measured: a recurrent cell (§13.2).

    .. math:: \hat x_{t+1} = A \hat x_t + B u_t + L\,(y_t - C \hat x_t)

    The state is the forecast :math:`\hat x_t` of :math:`x_t` from the measurements before t. The gain is a weight, so
    that `keras.layers.RNN(Observer(plant, gain))` learns it by backpropagation through time; with
    `trainable=False` it stays. With the gain of Riccati's equation it is Kalman's predictor.

    Inputs `(batch, m + inputs)`, :math:`y_t` before :math:`u_t` -> `(batch, n)`, the new state
    :math:`\hat x_{t+1}`; or `(batch, m)`, the forecast :math:`C \hat x_{t+1}` of the next measurement.

    Args:
        plant: A `LinearPlant`; an observer with a gain of its own does not use Q and R.
        gain: Array L, (n, m), or "kalman", the default.
        forecast: Boolean, whether to return :math:`C \hat x_{t+1}` rather than :math:`\hat x_{t+1}`; `False` by
            default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If `plant` is none, the gain has another shape than (n, m), or inputs have another width.

    Example:
        >>> level = LinearPlant(A=[[1.0]], B=None, C=[[1.0]], Q=[[0.1]], R=[[1.0]])
        >>> layer = keras.layers.RNN(Observer(level, gain=[[0.5]]), return_sequences=True)
        >>> ops.convert_to_numpy(layer(ops.array([[[1.0], [2.0], [0.0]]]))).ravel().tolist()
        [0.5, 1.25, 0.625]
    """

    def __init__(self, plant, gain="kalman", forecast=False, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(plant, LinearPlant):
            raise ValueError(f"plant must be a LinearPlant; received {type(plant).__name__}")
        if isinstance(gain, str) and gain != "kalman":
            raise ValueError(f"gain must be an array or 'kalman'; received gain={gain!r}")
        self.plant, self.forecast = plant, forecast
        self.initial_gain = gain if isinstance(gain, str) else check_gain(plant, gain)
        self.state_size = len(plant.A)
        self.output_size = len(plant.C) if forecast else len(plant.A)

    def build(self, input_shape):
        width = len(self.plant.C) + self.plant.B.shape[1]
        if input_shape[-1] != width:
            raise ValueError(f"inputs must have {width} entries, y then u; received shape {tuple(input_shape)}")
        L = kalman_gain(self.plant) if isinstance(self.initial_gain, str) else self.initial_gain
        self.gain = self.add_weight(L.shape, lambda shape, dtype: ops.convert_to_tensor(L, dtype), name="gain")
        self.built = True

    def call(self, inputs, states, training=None):
        x, m = states[0], len(self.plant.C)
        A, B, C = (ops.convert_to_tensor(M, dtype=x.dtype) for M in (self.plant.A, self.plant.B, self.plant.C))
        innovation = inputs[:, :m] - ops.einsum("mj,bj->bm", C, x)
        x = ops.einsum("ij,bj->bi", A, x) + ops.einsum("im,bm->bi", self.gain, innovation)
        if self.plant.B.shape[1]:
            x = x + ops.einsum("ij,bj->bi", B, inputs[:, m:])
        return ops.einsum("mj,bj->bm", C, x) if self.forecast else x, [x]

    def get_config(self):
        gain = self.initial_gain if isinstance(self.initial_gain, str) else self.initial_gain.tolist()
        plant = keras.saving.serialize_keras_object(self.plant)
        return super().get_config() | {"plant": plant, "gain": gain, "forecast": self.forecast}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"plant": keras.saving.deserialize_keras_object(config["plant"])})
