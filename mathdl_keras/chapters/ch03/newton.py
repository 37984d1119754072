r"""Damped Newton steps on a convex loss, the same for two classes and for many (§3.2 and §3.7).

A Newton step :math:`d = -(\nabla^2\Lambda)^{-1} \nabla\Lambda` leads down; one that is too long is halved. How far
there is still to go is the *Newton decrement* :math:`\delta`,

.. math:: \delta^2 = \nabla\Lambda^\top (\nabla^2\Lambda)^{-1} \nabla\Lambda \approx 2 (\Lambda(w) - \min \Lambda):

it does not change with the units of the features (§3.5), and near the minimum each step squares it. There the
Hessian hardly changes: once :math:`\delta \le 0.01` the last one is kept, and steps that cost a gradient only divide
:math:`\delta` by a hundred each, to :math:`u^{3/4}`, u the unit roundoff: the loss is then least to all its digits.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops, tree

from mathdl_keras.core.linalg import diagonal_matrix, transpose
from mathdl_keras.core.loops import compiled
from mathdl_keras.core.precision import unit_roundoff

__all__: list[str] = []

# Newton's method ends only when its step moves every logit by less than this. Where labels are separable but for ties,
# each step moves some logits by about 1, without end.
LAST_MOVE = 0.1


class Objective(NamedTuple):
    """A loss of logits z that are linear in the weights w; all but `logits` are functions of (z, w, X, y, l2).

    Attributes:
        logits: Function `logits(X, w)`.
        loss: Function, the mean loss and the penalty.
        gradient: Function, the gradient of the loss with respect to w.
        hessian: Function, its Hessian.
        margin: Function, the least margin of all rows: positive if each is classified rightly.
        worst: Float, the loss at w = 0; from a start that is worse, the way leads back there.
    """

    logits: Callable
    loss: Callable
    gradient: Callable
    hessian: Callable
    margin: Callable
    worst: float


class Solution(NamedTuple):
    """What Newton's method found; with leading axes in the data, one entry for each problem.

    Attributes:
        weights: Tensor or array `(..., D)`, the minimiser.
        steps: Integer, the evaluations of loss, gradient and Hessian; those on a part of the rows are not counted.
        gradient_norm: Tensor or array `(...)`, the largest entry of the gradient before the last step, by magnitude: at
            `weights` it is smaller.
        converged: Booleans `(...)`, whether the decrement fell to the tolerance.
        separated: Booleans `(...)`, whether nothing is penalised and `weights` classify every row rightly: then there
            is no minimiser (§3.6).
        singular: Booleans `(...)`, whether the last Hessian was singular, up to rounding: columns depend on each other,
            or labels are separable in part and some weights grow without end.
    """

    weights: Any
    steps: int
    gradient_norm: Any
    converged: Any
    separated: Any
    singular: Any


def on_host(solution):
    """The same with NumPy arrays for tensors."""
    return Solution(*(ops.convert_to_numpy(v) if ops.is_tensor(v) else v for v in solution))


class _State(NamedTuple):
    """Where to evaluate next, the step that leads there, and loss and Hessian (scale, factor) where it began."""

    w: Any
    step: Any
    loss: Any
    factor: Any
    converged: Any
    separated: Any
    singular: Any


class _Look(NamedTuple):
    """What is seen at some weights: the loss, the Hessian (scale, factor), and Newton's step with its effects."""

    loss: Any
    margin: Any
    factor: Any
    singular: Any
    direction: Any
    decrement: Any
    moved: Any


def newton(objective, X, y, l2, start, tolerance=0.01, max_steps=100, polished=True):
    """Damped Newton steps until the decrement falls to `tolerance`, then steps with one Hessian.

    The host reads one value a step.

    Args:
        objective: An `Objective`.
        X: Tensor `(..., M, D)`.
        y: Tensor, the targets that the objective takes.
        l2: Array, penalties, one for each weight.
        start: Array, the first weights.
        tolerance: Float, the decrement from which the Hessian is kept; 0.01 by default.
        max_steps: Integer, the most evaluations; 100 by default.
        polished: Boolean, whether to go on with the last Hessian; True by default.

    Returns:
        A `Solution`.
    """
    advance, polish = _compiled(objective, bool(np.any(l2)), len(X.shape), start.shape[-1])
    w, l2, tolerance = (ops.convert_to_tensor(v, dtype=X.dtype) for v in (start, l2, tolerance))
    zero = ops.zeros_like(w[..., 0])
    state = _State(w, w, zero + objective.worst, (w, diagonal_matrix(w)), zero > 0, zero > 0, zero > 0)
    steps, stop = 0, False
    while steps < max_steps and not stop:
        state, stop = advance(state, X, y, l2, tolerance)
        steps, stop = steps + 1, bool(stop)
    if not polished:
        return Solution(state.w, steps, None, state.converged, state.separated, state.singular)
    w, gradient_norm = _polished(polish, state, X, y, l2)
    return Solution(w, steps, gradient_norm, state.converged, state.separated, state.singular)


