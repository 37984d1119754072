"""Sequences for chapter 13: a river, a stock index, a book.

The Nile and the book ship inside this package. The stock index ships inside `arch`, an optional package that
`pip install "mathdl_keras[finance]"` brings.
"""

import gzip
from dataclasses import dataclass
from importlib import resources

import numpy as np

from mathdl_keras.core.datasets import DatasetUnavailable, check_content

__all__ = ["Series", "Text", "alice", "nile", "sp500"]

ALICE_SHA256 = "92c17924fa839b37044e19e8c54d37f2d23d38c2318a57549d8ab874510fcf31"
NILE_SHA256 = "88e97bea7249e5832a85e41aec6ce4b8f7b1b14aae930c8363da7f193286b598"


@dataclass(frozen=True, eq=False)
class Series:
    """Quantities measured one time after another.

    Attributes:
        name: The loader's name.
        time: When, `(steps,)`: years, or NumPy days.
        values: From each quantity's name to its values, `(steps,)`, float64.
        units: From each quantity's name to its unit.
        source: Where the data comes from.
        licence: The licence of the data.
    """

    name: str
    time: np.ndarray
    values: dict[str, np.ndarray]
    units: dict[str, str]
    source: str
    licence: str


@dataclass(frozen=True)
class Text:
    """One long text: `text` has lines that end in a line feed."""

    name: str
    text: str
    source: str
    licence: str


def nile() -> Series:
    """100 years of the Nile at Aswan, 1871 to 1970: its annual flow in 10^8 cubic metres.

    Raises:
        DatasetUnavailable: If the file in the package is damaged.

    Example:
        >>> river = nile()
        >>> int(river.time[0]), float(river.values["flow"][0])
        (1871, 1120.0)
    """
    rows = _content("nile", "nile.csv", NILE_SHA256).decode().split()[1:]
    year, flow = np.array([row.split(",") for row in rows], dtype="float64").T
    source = "Cobb (1978), The problem of the Nile, Biometrika 65, through statsmodels"
    return Series("nile", year.astype("int64"), {"flow": flow}, {"flow": "10^8 m^3"}, source, "public domain")


def sp500() -> Series:
    """5,031 days of the S&P 500, 1999 to 2018, historical: open, high, low, close and volume; needs `arch`.

    Raises:
        DatasetUnavailable: If `arch` is not installed.
    """
    try:
        from arch.data import sp500 as source
    except ImportError as error:
        raise DatasetUnavailable(
            'sp500 ships inside the package arch, which is not installed: pip install "mathdl_keras[finance]"'
        ) from error
    table = source.load()
    values = {name.lower(): table[name].to_numpy("float64", copy=True) for name in ("Open", "High", "Low", "Close")}
    values["volume"] = table["Volume"].to_numpy("float64", copy=True)
    units = dict.fromkeys(values, "index points") | {"volume": "shares"}
    days = table.index.to_numpy().astype("datetime64[D]")
    return Series("sp500", days, values, units, "Yahoo Finance, through arch", "not stated by its source")


def alice() -> Text:
    """Alice's Adventures in Wonderland, 148,459 characters: a text to learn to write from.

    Raises:
        DatasetUnavailable: If the file in the package is damaged.

    Example:
        >>> alice().text[:32]
        "ALICE'S ADVENTURES IN WONDERLAND"
    """
    text = gzip.decompress(_content("alice", "alice.txt.gz", ALICE_SHA256)).decode("ascii").replace("\r\n", "\n")
    source = "Lewis Carroll (1865), Millennium Fulcrum edition 2.9, through the Canterbury corpus"
    return Text("alice", text.replace("\x1a", "").strip(), source, "public domain")


def _content(name: str, file: str, sha256: str) -> bytes:
    content = resources.files("mathdl_keras.core").joinpath("data", file).read_bytes()
    check_content(name, sha256, (content,), "reinstall mathdl_keras")
    return content
