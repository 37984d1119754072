"""Counting FLOPs on TensorFlow: the products of the traced graph on which a result depends."""

from math import prod

import tensorflow as tf


def measured_flops(fn, *args):
    program = tf.function(fn, autograph=False).get_concrete_function(*args)
    return 2 * _products(program.graph)


def compiled_flops(fn, *args):
    return None


def _products(graph):
    """Multiply-adds of the operations that lead to the outputs."""
    seen, open_ = set(), [tensor.op for tensor in graph.outputs]
    while open_:
        op = open_.pop()
        if op not in seen:
            seen.add(op)
            open_ += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return sum(_of_operation(op, graph) for op in seen)


def _of_operation(op, graph):
    if op.type in COUNTERS:
        return COUNTERS[op.type](op)
    if "PartitionedCall" in op.type:
        return _products(_function(graph, op.get_attr("f").name))
    if "While" in op.type and _products(_function(graph, op.get_attr("body").name)):
        raise ValueError("fn must have loops of known length only; received a while loop with matrix products in it")
    if "Conv" in op.type or "MatMul" in op.type:
        raise ValueError(f"fn must have dense products and convolutions in two dimensions; received {op.type}")
    return 0


def _function(graph, name):
    return graph._get_function(name).graph


def _matmul(op):
    a, b = (tensor.shape.as_list() for tensor in op.inputs)
    flipped = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
    return prod(op.outputs[0].shape.as_list()) * a[-2 if flipped else -1]


def _einsum(op):
    """All the labels of the equation, each once."""
    labels = op.get_attr("equation").decode().split("->")[0].split(",")
    if len(labels) == 1 or "." in "".join(labels):
        return _unlabelled(op, labels)
    sizes = {}
    for letters, tensor in zip(labels, op.inputs, strict=True):
        sizes |= dict(zip(letters, tensor.shape.as_list(), strict=True))
    return prod(sizes.values())


def _unlabelled(op, labels):
    if len(labels) == 1:
        return 0
    raise ValueError(f"fn must have einsum without dots; received {op.get_attr('equation').decode()}")


def _convolution(op):
    """Positions out times entries of the kernel; of the two gradients likewise."""
    x, kernel, z = {
        "Conv2D": lambda: (op.inputs[0], op.inputs[1], op.outputs[0]),
        "Conv2DBackpropInput": lambda: (op.outputs[0], op.inputs[1], op.inputs[2]),
        "Conv2DBackpropFilter": lambda: (op.inputs[0], op.outputs[0], op.inputs[2]),
    }[op.type]()
    channels = 1 if op.get_attr("data_format") == b"NCHW" else 3
    return prod(z.shape.as_list()) // z.shape[channels] * prod(kernel.shape.as_list())


COUNTERS = dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _matmul)
COUNTERS |= dict.fromkeys(("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"), _convolution)
COUNTERS |= {"Einsum": _einsum}
