"""Pictures of the autoencoders: bounds in training, the latent plane, reconstructions, paths and samples."""

import numpy as np

from mathdl_keras.chapters.ch15.demo.vae import AutoencoderResults
from mathdl_keras.core.figures import COLORS, new, show_images, style

__all__ = ["draw"]

CLASSES = (*COLORS, "#999999", "#7F3C00")
REACH = 2 + 2 / 11  # codes on a lattice from -2 to 2 by 4/11 stand in the middle of their pictures
BLACK, WHITE = -1.0, 0.0  # pictures are drawn as ink on paper


def draw(results: AutoencoderResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "vae_training": _training(results.curves, results.ppca),
        "vae_latent": _latent(results.codes, results.labels, results.manifold),
        "vae_reconstructions": _reconstructions(results.originals, results.reconstructions),
        "vae_interpolations": _interpolations(results.interpolations),
        "vae_samples": _samples(results.samples),
    }


def _training(curves, ppca):
    figure, axes = new(1, len(curves), width=11, height=3.8, title="Digits: the bound in training, and PPCA")
    with style():
        for ax, (k, curve) in zip(axes, curves.items(), strict=True):
            epochs = np.arange(1, len(curve["elbo"]) + 1)
            ax.plot(epochs, curve["elbo"], color=COLORS[0], label="ELBO, training rows")
            ax.plot(epochs, curve["val_elbo"], "--", color=COLORS[0], label="ELBO, test rows")
            ax.axhline(ppca[k], color=COLORS[1], label="PPCA, test log likelihood")
            top = max(*curve["elbo"], *curve["val_elbo"], ppca[k])
            ax.set(xlabel="epoch", ylabel="nats a digit", title=f"k = {k}", ylim=(min(ppca[k], top) - 12, top + 2))
            ax.legend(fontsize=8, loc="lower right")
    return figure


def _latent(codes, labels, manifold):
    """Where test digits lie in the plane, and what the decoder makes of the plane."""
    figure, (left, right) = new(1, 2, width=11, height=5, title="The latent plane, k = 2")
    with style():
        for digit, color in enumerate(CLASSES):
            of_class = labels == digit
            left.scatter(*codes[of_class].T, s=14, color=color, label=str(digit), edgecolors="none")
        left.set(xlabel="$z_1$", ylabel="$z_2$", title="means of q(z | x), test rows", aspect="equal")
        left.legend(title="digit", fontsize=8, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
        right.imshow(_mosaic(manifold, 12), cmap="gray_r", vmin=0, vmax=1, extent=(-REACH, REACH, -REACH, REACH))
        right.grid(visible=False)
        right.set(xlabel="$z_1$", ylabel="$z_2$", title="decoded")
    return figure


def _mosaic(pictures, columns):
    """One picture of many, row by row, with a white frame around each."""
    pictures = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    n, height, width = pictures.shape
    rows = pictures.reshape(n // columns, columns, height, width)
    return rows.transpose(0, 2, 1, 3).reshape(-1, columns * width)


def _grid(rows, names, title):
    """A row of pictures under each other for each name."""
    figure, axes = new(len(rows), len(rows[0]), width=9, height=1.0 * len(rows) + 0.4, title=title)
    with style():
        for line, name, pictures in zip(axes, names, rows, strict=True):
            show_images(line, -np.clip(pictures, 0, 1), limits=(BLACK, WHITE))
            line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=9)
    return figure


def _reconstructions(originals, reconstructions):
    rows = [originals, *reconstructions.values()]
    return _grid(rows, ["test digit", *(f"k = {k}" for k in reconstructions)], "Reconstructions")


def _interpolations(interpolations):
    names = [""] * len(interpolations)
    return _grid(interpolations, names, "Straight lines between the codes of two digits, k = 8")


def _samples(samples):
    figure, axes = new(1, len(samples), width=9, height=4.2, title="Samples: z from the prior, decoded")
    with style():
        for ax, (k, pictures) in zip(axes, samples.items(), strict=True):
            ax.imshow(_mosaic(pictures, 6), cmap="gray_r", vmin=0, vmax=1)
            ax.set_axis_off()
            ax.set_title(f"k = {k}")
    return figure
