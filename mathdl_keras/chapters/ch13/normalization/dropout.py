r"""Dropout along time (§13.8)."""

import keras

from mathdl_keras.chapters.ch09.layers import Dropout

__all__ = ["VariationalDropout"]


@keras.saving.register_keras_serializable("mathdl_keras", name="TimeDropout")
class VariationalDropout(Dropout):
    r"""Inverted dropout of a sequence, with one mask for all its steps or a fresh one for each (§13.8).

    With p = 1 - `rate` the keep probability, both keep the mean. What they add to a sum over T steps differs by the
    factor T: of a constant 1, the variance is

    .. math:: T^2\,\frac{1-p}{p} \quad\text{(shared)}, \qquad T\,\frac{1-p}{p} \quad\text{(fresh)} .

    A recurrent network averages fresh masks away; a shared one (Gal and Ghahramani 2016) drops the same features all
    along the sequence; the `dropout` of a recurrent layer is such a mask of its inputs. `(batch, time, features)` ->
    the same shape; in inference, x itself.

    Args:
        rate: Float in [0, 1), the probability of a zero.
        shared_mask: Boolean, whether all steps of a sequence share a mask; `True` by default.
        seed: Integer, seed of the masks; drawn by default.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: If the rate is not in [0, 1), or inputs have no time axis.

    Example:
        >>> from keras import ops
        >>> y = ops.convert_to_numpy(VariationalDropout(0.5, seed=0)(ops.ones((2, 3, 4)), training=True))
        >>> bool((y == y[:, :1]).all()), sorted(set(y.ravel().tolist()))
        (True, [0.0, 2.0])
    """

    def __init__(self, rate, shared_mask=True, seed=None, **kwargs):
        super().__init__(rate, noise_shape=(None, 1, None) if shared_mask else None, seed=seed, **kwargs)
        self.shared_mask = shared_mask

    def call(self, inputs, training=False):
        if len(inputs.shape) != 3:
            raise ValueError(f"x must have shape (batch, time, features); received shape {tuple(inputs.shape)}")
        return super().call(inputs, training)

    def get_config(self):
        config = keras.Layer.get_config(self)
        return config | {name: getattr(self, name) for name in ("rate", "shared_mask", "seed")}
