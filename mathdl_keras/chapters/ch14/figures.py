"""Pictures of chapter 14's demo."""

from mathdl_keras.core.demo import Results
from mathdl_keras.core.figures import curves, heatmap, new, show_images


def draw(results: Results) -> dict:
    """From each figure's name to the figure."""
    views = results.views
    return {"detection": _detection(views), "filters": _filters(views), "training": _training(views["curves"])}


def _detection(views):
    figure, axes = new(2, 2, title="A patch of 24 x 24 pixels in a photograph of lower contrast, with noise")
    show_images(axes[0, 0], [views["seen"]], ["what the detector sees"])
    show_images(axes[0, 1], [views["patch"]], ["the patch"])
    heatmap(axes[1, 0], views["pearson"], views["found"], f"Pearson's correlation: peak at {views['found']}")
    heatmap(axes[1, 1], views["raw"], views["by_raw"], f"inner product: peak at {views['by_raw']}")
    return figure


def _filters(views):
    classes = len(views["means"])
    figure, axes = new(2, classes, width=12, height=3.2, title="Mean images, and the filters learned from zero")
    show_images(axes[0], list(views["means"]), list(views["classes"]))
    show_images(axes[1], list(views["filters"]))
    return figure


def _training(models):
    figure, axes = new(1, len(models), title="Training: accuracy")
    for ax, (name, history) in zip(axes, models.items(), strict=True):
        curves(ax, {key: values for key, values in history.items() if "accuracy" in key}, name)
    return figure
