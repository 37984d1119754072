"""Exercises of chapter 5. `NAME.check(your_function)` says whether it is right, and gives a hint if not."""

import numpy as np
from keras import ops

from mathdl_keras.chapters.ch05.boolean import boolean_inputs
from mathdl_keras.core.exercises import exercise, expect, expect_close


def _arrays(answer, names, hint):
    """The parts of an answer as float64 arrays."""
    expect(isinstance(answer, tuple | list) and len(answer) == len(names), f"return {', '.join(names)}. {hint}")
    arrays = []
    for part, name in zip(answer, names, strict=True):
        expect(part is not None, f"{name} is None. {hint}")
        try:
            arrays.append(np.asarray(ops.convert_to_numpy(part), "float64"))
        except (TypeError, ValueError):
            expect(False, f"{name} must be numbers; received {part!r}")
    return arrays


@exercise("5.2", "majority3() -> w, b")
def majority3(solution):
    r"""Let a single unit take a vote.

    Return weights w, an array (3,), and a bias b such that :math:`\mathrm{clip}(w \cdot x + b)`, clipped to [0, 1], is
    1 where at least two of three bits are 1, and 0 elsewhere. (So the majority is a threshold function. Why can a
    single ReLU without an upper limit not do it?)
    """
    w, b = _arrays(solution(), ("w", "b"), "three weights and a bias")
    expect(w.shape == (3,) and b.size == 1, f"expected shapes (3,) and (); received {w.shape} and {b.shape}")
    x = boolean_inputs(3)
    values = np.clip(x @ w + b.ravel(), 0, 1)
    for row, value in zip(x.astype(int), values, strict=True):
        expected = int(row.sum() >= 2)
        expect(abs(value - expected) < 1e-6, f"the bits {row} should give {expected}; they give {value:g}")


@exercise("5.2", "network_for(table) -> W, b, c, a")
def network_for(solution):
    r"""Build a small network for a function that counts.

    A Boolean function is symmetric if it depends on the number of ones only. You are given the truth table of one, an
    array (16,) for four bits, in the order of `boolean_inputs(4)`. Return W (4, n), b (n,), c (n,) and a number a with

    .. math:: f(x) = \mathrm{ReLU}(xW + b) \cdot c + a

    and at most n = 5 hidden units, however many rows are true. The check tries all 32 symmetric functions.
    """
    x = boolean_inputs(4)
    ones = x.sum(axis=1).astype(int)
    for k in range(32):
        values = k >> np.arange(5) & 1  # of the function, for 0, ..., 4 ones
        name = f"the function that is {values.tolist()} for 0, ..., 4 ones"
        W, b, c, a = _arrays(solution(values[ones]), ("W", "b", "c", "a"), "a network with one hidden layer")
        n = b.size
        shapes = W.shape == (4, n) and b.shape == c.shape == (n,) and a.size == 1
        expect(shapes, f"expected shapes (4, n), (n,), (n,), (); received {[p.shape for p in (W, b, c, a)]}")
        expect(n <= 5, f"{name}: at most 5 hidden units; received {n}")
        hint = f"{name}: at the 16 rows the network has other values"
        expect_close(np.maximum(x @ W + b, 0) @ c + a.ravel(), values[ones], hint, 1e-6)


@exercise("5.1", "count_regions(w, b, c) -> int")
def count_regions(solution):
    r"""Count the pieces of a network on the line.

    Return how many linear pieces :math:`f(t) = \sum_j c_j\,\mathrm{ReLU}(w_j t + b_j)` has on the whole real line; w, b
    and c are arrays (n,). Generic units make n + 1. But weights may be 0, units may share a kink, and bends may cancel.
    All numbers are small multiples of 1/4, and kinks are, too: nothing is lost in rounding.
    """
    special = [
        ("ReLU(t) - ReLU(-t), which is t", [1, -1], [0, 0], [1, -1]),
        ("ReLU(t) + ReLU(-t), which is |t|", [1, -1], [0, 0], [1, 1]),
        ("a unit with w = 0", [0, 1], [1, 1], [2, 1]),
        ("a unit with c = 0", [1, 1], [0, 1], [0, 1]),
        ("two units with one kink", [1, 2, 1], [-1, -2, 3], [1, 1, 1]),
        ("two units with one kink whose bends cancel", [1, 2, 1], [-1, -2, 3], [2, -1, 1]),
        ("two units that look apart but share a kink", [1, -2], [0.5, -1], [1, 1]),
        ("a kink far out", [0.25, 1], [-50, 0], [1, 1]),
        ("kinks 1/4 apart", [1, 1], [0, 0.25], [1, -1]),
        ("a constant", [0, 0], [1, -1], [1, 1]),
    ]
    rng = np.random.default_rng(51)
    for n in (1, 5, 12):
        w, c = rng.choice([-2.0, -1.0, 0.0, 1.0, 2.0], (2, n))
        special.append((f"a network of {n} units", w, w * rng.integers(-8, 9, n) / 4, c))
    for name, *weights in special:
        w, b, c = (np.array(part, "float64") for part in weights)
        answer = solution(w.copy(), b.copy(), c.copy())
        expect(answer is not None, "return a number; received None")
        answer = np.asarray(ops.convert_to_numpy(answer))
        expect(answer.shape == () and answer.dtype.kind in "iuf", f"return one number; received {answer!r}")
        pieces = _pieces(w, b, c)
        given = ", ".join(f"{k} = {v.tolist()}" for k, v in zip("wbc", (w, b, c), strict=True))
        expect(answer == pieces, f"{name}: {given} make {pieces} pieces; received {answer}")


def _pieces(w, b, c):
    """By the slopes between all neighbouring kinks, and outside of them; every number is exact."""
    kinks = np.unique(-b[w != 0] / w[w != 0])
    middle = (kinks[1:] + kinks[:-1]) / 2
    points = np.concatenate([kinks[:1] - 1, middle, kinks[-1:] + 1])
    slopes = [np.sum((c * w)[w * t + b > 0]) for t in points]
    return 1 + np.count_nonzero(np.diff(slopes))
