r"""How a logistic curve passes from 0 to 1 (§3.4).

:math:`S(wx + b)` is 1/2 at :math:`x = -b/w`, and rises from `lo` to `hi` over
:math:`(\mathrm{logit}(hi) - \mathrm{logit}(lo))/|w|`: the larger the weight, the sharper the transition.
"""

import math

from keras import ops

__all__ = ["transition_point", "transition_width"]


def transition_point(w, b):
    r"""Where :math:`S(wx + b) = 1/2` (§3.4): :math:`x = -b/w`.

    Args:
        w: Tensor, weights, not zero.
        b: Tensor that broadcasts against `w`, biases.

    Returns:
        Tensor of the shape of `w`.

    Example:
        >>> float(transition_point(2.0, -3.0))
        1.5
    """
    w = ops.convert_to_tensor(w)
    return -ops.convert_to_tensor(b, dtype=w.dtype) / w


def transition_width(w, lo=0.1, hi=0.9):
    r"""How far x moves while :math:`S(wx + b)` goes from `lo` to `hi` (§3.4).

    .. math:: \frac{\mathrm{logit}(hi) - \mathrm{logit}(lo)}{|w|}, \qquad \mathrm{logit}(p) = \log\frac{p}{1-p}

    which is :math:`2 \log 9 / |w|` from 10 % to 90 %.

    Args:
        w: Tensor, weights, not zero.
        lo: Float, the lower probability; 0.1 by default.
        hi: Float, the upper probability; 0.9 by default.

    Returns:
        Tensor of the shape of `w`, in the units of x.

    Raises:
        ValueError: Unless 0 < lo < hi < 1.

    Example:
        >>> round(float(transition_width(2.0)), 4)
        2.1972
    """
    if not 0 < lo < hi < 1:
        raise ValueError(f"lo and hi must satisfy 0 < lo < hi < 1; received lo={lo}, hi={hi}")
    return (math.log(hi / (1 - hi)) - math.log(lo / (1 - lo))) / ops.abs(ops.convert_to_tensor(w))
