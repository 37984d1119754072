r"""A recurrence over time with its backward pass (§13.3 to §13.5).

A cell maps the state before a step and the share z of the inputs in its pre-activations to the state after it,

.. math::
    z_t = W^\top x_t + b, \qquad s_t = F(z_t, s_{t-1}; U), \qquad o_t = s_t^{(1)},

and the derivative of a loss runs back along the same steps,

.. math::
    D_t = \frac{\partial \Lambda}{\partial o_t} + \Big(\frac{\partial F}{\partial s}\Big)_{t+1}^{\!\top} D_{t+1}, \qquad
    \delta_t = \Big(\frac{\partial F}{\partial z}\Big)_t^{\!\top} D_t .

What does not depend on the step before leaves both loops: the products :math:`W^\top x_t` go ahead as one matrix
product, the derivatives of the activations (`slopes`) are formed for all steps at once, and so are the gradients
:math:`\partial W = \sum_t x_t \delta_t^\top` and :math:`\partial U = \sum_t h_{t-1} \delta_t^\top` after the last step.
In the loops remain one product with U, one with its transpose, and a few operations on entries.

Arrays are time-major: (time, batch, features). A cell that follows the protocol has

| method | returns |
| --- | --- |
| `parameters()` | its weights as tensors, in Keras' order; first W, then U |
| `project(x, weights)` | z of one step or of all |
| `step(z, states, weights, factor)` | `(states, cache)`; the output is `states[0]` |
| `slopes(before, cache)` | what `step_back` multiplies by: a nest, of one step or of all |
| `adjoint(weights)` | the transposes that `step_back` needs |
| `step_back(dstates, slopes, adjoint, factor)` | `(deltas, dstates_before)`, the first of the deltas being that of z |
| `gradients(x, before, cache, deltas, factor)` | in the order of `parameters()`, summed over batch and time |

`weights` and `adjoint` may be left out: then they are the cell's own. `factor` is what the state is multiplied by
before it meets U: the mask of a recurrent dropout (§13.8), the same for all steps; `None` for 1.
"""

from keras import ops

from mathdl_keras.core.loops import scan

__all__ = ["backward_scan", "forward_scan"]


def forward_scan(cell, z, states, mask=None, weights=None, factor=None):
    r"""Runs a cell over time: :math:`s_t = F(z_t, s_{t-1})`.

    A masked step is skipped: the state stays what it was, and so the output repeats that of the step before.

    Args:
        cell: A cell that follows the protocol of this module.
        z: Tensor (time, batch, ...), `cell.project(x)`, with the number of steps known.
        states: List of tensors (batch, units), the first states.
        mask: Booleans (time, batch), False where a step is skipped; `None`, the default, where none is.
        weights: List of tensors; `cell.parameters()` by default.
        factor: Tensor (batch, units), what the state is multiplied by before U; `None`, the default, for 1.

    Returns:
        `(outputs, last_states, cache)`: outputs (time, batch, units), and what `backward_scan` needs: a list of the
        states before each step, the cell's own cache, the mask and the factor.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
        >>> cell = ElmanCell(2)
        >>> cell.build((None, 3))
        >>> outputs, (last,), cache = forward_scan(cell, cell.project(ops.ones((5, 4, 3))), [ops.zeros((4, 2))])
        >>> tuple(outputs.shape), tuple(last.shape)
        ((5, 4, 2), (4, 2))
    """
    weights = cell.parameters() if weights is None else weights
    states = list(states)
    mask = mask if mask is None or len(mask.shape) == 3 else mask[..., None]

    def step(states, inputs):
        after, cache = cell.step(inputs[0], states, weights, factor)
        if mask is not None:
            after = _where(inputs[1], after, states)
        return after, (after, cache)

    last, (after, cache) = scan(step, states, [z] if mask is None else [z, mask])
    before = [ops.concatenate([s0[None], s[:-1]], axis=0) for s0, s in zip(states, after, strict=True)]
    return after[0], last, (before, cache, mask, factor)


def backward_scan(cell, doutputs, dlast_states, cache, weights=None):
    r"""Runs the derivative of a cell back through time, from :math:`D_T` to :math:`D_0`.

    Args:
        cell: The cell.
        doutputs: Tensor (time, batch, units), :math:`\partial \Lambda / \partial o_t`; `None` for 0.
        dlast_states: List of tensors (batch, units), the derivatives in the last states beyond those.
        cache: From `forward_scan`.
        weights: List of tensors; `cell.parameters()` by default.

    Returns:
        `(deltas, dstates)`: a list of (time, batch, ...), first that of z, for `cell.gradients`; and the derivatives in
        the first states.

    Example:
        >>> from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
        >>> cell = ElmanCell(2)
        >>> cell.build((None, 3))
        >>> outputs, last, cache = forward_scan(cell, cell.project(ops.ones((5, 4, 3))), [ops.zeros((4, 2))])
        >>> (dz,), (dh0,) = backward_scan(cell, ops.ones_like(outputs), [ops.zeros((4, 2))], cache)
        >>> tuple(dz.shape), tuple(dh0.shape)
        ((5, 4, 2), (4, 2))
    """
    adjoint = cell.adjoint(cell.parameters() if weights is None else weights)
    before, values, mask, factor = cache
    silent = doutputs is None

    def step(dstates, inputs):
        slopes, *rest = inputs
        if not silent:
            dstates = [dstates[0] + rest[0], *dstates[1:]]
        deltas, dbefore = cell.step_back(dstates, slopes, adjoint, factor)
        if mask is not None:  # past a skipped step the derivative goes unchanged
            dbefore = _where(rest[-1], dbefore, dstates)
            deltas = _where(rest[-1], deltas, [ops.zeros_like(delta) for delta in deltas])
        return dbefore, deltas

    along = [cell.slopes(before, values), *(v for v in (doutputs, mask) if v is not None)]
    dstates, deltas = scan(step, list(dlast_states), along, reverse=True)
    return deltas, dstates


def scaled(x, factor):
    """x, or its product with a factor that is given."""
    return x if factor is None else x * factor


def _where(kept, new, old):
    return [ops.where(kept, a, b) for a, b in zip(new, old, strict=True)]
