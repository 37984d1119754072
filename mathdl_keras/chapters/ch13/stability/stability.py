r"""How fast a recurrent network forgets: spectral radius, Jacobians of the state, Lyapunov exponent (§13.6).

A small change of the state at time 0 has become

.. math:: \delta h_T = J_T J_{T-1} \cdots J_1\,\delta h_0, \qquad J_t = \partial h_t / \partial h_{t-1}

at time T. Gradients travel back through the transposes of the same matrices, so what is forgotten is not learned from
either. In a linear network each J is the same W, and the growth of a step is the spectral radius :math:`\rho(W)` in the
long run and at most :math:`\|W\|_2` in one step; in others it is :math:`e^\lambda`, with :math:`\lambda` the Lyapunov
exponent.
"""

import keras
from keras import ops

from mathdl_keras.core.autodiff import jvp
from mathdl_keras.core.loops import scan

__all__ = ["state_jacobians", "lyapunov_exponent", "spectral_radius"]

SQUARINGS = 50


def spectral_radius(W):
    r"""The largest modulus of an eigenvalue, by repeated squaring (§13.6).

    .. math:: \rho(W) = \lim_k \|W^k\|^{1/k}, \qquad k = 2^{50}

    Args:
        W: Matrix (n, n).

    Returns:
        A scalar tensor of the dtype of W.

    Raises:
        ValueError: If W is not square.

    Example:
        >>> round(float(spectral_radius(ops.array([[0.0, 2.0], [-0.5, 0.0]]))), 4)
        1.0
    """
    W = ops.convert_to_tensor(W)
    if len(W.shape) != 2 or W.shape[0] != W.shape[1]:
        raise ValueError(f"W must be a square matrix; received shape {tuple(W.shape)}")
    W, log_radius = _scaled(W)
    for k in range(1, SQUARINGS + 1):
        W, log_norm = _scaled(ops.einsum("ij,jk->ik", W, W))
        log_radius = log_radius + log_norm * 0.5**k
    return ops.exp(log_radius)


def state_jacobians(cell, inputs, initial_state=None):
    r"""The Jacobians :math:`J_t = \partial h_t / \partial h_{t-1}` along a sequence (§13.6).

    A cell with several states, such as an LSTM's, has all of them in h, one after another.

    Args:
        cell: A recurrent cell that has been built.
        inputs: Tensor `(time, features)`, one sequence.
        initial_state: Tensor or list of them, :math:`h_0`, as the cell takes it but without the batch; zeros by
            default.

    Returns:
        Tensor `(time, n, n)`, the derivative's index last.

    Raises:
        ValueError: If `inputs` is not one sequence, or the initial state does not fit the cell.

    Example:
        >>> cell = keras.layers.SimpleRNNCell(2, activation="linear", recurrent_initializer="ones")
        >>> cell.build((None, 1))
        >>> ops.convert_to_numpy(state_jacobians(cell, ops.zeros((3, 1)))).tolist()[2]
        [[1.0, 1.0], [1.0, 1.0]]
    """
    inputs, states = _sequence(cell, inputs, initial_state)
    _, before = scan(lambda h, x: (_step(cell, x[None], h), h), states, inputs)  # each (time, 1, n)
    h = ops.concatenate([b[:, 0] for b in before], axis=-1)
    T, n = h.shape
    sizes = [b.shape[-1] for b in before]
    basis = ops.reshape(ops.tile(ops.eye(n, dtype=h.dtype), (T, 1)), (T * n, n))
    each = ops.ones((1, n, 1), h.dtype)  # n rows for each step, one for each direction
    h, x = (ops.reshape(v[:, None] * each, (T * n, -1)) for v in (h, inputs))

    def step(h):
        return ops.concatenate(_step(cell, x, _split(h, sizes)), axis=-1)

    _, columns = jvp(step, h, basis)  # row i of a block is J e_i
    return ops.transpose(ops.reshape(columns, (T, n, n)), (0, 2, 1))


def lyapunov_exponent(cell, inputs, initial_state=None, burn_in=0):
    r"""The mean growth of a small change of the state, per step (§13.6).

    .. math:: \lambda = \frac1T \sum_{t=1}^T \log \|J_t\,v_{t-1}\|, \qquad v_t = J_t v_{t-1} / \|J_t v_{t-1}\|

    The start v is all ones. What remains of it falls like 1/T; or geometrically with a `burn_in`, if one direction
    dominates.

    Args:
        cell: A recurrent cell that has been built.
        inputs: Tensor `(time, features)`, one sequence.
        initial_state: Tensor or list of them, :math:`h_0`, as the cell takes it but without the batch; zeros by
            default.
        burn_in: Integer, the number of first steps that only turn v; 0 by default.

    Returns:
        A scalar tensor: negative where the network forgets.

    Raises:
        ValueError: If the burn-in leaves no step, or as in `state_jacobians`.

    Example:
        >>> cell = keras.layers.SimpleRNNCell(2, activation="linear", recurrent_initializer="ones")
        >>> cell.build((None, 1))
        >>> round(float(ops.convert_to_numpy(ops.exp(lyapunov_exponent(cell, ops.zeros((8, 1)))))), 4)  # of ones
        2.0
    """
    T = inputs.shape[0]
    if not isinstance(burn_in, int) or not 0 <= burn_in < T:
        raise ValueError(f"burn_in must be an integer in [0, {T}), the steps; received burn_in={burn_in!r}")
    J = state_jacobians(cell, inputs, initial_state)

    def step(v, J):
        v = ops.einsum("ij,j->i", J, v)
        norm = ops.sqrt(ops.sum(v * v))
        return v / norm, ops.log(norm)

    n = J.shape[-1]
    logs = scan(step, ops.ones((n,), J.dtype) / n**0.5, J)[1]
    return ops.sum(logs[burn_in:]) / (T - burn_in)


def _scaled(W):
    """`(W/|W|, log |W|)`; the zero matrix stays."""
    norm = ops.sqrt(ops.sum(W * W))
    return W / ops.where(norm > 0, norm, ops.ones_like(norm)), ops.log(norm)


def _sequence(cell, inputs, initial_state):
    if not cell.built:
        raise ValueError(f"cell must be built: its weights decide; received {cell.name}, which is not")
    inputs = ops.convert_to_tensor(inputs, dtype=cell.compute_dtype)
    if len(inputs.shape) != 2:
        raise ValueError(f"inputs must be one sequence (time, features); received shape {tuple(inputs.shape)}")
    sizes = keras.tree.flatten(cell.state_size)
    if initial_state is None:
        return inputs, [ops.zeros((1, n), inputs.dtype) for n in sizes]
    several = isinstance(initial_state, list | tuple)
    states = [ops.convert_to_tensor(h, dtype=inputs.dtype) for h in (initial_state if several else [initial_state])]
    if [tuple(h.shape) for h in states] != [(n,) for n in sizes]:
        raise ValueError(f"initial_state must have {sizes} entries; received {[tuple(h.shape) for h in states]}")
    return inputs, [h[None] for h in states]


def _step(cell, x, states):
    after = cell(x, list(states))[1]
    return list(after) if isinstance(after, list | tuple) else [after]


def _split(h, sizes):
    parts, at = [], 0
    for n in sizes:
        parts.append(h[:, at : at + n])
        at += n
    return parts