def _polished(polish, state, *data):
    """The weights after steps with the last Hessian, and the gradient before the last of them.

    They end where the decrement is u^(3/4), or does not halve.
    """
    w, before, floor = state.w, np.inf, unit_roundoff(state.w) ** 0.75
    while True:
        move, decrement, gradient_norm = polish(w, state, *data)
        w, now = w + move, ops.convert_to_numpy(decrement)
        if not np.any((now > floor) & (now <= before / 2)):
            return w, gradient_norm
        before = now


@functools.lru_cache(maxsize=64)
def _compiled(objective, penalised, rank, weights):
    """A step with its own Hessian and one with the last, compiled once for each objective and number of weights."""

    def polish(w, state, *data):
        """The next step, its decrement (both zero where problems are not converged), and the size of the gradient."""
        gradient = objective.gradient(objective.logits(data[0], w), w, *data)
        move, decrement = (_choose(state.converged, v, ops.zeros_like(v)) for v in _solve(*state.factor, gradient))
        return move, decrement, ops.max(ops.abs(gradient), axis=-1)

    return compiled(functools.partial(_advance, objective, penalised)), compiled(polish)


def _advance(objective, penalised, state, X, y, l2, tolerance):
    """The next state, and whether all problems are over."""
    look = propose(objective, state.w, X, y, l2)
    # a loss that is larger by rounding alone is no reason to turn back
    worse = look.loss > state.loss + 64 * unit_roundoff(look.loss) * (1 + state.loss)
    state = finish(state, accept(state, look, worse), look, worse, penalised, tolerance)
    return state, ops.all(state.converged | state.separated)


def propose(objective, w, X, y, l2):
    """The loss at w, and Newton's step from there."""
    z = objective.logits(X, w)
    at = (z, w, X, y, l2)
    loss, margin = objective.loss(*at), objective.margin(*at)
    factor, singular = _factor(objective.hessian(*at))
    direction, decrement = _solve(*factor, objective.gradient(*at))
    rows_and_classes = tuple(range(len(margin.shape), len(z.shape)))
    moved = ops.max(ops.abs(objective.logits(X, direction)), axis=rows_and_classes)
    return _Look(loss, margin, factor, singular, direction, decrement, moved)


def accept(state, look, worse):
    """Newton's step from here; where the loss is worse than before the last step, back by half of that step."""
    step = _choose(worse, state.step / 2, look.direction)
    w = state.w + _choose(worse, -step, step)
    loss = _choose(worse, state.loss, look.loss)
    return state._replace(w=w, step=step, loss=loss, factor=look.factor, singular=look.singular)


def finish(old, new, look, worse, penalised, tolerance):
    """The new state with its verdicts; problems that are over keep the old one, and separated ones their weights."""
    separated = (look.margin > 0) & (not penalised)
    converged = (look.decrement <= tolerance) & (look.moved <= LAST_MOVE) & ~worse & ~separated
    new = new._replace(w=_choose(separated, old.w, new.w), converged=converged, separated=separated)
    over = old.converged | old.separated
    return tree.map_structure(lambda before, now: _choose(over, before, now), old, new)


def _choose(condition, yes, no):
    """`yes` for the problems that fulfil a condition, `no` for the others."""
    return ops.where(ops.reshape(condition, (*condition.shape, *[1] * (len(no.shape) - len(condition.shape)))), yes, no)


def _factor(hessian):
    """The scale of a Hessian, the Cholesky factor L of the one scaled to a diagonal of ones, and if it is singular.

    To that diagonal a multiple of D u, more than rounding, is added: a singular Hessian has a Cholesky factor too. The
    square of a pivot is the share of a column's curvature that the columns before it leave over.
    """
    curvature = ops.diagonal(hessian, axis1=-2, axis2=-1)
    scale = 1 / ops.sqrt(ops.where(curvature > 0, curvature, ops.ones_like(curvature)))
    rounding = 64 * hessian.shape[-1] * unit_roundoff(hessian)
    scaled = hessian * scale[..., :, None] * scale[..., None, :]
    L = ops.cholesky(scaled + diagonal_matrix(rounding * ops.ones_like(curvature)))
    pivot = ops.min(ops.diagonal(L, axis1=-2, axis2=-1), axis=-1)
    return (scale, L), pivot * pivot < 16 * rounding


def _solve(scale, L, gradient):
    """Newton's step and its decrement."""
    half = ops.solve_triangular(L, (scale * gradient)[..., None], lower=True)
    whole = ops.solve_triangular(transpose(L), half, lower=False)
    return -scale * whole[..., 0], ops.sqrt(ops.sum(half * half, axis=(-2, -1)))


def rows(X):
    """The number of rows, also where it is not known before the data come."""
    return ops.cast(ops.shape(X)[-2], X.dtype)
