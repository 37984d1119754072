"""Pictures of chapter 13: each part of the demo draws its own."""

from dataclasses import replace

from mathdl_keras.chapters.ch13.figures import digits, nile, text, volatility
from mathdl_keras.core.demo import Results

PARTS = {"nile": nile.draw, "digits": digits.draw, "alice": text.draw, "sp500": volatility.draw}


def draw(results: Results) -> dict:
    """From each figure's name to the figure."""
    figures = {}
    for part, views in results.views.items():
        figures |= PARTS[part](replace(results, views=views))
    return figures
