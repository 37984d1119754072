r"""Linear plants with noise, and what an observer of them can know (§13.2).

A plant has a state that nobody sees, and outputs that are measured with noise:

.. math::
    x_{t+1} = A x_t + B u_t + w_t, \qquad y_t = C x_t + v_t, \qquad w_t \sim N(0, Q),\ v_t \sim N(0, R).

An observer with gain L, :math:`\hat x_{t+1} = A \hat x_t + B u_t + L (y_t - C \hat x_t)`, has the error
:math:`e_t = x_t - \hat x_t`, which does not depend on the inputs u:

.. math:: e_{t+1} = (A - LC)\,e_t + w_t - L v_t .

| function | solves |
| --- | --- |
| `kalman_error_covariance(plant, L)` | Lyapunov: :math:`P = (A - LC) P (A - LC)^\top + Q + L R L^\top` |
| `kalman_error_covariance(plant)` | Riccati: :math:`P = A P A^\top - L\,(C P C^\top + R)\,L^\top + Q`, the least |
| `kalman_gain(plant)` | :math:`L = A P C^\top (C P C^\top + R)^{-1}`, of Kalman's predictor, attains it |

Both equations are solved by doubling: each step does as much as all steps before it.
"""

import keras
import numpy as np
from keras import ops

from mathdl_keras.core.loops import compiled, scan
from mathdl_keras.core.precision import allow_float64

__all__ = ["LinearPlant", "kalman_error_covariance", "kalman_gain"]

DOUBLINGS = 60  # as many as 2^60 steps of the recursion


