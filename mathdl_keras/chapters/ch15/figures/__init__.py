"""Pictures of chapter 15: each part of the demo draws its own."""

from dataclasses import replace

from mathdl_keras.chapters.ch15.figures import adversarial, vae
from mathdl_keras.core.demo import Results

PARTS = {"digits": vae.draw, "ring": adversarial.draw, "mnist5k": adversarial.draw_images}


def draw(results: Results) -> dict:
    """From each figure's name to the figure."""
    figures = {}
    for part, views in results.views.items():
        figures |= PARTS[part](replace(results, views=views))
    return figures
