"""Claims of §13.6: what becomes of a difference between two states, against eigenvalues by NumPy."""

import numpy as np
from keras import ops
from scipy import optimize

from mathdl_keras.chapters.ch13.recurrent.elman_jordan import ElmanCell
from mathdl_keras.chapters.ch13.stability.stability import lyapunov_exponent, spectral_radius
from mathdl_keras.core.claims import at_most, claim, close_to, equals
from mathdl_keras.core.loops import compiled, scan

__all__ = ["stability"]


def norm(W):
    return np.linalg.norm(W, 2)


def radius(W):
    return np.abs(np.linalg.eigvals(W)).max()


def network(W, activation):
    """An Elman cell with one input and the recurrent matrix W, of `W h`."""
    cell = ElmanCell(len(W), activation=activation)
    cell.build((None, 1))
    cell.set_weights([np.ones((1, len(W))), W.T, np.zeros(len(W))])
    return cell


def states(cell, starts, inputs):
    """(time, starts, units), from several states on."""

    def run(h, x):
        def step(h, x):
            h = cell(ops.broadcast_to(x[None], (len(starts), 1)), h)[1]
            return h, h[0]

        return scan(step, [h], x)[1]

    return ops.convert_to_numpy(compiled(run)(*map(ops.convert_to_tensor, (starts, inputs))))


def distances(cell, starts, inputs):
    """(time,) between the states from two starts."""
    h = states(cell, starts, inputs)
    return np.linalg.norm(h[:, 0] - h[:, 1], axis=1)


@claim(
    "13.6",
    "states approach by at most |W|_2 a step, and in the long run by the spectral radius of W",
    refuted_by={
        "log |W|_2 for log rho(W)": {"growth": norm},
        "bound rho(W)": {"bound": radius},
    },
    precision="float64",
)
def stability(rng, *, n=6, growth=radius, bound=norm):
    W = rng.standard_normal((n, n)) / np.sqrt(n)
    top = 1e-4 * np.linalg.svd(W)[2][0]  # the direction in which W stretches most
    Q = 0.9 * np.linalg.qr(rng.standard_normal((n, n)))[0]
    V = np.eye(n) + 0.4 * rng.standard_normal((n, n)) / np.sqrt(n)
    real = V @ np.diag(np.r_[0.8, rng.uniform(0.2, 0.5, n - 1)]) @ np.linalg.inv(V)  # one direction dominates
    linear = network(real, "linear")
    exponent = compiled(lambda x: lyapunov_exponent(linear, x, burn_in=100))(np.zeros((200, 1)))
    # of other directions (0.5/0.8)^40 = 7e-9 is left, of the bend of tanh h^2 = 1e-14; and h is still 1e7 roundings
    small = states(network(real, "tanh"), 1e-3 * rng.standard_normal((1, n)), np.zeros((60, 1)))[:, 0]
    decay = np.diff(np.log(np.linalg.norm(small[[39, 59]], axis=1)))[0] / 20
    settled = states(network(np.array([[1.5]]), "tanh"), np.array([[0.1]]), np.zeros((120, 1)))[-1, 0, 0]
    root = optimize.brentq(lambda h: np.tanh(1.5 * h) - h, 0.5, 1.0, xtol=1e-15)
    steps, starts = np.arange(1, 11), 0.2 * rng.standard_normal((2, n))
    return (
        at_most(
            distances(network(W, "tanh"), np.array([top, -top]), np.zeros((1, 1))),
            [2e-4 * bound(W)], sharpness=0.99, label="one step, along the first singular vector",
        ),
        at_most(
            distances(network(Q, "tanh"), starts, 0.2 * rng.standard_normal((10, 1))),
            norm(Q) ** steps * np.linalg.norm(starts[0] - starts[1]), sharpness=0.01, label="|h - h'| in ten steps",
        ),
        equals(exponent, np.log(growth(real)), roundings=9000, label="Lyapunov exponent, linear network"),
        equals(spectral_radius(ops.convert_to_tensor(W)), radius(W), roundings=9000, label="spectral radius"),
        close_to(decay, np.log(growth(real)), relative=1e-5, label="decay of small states"),
        equals(settled, root, roundings=9000, label="h = tanh(1.5 h)"),
    )  # fmt: skip
