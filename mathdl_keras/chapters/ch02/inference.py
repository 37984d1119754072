r"""What the residuals say about the coefficients: noise, covariance, leverage (§2.3).

For :math:`y = X\theta + \varepsilon` with independent noise of variance :math:`\sigma^2` and P parameters,

.. math:: \hat\theta \sim N(\theta, \sigma^2 (X^\top X)^{-1}), \qquad
          \hat\sigma^2 = \frac{\lVert y - X\hat\theta\rVert^2}{n - P}, \qquad
          H = X (X^\top X)^{-1} X^\top = Q Q^\top .

Everything comes from :math:`X = QR`, so that the condition number is not squared; leading axes are replicates.
"""

from keras import ops

from mathdl_keras.core.linalg import transpose

__all__ = ["coefficient_covariance", "leverage_scores", "residual_variance"]


def residual_variance(residuals, parameters):
    r"""The unbiased estimate :math:`\hat\sigma^2 = \mathrm{RSS}/(n - P)` of the noise's variance (§2.3).

    Args:
        residuals: Array or tensor (..., n, K), the residuals.
        parameters: Integer P < n, the number of parameters, the intercept included.

    Returns:
        A tensor (..., K).

    Example:
        >>> float(residual_variance([[1.0], [-1.0], [2.0]], 1)[0])
        3.0
    """
    residuals = ops.convert_to_tensor(residuals)
    freedom = residuals.shape[-2] - parameters
    if freedom < 1:
        raise ValueError(f"residuals must have more rows than parameters={parameters}; received {residuals.shape[-2]}")
    return ops.sum(ops.square(residuals), axis=-2) / freedom


def coefficient_covariance(x, variance=1.0):
    r"""The covariance :math:`\sigma^2 (X^\top X)^{-1} = \sigma^2 R^{-1} R^{-\top}` of the coefficients (§2.3).

    Args:
        x: Array or tensor (..., n, P) with independent columns, one of ones among them if there is an intercept.
        variance: Float or tensor :math:`\sigma^2` that broadcasts over the leading axes.

    Returns:
        A tensor (..., P, P).

    Example:
        >>> C = coefficient_covariance([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], 4.0)
        >>> [round(float(C[i, i]), 5) for i in range(2)]
        [4.0, 1.0]
    """
    X = ops.convert_to_tensor(x)
    R = ops.qr(X)[1]
    inverse = ops.solve_triangular(R, ops.broadcast_to(ops.eye(R.shape[-1], dtype=R.dtype), R.shape), lower=False)
    variance = ops.convert_to_tensor(variance, dtype=X.dtype)[..., None, None]
    return variance * (inverse @ transpose(inverse))


def leverage_scores(x):
    r"""The diagonal :math:`h_m = \lVert Q_m\rVert^2` of the hat matrix: what each sample weighs in its own fit (§2.3).

    They lie in [0, 1] and sum to P.

    Args:
        x: Array or tensor (..., n, P) with independent columns, one of ones among them if there is an intercept.

    Returns:
        A tensor (..., n).

    Example:
        >>> [round(float(h), 5) for h in leverage_scores([[1.0, 0.0], [1.0, 0.0], [0.0, 3.0]])]
        [0.5, 0.5, 1.0]
    """
    return ops.sum(ops.square(ops.qr(ops.convert_to_tensor(x))[0]), axis=-1)
