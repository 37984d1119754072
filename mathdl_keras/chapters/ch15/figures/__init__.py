"""Pictures of chapter 15: each part of the demo draws its own."""

from mathdl_keras.chapters.ch15.demo import GenerativeResults
from mathdl_keras.chapters.ch15.figures import adversarial, vae

PARTS = {"digits": vae.draw, "ring": adversarial.draw, "mnist5k": adversarial.draw_images}


def draw(results: GenerativeResults) -> dict:
    """From each figure's name to the figure."""
    return {name: figure for part, found in results.parts.items() for name, figure in PARTS[part](found).items()}
