r"""Logic as layers (§5.2): units that compute AND, OR, NOT and XOR, exactly, of bits 0 and 1.

| unit | formula |
| --- | --- |
| `AndUnit` | :math:`\mathrm{ReLU}(x_1 + \dots + x_D - (D - 1))` |
| `OrUnit` | :math:`\mathrm{clip}(x_1 + \dots + x_D)` |
| `NotUnit` | :math:`1 - x` |
| `XorNetwork` | :math:`\mathrm{ReLU}(x_1 + x_2) - 2\,\mathrm{ReLU}(x_1 + x_2 - 1)` |

They have no weights to learn: they are what a network can find. Between the bits they are continuous (AND and OR are
Lukasiewicz' logic of degrees of truth), so a layer below them can be trained.
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch05.activations import Clip, ReLU
from mathdl_keras.core.checks import ChecksData

__all__ = ["AndUnit", "Clip01", "NotUnit", "OrUnit", "XorNetwork", "clipping_function"]

relu, clip = ReLU(), Clip()


def clipping_function(x, lo=0.0, hi=1.0):
    r"""The clipping function :math:`lo + \mathrm{ReLU}(x - lo) - \mathrm{ReLU}(x - hi)` (§5.2).

    It is computed by comparisons: for large x the difference of the two rectified units would cancel.

    Args:
        x: A floating-point tensor.
        lo: Float, the least value; 0 by default.
        hi: Float, the largest value; 1 by default.

    Returns:
        A tensor shaped like x.

    Raises:
        ValueError: If lo is not below hi.

    Example:
        >>> ops.convert_to_numpy(clipping_function(ops.array([-3.0, 0.5, 7.0]), -1.0, 1.0)).tolist()
        [-1.0, 0.5, 1.0]
    """
    return Clip(lo, hi)(ops.convert_to_tensor(x))


@keras.saving.register_keras_serializable("mathdl_keras")
class Clip01(ChecksData, keras.Layer):
    r"""The clipping function :math:`\mathrm{ReLU}(x) - \mathrm{ReLU}(x - 1)` as a layer (§5.2).

    The same as `keras.layers.ReLU(max_value=1)`, of any shape. As an activation it is `Clip()`, with its derivative.

    Example:
        >>> ops.convert_to_numpy(Clip01()(ops.array([-1.0, 0.25, 3.0]))).tolist()
        [0.0, 0.25, 1.0]
    """

    def call(self, inputs):
        return clip(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape


class Unit(ChecksData, keras.Layer):
    """A function of rows of bits, mostly of their sum: `(batch, D) -> (batch, 1)`."""

    def call(self, inputs):
        self.compute_output_shape(inputs.shape)
        return self.value(ops.sum(inputs, axis=1, keepdims=True), inputs.shape[1])

    def value(self, s, D):
        """The unit's value from the sum s of the D inputs."""
        raise NotImplementedError(f"{type(self).__name__} must define value")

    def compute_output_shape(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(f"x must have shape (batch, D); received shape {tuple(input_shape)}")
        return (input_shape[0], 1)


@keras.saving.register_keras_serializable("mathdl_keras")
class AndUnit(Unit):
    r"""AND of D bits: :math:`\mathrm{ReLU}(\sum_i x_i - (D - 1))` (§5.2).

    `(batch, D) -> (batch, 1)`.

    Raises:
        ValueError: If the inputs are not rows.

    Example:
        >>> ops.convert_to_numpy(AndUnit()(ops.array([[1.0, 1.0], [1.0, 0.0]])))[:, 0].tolist()
        [1.0, 0.0]
    """

    def value(self, s, D):
        return relu(s - (D - 1))


@keras.saving.register_keras_serializable("mathdl_keras")
class OrUnit(Unit):
    r"""OR of D bits: :math:`\mathrm{clip}(\sum_i x_i)` (§5.2).

    `(batch, D) -> (batch, 1)`.

    Raises:
        ValueError: If the inputs are not rows.

    Example:
        >>> ops.convert_to_numpy(OrUnit()(ops.array([[1.0, 1.0], [0.0, 0.0]])))[:, 0].tolist()
        [1.0, 0.0]
    """

    def value(self, s, D):
        return clip(s)


@keras.saving.register_keras_serializable("mathdl_keras")
class NotUnit(Unit):
    r"""NOT of each bit: :math:`1 - x` (§5.2).

    `(batch, D) -> (batch, D)`.

    Raises:
        ValueError: If the inputs are not rows.

    Example:
        >>> ops.convert_to_numpy(NotUnit()(ops.array([[1.0, 0.0]]))).tolist()
        [[0.0, 1.0]]
    """

    def call(self, inputs):
        self.compute_output_shape(inputs.shape)
        return 1 - inputs

    def compute_output_shape(self, input_shape):
        super().compute_output_shape(input_shape)
        return tuple(input_shape)


@keras.saving.register_keras_serializable("mathdl_keras")
class XorNetwork(Unit):
    r"""XOR of two bits, by two hidden units: :math:`\mathrm{ReLU}(x_1 + x_2) - 2\,\mathrm{ReLU}(x_1 + x_2 - 1)` (§5.2).

    No single unit computes it. `(batch, 2) -> (batch, 1)`.

    Raises:
        ValueError: If the inputs are not rows of two.

    Example:
        >>> ops.convert_to_numpy(XorNetwork()(ops.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])))[:, 0].tolist()
        [0.0, 1.0, 0.0]
    """

    def value(self, s, D):
        return relu(s) - 2 * relu(s - 1)

    def compute_output_shape(self, input_shape):
        if tuple(input_shape)[1:] != (2,):
            raise ValueError(f"x must have shape (batch, 2); received shape {tuple(input_shape)}")
        return (input_shape[0], 1)
