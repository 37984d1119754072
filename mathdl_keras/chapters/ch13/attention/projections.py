r"""Projections of tokens to several heads, as one matrix product for each input (§13.9).

The weights of a projection are a kernel (d, H, k) and, if there is one, a bias (H, k). In the formulas b is the place
in the batch, n the token, d the feature, h the head, k the feature of a head, and s counts the projections of one x,
whose kernels are stacked.
"""

from keras import ops


def project(x, weights):
    """Each projection of x (B, n, d): tensors (B, H, n, k).

    Args:
        x: Tensor (B, n, d).
        weights: List of lists of tensors, the kernel and perhaps the bias of each projection.

    Example:
        >>> [tuple(part.shape) for part in project(ops.ones((5, 4, 6)), [[ops.ones((6, 2, 3))], [ops.ones((6, 2, 1))]])]
        [(5, 2, 4, 3), (5, 2, 4, 1)]
    """
    if differ(weights):
        return [part for own in weights for part in project(x, [own])]
    W, *b = stacked(weights)
    Z = ops.einsum("bnd,dshk->sbhnk", x, W)
    return ops.unstack(Z + b[0][:, None, :, None] if b else Z, num=len(weights))


def project_back(x, deltas, weights):
    """`(dx, gradients)` from the gradient of each projection, the gradients as the weights.

    Args:
        x: Tensor (B, n, d).
        deltas: List of tensors (B, H, n, k).
        weights: List of lists of tensors, as in `project`.

    Example:
        >>> x, W = ops.ones((5, 4, 6)), ops.ones((6, 2, 3))
        >>> dx, ((dW,),) = project_back(x, [ops.ones((5, 2, 4, 3))], [[W]])
        >>> float(dx[0, 0, 0]), float(dW[0, 0, 0])
        (6.0, 20.0)
    """
    if differ(weights):
        parts = [project_back(x, [delta], [own]) for delta, own in zip(deltas, weights, strict=True)]
        return sum(dx for dx, _ in parts), [gradient for _, (gradient,) in parts]
    delta = ops.stack([ops.transpose(delta, (0, 2, 1, 3)) for delta in deltas], axis=2)  # (b, n, s, h, k)
    gradients = [ops.unstack(ops.einsum("bnd,bnshk->dshk", x, delta), num=len(weights), axis=1)]
    if len(weights[0]) > 1:
        gradients.append(ops.unstack(ops.sum(delta, axis=(0, 1)), num=len(weights)))
    return ops.einsum("bnshk,dshk->bnd", delta, stacked(weights)[0]), list(map(list, zip(*gradients, strict=True)))


def differ(weights):
    """Whether the projections are of several sizes."""
    return len({tuple(kernel.shape) for kernel, *_ in weights}) > 1


def stacked(weights):
    """Kernels as one tensor (d, s, H, k), and biases, if there are, as one (s, H, k)."""
    return [ops.stack(column, axis=-3) for column in zip(*weights, strict=True)]
