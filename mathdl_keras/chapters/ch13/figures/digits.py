"""Pictures of the digits that are read row by row."""

import numpy as np

from mathdl_keras.chapters.ch13.demo.digits import RowResults
from mathdl_keras.core.figures import COLORS, new, style


def draw(results: RowResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "digits": _training(results.curves, results.gradients),
        "digits_attention": _attention(results.images, results.attention),
    }


def _training(curves, gradients):
    figure, (left, right) = new(1, 2, width=12, title="Digits read row by row")
    with style():
        for color, name in zip(COLORS, curves, strict=False):
            accuracy = curves[name]["val_accuracy"]
            left.plot(np.arange(1, len(accuracy) + 1), accuracy, color=color, label=name)
            right.plot(np.arange(1, len(gradients[name]) + 1), gradients[name], "o-", color=color, label=name)
        left.set(xlabel="epoch", ylabel="test accuracy", ylim=(None, 1))
        left.xaxis.get_major_locator().set_params(integer=True)
        left.legend(loc="lower right")
        right.set(xlabel="row", ylabel="norm of the loss's gradient", yscale="log", title="What each row counts")
    return figure


def _attention(images, weights):
    """For each image, where its rows look, mean over the heads."""
    n = min(4, len(images))
    figure, axes = new(2, n, width=10, height=5, title="Where the rows of an image look")
    with style():
        for image, weight, (top, bottom) in zip(images, weights.mean(axis=1), axes.T, strict=False):
            top.imshow(image, cmap="gray_r")
            bottom.imshow(weight, vmin=0)
            for ax in (top, bottom):
                ax.grid(visible=False)
                ax.set(xticks=[], yticks=range(0, len(image), 2))
            bottom.set(xlabel="row looked at")
        axes[0, 0].set_ylabel("row")
        axes[1, 0].set_ylabel("row that looks")
    return figure
