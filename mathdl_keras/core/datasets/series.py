"""Series: a river, and a stock index that ships inside `arch` (`pip install "mathdl_keras[finance]"`)."""

import numpy as np

from mathdl_keras.core.datasets.content import DatasetUnavailable, packaged
from mathdl_keras.core.datasets.types import Series

__all__ = ["nile", "sp500"]

NILE_SHA256 = "88e97bea7249e5832a85e41aec6ce4b8f7b1b14aae930c8363da7f193286b598"


def nile() -> Series:
    """100 years of the Nile at Aswan, 1871 to 1970: its annual flow in 10^8 cubic metres.

    Raises:
        DatasetUnavailable: If the file in the package is damaged.

    Example:
        >>> river = nile()
        >>> int(river.time[0]), float(river.values["flow"][0])
        (1871, 1120.0)
    """
    rows = packaged("nile", "nile.csv", NILE_SHA256).decode().split()[1:]
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
