"""Times two programs that compute the same thing.

A ratio of two timings means something only if both sides did the same work, under the same load.
So the results are compared before any clock starts, and the runs are interleaved (ours, peer, peer,
ours, ...) in one process: what slows the machine for a second slows both. Before each run there is a
pause: the worker threads of BLAS and OpenMP spin for some time after their last task, and would slow
whoever comes next on a small machine.
"""

import contextlib
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

PAUSE = 0.1  # seconds


class ResultsDiffer(Exception):
    """The two sides of a benchmark do not compute the same thing."""


@dataclass(frozen=True)
class Case:
    """Two thunks, and what may be asked of them.

    Attributes:
        name: What is timed.
        ours: Runs our code and returns its result.
        peer: Runs the peer's code and returns its result.
        same: `same(ours_result, peer_result)` raises `ResultsDiffer` if the results differ.
        budget: The largest median of the ratio ours / peer, if there is one.
        seconds: The largest median time of ours in seconds, if there is one.
        megabytes: The largest rise of the process's memory in ours, if there is one.
        rounds: How often each side is timed.
        warmup: How often each side runs before that, beside the first run that is compared.
    """

    name: str
    ours: Callable
    peer: Callable
    same: Callable
    budget: float | None = None
    seconds: float | None = None
    megabytes: float | None = None
    rounds: int = 15
    warmup: int = 3


@dataclass(frozen=True)
class Comparison:
    """Ratios ours / peer over the rounds, both median times, and our first run's memory."""

    name: str
    ratio: float
    lowest: float
    highest: float
    ours_ms: float
    peer_ms: float
    ours_megabytes: float
    rounds: int


def compare(name, ours, peer, *, same, rounds=15, warmup=3):
    """Check that `ours()` and `peer()` agree, then time them in turns.

    Args:
        name: What is timed.
        ours: A thunk that returns a nest of tensors or arrays.
        peer: Another one.
        same: Raises `ResultsDiffer` unless the two results agree.
        rounds: Number of timed runs of each.
        warmup: Number of further runs of each before.

    Returns:
        A `Comparison`.
    """
    ours_result, megabytes = rise_of_memory(ours)
    same(ours_result, settle(peer()))
    for _ in range(warmup):
        settle(ours()), settle(peer())
    times = np.array([_round(ours, peer, swap=i % 2 == 1) for i in range(rounds)])
    ratios = times[:, 0] / times[:, 1]
    ours_ms, peer_ms = 1e3 * np.median(times, axis=0)
    return Comparison(
        name=name,
        ratio=statistics.median(ratios.tolist()),
        lowest=float(ratios.min()),
        highest=float(ratios.max()),
        ours_ms=float(ours_ms),
        peer_ms=float(peer_ms),
        ours_megabytes=megabytes,
        rounds=rounds,
    )


def _round(ours, peer, swap):
    """Seconds of ours and of peer; they take turns in going first, into colder caches."""
    if swap:
        return tuple(reversed((seconds(peer), seconds(ours))))
    return seconds(ours), seconds(peer)


def seconds(thunk):
    """Wall time until the result is there: JAX, and any GPU, returns before it has computed."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    settle(thunk())
    return time.perf_counter() - start


def settle(result):
    """The result as NumPy arrays."""
    return keras.tree.map_structure(keras.ops.convert_to_numpy, result)


def rise_of_memory(thunk):
    """The result of `thunk()`, and the MB by which its peak exceeds the memory held before."""
    with contextlib.suppress(OSError):  # Linux can start a new peak; elsewhere this is a lower bound
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = _peak_megabytes()
    result = settle(thunk())
    return result, _peak_megabytes() - before


def _peak_megabytes():
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def agree_within(tolerance):
    """A `same` for nests of arrays: errors relative to each array's largest entry.

    Args:
        tolerance: The largest error; 0 asks for equal bits.

    Returns:
        `same(ours_result, peer_result)`.
    """

    def same(ours, peer):
        for i, (a, b) in enumerate(zip(keras.tree.flatten(ours), keras.tree.flatten(peer), strict=True)):
            error = np.max(np.abs(a - b)) / max(np.max(np.abs(b)), np.finfo(b.dtype).tiny)
            if not error <= tolerance:
                raise ResultsDiffer(f"result {i} differs by {error:.1e}; expected at most {tolerance:.1e}")

    return same