@keras.saving.register_keras_serializable("mathdl_keras")
class LinearPlant:
    r"""A linear system with noise in its state and in its measurements (§13.2).

    .. math:: x_{t+1} = A x_t + B u_t + w_t, \qquad y_t = C x_t + v_t

    Args:
        A: Matrix (n, n).
        B: Matrix (n, inputs), or `None` for a plant without inputs.
        C: Matrix (m, n).
        Q: Covariance (n, n) of w, positive semidefinite.
        R: Covariance (m, m) of v, positive definite.

    Raises:
        ValueError: If shapes do not fit, a number is not finite, or a covariance is none.

    Example:
        >>> level = LinearPlant(A=[[1.0]], B=None, C=[[1.0]], Q=[[0.1]], R=[[1.0]])
        >>> states, outputs = level.simulate(np.random.default_rng(0), steps=5, runs=3)
        >>> states.shape, outputs.shape
        ((3, 6, 1), (3, 5, 1))
    """

    def __init__(self, A, B, C, Q, R):
        self.A, self.C = matrix(A, "A"), matrix(C, "C")
        n, m = len(self.A), len(self.C)
        self.B = np.zeros((n, 0)) if B is None else matrix(B, "B")
        self.Q, self.R = matrix(Q, "Q"), matrix(R, "R")
        shapes = {"A": (n, n), "B": (n, self.B.shape[1]), "C": (m, n), "Q": (n, n), "R": (m, m)}
        for name, shape in shapes.items():
            if (received := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} must have shape {shape}; received shape {received}")
        _check_covariance(self.Q, "Q", "semidefinite", np.linalg.eigvalsh(self.Q)[0] >= -1e-12 * np.trace(self.Q))
        _check_covariance(self.R, "R", "definite", np.linalg.eigvalsh(self.R)[0] > 0)

    def simulate(self, rng, steps, runs=1, inputs=None, initial_states=None):
        """Runs of the plant, side by side.

        Args:
            rng: NumPy generator, which draws the noise.
            steps: Integer, the number of steps.
            runs: Integer, the number of runs, independent of each other; 1 by default.
            inputs: Array `(runs, steps, inputs)`; zero by default.
            initial_states: Array `(runs, n)`; zero by default.

        Returns:
            `(states, outputs)`: `(runs, steps + 1, n)`, the last state has no output, and `(runs, steps, m)`; float64.

        Raises:
            ValueError: If `inputs` or `initial_states` has another shape.
        """
        n, m, k = len(self.A), len(self.C), self.B.shape[1]
        w = rng.standard_normal((steps, runs, n)) @ _root(self.Q)
        v = rng.standard_normal((steps, runs, m)) @ _root(self.R)
        u = _shaped(inputs, (runs, steps, k), "inputs").swapaxes(0, 1)  # time first
        x0 = _shaped(initial_states, (runs, n), "initial_states")
        with allow_float64():
            A, B, C = map(ops.convert_to_tensor, (self.A, self.B, self.C))

            def step(x, noise):
                u, w, v = noise
                after = ops.einsum("ij,rj->ri", A, x) + ops.einsum("ij,rj->ri", B, u) + w
                return after, (x, ops.einsum("ij,rj->ri", C, x) + v)

            last, (x, y) = compiled(lambda x0, *noise: scan(step, x0, noise))(
                *map(ops.convert_to_tensor, (x0, u, w, v))
            )
            last, x, y = map(ops.convert_to_numpy, (last, x, y))
        return np.concatenate([x, last[None]]).swapaxes(0, 1), y.swapaxes(0, 1)

    def get_config(self):
        return {name: getattr(self, name).tolist() for name in "ACQR"} | {
            "B": self.B.tolist() if self.B.shape[1] else None
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def kalman_gain(plant):
    r"""The gain of Kalman's one-step predictor in its steady state (§13.2).

    .. math:: L = A P C^\top (C P C^\top + R)^{-1}, \qquad P \text{ from the Riccati equation.}

    The gain of the filter, which corrects the state at the time of the measurement, is
    :math:`K = P C^\top (C P C^\top + R)^{-1}`, and L = AK.

    Args:
        plant: A `LinearPlant`.

    Returns:
        Array (n, m), float64.

    Raises:
        ValueError: If no observer of the plant is stable.

    Example:
        >>> level = LinearPlant(A=[[1.0]], B=None, C=[[1.0]], Q=[[0.1]], R=[[1.0]])
        >>> round(float(kalman_gain(level)[0, 0]), 4)
        0.2702
    """
    P, C = kalman_error_covariance(plant), plant.C
    return np.linalg.solve(C @ P @ C.T + plant.R, C @ P @ plant.A.T).T


def kalman_error_covariance(plant, gain="kalman"):
    r"""The covariance of :math:`x_t - \hat x_t` of an observer in its steady state (§13.2).

    Args:
        plant: A `LinearPlant`.
        gain: Array L, (n, m), or "kalman" for the one whose covariance is least.

    Returns:
        Array (n, n), float64.

    Raises:
        ValueError: If the observer is not stable, or no observer is.

    Example:
        >>> level = LinearPlant(A=[[1.0]], B=None, C=[[1.0]], Q=[[0.1]], R=[[1.0]])
        >>> [round(float(kalman_error_covariance(level, gain)[0, 0]), 4) for gain in ("kalman", [[0.5]])]
        [0.3702, 0.4667]
    """
    if isinstance(gain, str) and gain == "kalman":
        information = plant.C.T @ np.linalg.solve(plant.R, plant.C)
        P = _doubled(_riccati, (np.eye(len(plant.A)), plant.A.T, information, plant.Q))
        if P is None:
            raise ValueError("plant must be detectable, so that some observer is stable; received one that is not")
        return P
    L = check_gain(plant, gain)
    P = _doubled(_lyapunov, (plant.A - L @ plant.C, plant.Q + L @ plant.R @ L.T))
    if P is None:
        raise ValueError(f"gain must make A - LC stable; received gain={L.tolist()}")
    return P


def check_gain(plant, gain):
    """A gain as an array of the plant's shape."""
    L, shape = matrix(gain, "gain"), (len(plant.A), len(plant.C))
    if L.shape != shape:
        raise ValueError(f"gain must have shape {shape}; received shape {L.shape}")
    return L


def matrix(values, name):
    """A finite float64 matrix."""
    try:
        array = np.asarray(values, "float64")
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a matrix of numbers; received {type(values).__name__}") from None
    if array.ndim != 2 or not array.size or not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be a matrix of finite numbers; received shape {array.shape}")
    return array


@compiled
def _riccati(identity, A, G, P):
    """Structured doubling (Chu, Fan, Lin, Wang 2004), here for the transposed equation of a filter."""
    W = identity + ops.einsum("ij,jk->ik", G, P)
    V1, V2 = ops.solve(W, A), ops.solve(W, G)
    return (
        identity,
        ops.einsum("ij,jk->ik", A, V1),
        G + ops.einsum("ij,jk,lk->il", A, V2, A),
        P + ops.einsum("ji,jk,kl->il", A, P, V1),
    )


@compiled
def _lyapunov(F, P):
    r"""Of the sum :math:`\sum_k F^k S F^{k\top}`: twice as many terms."""
    return ops.einsum("ij,jk->ik", F, F), P + ops.einsum("ij,jk,lk->il", F, P, F)


def _doubled(step, state):
    """The last entry of the state once it no longer changes; `None` if it never comes to rest."""
    with allow_float64(), np.errstate(all="ignore"):
        for _ in range(DOUBLINGS):
            before, state = state[-1], [ops.convert_to_numpy(s) for s in step(*map(ops.convert_to_tensor, state))]
            if not np.all(np.isfinite(state[-1])):
                return None
            if np.max(np.abs(state[-1] - before)) <= 1e-15 * np.max(np.abs(state[-1])):
                return (state[-1] + state[-1].T) / 2
    return None


def _root(covariance):
    """A matrix whose rows, mixed by standard normal values, have the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


def _shaped(values, shape, name):
    values = np.zeros(shape) if values is None else np.asarray(values, "float64")
    if values.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; received shape {values.shape}")
    return values


def _check_covariance(S, name, kind, definite):
    if not np.allclose(S, S.T) or not definite:
        raise ValueError(f"{name} must be symmetric and positive {kind}; received {name}={S.tolist()}")
