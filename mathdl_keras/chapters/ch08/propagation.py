r"""How large signals and gradients are in a wide network with random weights (§8.4).

For weights with mean 0 and variance :math:`\sigma_w^2 / n_{\ell-1}`, and biases of variance :math:`\sigma_b^2`, the
entries of :math:`Z^\ell` are nearly normal when layers are wide. Their variance follows from that of the layer before,
and the mean square of the gradients from that of the layer after:

.. math::
    q_1 = \sigma_w^2\, q_0 + \sigma_b^2, \qquad
    q_{\ell+1} = \sigma_w^2\, E\,\varphi(\sqrt{q_\ell} Z)^2 + \sigma_b^2, \qquad
    \chi_\ell = \sigma_w^2\, E\,\varphi'(\sqrt{q_\ell} Z)^2, \qquad
    \frac{E \|\delta^\ell\|^2}{E \|\delta^L\|^2} = \prod_{k=\ell}^{L-1} \chi_k .

Where :math:`\chi < 1` gradients vanish with depth, where :math:`\chi > 1` they explode. For ReLU
:math:`\chi = \sigma_w^2/2` whatever q is: He's start, with :math:`\sigma_w^2 = 2`, keeps gradients alive. Poole et al.
(2016) and Schoenholz et al. (2017) have the theory.
"""

from dataclasses import dataclass

import numpy as np

from mathdl_keras.chapters.ch05 import activations
from mathdl_keras.chapters.ch05.moments import gaussian_moment

__all__ = ["SignalPropagation", "signal_propagation"]


@dataclass(frozen=True)
class SignalPropagation:
    r"""Sizes of signals and gradients in L layers.

    Attributes:
        q: Array `(L,)`, :math:`q_1, \dots, q_L`, the variances of the pre-activations.
        chi: Array `(L - 1,)`, :math:`\chi_1, \dots, \chi_{L-1}`: the factor of layer :math:`\ell` is between it and the
            next.

    Example:
        >>> SignalPropagation(q=np.ones(3), chi=np.array([0.5, 0.25])).gradients.tolist()
        [0.125, 0.25, 1.0]
    """

    q: np.ndarray
    chi: np.ndarray

    @property
    def gradients(self):
        r"""(L,), :math:`E\|\delta^\ell\|^2 / E\|\delta^L\|^2`: the products of the factors above each layer."""
        return np.append(np.cumprod(self.chi[::-1])[::-1], 1.0)


def signal_propagation(activation, sigma_w2, sigma_b2=0.0, depth=8, q0=1.0):
    r"""The variances :math:`q_\ell` and the gradient factors :math:`\chi_\ell` of a wide random network (§8.4).

    The last layer may be linear: :math:`q_L` and the factors do not depend on what comes after it. On the host, in
    float64, by quadrature.

    Args:
        activation: `Activation` or its name, :math:`\varphi` of the hidden layers.
        sigma_w2: Number, or sequence of L numbers, :math:`\sigma_w^2`, the variance of a weight times the number of
            inputs of its layer, in each layer. It is 1 for LeCun's start and 2 for He's.
        sigma_b2: Number, or sequence of L numbers, :math:`\sigma_b^2`, the variance of a bias in each layer; 0 by
            default.
        depth: Integer, the number L of layers with weights; 8 by default.
        q0: Number, :math:`\|x\|^2/n_0`, the mean square of the inputs; 1 by default.

    Returns:
        A `SignalPropagation`.

    Raises:
        ValueError: If a variance is negative or not finite, the depth is not a positive integer, or the activation is
            unknown.

    Example:
        >>> He, LeCun = (signal_propagation("relu", variance, depth=8) for variance in (2.0, 1.0))
        >>> He.q.round(6).tolist()
        [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
        >>> round(float(He.gradients[0]), 6), round(float(LeCun.gradients[0]), 6)
        (1.0, 0.007812)
    """
    phi = activations.get(activation)
    if not isinstance(depth, int) or depth < 1:
        raise ValueError(f"depth must be an integer >= 1; received depth={depth!r}")
    sigma_w2, sigma_b2 = _each("sigma_w2", sigma_w2, depth), _each("sigma_b2", sigma_b2, depth)
    q = [sigma_w2[0] * _each("q0", q0, 1)[0] + sigma_b2[0]]
    chi = []
    for w2, b2 in zip(sigma_w2[1:], sigma_b2[1:], strict=True):
        chi.append(w2 * gaussian_moment(lambda z: phi.derivative(z) ** 2, q[-1], phi.kinks))
        q.append(w2 * gaussian_moment(lambda z: phi(z) ** 2, q[-1], phi.kinks) + b2)
    return SignalPropagation(np.array(q), np.array(chi))


def _each(name, value, layers):
    values = np.asarray(value, "float64")
    if values.shape not in ((), (layers,)) or not np.all((values >= 0) & np.isfinite(values)):
        expected = "a number >= 0" if layers == 1 else f"a number >= 0 or one for each of {layers} layers"
        raise ValueError(f"{name} must be {expected}; received {name}={value}")
    return np.broadcast_to(values, layers)
