"""Sequences: a river, a stock index, a book."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mathdl_keras.core import datasets
from mathdl_keras.core.datasets import DatasetUnavailable, series, texts


def test_the_nile_is_the_published_table():
    river = datasets.nile()
    assert river.time.tolist() == list(range(1871, 1971))
    assert river.values["flow"].sum() == 91935 and river.values["flow"].dtype == "float64"


def test_the_nile_is_statsmodels_copy():
    data = pytest.importorskip("statsmodels.datasets.nile", reason="statsmodels comes with the extra finance")
    table = data.load_pandas().data
    np.testing.assert_array_equal(datasets.nile().values["flow"], table["volume"])
    np.testing.assert_array_equal(datasets.nile().time, table["year"])


def test_alice_is_plain_text_from_title_to_end():
    text = datasets.alice().text
    assert len(text) == 148_459 and text.isascii() and "\r" not in text
    assert text.startswith("ALICE'S ADVENTURES") and text.endswith("THE END")
    assert text.count("Alice") > 380 and text.count("CHAPTER") == 12


@pytest.mark.parametrize(("module", "name"), [(series, "nile"), (texts, "alice")])
def test_a_damaged_file_is_refused(monkeypatch, module, name):
    monkeypatch.setattr(module, f"{name.upper()}_SHA256", "0" * 64)
    with pytest.raises(DatasetUnavailable, match=f"{name} is damaged.*reinstall"):
        datasets.load(name)


def test_without_arch_the_index_names_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch.data", None)
    with pytest.raises(DatasetUnavailable, match=r"not installed: pip install .mathdl_keras\[finance\]"):
        datasets.sp500()


def test_the_index_has_prices_in_order():
    pytest.importorskip("arch", reason="arch comes with the extra finance")
    index = datasets.sp500()
    low, high = index.values["low"], index.values["high"]
    assert len(index.time) == 5031 and np.all(np.diff(index.time) > np.timedelta64(0))
    for name in ("open", "close"):
        assert np.all((low <= index.values[name]) & (index.values[name] <= high))


def test_the_data_is_small():
    folder = Path(datasets.__file__).parents[1] / "data"
    assert sum(f.stat().st_size for f in folder.iterdir()) < 2e6
