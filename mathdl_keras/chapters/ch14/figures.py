"""Pictures of chapter 14's demo."""

from mathdl_keras.chapters.ch14.demo import ConvolutionResults, Detection, Filters
from mathdl_keras.core.figures import curves, heatmap, new, show_images


def draw(results: ConvolutionResults) -> dict:
    """From each figure's name to the figure."""
    return {
        "detection": _detection(results.detection),
        "filters": _filters(results.filters),
        "training": _training(results.curves),
    }


def _detection(detection: Detection):
    figure, axes = new(2, 2, title="A patch of 24 x 24 pixels in a photograph of lower contrast, with noise")
    show_images(axes[0, 0], [detection.seen], ["what the detector sees"])
    show_images(axes[0, 1], [detection.patch], ["the patch"])
    heatmap(axes[1, 0], detection.pearson, detection.found, f"Pearson's correlation: peak at {detection.found}")
    heatmap(axes[1, 1], detection.raw, detection.by_raw, f"inner product: peak at {detection.by_raw}")
    return figure


def _filters(filters: Filters):
    classes = len(filters.means)
    figure, axes = new(2, classes, width=12, height=3.2, title="Mean images, and the filters learned from zero")
    show_images(axes[0], list(filters.means), list(filters.names))
    show_images(axes[1], list(filters.learned))
    return figure


def _training(models):
    figure, axes = new(1, len(models), title="Training: accuracy")
    for ax, (name, history) in zip(axes, models.items(), strict=True):
        curves(ax, {key: values for key, values in history.items() if "accuracy" in key}, name)
    return figure
