"""The benchmarks' harness: sameness before speed, one line for what is missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.harness import ResultsDiffer, agree_within, compare  # noqa: E402


def run(*args):
    return subprocess.run([sys.executable, "-m", "benchmarks", *args], cwd=ROOT, capture_output=True, text=True)


def test_list_names_the_benchmarks():
    done = run("list")
    assert done.returncode == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} >= {"step", "convolution", "detection"}


def test_bad_usage_is_one_line():
    for args, words in (
        (("nothing",), "NAME must be one of"),
        (("step", "--rounds", "0"), "--rounds must be at least 1"),
        (("step", "--backend", "theano"), "backend must be one of tensorflow, jax, torch"),
    ):
        done = run(*args)
        assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_results_that_differ_are_never_timed():
    calls = []

    def ours():
        calls.append(1)
        return np.ones(3, "float32")

    with pytest.raises(ResultsDiffer, match="differs by"):
        compare("x", ours, lambda: np.full(3, 1.01, "float32"), same=agree_within(1e-3))
    assert len(calls) == 1


def test_both_sides_run_the_same_number_of_times():
    calls = []
    one = np.ones(3, "float32")
    found = compare(
        "x",
        lambda: (calls.append("ours"), one)[1],
        lambda: (calls.append("peer"), one)[1],
        same=agree_within(0.0),
        rounds=4,
        warmup=2,
    )
    assert calls.count("ours") == calls.count("peer") == 1 + 2 + 4
    assert calls[-8:] == ["ours", "peer", "peer", "ours"] * 2
    assert found.lowest <= found.ratio <= found.highest and found.rounds == 4
