r"""Recurrent layers that read a sequence in both directions (§13.7)."""

import keras

from mathdl_keras.chapters.ch13.recurrent.layers import RNN
from mathdl_keras.core.checks import ChecksData

__all__ = ["Bidirectional"]


@keras.saving.register_keras_serializable("mathdl_keras")
class Bidirectional(ChecksData, keras.layers.Bidirectional):
    r"""Two recurrent layers, one of which reads the sequence from its end (§13.7).

    .. math::
        \overrightarrow h_t = F(x_t, \overrightarrow h_{t-1}), \qquad
        \overleftarrow h_t = \overleftarrow F(x_t, \overleftarrow h_{t+1}), \qquad
        y_t = (\overrightarrow h_t, \overleftarrow h_t),

    so that :math:`y_t` depends on all of the sequence. The second layer is the first on the reversed sequence, and its
    outputs are reversed again. (B, T, D) -> (B, T, 2n), or (B, 2n), the two last states, without `return_sequences`.

    It is `keras.layers.Bidirectional`, weights, masks and all; it also takes a cell of this chapter, which
    `RNN` then runs. The derivative is that of the two layers.

    Args:
        layer: A recurrent layer; or a cell, for which all outputs are returned.
        merge_mode: `"concat"`, `"sum"`, `"mul"`, `"ave"`, or `None` for the two outputs as they are.
        **kwargs: As in Keras: `backward_layer`, `weights`, `name`, `dtype`.

    Raises:
        ValueError: If the layer is none, or the merge mode is unknown.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.cells import ElmanCell
        >>> tuple(Bidirectional(ElmanCell(4))(keras.ops.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(self, layer, merge_mode="concat", **kwargs):
        if isinstance(layer, keras.Layer) and hasattr(layer, "backward_pass"):
            layer = RNN(layer, return_sequences=True)
        if not isinstance(layer, keras.layers.RNN):
            raise ValueError(f"layer must be a recurrent layer or a cell; received a {type(layer).__name__}")
        if merge_mode not in ("concat", "sum", "mul", "ave", None):
            raise ValueError(f"merge_mode must be concat, sum, mul, ave or None; received merge_mode={merge_mode!r}")
        super().__init__(layer, merge_mode, **kwargs)
