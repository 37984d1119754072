"""Verdicts: a prediction, a measurement, and the tolerance that decides between them."""

from dataclasses import dataclass

import numpy as np
from keras import ops
from scipy import stats

from mathdl_keras.core.precision import dtype_of, unit_roundoff


class ClaimError(Exception):
    """A claim that says nothing: not finite, shapes that differ, no mutants, a mutant that survives."""


class ClaimSkipped(Exception):
    """A claim that needs what this machine does not have; the message says what."""


@dataclass(frozen=True)
class Verdict:
    """The worst entry of a comparison.

    Attributes:
        kind: String, the name of the rule, such as `equals`.
        label: String, what was compared.
        predicted: Float, what theory says.
        measured: Float, what the package gave.
        tolerance: Float, the largest error allowed.
        error: Float, the error found, in the units of the tolerance.
        meaning: String, the tolerance in words.
        dtype: String, the dtype of what was measured.
    """

    kind: str
    label: str
    predicted: float
    measured: float
    tolerance: float
    error: float
    meaning: str
    dtype: str

    @property
    def ratio(self) -> float:
        """The error in units of the tolerance: at most one where the claim holds."""
        if self.tolerance == 0:
            return 0.0 if self.error == 0 else float("inf")
        return self.error / self.tolerance

    @property
    def holds(self) -> bool:
        return self.ratio <= 1

    @property
    def margin(self) -> float:
        """The part of the tolerance that is left over; negative where the claim fails."""
        return 1 - self.ratio

    def shown(self) -> dict[str, str]:
        """Label, predicted, measured, tolerance and its meaning as short texts."""
        numbers = {key: f"{getattr(self, key):.5g}" for key in ("predicted", "measured")}
        tolerance = {"exactly": "exact", "at_most": "at most"}.get(self.kind, f"{self.tolerance:.2g}")
        return {"label": self.label} | numbers | {"tolerance": tolerance, "meaning": self.meaning}


def _finite(name, x):
    x = np.asarray(ops.convert_to_numpy(x))
    if x.size == 0 or not np.all(np.isfinite(x)):
        raise ClaimError(f"{name} must be finite and not empty; received {x.size} values, not all finite")
    return x


def _pair(measured, predicted):
    """Both sides as float64 arrays of one shape; a scalar prediction may serve all entries."""
    m, p = _finite("measured", measured), _finite("predicted", predicted)
    if p.ndim and p.shape != m.shape:
        raise ClaimError(f"predicted must have the shape of measured, {m.shape}; received {p.shape}")
    return m.astype("float64"), np.broadcast_to(p.astype("float64"), m.shape)


def _worst(kind, label, measured, predicted, tolerance, meaning, dtype="float64", error=None):
    """The verdict of the entry whose error is the largest part of its tolerance."""
    error = np.abs(measured - predicted) if error is None else error
    tolerance = np.broadcast_to(tolerance, np.shape(error))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error > 0, error / tolerance, 0)
    at = np.unravel_index(np.argmax(ratio), ratio.shape)
    predicted, measured, tolerance, error = (float(np.asarray(a)[at]) for a in (predicted, measured, tolerance, error))
    return Verdict(kind, label, predicted, measured, tolerance, error, meaning, dtype)


def equals(measured, predicted, *, roundings, scale=1.0, label=""):
    r""":math:`|m - p| \le c\,u\,s`: equal up to c roundings of the dtype that was really returned, at scale s.

    Example:
        >>> equals(np.float32(0.1) * 3, 0.3, roundings=4).holds
        True
    """
    dtype = dtype_of(measured)
    m, p = _pair(measured, predicted)
    tolerance = roundings * unit_roundoff(dtype) * scale
    return _worst("equals", label, m, p, tolerance, f"{roundings:g} roundings, {dtype}", dtype)


def exactly(measured, predicted, *, label=""):
    """Equal integers, booleans or arrays of them; what is shown is the number of entries that differ.

    Example:
        >>> exactly([1, 2], [1, 3]).shown()["measured"]
        '1'
    """
    m, p = _finite("measured", measured), _finite("predicted", predicted)
    different = max(m.size, p.size) if m.shape != p.shape else int(np.sum(m != p))
    meaning = f"of {p.size} entries differ" if p.ndim else "one number"
    if p.ndim:
        return Verdict("exactly", label, 0, different, 0, different, meaning, m.dtype.name)
    return Verdict("exactly", label, float(p), float(m.flat[0]), 0, different, meaning, m.dtype.name)


