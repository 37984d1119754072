r"""How many operations a function takes, by the frameworks' own accounts (§8.3).

The formulas of `count_flops` say what a network should cost; these functions look at what a framework really runs:
PyTorch's counter of FLOPs, the traced program of JAX, the graph of TensorFlow.
"""

import keras
from keras import tree

if keras.backend.backend() == "tensorflow":
    from mathdl_keras.chapters.ch08.profilers import _tensorflow as _engine
elif keras.backend.backend() == "jax":
    from mathdl_keras.chapters.ch08.profilers import _jax as _engine
else:
    from mathdl_keras.chapters.ch08.profilers import _torch as _engine

__all__ = ["compiled_flops", "measured_flops"]


def measured_flops(fn, *args):
    r"""The FLOPs of the matrix products and convolutions of `fn(*args)`, 2 for each multiply-add (§8.3).

    PyTorch runs the function under its `FlopCounterMode`; JAX traces it, and the `dot_general` and convolutions of the
    program are counted; TensorFlow traces it, and those operations of the graph are counted on which a result
    depends. Work on single entries (biases, activations) counts nothing, and products with the zeros of a padding
    count like others, as in `count_flops`.

    Args:
        fn: Function of tensors that returns tensors or a nest of them. It may read Keras variables, and differentiate.
        *args: Tensors, arrays or nests of them, the arguments of `fn`.

    Returns:
        The number of FLOPs, an integer.

    Raises:
        ValueError: If `fn` has a loop whose length is not known before it runs, or a product that is not known here.

    Example:
        >>> from keras import ops
        >>> measured_flops(ops.matmul, ops.ones((4, 3)), ops.ones((3, 5)))  # 2 x 4 x 3 x 5
        120
    """
    return int(_engine.measured_flops(fn, *tree.map_structure(keras.ops.convert_to_tensor, args)))


def compiled_flops(fn, *args):
    """XLA's estimate of all the FLOPs of `fn(*args)`, after compilation: JAX only (§8.3).

    It counts work on single entries too, so it exceeds `measured_flops` slightly; but it leaves out the products with
    zeros of a padding.

    Args:
        fn: Function of tensors that returns tensors or a nest of them, as for `measured_flops`.
        *args: Tensors, arrays or nests of them, the arguments of `fn`.

    Returns:
        The number of FLOPs; `None` on the other backends, which give no estimate.

    Example:
        >>> from keras import ops
        >>> total = compiled_flops(ops.matmul, ops.ones((4, 3)), ops.ones((3, 5)))
        >>> total is None or total >= 120
        True
    """
    return _engine.compiled_flops(fn, *tree.map_structure(keras.ops.convert_to_tensor, args))
