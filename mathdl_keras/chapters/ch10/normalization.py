r"""Batch normalization by hand: moments of a batch, the normalized batch, and its derivative (§10.2).

With the mean and the variance of each channel over the B rows of a batch,

.. math::
    \mu = \frac1B \sum_b x_b, \qquad v = \frac1B \sum_b (x_b - \mu)^2, \qquad s = \sqrt{v + \varepsilon}, \qquad
    \hat x_b = \frac{x_b - \mu}{s}, \qquad y_b = \gamma\,\hat x_b + \beta .

Each :math:`\hat x_b` depends on all rows, through :math:`\mu` and v. From :math:`g_b = \partial\Lambda/\partial y_b`,

.. math::
    \frac{\partial\Lambda}{\partial\gamma} = \sum_b g_b\,\hat x_b, \qquad
    \frac{\partial\Lambda}{\partial\beta} = \sum_b g_b, \qquad
    \frac{\partial\Lambda}{\partial x_b} = \frac{\gamma}{s}\Big(g_b - \frac1B \sum_c g_c
        - \hat x_b\, \frac1B \sum_c g_c\,\hat x_c\Big) :

the gradient less its components along 1 and :math:`\hat x`. Of images, (batch, height, width, channels), each pixel is
a row. Where a mask hides rows, :math:`\mu`, v and B are those of the others; a hidden row moves no moment, and its
gradient is :math:`(\gamma/s)\,g_b`.
"""

from keras import ops

__all__ = ["batch_moments", "batch_norm_backward", "batch_norm_forward"]


def batch_moments(x):
    r"""Mean and variance (biased, 1/B) of each channel, over all axes but the last (§10.2).

    The variance is that of the centred rows, in a second pass: :math:`\overline{x^2} - \bar x^2` would lose its digits
    where the mean is large.

    Args:
        x: Tensor (B, ..., C), the batch.

    Returns:
        `(mean, variance)`, each (C,).

    Example:
        >>> mean, variance = batch_moments(ops.array([[1.0], [2.0], [6.0]]))
        >>> float(mean[0]), round(float(variance[0]), 4)
        (3.0, 4.6667)
    """
    mean, variance, _ = centre(rows_of(ops.convert_to_tensor(x)))
    return mean, variance


def batch_norm_forward(x, gamma, beta, epsilon=1e-3, mask=None):
    r""":math:`y = \gamma (x - \mu)/\sqrt{v + \varepsilon} + \beta`, over all axes but the last (§10.2).

    Args:
        x: Tensor (B, ..., C), the batch.
        gamma: Tensor (C,), the factor :math:`\gamma`.
        beta: Tensor (C,), the shift :math:`\beta`.
        epsilon: Float :math:`\varepsilon \ge 0`; 0.001 by default.
        mask: Tensor of booleans shaped like x, or with one channel; what counts for the moments. None, the default, for
            all of x.

    Returns:
        `((y, mean, variance), cache)`: y, shaped like x, the moments (C,), and what `batch_norm_backward` needs.

    Example:
        >>> one, zero = ops.ones(1), ops.zeros(1)
        >>> (y, mean, variance), _ = batch_norm_forward(ops.array([[1.0], [3.0]]), one, zero, epsilon=0.0)
        >>> [float(v) for v in y[:, 0]], float(mean[0]), float(variance[0])
        ([-1.0, 1.0], 2.0, 1.0)
    """
    if mask is None:
        (mean, variance, centred), share = centre(rows_of(x)), ()
    else:
        mean, variance, centred, *share = centre_present(rows_of(x), rows_of(mask))
    y, cache = scale_and_shift(centred, variance, gamma, beta, epsilon)
    return (shaped_like(y, x), mean, variance), (*cache, *share)


def batch_norm_backward(dy, cache):
    r"""The derivatives of y of `batch_norm_forward` (§10.2).

    .. math::
        \partial x_b = \frac{\gamma}{s}\big(g_b - \overline{g} - \hat x_b\,\overline{g \hat x}\big), \qquad
        \partial\gamma = \sum_b g_b\,\hat x_b, \qquad \partial\beta = \sum_b g_b

    Of a single row all of :math:`\partial x` is 0: y is :math:`\beta`, whatever x is.

    Args:
        dy: Tensor g (B, ..., C), the derivative of the loss with respect to y.
        cache: Tuple, what the forward pass has kept.

    Returns:
        `(dx, dgamma, dbeta)`.

    Example:
        >>> one, zero = ops.ones(1), ops.zeros(1)
        >>> _, cache = batch_norm_forward(ops.array([[1.0], [2.0], [3.0]]), one, zero)
        >>> dx, dgamma, dbeta = batch_norm_backward(ops.array([[1.0], [0.0], [0.0]]), cache)
        >>> [round(float(v), 2) for v in dx[:, 0]], float(dbeta[0])
        ([0.2, -0.41, 0.2], 1.0)
    """
    centred, inverse, gamma, *share = cache
    g = rows_of(dy)
    dbeta = ops.sum(g, axis=0)
    dgamma = inverse * ops.sum(g * centred, axis=0)
    if share:  # of each row in the moments: 1/B, or 0 where it is hidden
        dx = (g - share[0] * (dbeta + centred * (inverse * dgamma))) * (gamma * inverse)
    else:
        count = number_of(g)
        dx = ((g - dbeta / count) - centred * (inverse * dgamma / count)) * (gamma * inverse)
    return shaped_like(dx, dy), dgamma, dbeta


def rows_of(x):
    """(B, ..., C) -> (rows, C)."""
    return x if len(x.shape) == 2 else ops.reshape(x, (-1, x.shape[-1]))


def shaped_like(rows, x):
    """(rows, C) -> (B, ..., C)."""
    return rows if len(x.shape) == 2 else ops.reshape(rows, ops.shape(x))


def number_of(rows):
    """How many rows: an integer, or a tensor where a graph does not know it yet."""
    count = ops.shape(rows)[0]
    return count if isinstance(count, int) else ops.cast(count, rows.dtype)


def centre(rows):
    """`(mean, variance, rows - mean)` of (rows, C)."""
    count = number_of(rows)
    mean = ops.sum(rows, axis=0) / count
    centred = rows - mean
    return mean, ops.sum(centred * centred, axis=0) / count, centred


def centre_present(rows, present):
    """`(mean, variance, rows - mean, share)`, the moments of the rows that are there, and the share of each in them."""
    share = ops.cast(present, rows.dtype)
    share = share / ops.maximum(ops.sum(share, axis=0), 1)
    mean = ops.sum(share * ops.where(present, rows, 0), axis=0)
    centred = rows - mean
    return mean, ops.sum(share * ops.square(ops.where(present, centred, 0)), axis=0), centred, share


def scale_and_shift(centred, variance, gamma, beta, epsilon):
    """`(y, cache)` from centred rows."""
    inverse = ops.rsqrt(variance + epsilon)
    return centred * (gamma * inverse) + beta, (centred, inverse, gamma)
