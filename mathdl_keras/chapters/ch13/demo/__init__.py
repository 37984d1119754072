"""Chapter 13 on real sequences.

| data set | what is learned |
| --- | --- |
| `nile` | the gain of an observer, against Kalman's (§13.2) |
| `digits` | to read images row by row: recurrent networks, and a transformer with and without positions (§13.4-13.9) |
| `alice` | to write: a small transformer, character by character, against n-grams (§13.9) |
| `sp500` | tomorrow's variance of a stock index; needs `pip install "mathdl_keras[finance]"` (§13.2, 13.7) |

The default, `embedded`, is the first three, which ship inside the package.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mathdl_keras.chapters.ch13.demo import digits, nile, text, volatility
from mathdl_keras.core.demo import Results, Session

PARTS = {"nile": nile.run, "digits": digits.run, "alice": text.run, "sp500": volatility.run}
EMBEDDED = ("nile", "digits", "alice")
DATASETS = ("embedded", *PARTS)


@dataclass(frozen=True, kw_only=True)
class SequenceResults(Results):
    """What the parts found.

    Attributes:
        parts: Mapping from the name of each part that ran to its results: `RiverResults` of `nile`, `RowResults` of
            `digits`, `TextResults` of `alice`, `VolatilityResults` of `sp500`.
    """

    parts: Mapping[str, nile.RiverResults | digits.RowResults | text.TextResults | volatility.VolatilityResults]


def run(session: Session) -> SequenceResults:
    """The parts, one after another."""
    names = EMBEDDED if session.dataset == "embedded" else (session.dataset,)
    parts = {name: PARTS[name](session) for name in names}
    metrics = [metric for part in parts.values() for metric in part.metrics]
    data = [source for part in parts.values() for source in part.data]
    return SequenceResults(metrics, data, parts=parts)
