r"""How far one distribution is from another, in the units of the samples: the Wasserstein distance (§15.5).

.. math:: W_1(p, q) = \min_{\pi \in \Pi(p, q)} \sum_{ij} \pi_{ij}\, c(x_i, y_j),

the least cost of moving the mass of p to where q has it, over the plans :math:`\pi` with marginals p and q. On a line,
with cost :math:`|x - y|`, the best plan keeps the order.
"""

import numpy as np
from keras import ops
from scipy import optimize, sparse

__all__ = ["wasserstein_discrete", "wasserstein_1d"]


def wasserstein_1d(x, y):
    r"""The Wasserstein distance of two samples on a line (§15.5).

    .. math:: W_1 = \frac1n \sum_i |x_{(i)} - y_{(i)}| \quad\text{for equal sizes, else}\quad
        \int |F_x(t) - F_y(t)|\,dt

    Args:
        x: Array `(..., n)`, a sample along the last axis.
        y: Array `(..., n)`, the other sample; two samples of rank 1 may have different sizes.

    Returns:
        (...).

    Raises:
        ValueError: If the shapes do not fit, or a sample is empty.

    Example:
        >>> float(wasserstein_1d([0.0, 1.0], [3.0, 1.0])), float(wasserstein_1d([0.0], [1.0, 2.0]))
        (1.5, 1.5)
    """
    x, y = (ops.convert_to_tensor(a) for a in (x, y))
    if not x.shape or not y.shape or 0 in (x.shape[-1], y.shape[-1]):
        raise ValueError(f"x and y must be samples that are not empty; received shapes {_shapes(x, y)}")
    if tuple(x.shape) == tuple(y.shape):
        return ops.sum(ops.abs(ops.sort(x, axis=-1) - ops.sort(y, axis=-1)), axis=-1) / x.shape[-1]
    if len(x.shape) != 1 or len(y.shape) != 1:
        raise ValueError(f"x and y must have one shape, or be of rank 1; received shapes {_shapes(x, y)}")
    t = ops.sort(ops.concatenate([x, y]))
    F, G = (ops.cast(ops.searchsorted(ops.sort(a), t[:-1], side="right"), t.dtype) / a.shape[0] for a in (x, y))
    return ops.sum(ops.abs(F - G) * (t[1:] - t[:-1]))


def wasserstein_discrete(p, q, cost):
    r"""The transport problem of two discrete distributions as a linear program, solved by SciPy (§15.5).

    It has n m unknowns, so it is for a few hundred atoms; it knows nothing of lines or orders, and so checks what does.

    Args:
        p: Array `(n,)`, weights >= 0 with sum 1.
        q: Array `(m,)`, weights >= 0 with sum 1.
        cost: Array `(n, m)`, the cost of moving a unit from i to j.

    Returns:
        `(value, plan)`: the least cost, a float, and the plan, a NumPy array (n, m), in float64.

    Raises:
        ValueError: If the weights are not distributions, or the cost has the wrong shape or is not finite.

    Example:
        >>> value, plan = wasserstein_discrete([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.0]])
        >>> round(value, 6), plan.round(6).tolist()
        (0.25, [[0.25, 0.25], [0.0, 0.5]])
    """
    p, q = _weights("p", p), _weights("q", q)
    cost = np.asarray(cost, "float64")
    if cost.shape != (len(p), len(q)) or not np.all(np.isfinite(cost)):
        raise ValueError(f"cost must be finite, of shape {(len(p), len(q))}; received shape {cost.shape}")
    rows = sparse.kron(sparse.eye(len(p)), np.ones((1, len(q))))  # sum_j plan_ij = p_i
    columns = sparse.kron(np.ones((1, len(p))), sparse.eye(len(q)))  # sum_i plan_ij = q_j
    found = optimize.linprog(cost.ravel(), A_eq=sparse.vstack([rows, columns]), b_eq=np.concatenate([p, q]))
    return float(found.fun), found.x.reshape(cost.shape)


def _weights(name, values):
    values = np.asarray(ops.convert_to_numpy(values), "float64")
    if values.ndim != 1 or not np.all(values >= 0) or not abs(values.sum() - 1) <= 1e-6:
        raise ValueError(f"{name} must be weights >= 0 with sum 1; received {values.tolist()}")
    return values / values.sum()


def _shapes(x, y):
    return f"{tuple(x.shape)} and {tuple(y.shape)}"
