r"""Projections of tokens to several heads and back, as one matrix product each (§13.9).

The weights of a projection are a kernel (d, H, k) and, if there is one, a bias (H, k). Several projections of one x are
one product with their kernels side by side; so are their derivatives.
"""

from keras import ops

from mathdl_keras.core.linalg import dot, outer_sum


def project(x, weights):
    """Each projection of x (B, n, d), (B, H, n, k).

    Args:
        x: Tensor (B, n, d).
        weights: List of lists of tensors, the kernel and perhaps the bias of each projection.

    Example:
        >>> [tuple(part.shape) for part in project(ops.ones((5, 4, 6)), [[ops.ones((6, 2, 3))], [ops.ones((6, 2, 1))]])]
        [(5, 2, 4, 3), (5, 2, 4, 1)]
    """
    W, *b = side_by_side(weights)
    Z = dot(x, W)
    return apart(Z + b[0] if b else Z, [kernel.shape[1:] for kernel, *_ in weights])


def project_back(x, deltas, weights):
    """`(dx, gradients)` from the gradient of each projection, the gradients as the weights.

    Example:
        >>> x, W = ops.ones((5, 4, 6)), ops.ones((6, 2, 3))
        >>> dx, ((dW,),) = project_back(x, [ops.ones((5, 2, 4, 3))], [[W]])
        >>> float(dx[0, 0, 0]), float(dW[0, 0, 0])
        (6.0, 20.0)
    """
    delta = together(deltas)
    sums = [outer_sum(x, delta), *([ops.sum(delta, axis=(0, 1))] if len(weights[0]) > 1 else [])]
    gradients, start = [], 0
    for own in weights:
        end = start + own[0].shape[1] * own[0].shape[2]
        gradients.append([ops.reshape(total[..., start:end], w.shape) for total, w in zip(sums, own, strict=True)])
        start = end
    return dot(delta, ops.transpose(side_by_side(weights)[0])), gradients


def side_by_side(weights):
    """Kernels as one matrix (d, sum of H k), and biases, if there are, as one vector."""
    columns = [[ops.reshape(w, (*w.shape[:-2], -1)) for w in column] for column in zip(*weights, strict=True)]
    return [column[0] if len(column) == 1 else ops.concatenate(column, axis=-1) for column in columns]


def apart(Z, sizes):
    """(B, n, sum of H k) -> for each pair (H, k) its (B, H, n, k)."""
    n = ops.shape(Z)[1]
    if len(set(sizes)) == 1:  # one transposition for all
        parts = ops.reshape(Z, (-1, n, len(sizes), *sizes[0]))
        return ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), num=len(sizes))
    parts, start = [], 0
    for H, k in sizes:
        part = ops.reshape(Z[:, :, start : start + H * k], (-1, n, H, k))
        parts.append(ops.transpose(part, (0, 2, 1, 3)))
        start += H * k
    return parts


def together(parts):
    """The inverse of `apart`."""
    parts = [ops.transpose(part, (0, 2, 1, 3)) for part in parts]  # (B, n, H, k)
    n, sizes = ops.shape(parts[0])[1], {part.shape[-1] for part in parts}
    if len(sizes) == 1:
        one = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=2)
        return ops.reshape(one, (-1, n, one.shape[2] * one.shape[3]))
    flat = [ops.reshape(part, (-1, n, part.shape[2] * part.shape[3])) for part in parts]
    return ops.concatenate(flat, axis=-1)