def mean_equals(samples, predicted, *, sigmas=4, standard_error=None, label=""):
    r""":math:`|\bar m - p| \le z\,\mathrm{SE}`, the mean over the first axis of independent replicates.

    Args:
        samples: Array of independent replicates along the first axis.
        predicted: Number or array, the expectation.
        sigmas: Number, the standard errors z that are allowed; 4 by default.
        standard_error: Number or array from theory, where it is known; `None`, the default, to estimate it from the
            replicates.
        label: String, what was measured.

    Example:
        >>> mean_equals([0.9, 1.1, 1.0, 1.0], 1.0).holds
        True
    """
    samples = _finite("measured", samples).astype("float64")
    if len(samples) < 2:
        raise ClaimError(f"samples must hold at least 2 replicates; received {len(samples)}")
    if standard_error is None:
        standard_error = np.std(samples, axis=0, ddof=1) / np.sqrt(len(samples))
    m, p = _pair(np.mean(samples, axis=0), predicted)
    meaning = f"{sigmas:g} SE of {len(samples)}"
    return _worst("mean_equals", label, m, p, sigmas * standard_error, meaning)


def distributed_as(samples, cdf, *, label=""):
    r"""Kolmogorov-Smirnov: :math:`\sup_x |F_R(x) - F(x)| \le 2.2/\sqrt{R}` (exceeded once in 16,000 times).

    Example:
        >>> distributed_as(np.linspace(0.05, 0.95, 10), lambda x: x).measured <= 0.06
        True
    """
    samples = _finite("measured", samples).ravel().astype("float64")
    distance = stats.kstest(samples, cdf).statistic
    tolerance = 2.2 / np.sqrt(len(samples))
    meaning = f"KS distance, {len(samples)} draws"
    return _worst("distributed_as", label, np.float64(distance), 0.0, tolerance, meaning)


def frequencies(counts, probabilities, *, label=""):
    r"""Goodness of fit: :math:`\chi^2 = \sum_k (n_k - N p_k)^2 / (N p_k)` below its 0.9999 quantile.

    Example:
        >>> frequencies([40, 60], [0.5, 0.5]).measured
        4.0
    """
    n, p = _pair(counts, probabilities)
    if n.size < 2 or np.any(p <= 0) or abs(p.sum() - 1) > 1e-9:
        raise ClaimError("probabilities must be at least two positive numbers with sum 1")
    chi2 = float(np.sum((n - n.sum() * p) ** 2 / (n.sum() * p)))
    degrees = n.size - 1
    quantile = float(stats.chi2.ppf(0.9999, degrees))
    return Verdict("frequencies", label, degrees, chi2, quantile, chi2, f"chi-square, {degrees} degrees", "float64")


def close_to(measured, predicted, *, relative, label=""):
    r""":math:`|m/p - 1| \le r`, r the remainder of a limit theorem at finite size.

    Example:
        >>> close_to(1.01, 1.0, relative=0.02).holds
        True
    """
    m, p = _pair(measured, predicted)
    if np.any(p == 0):
        raise ClaimError("predicted must not be zero for a relative error; use equals")
    tolerance = relative * np.abs(p)
    return _worst("close_to", label, m, p, tolerance, f"{relative:.3g} relative", dtype_of(measured))


def rate(x, y, *, slope, within, label=""):
    r"""The least-squares slope of :math:`\log y` on :math:`\log x` is within d of the predicted one.

    Example:
        >>> rate([1, 2, 4], [3, 12, 48], slope=2, within=0.01).holds
        True
    """
    x, y = _finite("x", x), _finite("measured", y)
    if np.any(x <= 0) or np.any(y <= 0):
        raise ClaimError("x and y must be positive to have a slope on logarithmic axes")
    fitted = np.polyfit(np.log(x.astype("float64")), np.log(y.astype("float64")), 1)[0]
    return _worst("rate", label, np.float64(fitted), np.float64(slope), within, "slope", dtype_of(y))


def at_most(measured, bound, *, sharpness, label=""):
    r"""A bound that holds and is not vacuous: :math:`\rho\,p \le m \le p\,(1 + 10u)` for every entry.

    Args:
        measured: Array, what must not exceed the bound; positive.
        bound: Number or array, the bound p; positive.
        sharpness: Float in (0, 1], :math:`\rho`.
        label: String, what was measured.

    Example:
        >>> at_most(0.9, 1.0, sharpness=0.5).holds, at_most(0.4, 1.0, sharpness=0.5).holds
        (True, False)
    """
    m, p = _pair(measured, bound)
    if np.any(p <= 0) or not 0 < sharpness <= 1:
        raise ClaimError(f"bound must be positive and sharpness in (0, 1]; received {sharpness=}")
    slack = 1 + 10 * unit_roundoff(dtype_of(measured))
    with np.errstate(divide="ignore"):
        error = np.maximum(m / (slack * p), sharpness * p / np.maximum(m, 0))
    meaning = f"and at least {sharpness:.3g} of it"
    return _worst("at_most", label, m, p, 1.0, meaning, dtype_of(measured), error)
