r"""The evidence lower bound (§15.2).

.. math:: \log p(x) \ge E_q[\log p(x, z) - \log q(z)] = \log p(x) - KL(q \| p(\cdot \mid x))

The same bound can be estimated in three ways, which differ in what is computed and what is drawn:

| form | one draw contributes | exact part |
| --- | --- | --- |
| `analytic_kl` | log p(x given z) | KL(q, prior), the prior being N(0, I) |
| `analytic_entropy` | log p(x, z) | the entropy of q |
| `full_mc` | log p(x, z) - log q(z) | none; but its variance vanishes where q is the posterior |
"""

import keras
from keras import ops

from mathdl_keras.chapters.ch15.gaussians import gaussian_log_density
from mathdl_keras.core.checks import check_positive

__all__ = ["elbo", "elbo_samples"]

FORMS = ("analytic_kl", "analytic_entropy", "full_mc")


def elbo_samples(log_joint, q, noise, form="analytic_kl"):
    r"""One unbiased estimate of the evidence lower bound for each draw (§15.2).

    Args:
        log_joint: Function z -> log p(x, z), from `(n, ..., k)` to `(n, ...)`; with `analytic_kl` its prior is N(0, I).
        q: `DiagonalGaussian` or `FullGaussian`, the approximate posterior.
        noise: Array `(n, ..., k)`, standard normal numbers, or the nodes of a quadrature for them.
        form: String, `analytic_kl`, the default, `analytic_entropy` or `full_mc`.

    Returns:
        `(n, ...)`: their mean over the first axis is the estimate.

    Raises:
        ValueError: If the form is unknown.

    Example:
        >>> import numpy as np
        >>> from mathdl_keras.chapters.ch15.gaussians import DiagonalGaussian
        >>> q = DiagonalGaussian(np.zeros(1, "float32"), np.zeros(1, "float32"))
        >>> values = elbo_samples(gaussian_log_density, q, np.ones((3, 1), "float32"), "full_mc")
        >>> [abs(round(float(v), 6)) for v in values]  # p(z) is q: nothing is lost
        [0.0, 0.0, 0.0]
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}; received form={form!r}")
    z = q.sample(noise)
    if form == "analytic_kl":
        return log_joint(z) - gaussian_log_density(z) - q.kl_to_standard()
    if form == "analytic_entropy":
        return log_joint(z) + q.entropy()
    return log_joint(z) - q.log_density(z)


def elbo(log_joint, q, samples=1, form="analytic_kl", seed=None):
    r"""The evidence lower bound, estimated from draws (§15.2).

    Args:
        log_joint: Function z -> log p(x, z), from `(n, ..., k)` to `(n, ...)`; with `analytic_kl` its prior is N(0, I).
        q: `DiagonalGaussian` or `FullGaussian`, the approximate posterior.
        samples: Integer, the number of draws; 1 by default.
        form: String, `analytic_kl`, the default, `analytic_entropy` or `full_mc`.
        seed: Integer or `keras.random.SeedGenerator`; `None`, the default, for other draws each time.

    Returns:
        `(...)`, one bound for each posterior.

    Raises:
        ValueError: If samples is not a positive integer, or the form is unknown.

    Example:
        >>> import numpy as np
        >>> from mathdl_keras.chapters.ch15.gaussians import DiagonalGaussian
        >>> q = DiagonalGaussian(np.zeros((4, 2), "float32"), np.zeros((4, 2), "float32"))
        >>> tuple(elbo(gaussian_log_density, q, samples=10, seed=0).shape)
        (4,)
    """
    samples = check_positive("samples", samples)
    noise = keras.random.normal((samples, *q.mean.shape), dtype=q.mean.dtype, seed=seed)
    return ops.sum(elbo_samples(log_joint, q, noise, form), axis=0) / samples
