r"""Polynomials as features, in three bases (§11.2)."""

import keras
from keras import ops

from mathdl_keras.core.checks import ChecksData

__all__ = ["PolynomialFeatures1D", "polynomial_features"]


def _monomial(z, n, last, before):
    return z * last


def _legendre(z, n, last, before):
    return ((2 * n - 1) * z * last - (n - 1) * before) / n


def _chebyshev(z, n, last, before):
    return 2 * z * last - before


RECURRENCES = {"monomial": _monomial, "legendre": _legendre, "chebyshev": _chebyshev}


def polynomial_features(x, degree, basis="legendre", domain=(-1.0, 1.0)):
    r"""The polynomials of degree 0 to P at x, by their three-term recurrence (§11.2).

    With :math:`z = (2x - a - b)/(b - a)` for the domain [a, b],

    .. math:: z^n = z\, z^{n-1}, \qquad n P_n = (2n - 1)\, z P_{n-1} - (n - 1) P_{n-2}, \qquad
              T_n = 2 z\, T_{n-1} - T_{n-2} .

    All bases span the same functions. Columns of monomials are nearly parallel, so that their condition number grows
    like :math:`(1 + \sqrt 2)^P`; those of Legendre polynomials are orthogonal over [a, b], those of Chebyshev's up to a
    weight.

    Args:
        x: A tensor of any shape (...).
        degree: P >= 0.
        basis: `monomial`, `legendre` or `chebyshev`.
        domain: [a, b], which becomes [-1, 1].

    Returns:
        A tensor (..., P + 1), in the dtype of `x`.

    Example:
        >>> [round(float(v), 4) for v in polynomial_features(ops.array([0.5]), 3)[0]]
        [1.0, 0.5, -0.125, -0.4375]
    """
    a, b = (float(end) for end in domain)
    x = ops.convert_to_tensor(x)
    z = (2 * x - (a + b)) / (b - a)
    columns = [ops.ones_like(z), z][: degree + 1]
    for n in range(2, degree + 1):
        columns.append(RECURRENCES[basis](z, n, columns[-1], columns[-2]))
    return ops.stack(columns, axis=-1)


def check_polynomial(degree, basis, domain):
    """The arguments that the layer and the model share, as plain numbers."""
    if not isinstance(degree, int) or isinstance(degree, bool) or degree < 0:
        raise ValueError(f"degree must be an integer >= 0; received degree={degree!r}")
    if basis not in RECURRENCES:
        raise ValueError(f"basis must be one of {', '.join(RECURRENCES)}; received basis={basis!r}")
    ends = [float(end) for end in domain]
    if len(ends) != 2 or not ends[0] < ends[1] < float("inf") or ends[0] == -float("inf"):
        raise ValueError(f"domain must be two finite numbers a < b; received domain={domain}")
    return degree, basis, ends


@keras.saving.register_keras_serializable("mathdl_keras")
class PolynomialFeatures1D(ChecksData, keras.layers.Layer):
    r"""The polynomials of one variable up to a degree, as features (§11.2): see `polynomial_features`.

    `(batch, 1) -> (batch, degree + 1)`; the first feature is the constant 1.

    Args:
        degree: P >= 0.
        basis: `monomial`, `legendre` or `chebyshev`.
        domain: [a, b], where the data lie; it becomes [-1, 1], and outside it polynomials grow fast.

    Raises:
        ValueError: If an argument is out of range, or the input is not (batch, 1).

    Example:
        >>> PolynomialFeatures1D(2, "monomial")(ops.array([[3.0]])).shape[1]
        3
    """

    def __init__(self, degree, basis="legendre", domain=(-1.0, 1.0), **kwargs):
        super().__init__(**kwargs)
        self.degree, self.basis, self.domain = check_polynomial(degree, basis, domain)

    def call(self, x):
        self.compute_output_shape(x.shape)
        return polynomial_features(x[:, 0], self.degree, self.basis, self.domain)

    def compute_output_shape(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] not in (1, None):
            raise ValueError(f"x must have shape (batch, 1); received shape {tuple(input_shape)}")
        return (input_shape[0], self.degree + 1)

    def get_config(self):
        return super().get_config() | {"degree": self.degree, "basis": self.basis, "domain": self.domain}
