"""Pictures of chapter 13: each part of the demo draws its own."""

from mathdl_keras.chapters.ch13.demo import SequenceResults
from mathdl_keras.chapters.ch13.figures import digits, nile, text, volatility

PARTS = {"nile": nile.draw, "digits": digits.draw, "alice": text.draw, "sp500": volatility.draw}


def draw(results: SequenceResults) -> dict:
    """From each figure's name to the figure."""
    return {name: figure for part, found in results.parts.items() for name, figure in PARTS[part](found).items()}
