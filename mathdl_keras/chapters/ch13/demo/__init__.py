"""Chapter 13 on real sequences.

| data set | what is learned |
| --- | --- |
| `nile` | the gain of an observer, against Kalman's (§13.2) |
| `digits` | to read images row by row: recurrent networks, and a transformer with and without positions (§13.4-13.9) |
| `alice` | to write: a small transformer, character by character, against n-grams (§13.9) |
| `sp500` | tomorrow's variance of a stock index; needs `pip install "mathdl_keras[finance]"` (§13.2, 13.7) |

The default, `embedded`, is the first three, which ship inside the package.
"""

from mathdl_keras.chapters.ch13.demo import digits, nile, text, volatility
from mathdl_keras.core.demo import Results, Session

PARTS = {"nile": nile.run, "digits": digits.run, "alice": text.run, "sp500": volatility.run}
EMBEDDED = ("nile", "digits", "alice")
DATASETS = ("embedded", *PARTS)


def run(session: Session) -> Results:
    """The parts, one after another; the views of each stand under its name."""
    names = EMBEDDED if session.dataset == "embedded" else (session.dataset,)
    parts = {name: PARTS[name](session) for name in names}
    metrics = [metric for part in parts.values() for metric in part.metrics]
    data = [source for part in parts.values() for source in part.data]
    return Results(metrics, data, {name: part.views for name, part in parts.items()})
